"""The user's own settings of the workbench: theme, columns, keys.

A TOML file, ``CURATOR_HOME/config.toml`` or the platform's configuration folder::

    theme = "curator-light"
    restore = false             # begin anew instead of where a store was left
    pictures = "blocks"

    [keys]
    "image-sets.filter" = "slash,f"
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from curator.errors import UsageError
from curator.tui.actions import unknown

THEMES = ("curator-dark", "curator-light")
PICTURES = ("auto", "blocks", "sixel", "kitty")
"""How frames are drawn; ``auto`` asks the terminal."""


@dataclass(frozen=True, slots=True)
class Config:
    """What the file says; every field has a default."""

    theme: str = THEMES[0]
    restore: bool = True
    keys: Mapping[str, str] = field(default_factory=dict)
    pictures: str = PICTURES[0]


def config_file() -> Path:
    """Return where the file would lie."""
    home = os.environ.get("CURATOR_HOME")
    if home:
        return Path(home) / "config.toml"
    from platformdirs import user_config_path

    return user_config_path("curator") / "config.toml"


def load(path: Path | None = None) -> Config:
    """Read the file; a missing one is all defaults.

    Raises:
        UsageError: it is not TOML, or says something that is not known.
    """
    path = path or config_file()
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read", hint=str(error)) from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    return _checked(path, data)


def _checked(path: Path, data: dict[str, object]) -> Config:
    strangers = sorted(set(data) - {"theme", "restore", "keys", "pictures"})
    if strangers:
        raise UsageError(
            f"{path} says something unknown: {', '.join(strangers)}",
            hint="known: theme, restore, pictures, [keys]",
        )
    theme = data.get("theme", THEMES[0])
    if not isinstance(theme, str):
        raise UsageError(f"{path}: theme must be a name in quotes", hint=f"ours: {', '.join(THEMES)}")
    restore = data.get("restore", True)
    if not isinstance(restore, bool):
        raise UsageError(f"{path}: restore must be true or false")
    pictures = data.get("pictures", PICTURES[0])
    if pictures not in PICTURES:
        raise UsageError(f"{path}: pictures must be one of {', '.join(PICTURES)}, in quotes")
    keys = data.get("keys", {})
    if not isinstance(keys, dict) or not all(isinstance(value, str) for value in keys.values()):
        raise UsageError(f'{path}: [keys] must hold lines such as "image-sets.filter" = "slash,f"')
    if strangers := unknown(keys):
        raise UsageError(
            f"{path}: [keys] names no such action: {', '.join(strangers)}", hint="? lists the actions' ids"
        )
    return Config(theme=theme, restore=restore, keys=keys, pictures=str(pictures))
