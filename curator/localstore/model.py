"""The service's own model, read from botocore: routes, what a request may hold, how an answer is spelled.

Nothing about shapes is written down here a second time, so the store cannot drift from the API that boto3
speaks. botocore itself checks types and minimums but neither patterns nor maximums; the service does.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import math
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias, cast
from urllib.parse import unquote

import msgspec

from curator.localstore.faults import Fault, invalid

Value: TypeAlias = "bool | int | float | str | bytes | list[Value] | dict[str, Value] | None"
"""A parsed parameter: JSON, blobs decoded to bytes."""
Output: TypeAlias = "bool | int | float | str | bytes | list[Output] | dict[str, Output] | msgspec.Raw | None"
"""What an operation returns: by the model's member names; ``None`` members are left out."""

_Check: TypeAlias = Callable[[Value, str], Value]

SERVICE = "medical-imaging/2023-07-19/service-2.json.gz"
_LATEST_DATE = 253402300799  # 9999-12-31T23:59:59Z
_EQUIVALENT = {
    # Java's classes, and one pattern whose nested repetition takes exponential time as it is written.
    r"\p{ASCII}{0,8192}": r"[\x00-\x7f]{0,8192}",
    r"[a-zA-Z0-9!-~]+([a-zA-Z0-9!-~ ]*[a-zA-Z0-9!-~]+)*": r"[!-~](?:[ -~]*[!-~])?",
}


class Shape(msgspec.Struct, frozen=True, rename={"kind": "type", "lowest": "min", "highest": "max"}):
    """A shape of the model, as far as a server needs it."""

    kind: str
    required: list[str] = []
    members: dict[str, Member] = {}
    member: Member | None = None
    key: Member | None = None
    value: Member | None = None
    lowest: float | None = None
    highest: float | None = None
    pattern: str | None = None
    enum: list[str] | None = None
    union: bool = False
    payload: str | None = None
    error: _Error | None = None


class _Error(msgspec.Struct, frozen=True, rename="camel"):
    http_status_code: int


class Member(msgspec.Struct, frozen=True, rename={"wire_name": "locationName"}):
    """A reference to a shape, and where on the wire it travels (``uri``, ``querystring``, ``header`` or the body)."""

    shape: str
    location: str = ""
    wire_name: str = ""


class _Http(msgspec.Struct, frozen=True, rename="camel"):
    method: str
    request_uri: str


class _Operation(msgspec.Struct, frozen=True):
    name: str
    http: _Http
    input: Member
    output: Member
    errors: list[Member] = []


class _Model(msgspec.Struct, frozen=True):
    operations: dict[str, _Operation]
    shapes: dict[str, Shape]


def _length(shape: Shape, size: int, where: str) -> None:
    if shape.lowest is not None and size < shape.lowest:
        raise _broken(where, f"Member must have length greater than or equal to {int(shape.lowest)}")
    if shape.highest is not None and size > shape.highest:
        raise _broken(where, f"Member must have length less than or equal to {int(shape.highest)}")


def _broken(where: str, constraint: str) -> Fault:
    return invalid(
        f"1 validation error detected: Value at '{where}' failed to satisfy constraint: {constraint}"
    )


class _Checks:
    """Compiles each shape once into a function that returns the parsed value or raises a ValidationException."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self.shapes = shapes
        self.known: dict[str, _Check] = {}

    def of(self, name: str) -> _Check:
        if name not in self.known:
            shape = self.shapes[name]
            make: Callable[[Shape], _Check] = getattr(self, f"_{shape.kind}")
            self.known[name] = make(shape)
        return self.known[name]

    def _string(self, shape: Shape) -> _Check:
        pattern = shape.pattern and re.compile(_EQUIVALENT.get(shape.pattern, shape.pattern), re.ASCII)
        allowed = frozenset(shape.enum) if shape.enum else None
        bounded = shape.lowest is not None or shape.highest is not None

        def check(value: Value, where: str) -> Value:
            if not isinstance(value, str):
                raise _broken(where, "Member must be a string")
            if bounded:
                _length(shape, len(value), where)
            if pattern and not pattern.fullmatch(value):
                raise _broken(where, f"Member must satisfy regular expression pattern: {shape.pattern}")
            if allowed is not None and value not in allowed:
                raise _broken(where, f"Member must satisfy enum value set: [{', '.join(shape.enum or [])}]")
            return value

        return check

    def _integer(self, shape: Shape) -> _Check:
        low, high = shape.lowest, shape.highest

        def check(value: Value, where: str) -> Value:
            if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,10}", value):
                value = int(value)  # a query parameter
            if not isinstance(value, int) or isinstance(value, bool):
                raise _broken(where, "Member must be an integer")
            if low is not None and value < low:
                raise _broken(where, f"Member must have value greater than or equal to {int(low)}")
            if high is not None and value > high:
                raise _broken(where, f"Member must have value less than or equal to {int(high)}")
            return value

        return check

    def _boolean(self, _: Shape) -> _Check:
        def check(value: Value, where: str) -> Value:
            if isinstance(value, str) and value in ("true", "false"):
                return value == "true"  # a query parameter
            if not isinstance(value, bool):
                raise _broken(where, "Member must be a boolean")
            return value

        return check

    def _timestamp(self, _: Shape) -> _Check:
        def check(value: Value, where: str) -> Value:
            plain = isinstance(value, int | float) and not isinstance(value, bool)
            if not plain or not math.isfinite(number := cast("float", value)) or abs(number) > _LATEST_DATE:
                raise _broken(where, "Member must be a timestamp in epoch seconds")
            return value

        return check

    def _blob(self, shape: Shape) -> _Check:
        def check(value: Value, where: str) -> Value:
            if not isinstance(value, str):
                raise _broken(where, "Member must be base64")
            try:
                data = base64.b64decode(value.encode("ascii"), validate=True)
            except (binascii.Error, UnicodeEncodeError):
                raise _broken(where, "Member must be base64") from None
            _length(shape, len(data), where)
            return data

        return check

    def _list(self, shape: Shape) -> _Check:
        if shape.member is None:
            raise TypeError("a list shape without member")
        item = self.of(shape.member.shape)

        def check(value: Value, where: str) -> Value:
            if not isinstance(value, list):
                raise _broken(where, "Member must be a list")
            _length(shape, len(value), where)
            return [item(each, f"{where}.{number}.member") for number, each in enumerate(value, 1)]

        return check

    def _map(self, shape: Shape) -> _Check:
        if shape.key is None or shape.value is None:
            raise TypeError("a map shape without key or value")
        check_key, check_value = self.of(shape.key.shape), self.of(shape.value.shape)

        def check(value: Value, where: str) -> Value:
            if not isinstance(value, dict):
                raise _broken(where, "Member must be a map")
            for key in value:
                check_key(key, f"{where}.key")
            return {key: check_value(each, f"{where}.value") for key, each in value.items()}

        return check

    def _structure(self, shape: Shape) -> _Check:
        members = {name: self.of(member.shape) for name, member in shape.members.items()}

        def check(value: Value, where: str) -> Value:
            if not isinstance(value, dict):
                raise _broken(where, "Member must be a structure")
            prefix = f"{where}." if where else ""
            for name in shape.required:
                if value.get(name) is None:
                    raise _broken(prefix + name, "Member must not be null")
            found = {
                name: members[name](each, prefix + name)
                for name, each in value.items()
                if each is not None and name in members  # unknown members are ignored, as the service does
            }
            if shape.union and len(found) != 1:
                raise _broken(where, "Member must hold exactly one of its alternatives")
            return found

        return check


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the service: how its request is read and its answer written."""

    name: str
    errors: frozenset[str]
    _input: Shape
    _output: Shape
    _checks: Mapping[str, _Check]
    _lists: frozenset[str]

    def parse(
        self, labels: Mapping[str, str], query: Mapping[str, list[str]], body: bytes
    ) -> dict[str, Value]:
        """Return the request's parameters by member name; a ValidationException for any that the model refuses."""
        found: dict[str, Value] = {}
        in_body = {}
        for name, member in self._input.members.items():
            if member.location == "uri":
                found[name] = labels[member.wire_name]
            elif member.location == "querystring":
                given = query.get(member.wire_name)
                if given:
                    found[name] = list(given) if name in self._lists else given[-1]
            elif not member.location:
                in_body[name] = member
        if in_body:
            content = _decode(body)
            if self._input.payload:
                found[self._input.payload] = content
            elif isinstance(content, dict):
                found.update((name, content.get(name)) for name in in_body)
            elif content is not None:
                raise _broken("body", "Member must be a structure")
        for name in self._input.required:
            if found.get(name) is None:
                raise _broken(name, "Member must not be null")
        return {name: self._checks[name](value, name) for name, value in found.items() if value is not None}

    def serialise(self, output: dict[str, Output]) -> tuple[dict[str, str], bytes]:
        """Return the answer's headers and body for what the operation returned, by member name."""
        unknown = output.keys() - self._output.members.keys()
        missing = [name for name in self._output.required if output.get(name) is None]
        if unknown or missing:
            raise TypeError(f"{self.name} answers {sorted(unknown)} unknown to the model, lacks {missing}")
        headers = {"Content-Type": "application/json"}
        body = {}
        for name, value in output.items():
            if value is None:
                continue
            member = self._output.members[name]
            if member.location == "header":
                headers[member.wire_name] = str(value)
            elif name != self._output.payload:
                body[name] = value
        blob = output.get(self._output.payload) if self._output.payload else None
        return headers, blob if isinstance(blob, bytes) else msgspec.json.encode(body)


def _decode(body: bytes) -> Value:
    """Return the body's JSON; nothing for an empty body. Lone surrogates and endless nesting are refused."""
    if not body.strip():
        return None
    try:
        return cast("Value", msgspec.json.decode(body))
    except (ValueError, RecursionError):
        raise invalid("The request body is not JSON") from None


class ServiceModel:
    """The 18 operations: found by method and path, each with its shapes compiled."""

    def __init__(self, model: _Model) -> None:
        checks = _Checks(model.shapes)
        self.status: dict[str, int] = {
            name: shape.error.http_status_code for name, shape in model.shapes.items() if shape.error
        }
        self.operations: dict[str, Operation] = {}
        self._routes: dict[
            tuple[str, int, str, str], tuple[Operation, dict[int, str], list[tuple[int, str]]]
        ] = {}
        for name, operation in model.operations.items():
            shape = model.shapes[operation.input.shape]
            self.operations[name] = Operation(
                name,
                frozenset(error.shape for error in operation.errors),
                shape,
                model.shapes[operation.output.shape],
                {key: checks.of(member.shape) for key, member in shape.members.items()},
                frozenset(
                    key for key, member in shape.members.items() if model.shapes[member.shape].kind == "list"
                ),
            )
            self._add_route(operation.http, self.operations[name])

    def _add_route(self, http: _Http, operation: Operation) -> None:
        words = http.request_uri.split("/")[1:]
        labels = {at: word[1:-1] for at, word in enumerate(words) if word.startswith("{")}
        fixed = [(at, word) for at, word in enumerate(words) if at not in labels]
        self._routes[_route_key(http.method, words)] = operation, labels, fixed

    def route(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation at ``path`` (percent-encoded, as sent) and its path labels, decoded."""
        words = path.split("/")[1:] or [""]
        if words[0] == "tags" and len(words) > 2:
            words = ["tags", "/".join(words[1:])]  # an ARN whose slashes some proxy has decoded
        found = self._routes.get(_route_key(method, words))
        if found is None or any(words[at] != word for at, word in found[2]):
            return None
        operation, labels, _ = found
        return operation, {label: unquote(words[at], errors="replace") for at, label in labels.items()}


def _route_key(method: str, words: list[str]) -> tuple[str, int, str, str]:
    """Return what tells the 18 routes apart: method, number of words, the first and, past labels, the last one."""
    last = words[-1] if len(words) > 2 and words[0] == "datastore" else ""
    return method, len(words), words[0], last


_loading = threading.Lock()


def service_model() -> ServiceModel:
    """Return the compiled model; botocore's data file is read without importing botocore."""
    # Two threads that make msgspec learn the same recursive types at once crash the process.
    with _loading:
        return _load()


@cache
def _load() -> ServiceModel:
    spec = find_spec("botocore")
    if spec is None or spec.origin is None:
        raise ImportError("botocore, which holds the service's model, is not installed")
    packed = (Path(spec.origin).parent / "data" / SERVICE).read_bytes()
    return ServiceModel(msgspec.json.decode(gzip.decompress(packed), type=_Model))
