"""Templates: text with ``{Keyword}`` in it. Nothing else can be said, so nothing can be smuggled in."""

from __future__ import annotations

import re
from dataclasses import dataclass

from curator.rulefile.place import Place, Ref
from curator.rulefile.values import is_empty, joined

_PART = re.compile(r"\{\{|\}\}|\{([^{}|]*)(?:\|([^{}]*))?\}|[{}]")


class Missing(Exception):
    """An element that the template names is absent or empty, and the template says nothing for that case."""


@dataclass(frozen=True, slots=True)
class Template:
    """Literal text and references in turn. A reference's second part is what stands in for a missing value."""

    parts: tuple[str | tuple[Ref, str | None], ...]

    @classmethod
    def of(cls, text: str) -> Template:
        """Return the template; ValueError with what was expected if a brace or name does not hold."""
        parts: list[str | tuple[Ref, str | None]] = []
        at = 0
        for match in _PART.finditer(text):
            parts.append(text[at : match.start()])
            at = match.end()
            if match[0] in ("{{", "}}"):
                parts.append(match[0][0])
            elif match[1] is None:
                raise ValueError(
                    f"a template: {{Keyword}} or {{Keyword|otherwise}}, and {match[0]}{match[0]} for a brace"
                )
            else:
                parts.append((Ref.of(match[1]), match[2]))
        parts.append(text[at:])
        return cls(tuple(part for part in parts if part != ""))

    def filled(self, place: Place) -> str:
        """Return the text at a place. `Missing` or ValueError (several values) say why there is none."""
        texts = []
        for part in self.parts:
            if isinstance(part, str):
                texts.append(part)
                continue
            ref, otherwise = part
            value = ref.one(place)
            if not is_empty(value):
                texts.append(joined(value))
            elif otherwise is None:
                raise Missing(ref.name)
            else:
                texts.append(otherwise)
        return "".join(texts)
