"""What is wrong with files: each finding with a file that has it and one, nearly the same, that has not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.catalog.error_pages import load_pages
from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.doctor.files import check_env_files, check_files
from flyctl_orchestrator.doctor.finding import Finding
from flyctl_orchestrator.project import flytoml
from flyctl_orchestrator.project.edit import set_keys
from flyctl_orchestrator.project.model import Flyo, Project
from flyctl_orchestrator.project.tomlfile import Document, parse_toml

BOOK = load_regions()
PAGES = load_pages()
# Nothing is wrong with this one in two regions.
WELL = """
app = "shop"
primary_region = "iad"
kill_signal = "SIGTERM"

[http_service]
internal_port = 8080
force_https = true
auto_stop_machines = "suspend"
auto_start_machines = true

[http_service.concurrency]
type = "requests"
soft_limit = 20
hard_limit = 40

[[http_service.checks]]
path = "/up"

[[vm]]
size = "shared-cpu-1x"
"""
TWO = {"iad": 1, "fra": 1}
EDGE = """
app = "shop"
primary_region = "iad"

[[services]]
internal_port = 8080
"""


def findings(text: str, regions: dict[str, int] | None = None, root: Path = Path("/nowhere")) -> list[Finding]:
    document = Document(root / "fly.toml", "fly.toml", text, parse_toml(text, "fly.toml"))
    fly = flytoml.parse(document)
    return list(check_files(Project(root, "shop", fly, Flyo(regions=TWO if regions is None else regions), root), BOOK))


def codes(text: str, regions: dict[str, int] | None = None, root: Path = Path("/nowhere")) -> set[str]:
    return {each.code for each in findings(text, regions, root)}


def test_nothing_is_said_of_a_file_that_is_well() -> None:
    assert findings(WELL) == []


CASES = [
    # (code, severity, what is replaced, by what)
    ("doctor.autostop_boolean", "warning", '= "suspend"', "= true"),
    ("doctor.never_woken", "warning", "auto_start_machines = true", "auto_start_machines = false"),
    ("doctor.min_running_unused", "warning", '= "suspend"', '= "off"\nmin_machines_running = 1'),
    ("doctor.min_running_primary", "warning", '= "suspend"', '= "suspend"\nmin_machines_running = 1'),
    ("doctor.connections", "warning", 'type = "requests"', 'type = "connections"'),
    ("doctor.soft_above_hard", "error", "soft_limit = 20", "soft_limit = 41"),
    ("doctor.no_hard_limit", "warning", "hard_limit = 40", ""),
    ("doctor.no_https", "warning", "force_https = true", ""),
    ("doctor.no_service_check", "warning", "[[http_service.checks]]", "[checks.top]\ntype = 'http'"),
    ("doctor.suspend_memory", "warning", 'size = "shared-cpu-1x"', 'memory = "4gb"'),
    ("doctor.suspend_memory", "warning", 'size = "shared-cpu-1x"', 'size = "performance-4x"'),
    ("doctor.suspend_swap", "error", 'app = "shop"', 'app = "shop"\nswap_size_mb = 512'),
    ("doctor.sigint_gunicorn", "warning", 'kill_signal = "SIGTERM"', "[processes]\napp = 'gunicorn shop:app'"),
    ("doctor.kill_timeout", "error", 'app = "shop"', 'app = "shop"\nkill_timeout = "6m"'),
    ("doctor.env_primary_region", "error", "[[vm]]", "[env]\nPRIMARY_REGION = 'iad'\n[[vm]]"),
    ("doctor.env_reserved", "error", "[[vm]]", "[env]\nFLY_REGION = 'iad'\n[[vm]]"),
    ("doctor.no_primary_region", "warning", 'primary_region = "iad"', ""),
    ("doctor.no_vm", "info", '[[vm]]\nsize = "shared-cpu-1x"', ""),
    ("doctor.many_statics", "error", "[[vm]]", "[[statics]]\nguest_path = '/a'\nurl_prefix = '/a'\n" * 11 + "[[vm]]"),
    ("doctor.many_mounts", "error", "[[vm]]", "[[mounts]]\nsource = 'a'\n[[mounts]]\nsource = 'b'\n[[vm]]"),
    ("doctor.check_times", "warning", 'path = "/up"', "path = '/up'\ninterval = '900ms'"),
    ("doctor.check_times", "error", "[[vm]]", "[checks.alive]\ntype = 'tcp'\ntimeout = '61s'\n[[vm]]"),
    ("doctor.strategy", "warning", "[[vm]]", "[deploy]\nstrategy = 'canary'\n[mounts]\nsource = 'd'\n[[vm]]"),
]


@pytest.mark.parametrize(
    ("code", "severity", "old", "new"), CASES, ids=[f"{case[0]}-{case[1]}-{case[3][:30]!r}" for case in CASES]
)
def test_one_change_is_one_finding(code: str, severity: str, old: str, new: str) -> None:
    assert WELL.count(old) == 1
    text = WELL.replace(old, new)
    if "[processes]" in new:  # a table in the middle would swallow the keys after it
        text = WELL.replace(old, "").replace("[[vm]]", f"{new}\n[[vm]]")
    (found,) = findings(text)
    assert (found.code, found.severity) == (code, severity)
    assert found.fix and found.where.startswith("fly.toml") and PAGES[code].topic == "doctor"


def test_a_file_with_secrets_is_kept_out_of_the_image(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . .\n")
    (tmp_path / ".env").write_text("A=1\n")
    assert "doctor.env_in_image" in codes(WELL, root=tmp_path)
    (tmp_path / ".dockerignore").write_text(".env\n")
    assert "doctor.env_in_image" not in codes(WELL, root=tmp_path)


def test_a_search_that_did_not_see_everything_says_so(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . .\n")
    (tmp_path / ".env").write_text("A=1\n")
    project = Project(tmp_path, "shop", flytoml.parse(Document(tmp_path, "fly.toml", "", {})), Flyo(), tmp_path)
    assert [each.code for each in check_env_files(project, most=2)] == ["doctor.env_in_image"]
    assert [each.code for each in check_env_files(project, most=1)] == [
        "doctor.env_not_searched",
        "doctor.env_in_image",
    ]


def test_every_finding_of_files_is_tried() -> None:
    tried = {case[0] for case in CASES} | {"doctor.single_machine", "doctor.region_closing", "doctor.env_in_image"}
    tried |= {"doctor.env_not_searched"}
    folder = Path(__file__).parents[3] / "flyctl_orchestrator" / "doctor"
    text = "".join((folder / name).read_text("utf-8") for name in ("services.py", "machines.py", "files.py"))
    assert {code for code in PAGES if code.startswith("doctor.") and f'"{code}"' in text} == tried


def test_swap_hurts_only_where_machines_are_to_be_suspended() -> None:
    swapping = WELL.replace('app = "shop"', 'app = "shop"\nswap_size_mb = 512')
    assert codes(swapping) == {"doctor.suspend_swap"}
    assert codes(swapping.replace('"suspend"', '"stop"')) == codes(swapping.replace('"suspend"', '"off"')) == set()


def test_times_that_flyctl_brings_into_its_limits_stop_nothing() -> None:
    times = "path = '/up'\ninterval = '{}'\ntimeout = '{}'"
    for interval, timeout, number in (("1s", "60s", 0), ("61s", "1s", 1), ("999ms", "61s", 2)):
        found = findings(WELL.replace('path = "/up"', times.format(interval, timeout)))
        assert [(each.code, each.severity) for each in found] == [("doctor.check_times", "warning")] * number


def test_what_depends_on_the_number_of_regions() -> None:
    least = WELL.replace('= "suspend"', '= "suspend"\nmin_machines_running = 1').replace("hard_limit = 40", "")
    assert codes(least, {"iad": 2}) == set()
    assert codes(WELL, {"iad": 1}) == {"doctor.single_machine"}
    assert codes(WELL, {"iad": 1, "fra": 0}) == {"doctor.single_machine"}


def test_no_region_at_all_is_the_error_that_it_is_elsewhere() -> None:
    assert "config.no_regions" in codes(WELL.replace('primary_region = "iad"', ""), {})


def test_a_service_that_is_not_http_may_count_connections_and_speak_plainly() -> None:
    assert codes(EDGE + "[services.concurrency]\ntype = 'connections'\nhard_limit = 3\n") == {
        "doctor.no_service_check",
        "doctor.no_vm",
    }


def test_gunicorn_is_found_in_the_dockerfile(tmp_path: Path) -> None:
    text = WELL.replace('kill_signal = "SIGTERM"', "")
    assert codes(text, root=tmp_path) == set()
    (tmp_path / "Dockerfile").write_text('CMD ["gunicorn", "shop:app"]\n')
    assert codes(text, root=tmp_path) == {"doctor.sigint_gunicorn"}


@pytest.mark.parametrize(
    "text",
    [
        WELL.replace('= "suspend"', "= true"),
        WELL.replace('= "suspend"', "= false"),
        WELL.replace('kill_signal = "SIGTERM"', "").replace("[[vm]]", "[processes]\napp = 'gunicorn shop:app'\n[[vm]]"),
        WELL.replace("[http_service]", "[HTTP_Service]").replace("auto_stop_machines", "Auto_Stop_Machines"),
        EDGE + "auto_stop_machines = true\n",
    ],
)
def test_what_can_be_fixed_is_gone_after_the_fix_and_nothing_new_comes(text: str) -> None:
    before = findings(text)
    changes = {each.change[0]: each.change[1] for each in before if each.change is not None}
    after = findings(set_keys(text, changes, shown="fly.toml"))
    assert [each for each in after if each.change is not None] == []
    assert {each.code for each in after} == {each.code for each in before if each.change is None}


VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8), st.dates()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)
KEYS = "http_service services concurrency checks env vm statics deploy mounts processes build kill_signal kill_timeout"
NESTED = (
    "auto_stop_machines auto_start_machines min_machines_running ports strategy dockerfile type soft_limit hard_limit"
)


def strange() -> Iterator[st.SearchStrategy[object]]:
    """Files with the keys that are looked at, and anything at all as their values."""
    table = st.dictionaries(st.sampled_from(NESTED.split()), VALUES, max_size=4)
    yield st.dictionaries(st.sampled_from(KEYS.split()), st.one_of(VALUES, table, st.lists(table, max_size=2)))


@given(*strange())
def test_no_file_however_strange_is_more_than_findings(data: object) -> None:
    assert isinstance(data, dict)
    fly = flytoml.parse(Document(Path("/nowhere/fly.toml"), "fly.toml", "", data))
    for each in check_files(Project(Path("/nowhere"), "shop", fly, Flyo(regions=TWO), Path("/nowhere")), BOOK):
        assert each.code in PAGES
