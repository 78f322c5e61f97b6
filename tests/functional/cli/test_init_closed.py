"""What `flyo init` does about regions that Fly.io has closed since a file was written."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tests.functional.cli.test_init import directory, flyo, names

__all__ = ["directory"]


def test_a_closed_primary_region_is_refused_with_the_flag_that_repairs_it(directory: Path) -> None:
    fly = 'app = "shop"\nprimary_region = "den" # home\n\n[http_service]\ninternal_port = 80\n'
    (directory / "fly.toml").write_text(fly)
    refused = flyo(directory)
    assert refused.status == 2 and names(directory) == ["fly.toml"]
    assert refused.stderr == (
        "flyo: flyo init: Fly.io has closed its region 'den'. The nearest open ones are dfw (Dallas), "
        "lax (Los Angeles), ord (Chicago): add --primary dfw [config.unknown_region]\n"
    )
    repaired = flyo(directory, "--primary", "dfw")
    assert repaired.status == 0, repaired.stderr
    assert (directory / "fly.toml").read_text() == fly.replace("den", "dfw")
    assert tomllib.loads((directory / "flyo.toml").read_text())["regions"] == {"dfw": 1}


def test_a_closed_region_in_both_files_is_repaired_in_both(directory: Path) -> None:
    (directory / "fly.toml").write_text('app = "shop"\nprimary_region = "den"\n')
    (directory / "flyo.toml").write_text("[regions]\nden = 2 # home\nfra = 1\nwaw = 1\n")
    refused = flyo(directory, "--primary", "dfw")
    assert refused.status == 2 and "add --regions dfw=2,fra=1,arn=1 " in refused.stderr
    assert "den = 2" in (directory / "flyo.toml").read_text()
    repaired = flyo(directory, "--primary", "dfw", "--regions", "dfw=2,fra=1,arn=1")
    assert repaired.status == 0, repaired.stderr
    assert tomllib.loads((directory / "flyo.toml").read_text())["regions"] == {"dfw": 2, "fra": 1, "arn": 1}
    (directory / "flyo.toml").write_text("[regions]\nden = 2 # home\nfra = 1\n")
    (directory / "fly.toml").write_text('app = "shop"\nprimary_region = "den"\n')
    repaired = flyo(directory, "--primary", "dfw")
    assert repaired.status == 0, repaired.stderr
    assert tomllib.loads((directory / "flyo.toml").read_text())["regions"] == {"dfw": 2, "fra": 1}
