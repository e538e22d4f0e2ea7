"""The command line: one module a group of verbs, loaded when its verb is used.

stdout is data, stderr is talk. Exit codes are `curator.errors`'. A verb is a click command that takes the
`Workbench` by ``@click.pass_obj``; it is found by its line in `VERBS`.
"""

from __future__ import annotations

from collections.abc import Sequence

VERBS: dict[str, str] = {
    "demo": "curator.cli.demo:demo",
    "import": "curator.cli.importing:import_",
    "stores": "curator.cli.stores:stores",
    "serve": "curator.cli.serve:serve",
    "list": "curator.cli.reading:list_",
    "show": "curator.cli.reading:show",
    "versions": "curator.cli.reading:versions",
    "diff": "curator.cli.comparing:diff",
    "frames": "curator.cli.frames:frames",
    "export": "curator.cli.export:export",
    "tags": "curator.cli.tags:tags",
    "events": "curator.cli.events:events",
    "set": "curator.cli.editing:set_",
    "remove": "curator.cli.editing:remove",
    "revert": "curator.cli.editing:revert",
    "copy": "curator.cli.editing:copy",
    "delete": "curator.cli.editing:delete",
    "rules": "curator.cli.rules:rules",
    "check": "curator.cli.check:check",
    "values": "curator.cli.value_sheet:values",
    "conflicts": "curator.cli.conflicts:conflicts",
    "pixels": "curator.cli.pixels:pixels",
    "explain": "curator.cli.explaining:explain",
    "catalogue": "curator.cli.catalogue:catalogue",
    "doctor": "curator.cli.doctor:doctor",
    "simulate": "curator.cli.simulating:simulate",
    "plan": "curator.cli.planning:plan",
    "batch": "curator.cli.batching:batch",
    "deidentify": "curator.cli.deidentify:deidentify",
    "apply": "curator.cli.campaigning:apply",
    "verify": "curator.cli.campaigning:verify",
    "finish": "curator.cli.campaigning:finish",
    "undo": "curator.cli.campaigning:undo",
    "campaigns": "curator.cli.campaigning:campaigns",
    "merge": "curator.cli.merging:merge",
    "split": "curator.cli.merging:split",
    "report": "curator.cli.reporting:report",
    "audit": "curator.cli.reporting:audit",
    "crosswalk": "curator.cli.crosswalk:crosswalk",
    "key": "curator.cli.keys:key",
    "purge": "curator.cli.keys:purge",
    "completion": "curator.cli.completion:completion",
}
"""Verb → ``module:attribute`` of its click command. The module is imported only when its verb is used."""

GROUPS: dict[str, tuple[str, ...]] = {
    "Begin": ("demo", "import", "stores", "serve", "doctor", "completion"),
    "Read": ("list", "show", "versions", "diff", "frames", "export", "tags", "events", "catalogue"),
    "Find": ("check", "conflicts", "values", "pixels", "rules", "explain"),
    "Edit one image set": ("set", "remove", "revert", "copy", "delete", "merge", "split"),
    "Change many": ("simulate", "plan", "apply", "verify", "finish", "undo", "batch", "deidentify"),
    "Prove": ("report", "campaigns", "audit", "crosswalk", "key", "purge"),
}
"""How ``curator --help`` groups the verbs; one that stands in no group is listed under "Others"."""

SUMMARIES: dict[str, str] = {
    "demo": "Import real DICOM into a store of its own, find, change and undo.",
    "import": "Import DICOM files, folders and zip archives.",
    "stores": "List, create, delete and check data stores.",
    "serve": "Serve a local store over HTTP to any AWS client.",
    "list": "List the image sets of the data store.",
    "show": "Show the metadata of an image set.",
    "versions": "List the versions of an image set.",
    "diff": "Compare two versions, or two image sets.",
    "frames": "List an image set's frames, or write them as PNG.",
    "tags": "List, add and remove tags.",
    "set": "Set attributes of one image set.",
    "remove": "Remove attributes of one image set.",
    "revert": "Make an old version the latest again.",
    "copy": "Copy an image set, whole or in part, or into another.",
    "delete": "Delete an image set with all its versions.",
    "rules": "List, check, test and explain rule files.",
    "deidentify": "Publish image sets without what identifies, verified.",
    "check": "Find what is wrong in the data store.",
    "values": "List every distinct value, to be decided once.",
    "conflicts": "List what image sets disagree about, and decide.",
    "pixels": "List instances whose pixels may identify, and decide.",
    "explain": "Say why a profile treats an element as it does.",
    "catalogue": "Show, refresh or purge the local index.",
    "doctor": "Check identity, permissions, endpoint and folder modes.",
    "completion": "Print the shell's completion script.",
    "export": "Write curated DICOM files.",
    "events": "Show what happened in a local store.",
    "merge": "Merge image sets into one.",
    "split": "Split an image set by an element or a list.",
    "simulate": "Say what a change to many image sets would take, by each way.",
    "plan": "Turn rules into a plan file to review.",
    "apply": "Carry out a plan, or go on with it.",
    "verify": "Prove that a campaign did what it planned.",
    "finish": "Delete what a campaign left behind, and end undo.",
    "undo": "Take a campaign back, whole or in part.",
    "batch": "Plan, apply, verify and report in one.",
    "report": "Write a campaign's report.",
    "campaigns": "List campaigns and how far they are.",
    "audit": "Check the ledger, or show its head.",
    "crosswalk": "Export the crosswalk, under the key.",
    "key": "Make or rotate the project's key.",
    "purge": "Remove what may hold PHI from this machine.",
}
"""One line a verb for ``curator --help``, which loads no verb's module. A verb without a line here is loaded for it."""


def run(words: Sequence[str]) -> int:
    """Run the command line and return its exit code; every error ends here as a message on stderr."""
    from curator.cli.main import run

    return run(words)
