"""Rule files: YAML that says which elements to change, when, how and why.

`load` turns text into a `RuleFile` or tells all that is wrong with it; `RuleFile.evaluate` turns a metadata
document into changes. Nothing here reads files, knows a clock or a key: a face hands tables in as text, and a
room above adds actions of its own (`Vocabulary.with_actions`) and what they need (``given``).
"""

from __future__ import annotations

from curator.rulefile.actions import Action, Because, Judgement, TextAction, Verdict
from curator.rulefile.cases import CaseResult
from curator.rulefile.evaluate import CONFLICT
from curator.rulefile.file import RuleFile, together
from curator.rulefile.place import Place, Ref
from curator.rulefile.problems import Problem
from curator.rulefile.reading import load, read
from curator.rulefile.rule import Case, Outcome, Rule, Step
from curator.rulefile.schema import schema
from curator.rulefile.shapes import Checked, Choice, Flag, ListOf, Number, Pairs, Text, Whole, told
from curator.rulefile.vocabulary import BASE, Vocabulary
from curator.rulefile.writing import Written, written

__all__ = [
    "BASE",
    "CONFLICT",
    "Action",
    "Because",
    "Case",
    "CaseResult",
    "Checked",
    "Choice",
    "Flag",
    "Judgement",
    "ListOf",
    "Number",
    "Outcome",
    "Pairs",
    "Place",
    "Problem",
    "Ref",
    "Rule",
    "RuleFile",
    "Step",
    "Text",
    "TextAction",
    "Verdict",
    "Vocabulary",
    "Whole",
    "Written",
    "load",
    "read",
    "schema",
    "together",
    "told",
    "written",
]
