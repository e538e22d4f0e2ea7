"""De-identification by PS3.15 Annex E: a profile, a key, a subject, and what they change, with reasons.

`Engine` applies a `Profile` to metadata documents; `subject` says who they are about. Everything derives from
the project's key: the same input gives the same output in every run.
"""

from __future__ import annotations

from curator.deid.engine import Engine
from curator.deid.profile import Override, Profile
from curator.deid.subject import Subject, identity, subject

__all__ = ["Engine", "Override", "Profile", "Subject", "identity", "subject"]
