"""The manual of the vocabulary, made from the words' own docstrings, whose examples are tested."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Mapping

from curator.rulefile.shapes import Word, fields_of

_EXAMPLE_HEAD = "version: 1\nname: example\nwhy: It shows the word.\nrules:\n  - id: example\n    why: It shows the word.\n"


def said(word: type[Word]) -> str:
    """Return what the word does: its docstring without the example."""
    return _parts(word)[0]


def summary(word: type[Word]) -> str:
    """Return the first sentence of what the word does."""
    text = re.sub(r"\s+", " ", said(word))
    return re.split(r"(?<=[.])\s", text, maxsplit=1)[0]


def example(word: type[Word]) -> str:
    """Return the example: the fields of a rule, as YAML. Empty if the word has none."""
    return _parts(word)[1]


def example_file(word: type[Word]) -> str:
    """Return the example as a whole rule file."""
    return _EXAMPLE_HEAD + textwrap.indent(example(word), "    ")


def _parts(word: type[Word]) -> tuple[str, str]:
    text = inspect.cleandoc(word.__doc__ or "")
    prose, _, shown = text.partition("Example:\n")
    return prose.strip().replace("``", ""), textwrap.dedent(shown).rstrip() + ("\n" if shown else "")


def manual(kind: str, name: str, word: type[Word]) -> str:
    """Return a word's page: what it does, what it takes, an example."""
    lines = [f"{name} ({kind})", "", said(word), ""]
    fields = fields_of(word)
    if fields:
        lines.append("Takes:")
        width = max(len(field) for field in fields)
        for field, (told, required) in fields.items():
            marks = ", ".join(
                filter(None, ("required" if required else "", "alone" if field == word.main else ""))
            )
            lines.append(f"  {field:{width}}  {told.doc}{f'  ({marks})' if marks else ''}")
        lines.append("")
    if example(word):
        lines += ["Example:", textwrap.indent(example(word), "  ").rstrip(), ""]
    return "\n".join(lines)


def overview(words: Mapping[str, tuple[str, type[Word]]]) -> list[dict[str, str]]:
    """Return kind, name and first sentence of every word."""
    return [{"kind": kind, "word": word.name, "does": summary(word)} for kind, word in words.values()]
