"""The actions of rule files, by what they do."""

from __future__ import annotations

from curator.rulefile.actions import items, judge, numbers, text, write
from curator.rulefile.actions.action import Action, Because, Judgement, Result, TextAction, Verdict

ACTIONS: tuple[type[Action], ...] = (
    *write.ACTIONS,
    *text.ACTIONS,
    *numbers.ACTIONS,
    *items.ACTIONS,
    *judge.ACTIONS,
)

__all__ = ["ACTIONS", "Action", "Because", "Judgement", "Result", "TextAction", "Verdict"]
