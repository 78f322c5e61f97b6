"""Errors that need no platform: the whole line that a person sees, as it stands on the page of its code."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Environment

FLY = 'app = "shop"\nprimary_region = "iad"\n'
NOT_FLY = "Install it (https://docs.fly.io/flyctl/install/), or add --local to rehearse without it [flyctl.missing]"


@pytest.mark.parametrize(
    ("words", "files", "variables", "status", "line"),
    [
        (
            "plan", {"flyo.toml": "[regions]\niad = -1\n"}, {}, 2,
            "flyo: flyo.toml:2:1: regions.iad must be from 0 to 1000 [config.invalid]",
        ),
        (
            "plan", {"flyo.toml": "[rolout]\n"}, {}, 2,
            "flyo: flyo.toml:1:1: rolout is not a known key. Did you mean 'rollout'? [config.unknown_key]",
        ),
        (
            "plan", {"flyo.toml": "not toml"}, {}, 2,
            "flyo: flyo.toml:1:5: is not valid TOML: Expected '=' after a key in a key/value pair. Correct that line "
            "[config.syntax]",
        ),
        (
            "plan", {"fly.toml": 'primary_region = "iad"\n'}, {}, 2,
            'flyo: fly.toml: names no app. Add app = "NAME", or give --app NAME [config.no_app]',
        ),
        (
            "plan -c flyo.toml", {"flyo.toml": "[regions]\n"}, {}, 2,
            "flyo: flyo.toml: is flyo's own file, and not the app's configuration. Name the fly.toml beside it "
            "[config.not_fly]",
        ),
        (
            "status -c fly.stagin.toml", {"fly.staging.toml": FLY}, {}, 2,
            "flyo: fly.stagin.toml: does not exist. Name one that is there: fly.toml, fly.staging.toml "
            "[config.missing]",
        ),
        (
            "status", {}, {"FLYO_TARGET": "moon"}, 2,
            "flyo: FLYO_TARGET: 'moon' is not a target. Use 'local', or unset it for Fly.io [target.unknown]",
        ),
        (
            "status", {}, {"FLYO_PLAIN": "banana"}, 2,
            "flyo: FLYO_PLAIN: 'banana' is neither yes nor no. Use 1 or 0, or unset it [usage.variable]",
        ),
        (
            "local up", {}, {"FLYO_LOCAL_RUNTIME": "vm"}, 2,
            "flyo: FLYO_LOCAL_RUNTIME: 'vm' is not known. Use auto, process or container, or unset it [usage.variable]",
        ),
        (
            "regions suggest --users-from prometheus", {},
            dict.fromkeys(("FLY_API_BASE_URL", "FLY_FLAPS_BASE_URL", "FLY_UIEX_BASE_URL"), "api.fly.io"), 2,
            "flyo: FLY_API_BASE_URL: is no address of a server. Write e.g. https://host:port, or unset it "
            "[usage.variable]",
        ),
        (
            "open --print", {}, {"FLYO_APP_URL": "{app}.fly.dev"}, 2,
            "flyo: FLYO_APP_URL: is no address of a server. Write e.g. https://host:port, or unset it "
            "[usage.variable]",
        ),
        (
            "status", {}, {"FLY_API_BASE_URL": "http://a:1"}, 2,
            "flyo: environment: FLY_API_BASE_URL set, but not FLY_FLAPS_BASE_URL, FLY_UIEX_BASE_URL: the token would "
            "go to Fly.io as well. Set all three, or none [target.bases]",
        ),
        (
            "status", {}, {"FLYO_FLYCTL": "/no/flyctl"}, 8,
            f"flyo: FLYO_FLYCTL: there is no flyctl at /no/flyctl. {NOT_FLY}",
        ),
        (
            "status", {}, {"FLYO_FLYCTL": "stand-in"}, 2,
            "flyo: FLYO_FLYCTL: the stand-in for flyctl only talks to the local platform. Unset it, or add --local "
            "[flyctl.stand_in]",
        ),
        (
            "local fault clear", {}, {}, 2,
            "flyo: flyo local fault clear: no fault was named. Name them as 'flyo local fault list' shows them, or "
            "give --all [fault.clear]",
        ),
        (
            "local fault clear f1 --all", {}, {}, 2,
            "flyo: flyo local fault clear: --all and the ids of faults cannot be used together. Name them as 'flyo "
            "local fault list' shows them, or give --all [fault.clear]",
        ),
        (
            "deploy --resume --regions iad", {}, {}, 2,
            "flyo: flyo deploy: --resume says itself what it is about, and cannot be used with --regions. "
            "Leave --regions out, or roll out anew [plan.only]",
        ),
        ("init --yes --start=serve\a", {}, {}, 2, "flyo: --start: is not a command. Give it as one line [usage.start]"),
        (
            "scale nowhere=1", {"fly.toml": FLY, "flyo.toml": "[regions]\n"}, {"FLYO_TARGET": "moon"}, 2,
            "flyo: FLYO_TARGET: 'moon' is not a target. Use 'local', or unset it for Fly.io [target.unknown]",
        ),
    ],
)  # fmt: skip
def test_the_line_says_where_what_and_what_next(
    tmp_path: Path, words: str, files: dict[str, str], variables: dict[str, str], status: int, line: str
) -> None:
    for name, text in ({"fly.toml": FLY} | files).items():
        (tmp_path / name).write_text(text)
    out, err = io.StringIO(), io.StringIO()
    known = {"PATH": "", "FLYO_STATE_DIR": str(tmp_path / "state"), "FLYO_LOCAL_DIR": str(tmp_path / "local")}
    environment = Environment(known | variables, tmp_path, stdin=io.StringIO(), stdout=out, stderr=err)
    assert (run(words.split(), environment), err.getvalue().splitlines()[-1], out.getvalue()) == (status, line, "")
