"""What each conformance test shows, so that the manual's table is made from the tests and not from hopes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

Test = TypeVar("Test", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Coverage:
    """One thing shown: a declared error of an operation, or a change of state that it makes."""

    operation: str
    error: str = ""
    transition: str = ""


def covers(operation: str, *, error: str = "", transition: str = "") -> Callable[[Test], Test]:
    """Mark a test with what it shows of ``operation``; neither error nor transition: that it works."""

    def mark(test: Test) -> Test:
        shown = [*getattr(test, "covered", []), Coverage(operation, error, transition)]
        setattr(test, "covered", shown)  # noqa: B010  # functions take attributes; mypy knows none
        return test

    return mark


@contextmanager
def refused(code: str, *, saying: str = "") -> Iterator[None]:
    """Expect the service to refuse with that error, under the status that its model gives it."""
    from curator.localstore.model import service_model

    with pytest.raises(ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] == code, caught.value.response["Error"].get("Message")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == service_model().status[code]
    assert saying in caught.value.response["Error"]["Message"]
