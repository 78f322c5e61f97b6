from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project import flyotoml
from flyctl_orchestrator.project.model import Flyo, Hooks, LocalBuild, Probe, RolloutPolicy

FULL = """
[regions]
iad = 2
fra = 1
nrt = 0

[groups.worker.regions]
iad = 1

[rollout]
strategy = "in-place"
canary = "fra"
width = 3
max_unavailable = 2
bake = "90s"
watch = "20s"
watch_back = "5s"
timeout_back = "6m"
timeout = 300
rollback = false

[probe]
path = "/api/health"
paths = ["/", "/login", "/"]
evidence = "strict"
timeout = "2s"
passes = 2
identity = "required"
latency_factor = 0
latency_floor = "250ms"
command = "curl --fail $FLYO_URL"
command_timeout = "10s"

[local]
build = "pip install -r requirements.txt"
inputs = ["requirements.txt"]

[hooks]
pre-deploy = "make check"
on-failure = "./tell-everybody"
timeout = "1m"

[url]
template = "https://{app}.example.com"
"""


def load(tmp_path: Path, text: str) -> Flyo:
    path = tmp_path / "flyo.toml"
    path.write_text(text, "utf-8")
    return flyotoml.load(path, shown="flyo.toml")


def test_reads_every_key(tmp_path: Path) -> None:
    assert load(tmp_path, FULL) == Flyo(
        regions={"iad": 2, "fra": 1, "nrt": 0},
        groups={"worker": {"iad": 1}},
        rollout=RolloutPolicy(
            "in-place", "fra", 3, 2, 90, 300, rollback=False, watch=20, watch_back=5, timeout_back=360
        ),
        probe=Probe(
            "/api/health", 2, 2, "required", 0, 0.25, "curl --fail $FLYO_URL", 10, ("/", "/login"), evidence="strict"
        ),
        local=LocalBuild("pip install -r requirements.txt", ("requirements.txt",)),
        hooks=Hooks({"pre-deploy": "make check", "on-failure": "./tell-everybody"}, 60),
        url_template="https://{app}.example.com",
        path=tmp_path / "flyo.toml",
    )


def test_a_health_page_is_named_by_writing_it_down(tmp_path: Path) -> None:
    assert load(tmp_path, '[probe]\npath = "/"').probe.named
    assert not load(tmp_path, '[probe]\ntimeout = "5s"').probe.named


def test_keeps_the_order_of_regions_since_it_is_the_order_of_waves(tmp_path: Path) -> None:
    assert list(load(tmp_path, "[regions]\nsyd=1\niad=1\nams=1").regions) == ["syd", "iad", "ams"]


def test_a_missing_file_means_the_defaults(tmp_path: Path) -> None:
    assert flyotoml.load(tmp_path / "flyo.toml") == Flyo()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[rollouts]", "flyo.toml:1:1: rollouts is not a known key. Did you mean 'rollout'?"),
        (
            "[rollout]\nmax_unavailble = 1",
            "flyo.toml:2:1: rollout.max_unavailble is not a known key. Did you mean 'max_unavailable'?",
        ),
        (
            "[probe]\nzebra = 1",
            "flyo.toml:2:1: probe.zebra is not a known key. Known here: path, paths, timeout, passes, "
            "evidence, identity, latency_factor, latency_floor, command, command_timeout",
        ),
        ("[regions]\ntokyo = 1", "flyo.toml:2:1: 'tokyo' is not a Fly.io region. Did you mean nrt (Tokyo)?"),
        ("[regions]\niad = -1", "flyo.toml:2:1: regions.iad must be from 0 to 1000"),
        ("[regions]\niad = true", "flyo.toml:2:1: regions.iad must be a whole number, not a boolean"),
        ("[regions]\niad = 1.5", "flyo.toml:2:1: regions.iad must be a whole number, not a decimal number"),
        ("[groups.worker]\niad = 1", "flyo.toml:2:1: groups.worker.iad is not a known key. Known here: regions"),
        (
            '[regions]\niad = 1\n[rollout]\ncanary = "fra"',
            "flyo.toml:4:1: rollout.canary is 'fra', which [regions] does not have. Use one of: iad",
        ),
        (
            '[rollout]\nstrategy = "bluegreen"',
            "flyo.toml:2:1: rollout.strategy is 'bluegreen'. Use one of: in-place, surge",
        ),
        (
            '[rollout]\nbake = "soon"',
            'flyo.toml:2:1: rollout.bake is not a duration. A duration looks like "90s", "2m" or "1m30s"',
        ),
        ("[rollout]\nmax_unavailable = 0", "flyo.toml:2:1: rollout.max_unavailable must be from 1 up"),
        ('[rollout]\ntimeout = "0s"', "flyo.toml:2:1: rollout.timeout must be at least 1s"),
        ('[rollout]\nbake = "25h"', "flyo.toml:2:1: rollout.bake is longer than a day"),
        (
            "[probe]\nlatency_factor = nan",
            "flyo.toml:2:1: probe.latency_factor must be a number from 0 to 1,000,000,000",
        ),
        (
            '[probe]\npath = "health"',
            'flyo.toml:2:1: probe.path is not a request path. Write path = "/health": it starts with / and has no '
            "spaces",
        ),
        (
            '[probe]\npaths = ["/", "login"]',
            "flyo.toml:2:1: probe.paths holds something that is not a request path. "
            'Write paths = ["/", "/login"]: each starts with / and has no spaces',
        ),
        (
            '[probe]\npaths = ["/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8", "/9", "/10", "/11"]',
            "flyo.toml:2:1: probe.paths names more than 10 pages. Name those that matter most",
        ),
        ('[probe]\nevidence = "some"', "flyo.toml:2:1: probe.evidence is 'some'. Use one of: usual, strict, off"),
        (
            '[local]\ninputs = ["../x"]',
            "flyo.toml:2:1: local.inputs holds a path outside the project. Name files relative to fly.toml",
        ),
        (
            '[url]\ntemplate = "https://{name}.fly.dev"',
            'flyo.toml:2:1: url.template is not an address. Write template = "https://{app}.fly.dev"',
        ),
        (
            '[hooks]\npre_deploy = "make"',
            "flyo.toml:2:1: hooks.pre_deploy is not a known key. Did you mean 'pre-deploy'?",
        ),
        (
            '[hooks]\npost-wave = " "',
            'flyo.toml:2:1: hooks.post-wave is empty. Write post-wave = "make check", or leave it out',
        ),
    ],
)
def test_is_strict_and_says_what_to_change(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    assert str(caught.value) == message


def test_the_health_page_comes_first_and_no_page_twice(tmp_path: Path) -> None:
    assert load(tmp_path, "").probe.pages == ("/",)
    assert load(tmp_path, '[probe]\npath = "/up"').probe.pages == ("/up", "/")
    assert load(tmp_path, '[probe]\npath = "/up"\npaths = []').probe.pages == ("/up",)
    assert load(tmp_path, '[probe]\npath = "/up"\npaths = ["/a", "/up"]').probe.pages == ("/up", "/a")
