"""Applies a campaign again and again, killed at a different moment each time; run as a program by `test_crashes`.

``python -m tests.campaign.killing TEMPLATE MODE [VERB]`` copies TEMPLATE (``store/``, ``plan.jsonl``), applies the plan in a
fork that gets SIGKILL after the n-th write call was answered (``calls``) or the n-th ledger line written
(``records``) or the n-th file step of an import was done (``files``), applies it once more to its end, and prints one JSON line a round: what is in the store, what the
ledger says. VERB ``undo`` applies undisturbed first and is killed in the undo, ``rebuild`` after a finish too. Round 0 is undisturbed; the last round is the first that was over before its kill.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

from curator.audit import Ledger, check
from curator.buckets import FolderBucket
from curator.campaign.applying import apply
from curator.campaign.finishing import finish
from curator.campaign.journal import Campaign
from curator.campaign.undoing import undo
from curator.healthimaging import HealthImaging
from curator.imageset import content_hash
from curator.localstore.imports import jobs, runner
from curator.plan.importing import as_imported
from curator.plan.lines import read_header
from curator.plan.units import by_import
from curator.project import Project
from curator.stores import open_store

WRITES = {
    "UpdateImageSetMetadata",
    "CopyImageSet",
    "DeleteImageSet",
    "TagResource",
    "UntagResource",
    "StartDICOMImportJob",
}
LEASE = 0.2
"""Seconds after which a killed process's import job is taken up by the next (the store's own: 30)."""


def kill_after(count: int) -> Callable[[], None]:
    left = [count]

    def tick() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return tick


def ticking(method: Callable[..., object], tick: Callable[[], None]) -> Callable[..., object]:
    def ticked(*words: object, **more: object) -> object:
        answer = method(*words, **more)
        tick()
        return answer

    return ticked


def walk(folder: Path, mode: str = "", count: int = 0, verb: str = "apply") -> None:
    """Carry out ``verb`` on the plan in ``folder``; killed by SIGKILL as ``mode`` and ``count`` say."""
    plan = folder / "plan.jsonl"
    datastore = read_header(plan.open("rb").readline()).datastore
    jobs.LEASE_SECONDS = runner.LEASE_SECONDS = LEASE  # type: ignore[misc,attr-defined]
    opened = open_store(f"local:{folder / 'store'}#{datastore}")
    tick = kill_after(count) if count else lambda: None
    if mode == "calls":

        def answered(model: object, **_: object) -> None:
            if getattr(model, "name", "") in WRITES:
                tick()

        opened.imaging.client.meta.events.register("after-call.medical-imaging", answered)
    elif mode == "records":
        append = Ledger.append

        def appended(self: Ledger, event: str, /, **members: object) -> object:
            head = append(self, event, **members)  # type: ignore[arg-type]
            tick()
            return head

        Ledger.append = appended  # type: ignore[method-assign,assignment]
    elif mode == "files":
        for owner, name in (
            (HealthImaging, "instance_dicom"),
            (FolderBucket, "put"),
            (FolderBucket, "clean"),
        ):
            setattr(owner, name, ticking(getattr(owner, name), tick))
    campaign = Campaign.begin(Project.open(folder / "project"), plan)
    who = {"user": "ada"}
    if verb == "apply":
        apply(campaign, opened.imaging, who, workers=1)
    elif verb == "finish":
        finish(campaign, opened.imaging, who, confirmed=True)
    else:
        undo(campaign, opened.imaging, who)
    opened.close()


def forked(action: Callable[[], None]) -> int:
    """Run in a process of its own; return the signal that ended it, or 0."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            action()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status)
    if os.WEXITSTATUS(status):
        raise RuntimeError("the walk failed")
    return 0


def told(folder: Path) -> dict[str, object]:
    """Return what is in the store and the ledger, with ids of new image sets told by their names."""
    datastore = read_header((folder / "plan.jsonl").open("rb").readline()).datastore
    opened = open_store(f"local:{folder / 'store'}#{datastore}")
    imaging = opened.imaging
    campaign = Campaign.begin(Project.open(folder / "project"), folder / "plan.jsonl")
    names: dict[str, str] = {}
    for number, state in campaign.state().items():
        names |= {image_set: f"{number}{name}" for name, image_set in state.names.items()}
    imported = {f"{unit.number}{name}" for unit in campaign.plan.units() for name in by_import(unit.steps)}

    def hashed(image_set: str) -> str:
        document = imaging.document(image_set)
        return content_hash(as_imported(document) if names.get(image_set) in imported else document)

    sets = sorted(
        (names.get(each.id, each.id), imaging.image_set(each.id).version, hashed(each.id))
        for each in imaging.search()
    )
    lines = sorted(
        (
            str(entry["event"]),
            int(str(entry["unit"])),
            int(str(entry.get("step", -1))),
            str(entry.get("op", "")),
            names.get(str(entry.get("set", "")), str(entry.get("set", ""))),
            str(entry.get("version", "")),
            str(entry.get("state", "")),
        )
        for entry in campaign.entries()
        if "unit" in entry
    )
    head = campaign.head
    problems = check(campaign.ledger_path, [(head.n, head.chain)] if head else [])
    opened.close()
    staged = [str(path) for path in (folder / "store" / "staging").rglob("*")]
    return {"sets": sets, "ledger": lines, "problems": [str(each) for each in problems], "staged": staged}


BEFORE = {"apply": (), "undo": ("apply",), "finish": ("apply",), "rebuild": ("apply", "finish")}
"""What is done undisturbed before the verb that is killed."""


def main(template: Path, mode: str, verb: str = "apply") -> None:
    count = 0
    while True:
        folder = template.parent / f"round-{mode}-{count}"
        shutil.copytree(template, folder)
        for earlier in BEFORE[verb]:
            forked(partial(walk, folder, verb=earlier))
        ended = forked(partial(walk, folder, mode, count, verb))
        if ended:
            forked(partial(walk, folder, verb=verb))
        print(json.dumps({"round": count, "killed": ended != 0, **told(folder)}), flush=True)
        shutil.rmtree(folder)
        if count and not ended:
            return
        count += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
