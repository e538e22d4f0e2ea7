"""Google Cloud Healthcare's DicomTagConfig (v1beta1), and the keep and remove lists of the older DicomConfig: JSON.

Source: cloud.google.com, REST reference of deidentify, "DicomTagConfig". JSON is read as the YAML that it is, for the lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from curator.errors import UsageError
from curator.rulefile.convert.draft import Do, Draft, Select, Unmapped, element
from curator.rulefile.nodes import Items, Node, Scalar, compose
from curator.rulefile.nodes import Mapping as MappingNode
from curator.rulefile.problems import NotRead, Problems
from curator.rulefile.values import KNOWN

ACTIONS: Final[Mapping[str, Do]] = MappingProxyType(
    {
        "keepTag": "keep",
        "removeTag": "empty",  # "replace with empty tag"
        "deleteTag": "remove",
        "resetTag": "dummy",
        "cleanTextTag": {"clean-text": "both"},
        "regenUidTag": "remap-uid",
    }
)
_PROFILES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ATTRIBUTE_CONFIDENTIALITY_BASIC_PROFILE": "",
        "DICOM_TAG_CONFIG_PROFILE_TYPE_UNSPECIFIED": "",
        "MINIMAL_KEEP_LIST_PROFILE": "the Basic Profile keeps more than the minimal list; write rules for the rest",
        "KEEP_ALL_PROFILE": "a profile that keeps everything has no counterpart; the Basic Profile stands under the actions",
        "DEIDENTIFY_TAG_CONTENTS": "inspection of every content: use the option clean-descriptors and the patient echo",
    }
)


def convert(text: str, draft: Draft) -> None:
    """Translate a configuration into ``draft``; UsageError if it is no JSON of this kind."""
    problems = Problems()
    try:
        root = compose(text.replace("\t", "  "), problems)
    except NotRead:
        first = problems.found[0]
        raise UsageError(f"line {first.line}: found {first.found}; expected {first.expected}") from None
    tags, older = _below(root, "dicomTagConfig"), _below(root, "dicom")
    if tags is None and isinstance(root, MappingNode) and root.get("actions") is not None:
        tags = root
    if tags is None and older is None:
        raise UsageError("a configuration with dicomTagConfig (or dicom) was expected")
    if tags is not None:
        _tag_config(draft, tags)
    if older is not None:
        _older(draft, older)
    if isinstance(root, MappingNode):
        for key, why in (
            ("text", "kinds of information that are inspected"),
            ("image", "redaction of pixels"),
        ):
            found = _below(root, key)
            if found is not None and found.pairs:
                draft.leave(
                    found.line, key, f"{why}: texts are searched for the subject's own identifiers instead"
                )


def _below(node: Node, key: str) -> MappingNode | None:
    """Return the mapping of this key at the top, or inside ``config`` or ``deidentifyConfig``."""
    if not isinstance(node, MappingNode):
        return None
    found = node.get(key)
    if isinstance(found, MappingNode):
        return found
    for outer in ("config", "deidentifyConfig"):
        inner = node.get(outer)
        if inner is not None and (deeper := _below(inner, key)) is not None:
            return deeper
    return None


def _tag_config(draft: Draft, config: MappingNode) -> None:
    for key, value in config.pairs:
        if key.text == "profileType":
            word = value.text if isinstance(value, Scalar) else ""
            why = _PROFILES.get(word, "the profile is not known")
            draft.leave(key.line, word, why) if why else draft.silent.add(key.line)
        elif key.text == "options" and isinstance(value, MappingNode):
            _options(draft, value)
        elif key.text == "actions" and isinstance(value, Items):
            for order, action in enumerate(value.items, 1):
                _action(draft, action, order)
        else:
            draft.leave(key.line, key.text, "it has no counterpart")


def _options(draft: Draft, options: MappingNode) -> None:
    for key, value in options.pairs:
        if key.text == "cleanDescriptors":
            draft.option("clean-descriptors")
        elif key.text == "cleanImage":
            draft.option("clean-pixel-data")
        elif key.text == "primaryIds" and isinstance(value, Scalar) and value.text in ("KEEP", "REGEN"):
            if value.text == "KEEP":
                draft.option("retain-uids")
        else:
            draft.leave(key.line, key.text, "the option has no counterpart")
            continue
        draft.silent.add(key.line)


def _action(draft: Draft, node: Node, order: int) -> None:
    if not isinstance(node, MappingNode):
        draft.leave(node.line, "actions", "a mapping of queries and one action was expected")
        return
    queries = [one.text for one in _scalars(node.get("queries"))]
    kinds = [key.text for key, _ in node.pairs if key.text != "queries"]
    source = f"{', '.join(kinds)}: {', '.join(queries)}"
    try:
        if len(kinds) != 1 or not queries:
            raise Unmapped("queries and one action were expected")
        if kinds[0] == "recurseTag":
            draft.silent.add(node.line)  # sequences are walked always
            return
        if kinds[0] == "cleanImageTag":
            draft.option("clean-pixel-data")
            draft.silent.add(node.line)
            return
        if kinds[0] not in ACTIONS:
            raise Unmapped(f"the action {kinds[0]} has no counterpart")
    except Unmapped as why:
        draft.leave(node.line, source, str(why))
        return
    for query in queries:
        try:
            draft.rule(node.line, f"{kinds[0]} {query}", _query(query), ACTIONS[kinds[0]], priority=order)
        except Unmapped as why:
            draft.leave(node.line, f"{kinds[0]} {query}", str(why))


def _query(text: str) -> Select:
    if text in KNOWN:
        return {"vr": text, "nested": "true"}
    if re.fullmatch(r"[A-Za-z]*\*", text):
        raise Unmapped("a pattern of keywords: name the elements")
    return element(text)


def _older(draft: Draft, config: MappingNode) -> None:
    for key, value in config.pairs:
        tags = value.get("tags") if isinstance(value, MappingNode) else None
        if key.text in ("keepList", "removeList"):
            for one in _scalars(tags):
                try:
                    draft.rule(
                        one.line, one.text, element(one.text), "keep" if key.text == "keepList" else "remove"
                    )
                except Unmapped as why:
                    draft.leave(one.line, one.text, str(why))
        elif key.text == "filterProfile" and isinstance(value, Scalar):
            why_not = _PROFILES.get(value.text, "the profile is not known")
            draft.leave(key.line, value.text, why_not) if why_not else draft.silent.add(key.line)
        elif key.text == "skipIdRedaction" and isinstance(value, Scalar):
            if value.text == "true":
                draft.option("retain-uids")
            draft.silent.add(key.line)
        else:
            draft.leave(key.line, key.text, "it has no counterpart")


def _scalars(node: Node | None) -> Iterator[Scalar]:
    for one in node.items if isinstance(node, Items) else ():
        if isinstance(one, Scalar):
            yield one
