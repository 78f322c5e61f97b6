from __future__ import annotations

import tomllib

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.edit import Path, set_counts, set_keys

THEIRS = """\
# my app
app = "x" # name
primary_region = 'iad'   # home

[http_service] # web
  internal_port = 3000 # port
  force_https = true

  # limits
  [http_service.concurrency]
    soft_limit = 20

[[vm]]
  memory = "256mb"
# end
"""


def edited(text: str, changes: dict[Path, object]) -> str:
    return set_keys(text, changes, shown="fly.toml")


def test_changes_values_and_nothing_else() -> None:
    changes: dict[Path, object] = {("app",): "y", ("http_service", "internal_port"): 8080, ("vm", 0, "memory"): "1gb"}
    expected = THEIRS.replace('"x"', '"y"').replace("3000", "8080").replace("256mb", "1gb")
    assert edited(THEIRS, changes) == expected


def test_adds_keys_where_their_table_ends() -> None:
    changes: dict[Path, object] = {
        ("kill_timeout",): 30,
        ("http_service", "auto_stop_machines"): "suspend",
        ("vm", 0, "size"): "shared-cpu-2x",
        ("http_service", "checks", 0): {"path": "/up", "interval": "10s"},
        ("env", "PORT"): "8080",
    }
    assert edited(THEIRS, changes) == (
        THEIRS.replace("# home\n", "# home\nkill_timeout = 30\n")
        .replace("https = true\n", 'https = true\n  auto_stop_machines = "suspend"\n')
        .replace('256mb"\n', '256mb"\n  size = "shared-cpu-2x"\n')
        + '\n[[http_service.checks]]\npath = "/up"\ninterval = "10s"\n\n[env]\nPORT = "8080"\n'
    )


def test_what_is_so_already_is_left_byte_for_byte() -> None:
    assert edited(THEIRS, {("app",): "x", ("vm", 0, "memory"): "256mb"}) == THEIRS


@pytest.mark.parametrize(
    "text",
    [
        'http_service = { internal_port = 1 } # inline\nvm = [{ memory = "1gb" }]\n',
        "http_service.internal_port = 1\n",
        "[http_service]\ninternal_port = 1",
        "",
        "# nothing but a comment",
        '[a]\nx = """\n[http_service]\ninternal_port = 3\n"""\n',
    ],
)
def test_every_way_of_writing_a_table(text: str) -> None:
    changes: dict[Path, object] = {
        ("http_service", "internal_port"): 8080,
        ("http_service", "checks", 0): {"path": "/up"},
        ("app",): "x",
    }
    result = tomllib.loads(edited(text, changes))
    assert (result["app"], result["http_service"]["internal_port"]) == ("x", 8080)
    assert result["http_service"]["checks"] == [{"path": "/up"}]
    rest = {key: value for key, value in tomllib.loads(text).items() if key not in ("http_service", "app")}
    assert rest.items() <= result.items()


def test_keeps_the_line_ends_of_windows() -> None:
    text = 'app = "x"\r\n[http_service]\r\ninternal_port = 1\r\n'
    result = edited(text, {("app",): "y", ("http_service", "force_https"): True, ("env", "A"): "1"})
    assert result == (
        'app = "y"\r\n[http_service]\r\ninternal_port = 1\r\nforce_https = true\r\n\r\n[env]\r\nA = "1"\r\n'
    )


def test_counts_keep_the_comments_of_the_regions_that_stay() -> None:
    text = "# mine\n[regions] # all\n# home\niad = 1 # keep\nfra = 2\n# far\nnrt = 1\n\n# how\n[rollout]\nwidth = 0\n"
    assert set_counts(text, "regions", {"nrt": 3, "syd": 1, "iad": 1}, shown="flyo.toml") == (
        "# mine\n[regions] # all\n# far\nnrt = 3\nsyd = 1\n# home\niad = 1 # keep\n\n# how\n[rollout]\nwidth = 0\n"
    )


@pytest.mark.parametrize(
    "text", ["", "regions = { iad = 1 }\n", "regions.iad = 1\n", "[rollout]\nwidth = 1\n", "[regions]"]
)
def test_counts_in_every_way_of_writing_them(text: str) -> None:
    result = set_counts(text, "regions", {"nrt": 2, "iad": 1}, shown="flyo.toml")
    assert list(tomllib.loads(result)["regions"].items()) == [("nrt", 2), ("iad", 1)]


def test_says_so_when_nothing_can_be_changed_safely() -> None:
    with pytest.raises(UsageError) as caught:
        edited("[[http_service]]\ninternal_port = 1\n", {("http_service", "internal_port"): 2})
    assert caught.value.code == "config.not_editable"
    assert caught.value.next == "Set it by hand: internal_port = 2"


KEYS = st.sampled_from(["app", "env", "http_service", "vm", "a-b", "quoted key", "x"])
SCALARS = st.one_of(st.integers(-5, 99999), st.booleans(), st.text(max_size=6), st.floats(allow_nan=False))
DOCUMENTS = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS,
        lambda inner: st.one_of(
            st.dictionaries(KEYS, inner, max_size=3), st.lists(st.dictionaries(KEYS, inner), max_size=2)
        ),
        max_leaves=8,
    ),
    max_size=5,
)


@given(DOCUMENTS, st.lists(KEYS, min_size=1, max_size=3), SCALARS)
@settings(max_examples=400, deadline=None)
def test_any_edit_of_any_file_changes_exactly_that_key(
    document: dict[str, object], path: list[str], value: object
) -> None:
    text = tomli_w.dumps(document)
    place: object = document
    for step in path[:-1]:
        place = place.get(step, {}) if isinstance(place, dict) else None
    if not isinstance(place, dict):
        return
    try:
        result = tomllib.loads(edited(text, {tuple(path): value}))
    except UsageError:
        return
    found: object = result
    for step in path:
        assert isinstance(found, dict)
        found = found[step]
    assert found == value
    assert {key: each for key, each in result.items() if key != path[0]} == {
        key: each for key, each in document.items() if key != path[0]
    }
