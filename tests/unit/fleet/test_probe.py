from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.probe import Answer, Identity, Prober
from tests.unit.fleet.fleet_doubles import ManualClock, ScriptedHttp, answer, machine

HERE = Machine.of_api("web", machine("m1", "nrt"))
URL = "https://web.fly.dev/api/health"


def probe(given: HttpAnswer | HttpError, identity: Identity = "auto") -> Answer:
    return Prober(ScriptedHttp(ManualClock(), [given])).check(
        "https://{app}.fly.dev", "web", HERE, "/api/health", 5, identity
    )


def test_a_probe_asks_for_one_machine_by_name() -> None:
    http = ScriptedHttp(ManualClock(), [answer(200, {"status": "ok"})])
    Prober(http).check("http://{app}.localhost:4280/", "web", HERE, "health", 2.5)
    assert http.sent[0].url == "http://web.localhost:4280/health"
    assert http.sent[0].headers["fly-force-instance-id"] == "m1"
    assert http.sent[0].timeout == 2.5


def test_a_good_answer_tells_who_gave_it_and_how_fast() -> None:
    assert probe(
        answer(200, {"status": "ok", "region": "nrt", "machine": "m1", "release": "v7"}), "required"
    ) == Answer(ok=True, status=200, latency_s=0.01, region="nrt", machine="m1", release="v7")


def test_headers_may_say_who_answers() -> None:
    assert probe(answer(204, fly_region="nrt", fly_machine_id="m1"), "auto").ok
    wrong = probe(HttpAnswer(200, {"fly-region": "iad"}, b"hello"))
    assert wrong.error == f"{URL}: answered from region iad, not nrt"


@pytest.mark.parametrize(
    ("given", "identity", "error"),
    [
        (answer(500, {"status": "db down"}), "auto", 'answered 500 ({"status": "db down"})'),
        (HttpAnswer(502, {"content-type": "text/html"}, b"<html>..."), "auto", "answered 502"),
        (
            answer(301, location="https://www.example.org/"),
            "auto",
            "answered 301, a redirect to https://www.example.org/; a health page must answer by itself",
        ),
        (answer(200, {"region": "iad", "machine": "m1"}), "auto", "answered from region iad, not nrt"),
        (answer(200, {"region": "nrt", "machine": "m2"}), "auto", "answered by machine m2, not m1"),
        (
            HttpAnswer(200, {}, b"OK"),
            "required",
            "answered something that is not a JSON object, so it does not say which machine it is",
        ),
        (
            answer(200, {"status": "ok"}),
            "required",
            "does not say which region and machine it is (keys 'region' and 'machine')",
        ),
        (HttpError("timeout"), "auto", "no answer within 5 s"),
        (HttpError("refused"), "auto", "connection refused"),
        (HttpError("reset"), "auto", "connection broke off before an answer"),
        (HttpError("dns"), "auto", "name not found"),
        (HttpError("tls", "bad certificate"), "auto", "no secure connection (bad certificate)"),
    ],
)
def test_every_way_to_fail_has_a_line_of_its_own(given: Any, identity: Identity, error: str) -> None:
    failed = probe(given, identity)
    assert not failed.ok
    assert failed.error == f"{URL}: {error}"


@pytest.mark.parametrize("body", [b"OK", b"", b"[1, 2]", b'"text"', b"\xff\xfe", b'{"region": null, "machine": ""}'])
def test_an_app_that_does_not_say_who_it_is_passes_unless_that_is_required(body: bytes) -> None:
    assert probe(HttpAnswer(200, {}, body), "auto").ok
    assert not probe(HttpAnswer(200, {}, body), "required").ok


def test_identity_off_does_not_look() -> None:
    assert probe(answer(200, {"region": "iad", "machine": "m2"}), "off").ok


def test_a_huge_error_page_becomes_one_short_line() -> None:
    failed = probe(HttpAnswer(500, {}, b"a\nb " * 100_000))
    assert failed.error is not None
    assert len(failed.error) < 250
    assert "\n" not in failed.error


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (answer(301, location="/login"), None),
        (answer(404, {"error": "no such page"}), None),
        (answer(426), None),
        (answer(500), "answered 500"),
        (answer(429), "answered 429"),
        (answer(421), "answered 421"),
        (answer(404, fly_proxy_error="PM06"), "answered 404"),
        (answer(404, fly_region="iad"), "answered from region iad, not nrt"),
        (answer(404, fly_machine_id="m2"), "answered by machine m2, not m1"),
    ],
)
def test_a_page_that_nobody_has_named_may_lead_elsewhere_or_refuse(given: HttpAnswer, error: str | None) -> None:
    found = Prober(ScriptedHttp(ManualClock(), [given])).check(
        "https://{app}.fly.dev", "web", HERE, "/", 5, guessed=True
    )
    assert (found.ok, found.status) == (error is None, given.status)
    assert found.error == (f"https://web.fly.dev/: {error}" if error else None)
    assert found.stray == (error is not None and "answered 4" not in error and "answered 5" not in error)
