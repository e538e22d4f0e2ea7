"""The audit ledger: what was done, by whom, when, why; appended to, never changed.

**Format 1.** A ledger is a file of UTF-8 lines, each ended by LF. Line *n* (from 1) is a JSON object

    {"n":17,"time":"2025-03-01T12:00:00.000Z","event":"outcome", … ,"chain":"<64 lower-case hex digits>"}

whose first member is ``n`` and whose last is ``chain``::

    chain(n) = SHA-256( chain(n-1) as 64 ASCII digits ‖ the line's bytes before `,"chain":` )
    chain(0) = 64 × "0"

A **head** is ``{"n": …, "chain": …}`` of the newest line. Whoever holds a head (the campaign's folder, a
report, the project's own ledger, a mail) can tell whether the ledger up to it is whole: a byte flipped, a
line dropped, swapped or inserted breaks the chain; lines cut off the end leave a head that is not there.
The chain needs no key, so an auditor can check it; values appear only as HMACs under the project's key.

`curator.audit.ledger` writes; `curator.audit.checker` checks, and shares nothing with the writer but these
lines.
"""

from __future__ import annotations

from curator.audit.checker import Problem, check
from curator.audit.ledger import Entry, Head, Ledger, entries, newest_head, os_user

__all__ = ["Entry", "Head", "Ledger", "Problem", "check", "entries", "newest_head", "os_user"]
