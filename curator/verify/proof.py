"""Hold one subject's publication to its originals: the order of the checks, and what they share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from curator.dicom import Json
from curator.dicom.confidentiality import Option
from curator.dicom.levels import Level
from curator.dicom.pixelrisk import pixel_risks
from curator.imageset import ElementPath, ImageSetMetadata
from curator.imageset.instance import Instance
from curator.verify.claim import Claim, Held
from curator.verify.comparing import Around, Comparison
from curator.verify.evidence import Check, ServiceCheck, Verification
from curator.verify.expectation import Expectations
from curator.verify.gathering import gather
from curator.verify.maps import Maps
from curator.verify.markers import untrue_markers
from curator.verify.pairing import Standing, pair, pixel_sums, standings
from curator.verify.searching import Search
from curator.verify.tally import Tally


def verify(
    originals: Sequence[Held],
    published: Sequence[Held],
    claim: Claim,
    *,
    maps: Maps | None = None,
    service: Iterable[ServiceCheck] = (),
) -> Verification:
    """Return what of the claim holds for one subject.

    ``originals`` are all versions of all the subject's image sets, oldest first: identifiers are gathered from
    all, and the last version of each set is what was published. ``published`` are all versions of the results;
    every one is searched and compared, and the last ones together must hold every instance that was not left
    out. Pass the same ``maps`` for all subjects of a publication: two must not meet in one pseudonym or UID.
    ``service`` are checks that the caller made over the service.
    """
    return _Proof(originals, published, claim, maps or Maps.of(claim.uids, claim.pseudonyms)).outcome(service)


class _Proof:
    def __init__(
        self, originals: Sequence[Held], published: Sequence[Held], claim: Claim, maps: Maps
    ) -> None:
        self.claim = claim
        self.maps = maps
        self.tally = Tally()
        self.published = published
        expectations = Expectations(claim)
        self.terms = gather((held.document for held in originals), expectations)
        self.sources = {each.sop: each for each in standings(_last(originals))}
        retained = Option.RETAIN_UIDS in claim.options
        self.uids = frozenset() if retained else _all_uids(originals) | self.terms.uids
        self.comparison = Comparison(claim, expectations, self.terms, maps, self.tally)
        self.originals = originals
        # All originals are one subject's, whatever ids and issuers they go by.
        self.known_as = min((_known_as(held.document) for held in originals), default="")

    def outcome(self, service: Iterable[ServiceCheck]) -> Verification:
        search = Search(self.terms, self.tally, self.uids)
        there: set[str] = set()
        last = {id(held) for held in _last(self.published)}
        compared: set[tuple[str, bytes]] = set()
        for held in self.published:
            search.document(held)
            pairs, lost = pair(self._candidates(held), standings([held]), self.maps.replacement)
            for found in lost:
                self.tally.fail(Check.NOTHING_ADDED, held, _path(found), "an instance without an original")
            self._levels(pairs)
            for original, found in pairs:
                if id(held) in last:
                    there.add(original.sop)
                if (raw := (original.sop, sha256(found.instance.raw_view).digest())) not in compared:
                    compared.add(raw)
                    self._instance(original, found)
        self._all_there(there)
        self._references(there)
        self.tally.service(service)
        return self.tally.outcome(len(self.terms.weak))

    def _candidates(self, held: Held) -> Mapping[str, Standing]:
        """Return the originals that a published document may come from: those of its own source, if it has one."""
        if not held.source:
            return self.sources
        own = [each for each in self.originals if each.image_set == held.source]
        return {each.sop: each for each in standings(own[-1:])} or self.sources

    # ── levels and instances ─────────────────────────────────────────────────────────────────────────

    def _levels(self, pairs: list[tuple[Standing, Standing]]) -> None:
        """Compare what the instances of each pair of image sets share: Patient, Study and series."""
        done: set[tuple[int, int, str, str]] = set()
        for original, found in pairs:
            before, after = original.held.document, found.held.document
            if (shared := (id(before), id(after), "", "")) not in done:
                done.add(shared)
                every = _classes(each for node in before.series.values() for each in node.instances.values())
                self.comparison.node(
                    before.patient, after.patient, Around(found.held, ElementPath(Level.PATIENT), every)
                )
                self.comparison.node(
                    before.study, after.study, Around(found.held, ElementPath(Level.STUDY), every)
                )
                self._subject(original, found)
            if (series := (id(before), id(after), original.series, found.series)) not in done:
                done.add(series)
                node = before.series[original.series]
                around = Around(
                    found.held,
                    ElementPath(Level.SERIES, found.series),
                    _classes(node.instances.values()),
                )
                self.comparison.node(node.dicom, after.series[found.series].dicom, around)
                self._key(original.series, found.series, "SeriesInstanceUID", around)

    def _subject(self, original: Standing, found: Standing) -> None:
        """One subject has one pseudonym, whatever its ids were, and no other subject has it."""
        place = ElementPath(Level.PATIENT).child("PatientID")
        old = str(original.held.document.patient.get("PatientID") or "").strip()
        new = str(found.held.document.patient.get("PatientID") or "").strip()
        if not new or (old == new and self.claim.overrides.get(0x00100020) != "K"):
            said = "is empty" if not new else "is unchanged"
            self.tally.fail(Check.PATIENT_ID_CONSISTENT, found.held, place, said, old, new)
            return
        wrong = self.maps.patients.take(self.known_as, new)
        if wrong:
            self.tally.fail(Check.PATIENT_ID_CONSISTENT, found.held, place, wrong, old, new)
        else:
            self.tally.passed(Check.PATIENT_ID_CONSISTENT)

    def _instance(self, original: Standing, found: Standing) -> None:
        sop_class = str(original.instance.dicom.get("SOPClassUID") or "")
        around = Around(found.held, _path(found), sop_class, declared=original.instance.vrs)
        self.comparison.node(original.instance.dicom, found.instance.dicom, around)
        self._key(original.sop, found.sop, "SOPInstanceUID", around)
        before = original.merged()
        for keyword, wrong in untrue_markers(before, found.merged(), self.claim):
            self.tally.fail(Check.MARKERS_ARE_TRUE, found.held, around.path.child(keyword), wrong)
        self.tally.passed(Check.MARKERS_ARE_TRUE)
        self._pixels(original, found, around)

    def _key(self, old: str, new: str, keyword: str, around: Around) -> None:
        """A level's key in the document is a UID too: it must be the one inside, and in the map."""
        node = around.held.document.attributes(around.path) or {}
        if node.get(keyword) not in (None, new):
            path = around.path.child(keyword)
            self.tally.fail(
                Check.UID_CONSISTENT, around.held, path, "is not the key it stands under", "", new
            )
        if Option.RETAIN_UIDS not in self.claim.options:
            self.comparison.uid(old, new, keyword, around)

    def _pixels(self, original: Standing, found: Standing, around: Around) -> None:
        before = original.instance.frames
        if pixel_sums(original.instance) == pixel_sums(found.instance):
            self.tally.passed(Check.PIXELS_RETAINED)
        else:
            self.tally.fail(Check.PIXELS_RETAINED, found.held, around.path, "frames are missing or differ")
        risks = pixel_risks(original.merged(), before)
        cleared = self.claim.reviewed.get((original.sop, pixel_sums(original.instance)))
        if cleared is False:
            said = "a reviewer excluded it from publishing"
            self.tally.fail(Check.PIXELS_HIDDEN, found.held, around.path, said)
        elif risks and not cleared and original.sop not in self.claim.cleared:
            self.tally.fail(Check.PIXELS_HIDDEN, found.held, around.path, "; ".join(risks))
        else:
            self.tally.passed(Check.PIXELS_HIDDEN)

    # ── what holds over all of them ──────────────────────────────────────────────────────────────────

    def _all_there(self, there: set[str]) -> None:
        for sop, standing in self.sources.items():
            if sop in there or sop in self.claim.left_out:
                self.tally.passed(Check.INSTANCE_PUBLISHED)
            else:
                self.tally.fail(
                    Check.INSTANCE_PUBLISHED,
                    standing.held,
                    _path(standing),
                    "was not published, nor left out",
                )

    def _references(self, there: set[str]) -> None:
        """What referred to an instance, a series or a study of the subject must find it under its new UID."""
        if Option.RETAIN_UIDS in self.claim.options or not self.published:
            return
        keys = {
            key
            for held in self.published
            for key in (
                str(held.document.study.get("StudyInstanceUID")),
                *held.document.series,
                *(sop for _, sop, _ in held.document.instances()),
            )
        }
        studies = {str(held.document.study.get("StudyInstanceUID")) for held in self.originals}
        wanted = there | studies | {self.sources[sop].series for sop in there}
        for old in sorted(wanted | self.sources.keys()):
            new = self.maps.replacement(old)
            if new is None:
                continue
            if old in wanted and new not in keys:
                self.tally.fail(
                    Check.REFERENCE_RESOLVES,
                    self.published[-1],
                    ElementPath(Level.STUDY),
                    "a UID of the subject has no counterpart among the published",
                    old,
                    new,
                )
            elif old in wanted:
                self.tally.passed(Check.REFERENCE_RESOLVES)
            else:
                self.tally.fail(
                    Check.REFERS_TO_LEFT_OUT,
                    self.published[-1],
                    ElementPath(Level.STUDY),
                    "a published instance may refer to one that was left out",
                    old,
                    new,
                )


def _known_as(document: ImageSetMetadata) -> str:
    """Return issuer and PatientID; the study's UID where there is no PatientID."""
    patient_id = str(document.patient.get("PatientID") or "").strip()
    if not patient_id:
        return str(document.study.get("StudyInstanceUID") or "")
    return f"{str(document.patient.get('IssuerOfPatientID') or '').strip()}\0{patient_id}".lstrip("\0")


def _classes(instances: Iterable[Instance]) -> str:
    """Return the SOP classes of what shares a level: it must suit all of them."""
    found = dict.fromkeys(str(each.dicom.get("SOPClassUID") or "") for each in instances)
    return "\\".join(each for each in found if each)


def _path(standing: Standing) -> ElementPath:
    return ElementPath(Level.INSTANCE, standing.series, standing.sop)


def _last(versions: Sequence[Held]) -> list[Held]:
    return list({held.image_set: held for held in versions}.values())


def _all_uids(originals: Iterable[Held]) -> frozenset[str]:
    """Return every UID of the originals at every depth, keys included."""
    found: set[str] = set()
    for held in originals:
        found.update(held.document.series)
        found.update(sop for _, sop, _ in held.document.instances())
        nodes: list[Mapping[str, Json]] = [
            held.document.attributes(place) or {} for place in held.document.places()
        ]
        while nodes:
            for key, value in nodes.pop().items():
                several = value if isinstance(value, list) else (value,)
                if key.endswith(("UID", "UIDs")) and not key.endswith(("SOPClassUID", "TransferSyntaxUID")):
                    found.update(each for each in several if isinstance(each, str) and "." in each)
                nodes.extend(each for each in several if isinstance(each, dict))
    return frozenset(found)
