"""How many questions `flyo init` asks, whatever is there and whatever flags say."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from flyctl_orchestrator.cli.init.questions import MOST, Question, questions
from flyctl_orchestrator.project.asked import Asked
from flyctl_orchestrator.project.detect.detected import Detected
from flyctl_orchestrator.project.flytoml import parse
from flyctl_orchestrator.project.scaffold import Existing
from flyctl_orchestrator.project.tomlfile import Document, parse_toml

SERVED = '[http_service]\ninternal_port = 3000\n[[http_service.checks]]\npath = "/up"\n'
FLY_TOMLS = (None, 'app = "shop"\n', f'app = "shop"\n{SERVED}', f'app = "shop"\n[build]\nimage = "nginx"\n{SERVED}')
FOUND = [
    Detected("node", start=start, health=health, port_found=port_found)
    for start, health, port_found in product((None, "node ."), ("/", "/healthz"), (False, True))
]


def there(fly_toml: str | None, dockerfile: bool, detected: Detected) -> Existing:
    fly = (
        parse(Document(Path("fly.toml"), "fly.toml", fly_toml, parse_toml(fly_toml, "fly.toml")))
        if fly_toml is not None
        else None
    )
    return Existing(fly, names=frozenset({"Dockerfile"} if dockerfile else ()), detected=detected)


@pytest.mark.parametrize("fly_toml", FLY_TOMLS)
@pytest.mark.parametrize("dockerfile", [False, True])
def test_never_more_than_eight_and_the_last_is_whether_to_write(fly_toml: str | None, dockerfile: bool) -> None:
    for detected in FOUND:
        asked = questions(Asked(), there(fly_toml, dockerfile, detected))
        assert len(asked) <= MOST == 8 and asked[-1] == "go"
        # What nothing can be taken for is asked in any case.
        assert {"app", "primary", "more", "idle"} < set(asked)


@pytest.mark.parametrize(
    ("health", "left_out"), [("/healthz", {"health"}), ("/", {"count"})], ids=["known-path", "unknown-path"]
)
def test_what_is_left_out_where_there_would_be_nine(health: str, left_out: set[Question]) -> None:
    of_dockerfile = there(None, True, Detected("node", health=health))
    nine = {"app", "primary", "more", "count", "port", "health", "idle", "memory", "go"}
    assert set(questions(Asked(), of_dockerfile)) == nine - left_out
    # One answer by a flag makes room.
    assert set(questions(Asked(memory="1gb"), of_dockerfile)) == nine - {"memory"}


def test_what_flags_answer_is_not_asked() -> None:
    flags: dict[Question, Asked] = {
        "app": Asked(app="shop"),
        "primary": Asked(primary="iad"),
        "port": Asked(port=80),
        "health": Asked(health="/up"),
        "idle": Asked(auto_stop="off"),
        "memory": Asked(size="shared-cpu-2x"),
    }
    for question, asked in flags.items():
        assert question not in questions(asked, there(None, True, Detected()))
    assert not {"primary", "more", "count"} & set(questions(Asked(regions={"iad": 1}), there(None, True, Detected())))
    assert "idle" not in questions(Asked(database="litefs"), there(None, False, Detected("node", start="x")))
