"""The audit of dependencies: what is known is told, what is explained is believed for a time, silence is no acquittal."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests import __main__ as everything
from tests import audit

TODAY = date(2026, 11, 23)
PINS = ["good==1.0", "Bad_One==2.0", "unheard==3.0"]
ANSWERS = json.loads("""[
  {"name": "good", "version": "1.0", "vulns": []},
  {"name": "bad-one", "version": "2.0", "vulns": [
    {"id": "PYSEC-2026-1", "fix_versions": ["2.1"], "aliases": ["CVE-2026-1", "GHSA-aaaa"], "description": "…"}]}
]""")


def test_a_known_vulnerability_is_told_with_what_mends_it() -> None:
    found = audit.judged(PINS, ANSWERS, {}, TODAY)
    assert found.known == ("PYSEC-2026-1 in bad-one 2.0, mended by 2.1",)
    assert found.unanswered == ("unheard 3.0",)
    assert "2 of 3 distributions audited" in found.text
    assert "*** NOT AUDITED: 1 distributions" in found.text


@pytest.mark.parametrize("identifier", ["PYSEC-2026-1", "CVE-2026-1", "GHSA-aaaa"])
def test_an_explained_one_is_believed_until_its_day(identifier: str) -> None:
    explained = {identifier: {"why": "we never call it", "until": TODAY}}
    assert audit.judged(PINS, ANSWERS, explained, TODAY).known == ()
    assert audit.judged(PINS, ANSWERS, explained, TODAY).stale == ()
    assert audit.judged(PINS, ANSWERS, explained, TODAY.replace(day=24)).stale
    assert audit.judged(PINS, ANSWERS, {identifier: {"until": TODAY}}, TODAY).stale
    assert audit.judged(PINS, ANSWERS, {identifier: {"why": "for good"}}, TODAY).stale


def test_an_explanation_of_what_nobody_has_must_go() -> None:
    explained = {"CVE-1": {"why": "x", "until": TODAY}}
    assert audit.judged(PINS[:2], ANSWERS[:1], explained, TODAY).stale == ()  # bad-one was not answered for
    assert audit.judged(PINS[:1], ANSWERS[:1], explained, TODAY).stale


def test_without_any_answer_everything_is_said_to_be_unaudited() -> None:
    found = audit.judged(audit.installed(), [], {}, TODAY)
    assert len(found.unanswered) == found.asked > 25
    assert "*** NOT AUDITED" in found.text


@pytest.mark.parametrize(
    ("codes", "outcome", "said"),
    [
        ((0, 0), 0, False),
        ((0, audit.NOT_AUDITED), 0, True),
        ((0, 1), 1, False),
        ((audit.NOT_AUDITED, 0), 3, False),
    ],
)
def test_all_checks_hold_without_an_audit_but_say_so_last(
    codes: tuple[int, int], outcome: int, said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the audit may stay without an answer; the same code of another check is a failure."""
    check, audited = (
        [sys.executable, "-c", f"raise SystemExit({code})  # {n}"] for n, code in enumerate(codes)
    )
    assert everything.run([check, audited], audited) == outcome
    assert ("NOT AUDITED" in capsys.readouterr().out.splitlines()[-1]) == said


@contextmanager
def advisory_service(bad: str) -> Iterator[str]:
    """Answer as OSV does, with one vulnerability of one distribution."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = asked["package"]["name"]
            ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9999.1"}]}]
            affected = [
                {
                    "package": {"name": name, "ecosystem": "PyPI"},
                    "ranges": ranges,
                    "versions": [asked["version"]],
                }
            ]
            known = {"id": "GHSA-test", "aliases": ["CVE-0000-0"], "summary": "x", "affected": affected}
            body = json.dumps({"vulns": [known]} if name == bad else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.slow
def test_what_is_installed_is_audited_by_pip_audit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pip_audit")
    explained = tmp_path / "advisories.toml"
    explained.write_text("")
    with advisory_service("msgspec") as url:
        osv = ("--vulnerability-service", "osv", "--osv-url", url)
        assert audit.main([osv], explained) == 1
        told = capsys.readouterr().out
        assert "in msgspec" in told
        assert "NOT AUDITED" not in told
        explained.write_text('[CVE-0000-0]\nwhy = "a test"\nuntil = 9999-12-31\n')
        assert audit.main([osv], explained) == 0
    assert audit.main([osv], explained) == audit.NOT_AUDITED
    assert "*** NOT AUDITED" in capsys.readouterr().out
