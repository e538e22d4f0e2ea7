"""A text holds an escape character.

## What it does
Finds the character ESC (1B) in text. In a file it may switch character sets; in the service's JSON, which is decoded
text, it means nothing and belongs to nobody.

## Why is this bad?
It was decoded with the wrong character set, or somebody planted a terminal control sequence: a value that repaints
screens, or sets the clipboard, where it is printed.

## Example
ImageComments with "ESC [31m".

## Fix safety
Report only: what the text should be cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterator

from curator.checks.cases import case, document, instance
from curator.checks.check import DocumentCheck
from curator.checks.subject import Kind, Subject
from curator.checks.value_faults import told
from curator.findings import Finding, Severity

CODE = "CUR310"


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding an element and reason."""
    yield from told(subject, CODE, Severity.ERROR, Kind.ESCAPE)


CHECK = DocumentCheck(
    CODE,
    "escape-character",
    Severity.ERROR,
    __doc__,
    run,
    bad=(case("a colour", document(instance(1, ImageComments="\x1b[31mred"))),),
    good=(case("plain text", document(instance(1, ImageComments="red"))),),
)
