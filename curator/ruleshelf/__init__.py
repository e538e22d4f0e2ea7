"""Where rule files lie: the bundled ones, a project's own, and any other by its path, each with the CSV tables beside it.

The one door between files and `curator.rulefile`, which reads none itself. A project's own are in
`own`, what people read about all of them in `pages`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from curator.errors import RuleFileError, UsageError
from curator.rulefile import Problem, RuleFile, Vocabulary, load, read

SUFFIX: Final = ".yaml"
LARGEST_TABLE: Final = 50_000_000  # bytes


def bundled_folder() -> Path:
    """Return the folder of the bundled rule files: ``curator/rules`` in a wheel, ``../rules`` in a checkout."""
    packaged = Path(__file__).parents[1] / "rules"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "rules"


def bundled() -> dict[str, Path]:
    """Return the bundled rule files by name, in alphabetical order."""
    return {path.stem: path for path in sorted(bundled_folder().glob(f"*{SUFFIX}"))}


def find(spec: str) -> Path:
    """Return the rule file that ``spec`` means: a path, or the name of a bundled one; UsageError if neither."""
    path = Path(spec)
    if path.is_file():
        return path
    shelf = bundled()
    if spec in shelf:
        return shelf[spec]
    if path.suffix in (SUFFIX, ".yml") or len(path.parts) > 1:
        raise UsageError(f"there is no rule file {spec}")
    from curator.rulefile.problems import did_you_mean

    raise UsageError(
        f"no bundled rule file is called {spec}{did_you_mean(spec, shelf)}",
        hint=f"bundled are {', '.join(shelf)}; a file of yours is named by its path",
    )


def tables_beside(path: Path) -> Callable[[str], str]:
    """Return what reads CSV tables by name from the folder of a rule file (OSError if it cannot)."""
    folder = path.resolve().parent

    def table(name: str) -> str:
        found = folder / name
        if found.parent != folder or not found.is_file() or found.stat().st_size > LARGEST_TABLE:
            raise FileNotFoundError(name)
        return found.read_text(encoding="utf-8-sig")

    return table


def text_of(path: Path) -> str:
    """Return what a rule file says; RuleFileError where it is no UTF-8, UsageError where it cannot be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"the rule file {path} cannot be read: {error.strerror}") from None
    problem = foreign_bytes(data)
    if problem is not None:
        raise RuleFileError(f"{path}: 1 problem", (problem.text(str(path)),))
    return data.decode("utf-8-sig")


def foreign_bytes(data: bytes) -> Problem | None:
    """Return where a file is no UTF-8: the line, and the offset of the first such byte; None where all of it is."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Problem(
            line, "", f"bytes that are no UTF-8, from byte {error.start:,} of the file", "text in UTF-8"
        )
    return None


def open_rule_file(spec: str, vocabulary: Vocabulary | None = None) -> RuleFile:
    """Return the rule file that ``spec`` names; RuleFileError with all its problems if it does not hold.

    The vocabulary is that of `curator.deid.words` unless another is given.
    """
    path = find(spec)
    return load(text_of(path), str(path), files=tables_beside(path), vocabulary=vocabulary or _words())


def _words() -> Vocabulary:
    from curator.deid.words import VOCABULARY

    return VOCABULARY


def problems_of(spec: str, vocabulary: Vocabulary | None = None) -> tuple[RuleFile | None, tuple[str, ...]]:
    """Return the file, as far as it could be read, and every problem as a line ``file:line: …``."""
    path = find(spec)
    try:
        text = text_of(path)
    except RuleFileError as error:
        return None, error.problems
    file, problems = lint(text, path, vocabulary)
    return file, tuple(problem.text(str(path)) for problem in problems)


def lint(
    text: str, path: Path, vocabulary: Vocabulary | None = None
) -> tuple[RuleFile | None, tuple[Problem, ...]]:
    """Return what ``text`` would be as the file at ``path``, as far as it can be read, and its problems by line.

    Besides what the loader tells, ``where`` must be an expression that the catalogue knows.
    """
    file, found = read(text, str(path), files=tables_beside(path), vocabulary=vocabulary or _words())
    problems = list(found)
    if file is not None and file.where:
        from curator.catalogue.where import Where

        try:
            Where.parse(file.where)
        except UsageError as error:
            problems.append(Problem(file.where_line, "", f"where: {file.where!r}", error.message))
    return file, tuple(sorted(problems))
