"""`flyo cost`: the whole bill, to the cent, against figures worked out from Fly.io's pricing page by hand."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Environment
from tests.json_schemas import complaints

SERVICE = '[http_service]\ninternal_port = 8080\nauto_stop_machines = "suspend"\nmin_machines_running = {kept}\n'
SIZE = '[[vm]]\nsize = "shared-cpu-1x"\nmemory = "512mb"\n'


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return write(tmp_path, SERVICE.format(kept=0) + SIZE)


def write(directory: Path, fly: str, regions: str = "iad = 1\nlhr = 1\nnrt = 1\n") -> Path:
    (directory / "fly.toml").write_text('app = "web"\nprimary_region = "iad"\n' + fly)
    (directory / "flyo.toml").write_text("[regions]\n" + regions)
    return directory


def flyo(directory: Path, *words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    status = run(["cost", *words], Environment({"PATH": ""}, directory, stdin=io.StringIO(), stdout=out, stderr=err))
    return status, out.getvalue(), err.getvalue()


def bill(directory: Path, *words: str) -> Any:
    status, out, err = flyo(directory, *words, "--json")
    assert (status, err) == (0, "")
    return json.loads(out)


@pytest.mark.parametrize(
    ("words", "usd"),
    [
        ((), 12.72),
        (("--hours", "8"), 4.24 + 0.30),
        (("--hours", "8", "--rootfs-gb", "0"), 4.24),
        (("--hours", "0", "--rootfs-gb", "2"), 0.90),
        (("--ipv4", "1"), 14.72),
        (("--egress-ips", "2"), 12.72 + 7.20),
        (("--certificates", "10"), 12.72),
        (("--certificates", "12", "--wildcards", "1"), 12.72 + 0.20 + 1.00),
        (("--postgres", "basic"), 12.72 + 38),
        (("--postgres", "launch", "--postgres-gb", "50"), 12.72 + 282 + 14),
        (("--snapshots-gb", "10"), 12.72),
        (("--snapshots-gb", "35"), 12.72 + 2.00),
        (("--traffic", "iad=100,nrt=100,jnb=100"), 12.72 + 2 + 4 + 12),
        (("--replays", "iad=100, nrt=100,jnb=100"), 12.72 + 0.6 + 1.5 + 5),
        (("--reserve", "shared=36"), 12.72 - 2.00),
        (("--reserve", "shared=72"), 12.72 - 4.00),
        (("--reserve", "shared=108"), 9.00),
        (("--reserve", "shared=36", "--hours", "8", "--rootfs-gb", "0"), 3.00),
        (("--reserve", "performance=144"), 12.72 + 12.00),
        (("--reserve", "shared=3600,performance=14400"), 300.00 + 1200.00),
    ],
)
def test_the_bill_is_right_to_the_cent(words: tuple[str, ...], usd: float, app: Path) -> None:
    found = bill(app, *words)
    assert found["usd_per_month"] == pytest.approx(usd, abs=0.0051)
    assert found["complete"] is True and found["prices_as_of"] == "2026-10-02"


def test_what_is_worth_reserving_is_said_to_the_cent(app: Path) -> None:
    found = bill(app)
    assert found["worth_reserving"] == [{"kind": "shared", "usd_per_year": 72.0, "usd_per_month_saved": 4.0}]
    assert "72 USD a year ahead for shared machines would save 4.00 a month." in flyo(app)[1].splitlines()
    assert bill(app, "--reserve", "shared=36")["worth_reserving"] == []
    # A third block costs 3.00 and would pay 2.72; with hours 21 the machines cost 11.13, and with 8 just 4.24.
    assert bill(app, "--hours", "8")["worth_reserving"][0] == {
        "kind": "shared", "usd_per_year": 36.0, "usd_per_month_saved": 1.24,
    }  # fmt: skip
    assert bill(app, "--hours", "4")["worth_reserving"] == []


def test_a_reservation_of_machines_without_a_price_pays_an_unknown_amount(tmp_path: Path) -> None:
    write(tmp_path, '[[vm]]\nsize = "a100-40gb"\n', "iad = 1\n")
    found = bill(tmp_path, "--reserve", "shared=36")
    assert [item["usd_per_month"] for item in found["items"]] == [None, 3.0, None]


def test_the_primary_regions_machine_stays_awake(tmp_path: Path) -> None:
    found = bill(write(tmp_path, SERVICE.format(kept=1) + SIZE), "--hours", "8", "--rootfs-gb", "0")
    assert [item["usd_per_month"] for item in found["items"]] == [3.69, 1.40, 1.61]
    assert found["usd_per_month_saved_by_sleep"] == 6.02


def test_machines_without_a_service_or_without_autostop_never_sleep(tmp_path: Path) -> None:
    groups = '[processes]\nweb = "serve"\nworker = "work"\n'
    service = '[http_service]\ninternal_port = 80\nauto_stop_machines = "stop"\nprocesses = ["web"]\n'
    found = bill(write(tmp_path, groups + service, "iad = 2\n"), "--hours", "12", "--rootfs-gb", "0")
    assert [(item["what"], item["amount"], item["usd_per_month"]) for item in found["items"]] == [
        ("machines of web", "2 × shared-cpu-1x 256 MB, 2 of them awake 12 of 24 h", 2.19),
        ("machines of worker", "2 × shared-cpu-1x 256 MB", 4.39),
    ]


def test_each_machine_with_a_mount_has_a_volume(tmp_path: Path) -> None:
    mounted = '[mounts]\nsource = "data"\ndestination = "/data"\ninitial_size = "10gb"\n'
    found = bill(write(tmp_path, mounted, "iad = 3\n"))
    assert found["items"][-1] == {"what": "volumes", "region": "iad", "amount": "3 × 10 GB", "usd_per_month": 4.50}


def test_a_price_that_is_not_known_is_said_and_not_left_out(tmp_path: Path) -> None:
    write(tmp_path, '[[vm]]\nsize = "a100-40gb"\n', "iad = 1\n")
    found = bill(tmp_path, "--ipv4", "1")
    assert (found["complete"], found["usd_per_month"], found["items"][0]["usd_per_month"]) == (False, 2.0, None)
    status, out, _ = flyo(tmp_path, "--ipv4", "1", "--budget", "5")
    assert status == 0
    assert "unknown" in out and "at least 2.00" in out
    assert "Whether it is within the budget of 5.00 USD a month is not known." in out


def test_a_budget_that_is_passed_is_an_exit_status(app: Path) -> None:
    status, out, _ = flyo(app, "--budget", "12")
    assert status == 7
    assert "0.72 USD more than the budget of 12.00 a month." in out.splitlines()
    status, out, _ = flyo(app, "--hours", "8", "--budget", "12")
    assert status == 0
    assert out.splitlines()[-3:-1] == ["Sleeping saves 8.18 USD a month.", "Within the budget of 12.00 USD a month."]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--traffic", "iad"), "flyo: --traffic: '' is no number of GB. Write e.g. iad=20,nrt=5 [usage]"),
        (("--traffic", "iad=nan"), "flyo: --traffic: 'nan' is no number of GB"),
        (("--replays", "iad=1,iad=2"), "flyo: --replays: 'iad' is given twice"),
        (("--traffic", "bom=1"), "flyo: --traffic: Fly.io has closed its region 'bom'"),
        (("--hours", "25"), "Invalid value for '--hours'"),
        (("--traffic", "iad=1e308"), "flyo: --traffic: '1e308' is no number of GB"),
        (("--reserve", "shared=36e307"), "flyo: --reserve: there is no such reservation of shared machines"),
        (("--ipv4", "9" * 40), "Invalid value for '--ipv4'"),
        (
            ("--reserve", "shared"),
            "flyo: --reserve: there is no such reservation of shared machines. "
            "Write shared=36 or a multiple of it, once [usage]",
        ),
        (("--reserve", "shared=40"), "flyo: --reserve: there is no such reservation of shared machines"),
        (("--reserve", "shared=nan"), "flyo: --reserve: there is no such reservation of shared machines"),
        (("--reserve", "shared=inf"), "flyo: --reserve: there is no such reservation of shared machines"),
        (("--reserve", "shared=36,shared=36"), "flyo: --reserve: 'shared' is given twice"),
        (
            ("--reserve", "gpu=36"),
            "flyo: --reserve: no reservation of 'gpu' machines is known. Known: performance and shared",
        ),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(words: tuple[str, ...], says: str, app: Path) -> None:
    status, out, err = flyo(app, *words)
    assert (status, out) == (2, "")
    assert says in err and len(err.splitlines()) == 1


@pytest.mark.parametrize("option", ["--hours", "--budget", "--rootfs-gb", "--snapshots-gb"])
@pytest.mark.parametrize("value", ["nan", "inf", "1e308"])
def test_what_is_no_number_is_no_amount(option: str, value: str, app: Path) -> None:
    status, out, err = flyo(app, option, value)
    assert (status, out) == (2, "") and option in err


def test_the_files_budget_counts_without_flags(app: Path) -> None:
    (app / "flyo.toml").write_text("[regions]\niad = 1\nlhr = 1\nnrt = 1\n[budget]\nmonthly_usd = 4\nhours = 8\n")
    status, out, _ = flyo(app)
    assert status == 7 and "0.54 USD more than the budget of 4.00 a month." in out
    assert flyo(app, "--budget", "5")[0] == 0
    assert flyo(app, "--hours", "24", "--budget", "12.8")[0] == 0


def test_a_size_that_no_preset_has_is_named_by_its_parts(tmp_path: Path) -> None:
    write(tmp_path, '[[vm]]\ncpu_kind = "shared"\ncpus = 2\nmemory_mb = 1024\n', "iad = 1\n")
    assert bill(tmp_path)["items"][0]["amount"] == "1 × shared-cpu-2x 1024 MB"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another fly.toml: a machine more in nrt, none in lhr."""
    (tmp_path / "before").mkdir()
    return write(tmp_path / "before", SIZE, "iad = 1\nnrt = 2\n") / "fly.toml"


def test_the_bill_against_another_file(tmp_path: Path, other: Path) -> None:
    write(tmp_path, SIZE)
    assert flyo(tmp_path, "--against", "before/fly.toml", "--ipv4", "1") == (
        0,
        "what             region  how much                                                   now   then  USD/month\n"
        "machines of app  iad     1 x shared-cpu-1x 512 MB                                  3.69   3.69       same\n"
        "machines of app  lhr     none; then 1 x shared-cpu-1x 512 MB                          -   4.19      +4.19\n"
        "machines of app  nrt     2 x shared-cpu-1x 512 MB; then 1 x shared-cpu-1x 512 MB   9.66   4.83      -4.83\n"
        "dedicated IPv4   -       1                                                         2.00   2.00       same\n"
        "all                                                                               15.36  14.72      -0.64\n"
        "A month of 30 days at prices of 2026-10-02. Databases and support plans are not in it.\n",
        "",
    )
    found = bill(tmp_path, "--against", str(other))
    assert (found["against"], found["change_usd_per_month"]) == (str(other), -0.64)
    assert complaints("cost-diff-1", found) == []


def test_that_the_other_file_is_another_apps_is_said(tmp_path: Path, other: Path) -> None:
    write(tmp_path, SIZE)
    other.write_text(other.read_text().replace('"web"', '"staging"'))
    status, out, err = flyo(tmp_path, "--against", "before/fly.toml")
    assert (status, err) == (0, "note: before/fly.toml is the file of app staging; web is what it becomes\n")
    assert flyo(tmp_path, "--against", "before/fly.toml", "--app", "web") == (0, out, err)


def test_what_it_becomes_is_held_to_the_budget(tmp_path: Path, other: Path) -> None:
    write(tmp_path, SIZE)
    status, out, _ = flyo(tmp_path, "--against", str(other), "--budget", "12")
    assert status == 7 and "0.72 USD more than the budget of 12.00 a month." in out.splitlines()
    status, out, _ = flyo(tmp_path, "--against", str(other), "--budget", "12.8", "--json")
    assert (status, json.loads(out)["within_budget"]) == (0, True)


def test_a_page_shows_one_bill_and_what_is_not_there_is_named(app: Path) -> None:
    assert flyo(app, "--diff", "--html", "x.html") == (
        2, "", "flyo: --html: a page shows one bill. Leave it out, or --diff [usage]\n",
    )  # fmt: skip
    (app / "empty.toml").write_text("# nothing yet\n")
    for named, says in (
        ("nowhere/fly.toml", "does not exist. Name one that is there: fly.toml [config.missing]"),
        ("flyo.toml", "is flyo's own file, and not the app's configuration. Name the fly.toml beside it"),
        ("empty.toml", "is empty, and so tells of no app. Name a fly.toml"),
    ):
        code = "" if "[" in says else " [config.not_fly]"
        assert flyo(app, "--against", named) == (2, "", f"flyo: {named}: {says}{code}\n")
    status, out, err = flyo(app, "--diff")
    assert (status, out) == (8, "") and "[flyctl.missing]" in err


def test_an_app_without_a_name_gets_one_by_the_option_that_is_advised(tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_text('primary_region = "iad"\n' + SIZE)
    status, _, err = flyo(tmp_path)
    assert status == 2 and "--app" in err
    assert flyo(tmp_path, "--app", "web")[0] == flyo(tmp_path, "-a", "web", "--json")[0] == 0
