"""RFC 6902 on metadata documents: the old document stays, and shares with the new one all that is untouched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import TypeAlias, cast

from curator.dicom import Json
from curator.errors import Refused
from curator.imageset.document import ImageSetMetadata
from curator.imageset.equality import equal
from curator.imageset.instance import Instance, InvalidDocument, Node, SeriesNode
from curator.imageset.path import unescape

__all__ = ["Operation", "PatchFailed", "apply_patch"]

Operation: TypeAlias = Mapping[str, Json]
"""One RFC 6902 operation: ``{"op": "replace", "path": "/Patient/DICOM/PatientSex", "value": "F"}``."""

_Place: TypeAlias = "dict[str, object] | list[object]"


_INSTANCE_DEPTH = "/Study/Series/1.2/Instances/1.2".count("/")


class PatchFailed(Refused):
    """An operation does not apply, or a ``test`` does not hold: no document comes of it.

    ``index`` is the operation's place in the patch, from 0. The message holds no values and no paths.
    """

    def __init__(self, reason: str, *, index: int, operation: str, count: int) -> None:
        super().__init__(f"operation {index + 1} of {count} ({operation}) does not apply: {reason}")
        self.index = index
        self.operation = operation
        self.reason = reason
        self.count = count

    def __reduce__(self) -> tuple[object, ...]:
        return _patch_failed, (self.reason, self.index, self.operation, self.count)


def _patch_failed(reason: str, index: int, operation: str, count: int) -> PatchFailed:
    return PatchFailed(reason, index=index, operation=operation, count=count)


class _Impossible(Exception):
    """Why the operation at hand cannot be done; becomes PatchFailed where its number is known."""


class _Patching:
    """A document being changed: containers are copied when they are first written to."""

    def __init__(self, doc: ImageSetMetadata) -> None:
        self._owned: dict[int, _Place] = {}  # keeps them alive, so that an id stays theirs
        series = {
            uid: self._own({**node.node, "Instances": self._own(dict(node.instances))})
            for uid, node in doc.series.items()
        }
        study = self._own({**doc.study_node, "Series": self._own(cast("dict[str, object]", series))})
        self.root = self._own({**doc.head, "Patient": doc.patient_node, "Study": study})

    def _own(self, container: dict[str, object]) -> dict[str, object]:
        self._owned[id(container)] = container
        return container

    def _writable(self, parent: _Place, token: str) -> _Place:
        """Return the container under ``token``, copied unless it is ours already."""
        child = _look(parent, token)
        if id(child) in self._owned:
            return cast(_Place, child)
        if isinstance(child, Instance):
            child = child.node
        if not isinstance(child, dict | list):
            raise _Impossible("the path leads through a value")
        copied = cast(_Place, child.copy())
        self._owned[id(copied)] = copied
        if isinstance(parent, list):
            parent[_index(token, len(parent) - 1)] = copied
        else:
            parent[token] = copied
        return copied

    def _parent(self, pointer: str) -> tuple[_Place, str]:
        tokens = _tokens(pointer)
        if not tokens:
            raise _Impossible("the path is the whole document")
        place: _Place = self.root
        for token in tokens[:-1]:
            place = self._writable(place, token)
        return place, tokens[-1]

    def value(self, pointer: str) -> object:
        found: object = self.root
        for token in _tokens(pointer):
            if isinstance(found, Instance):
                found = found.node
            if not isinstance(found, dict | list):
                raise _Impossible("the path leads through a value")
            found = _look(cast(_Place, found), token)
        return found

    def add(self, pointer: str, value: object) -> None:
        place, token = self._parent(pointer)
        if isinstance(place, list):
            place.insert(len(place) if token == "-" else _index(token, len(place)), value)
        else:
            place[token] = value

    def remove(self, pointer: str) -> object:
        place, token = self._parent(pointer)
        found = _look(place, token)
        if isinstance(place, list):
            del place[int(token)]
        else:
            del place[token]
        return found

    def replace(self, pointer: str, value: object) -> None:
        place, token = self._parent(pointer)
        _look(place, token)
        if isinstance(place, list):
            place[int(token)] = value
        else:
            place[token] = value

    def apply(self, operation: Operation) -> None:
        match operation.get("op"):
            case "add":
                self.add(_pointer(operation, "path"), _value(operation))
            case "remove":
                self.remove(_pointer(operation, "path"))
            case "replace":
                self.replace(_pointer(operation, "path"), _value(operation))
            case "move":
                source, target = _pointer(operation, "from"), _pointer(operation, "path")
                if target.startswith(f"{source}/"):
                    raise _Impossible("it would move a place into itself")
                self.add(target, _fitting(self.remove(source), source, target))
            case "copy":
                source, target = _pointer(operation, "from"), _pointer(operation, "path")
                found = self.value(source)
                if not isinstance(found, Instance):
                    found = deepcopy(_plain(found))
                self.add(target, _fitting(found, source, target))
            case "test":
                found = self.value(_pointer(operation, "path"))
                if not equal(cast(Json, _plain(found)), _value(operation)):
                    raise _Impossible("the value is another one")
            case _:
                raise _Impossible("it is none of add, remove, replace, move, copy, test")

    def finish(self) -> ImageSetMetadata:
        """Return the document, refusing one that has lost its shape."""
        tree = self.root
        study = tree.get("Study")
        levels = study.get("Series") if isinstance(study, dict) else None
        if not isinstance(study, dict) or not isinstance(levels, dict):
            raise InvalidDocument("Study or its Series is missing")
        series: dict[str, SeriesNode] = {}
        for uid, node in levels.items():
            found = node.get("Instances") if isinstance(node, dict) else None
            if not isinstance(found, dict) or not isinstance(node.get("DICOM"), dict):
                raise InvalidDocument("a series has lost its DICOM or Instances")
            instances = {sop: _instance(instance) for sop, instance in found.items()}
            series[uid] = SeriesNode(_without(node, "Instances"), instances)
        patient = tree.get("Patient")
        if not isinstance(patient, dict) or not all(
            isinstance(level.get("DICOM"), dict) for level in (patient, study)
        ):
            raise InvalidDocument("Patient or Study has lost its DICOM")
        head = cast(Node, {key: value for key, value in tree.items() if key not in ("Patient", "Study")})
        return ImageSetMetadata(head, patient, _without(study, "Series"), series)


def apply_patch(doc: ImageSetMetadata, operations: Sequence[Operation]) -> ImageSetMetadata:
    """Return ``doc`` after RFC 6902 ``operations``, in order; ``doc`` itself stays as it is.

    Values of the operations become part of the result and must not be changed afterwards. Raises PatchFailed:
    all operations apply, or none.
    """
    patching = _Patching(doc)
    done = 0
    try:
        for operation in operations:
            patching.apply(operation)
            done += 1
        return patching.finish()
    except (_Impossible, InvalidDocument) as why:
        at = min(done, len(operations) - 1)
        name = str(operations[at].get("op"))
        raise PatchFailed(str(why), index=at, operation=name, count=len(operations)) from None


def _tokens(pointer: str) -> list[str]:
    if pointer and not pointer.startswith("/"):
        raise _Impossible("the path is no JSON pointer")
    return [unescape(token) for token in pointer.split("/")[1:]]


def _pointer(operation: Operation, member: str) -> str:
    found = operation.get(member)
    if not isinstance(found, str):
        raise _Impossible(f"it has no {member}")
    return found


def _value(operation: Operation) -> Json:
    if "value" not in operation:
        raise _Impossible("it has no value")
    return operation["value"]


def _index(token: str, last: int) -> int:
    """Return the list index that ``token`` spells (RFC 6901 4: digits without leading zeros)."""
    if not (token.isascii() and token.isdigit()) or (token[0] == "0" and token != "0") or len(token) > 9:
        raise _Impossible("the path has a key where an index belongs")
    if int(token) > last:
        raise _Impossible("there is nothing at the path")
    return int(token)


def _look(place: _Place, token: str) -> object:
    if isinstance(place, list):
        return place[_index(token, len(place) - 1)]
    if token not in place:
        raise _Impossible("there is nothing at the path")
    return place[token]


def _fitting(value: object, source: str, target: str) -> object:
    """Return ``value`` as it may stand at ``target``: unparsed instances only where instances belong."""
    tokens = target.split("/")[1:]
    homely = tokens[:2] == ["Study", "Series"] and tokens[3:4] in ([], ["Instances"])
    return value if homely and len(tokens) == source.count("/") <= _INSTANCE_DEPTH else _plain(value)


def _plain(value: object) -> object:
    """Return ``value`` with its instances parsed: what a test compares."""
    if isinstance(value, Instance):
        return value.node
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    return value


def _instance(found: object) -> Instance:
    if isinstance(found, Instance):
        return found
    if not isinstance(found, dict):
        raise InvalidDocument("an instance is not an object")
    return Instance(None, found)


def _without(node: dict[str, object], key: str) -> Node:
    return cast(Node, {name: value for name, value in node.items() if name != key})
