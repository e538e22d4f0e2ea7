"""A text area that colours YAML as one reads it, without a parser of its own to install."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from rich.style import Style
from rich.text import Text
from textual.widgets import TextArea
from textual.widgets.text_area import TextAreaTheme

from curator.printable import printable

_THEME: Final = "curator-yaml"
_PART: Final = re.compile(
    r"""(?P<comment>(?<!\S)\#.*)
    | (?P<key>[^\s:#'"{}\[\],-][^:#'"{}\[\],]*(?=:(\s|$)))
    | (?P<quoted>'(?:[^']|'')*'?|"(?:[^"\\]|\\.)*"?)
    | (?P<number>(?<![\w.-])-?\d[\d.]*(?![\w.-]))
    | (?P<mark>[-{}\[\],:|>&*!](?=\s|$|[{\[\]},'"])|[{}\[\],])
    | \S+?(?=[\s:,}\]]|$)""",
    re.VERBOSE,
)


def parts_of(line: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, kind) of what is coloured in a line: comment, key, quoted, number, mark."""
    for found in _PART.finditer(line):
        if found.lastgroup is not None:
            yield found.start(), found.end(), found.lastgroup


class YamlArea(TextArea):
    """YAML to be read or changed; characters that would steer a terminal are shown as one placeholder each."""

    def __init__(self, *, id: str | None = None) -> None:
        self._wrong: frozenset[int] = frozenset()  # before the text, which is coloured at once
        super().__init__(
            id=id, show_line_numbers=True, soft_wrap=False, tab_behavior="indent", theme="css", compact=True
        )
        self.indent_width = 2

    def point_at(self, lines: Collection[int]) -> None:
        """Mark the lines (from 1) that have a problem."""
        if self._wrong != frozenset(lines):
            self._wrong = frozenset(lines)
            self._build_highlight_map()
            self.refresh()

    def on_mount(self) -> None:
        """Take the colours of the application's theme, now and whenever it changes."""
        self._colour()
        self.watch(self.app, "theme", self._colour, init=False)

    def _colour(self) -> None:
        variables = self.app.theme_variables
        dim, accent = variables.get("row-dim"), variables["accent"]
        styles = {
            "comment": Style(color=dim, italic=True),
            "key": Style(color=variables["primary"]),
            "quoted": Style(color=variables["secondary"]),
            "number": Style(color=accent),
            "mark": Style(color=dim),
            "wrong": Style(color=variables["error"], underline=True),
        }
        self.register_theme(TextAreaTheme(_THEME, syntax_styles=styles))
        self.theme = _THEME
        self._set_theme(_THEME)

    def _build_highlight_map(self) -> None:
        """Colour line by line; Textual's own way needs tree-sitter and a grammar."""
        super()._build_highlight_map()
        for number, line in enumerate(self.document.lines):
            bytes_before = None if line.isascii() else [0]
            if bytes_before is not None:
                for character in line:
                    bytes_before.append(bytes_before[-1] + len(character.encode("utf-8", "surrogatepass")))
            for start, end, kind in parts_of(line):
                if bytes_before is not None:
                    start, end = bytes_before[start], bytes_before[end]
                self._highlights[number].append((start, end, kind))
            if number + 1 in self._wrong:
                self._highlights[number].append((len(line) - len(line.lstrip()), None, "wrong"))

    def get_line(self, line_index: int) -> Text:
        """Return a line as it is drawn; what `printable` would change takes one cell here, to keep the columns."""
        line = self.document.get_line(line_index)
        if printable(line) != line:
            line = "".join(each if printable(each) == each else "␦" for each in line)
        return Text(line, end="", no_wrap=True)
