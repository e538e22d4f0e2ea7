"""The whole of what a line cuts off: a path, and a value over as many lines as there is room."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from curator.printable import printable

_LINES = 4


class Detail(Widget):
    """Shows one path and one value; both are data and shown as text."""

    COMPONENT_CLASSES = {"detail--path"}  # noqa: RUF012  (Textual's own way)

    def __init__(self, *, id: str | None = None, lines: int = _LINES, grows: int = 0) -> None:
        """Make it as high as ``lines`` and the path need; with ``grows``, up to that many lines for a longer value."""
        super().__init__(id=id)
        self._grows = grows > lines
        if self._grows:
            self.styles.height = "auto"
            self.styles.min_height, self.styles.max_height = lines + 1, grows + 1
        else:
            self.styles.height = lines + 1
        self._path = ""
        self._value = ""
        self._note = ""

    def tell(self, path: str, value: str, note: str = "") -> None:
        """Show a path, what the element is, and its value."""
        told = (printable(path), printable(value[:5000], lines=True), note)
        if told != (self._path, self._value, self._note):
            self._path, self._value, self._note = told
            self.refresh(layout=self._grows)

    def render(self) -> Text:
        """Return the path on one line, the value wrapped below it."""
        text = Text(no_wrap=False, overflow="fold")
        path = Text(self._path, self.get_component_rich_style("detail--path", partial=True))
        if self._note:
            path.append(f"  {self._note}", self.get_component_rich_style("detail--path", partial=True))
        path.truncate(max(1, self.size.width), overflow="ellipsis")
        text.append(path)
        text.append("\n")
        text.append(self._value)
        return text
