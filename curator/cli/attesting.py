"""What ``deidentify`` and ``verify`` share: a publication held against its originals, and the outcome told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curator.cli.workbench import Workbench
from curator.printable import plural

if TYPE_CHECKING:
    from curator.campaign.attestation import Attestation
    from curator.campaign.cluster import Cluster
    from curator.campaign.journal import Campaign
    from curator.deid.ruled import Deidentification


def hold_against_originals(
    workbench: Workbench,
    campaign: Campaign,
    profile: Deidentification,
    cluster: Cluster | None = None,
) -> Attestation:
    """Read original and published sets back, every version, and tell on stderr what was found."""
    from curator.campaign.attesting import attest
    from curator.campaign.identity import who
    from curator.campaign.reviewing import pixel_decisions_of

    elsewhere = None
    if cluster is not None:
        from curator.campaign.spread_attesting import attester

        elsewhere = attester(cluster, campaign)
    made = attest(
        campaign,
        workbench.imaging,
        profile,
        who(workbench.spec()),
        pixels=pixel_decisions_of(workbench.project()),
        elsewhere=elsewhere,
    )
    workbench.say(f"held {plural(made.subjects, 'subject')} against their originals: {verdict(made)}")
    for each in made.violations[:10]:
        workbench.say(
            f"  {each.check}: {each.image_set} version {each.version}, {each.place}: {each.message}"
        )
    if len(made.violations) > 10:
        workbench.say(f"  … and {len(made.violations) - 10:,} more: the report lists them")
    return made


def verdict(made: Attestation | None) -> str:
    """Return the outcome in a few words."""
    if made is None:
        return "in place: older versions stay readable, so nothing is attested"
    if not made.subjects:
        return "nothing was published, so nothing is attested"
    checked = sum(count for count, _ in made.counts.values())
    failed = sum(each.count for each in made.violations)
    looked = (
        f"; {plural(len(made.notes), 'place wants', 'places want')} a person's look" if made.notes else ""
    )
    return (
        f"{failed:,} of {plural(checked, 'check')} FAILED"
        if failed
        else f"all {plural(checked, 'check')} {'holds' if checked == 1 else 'hold'}{looked}"
    )
