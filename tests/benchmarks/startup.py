"""Cold start: CPU of a whole process, beside bare python and beside a process that makes a boto3 client."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from tests.benchmarks import Row

REPEAT = 15
CLIENT = (
    "import boto3; boto3.client('medical-imaging', region_name='us-east-1', "
    "aws_access_key_id='k', aws_secret_access_key='s')"
)


def cpu(command: Sequence[str]) -> float:
    """Return the user and system CPU milliseconds of one run of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def alternating(ours: Sequence[str], peer: Sequence[str]) -> tuple[float, float]:
    """Return the medians of both commands, run in turn, so that a busy machine hits both alike."""
    for command in (ours, peer):
        cpu(command)
    pairs = [(cpu(ours), cpu(peer)) for _ in range(REPEAT)]
    return statistics.median(mine for mine, _ in pairs), statistics.median(theirs for _, theirs in pairs)


def run() -> list[Row]:
    """Measure ``--version`` and ``--help`` beside bare python, ``list`` beside making a boto3 client."""
    python = sys.executable
    rows = []
    for option in ("--version", "--help"):
        ours, peer = alternating([python, "-m", "curator", option], [python, "-c", "pass"])
        rows.append(
            Row(f"curator {option}", ours, peer, "ms CPU", "python -c pass", "≤ 5 ×", ours <= 5 * peer)
        )
    with tempfile.TemporaryDirectory() as folder:
        verb = [python, "-m", "curator", "--store", f"local:{folder}", "list"]
        ours, peer = alternating(verb, [python, "-c", CLIENT])
        rows.append(
            Row("curator list", ours, peer, "ms CPU", "boto3.client()", "≤ 1.3 ×", ours <= 1.3 * peer)
        )
    return rows
