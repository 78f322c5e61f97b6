"""What the app accepts from its environment, and what it refuses in one line."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from habit_app.settings import SettingsError, read_settings
from habit_app.store.address import Address, BadAddress, parse_address

SECRET = "0123456789abcdef" * 2
ON_FLY = {"FLY_APP_NAME": "habits", "FLY_REGION": "nrt", "PRIMARY_REGION": "iad", "SECRET_KEY": SECRET}


def test_off_fly_a_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    first, second = (read_settings({"INSTANCE_DIR": str(tmp_path)}) for _ in range(2))
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) >= 32
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [".gitignore", "secret_key"]


def test_two_checkouts_have_two_keys(tmp_path: Path) -> None:
    one, other = (read_settings({"INSTANCE_DIR": str(tmp_path / name)}) for name in "ab")
    assert one.secret_key != other.secret_key


def test_on_fly_there_is_no_key_but_ones_own(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^SECRET_KEY is not set\. Set one: fly secrets set .*$"):
        read_settings({"FLY_APP_NAME": "habits", "INSTANCE_DIR": str(tmp_path)})


def test_a_short_key_is_refused_everywhere_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="has 31 bytes and needs at least 32") as refused:
        read_settings({"SECRET_KEY": SECRET[:31], "INSTANCE_DIR": str(tmp_path)})
    assert SECRET[:31] not in str(refused.value)


def test_who_we_are(tmp_path: Path) -> None:
    identity = {"FLY_MACHINE_ID": "148e", "FLY_MACHINE_VERSION": "01HV", "FLY_IMAGE_REF": "registry.fly.io/a:b"}
    settings = read_settings({**ON_FLY, **identity, "INSTANCE_DIR": str(tmp_path)})
    assert (settings.region, settings.machine, settings.release) == ("nrt", "148e", "01HV")
    assert not settings.is_primary


def test_outside_fly_we_are_nobody_and_may_write(tmp_path: Path) -> None:
    settings = read_settings({"INSTANCE_DIR": str(tmp_path)})
    assert {settings.region, settings.machine, settings.release} == {"unknown"}
    assert settings.is_primary


def test_without_a_primary_region_every_machine_may_write(tmp_path: Path) -> None:
    settings = read_settings({**ON_FLY, "PRIMARY_REGION": "", "INSTANCE_DIR": str(tmp_path)})
    assert settings.is_primary


@pytest.mark.parametrize(
    ("region", "url", "at_start"), [("nrt", "postgres://h/d", False), ("iad", "postgres://h/d", True)]
)
def test_far_machines_leave_migrating_postgres_to_the_primary(
    tmp_path: Path, region: str, url: str, at_start: bool
) -> None:
    settings = read_settings({**ON_FLY, "FLY_REGION": region, "DATABASE_URL": url, "INSTANCE_DIR": str(tmp_path)})
    assert settings.migrates_at_start is at_start


def test_secrets_are_not_in_the_text_of_settings(tmp_path: Path) -> None:
    settings = read_settings({**ON_FLY, "DATABASE_URL": "postgres://u:hunter2@h/d", "INSTANCE_DIR": str(tmp_path)})
    assert "hunter2" not in repr(settings)
    assert SECRET not in repr(settings)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"Cannot write to .*/file/instance .*Set INSTANCE_DIR"):
        read_settings({"INSTANCE_DIR": str(tmp_path / "file" / "instance")})


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5"])
def test_numbers_are_checked(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="SIGNUPS_PER_HOUR must be a whole number above zero"):
        read_settings({"SIGNUPS_PER_HOUR": text, "INSTANCE_DIR": str(tmp_path)})


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("sqlite:///var/data/habits.db", Address("sqlite", "/var/data/habits.db")),
        ("sqlite:////var/data/habits.db", Address("sqlite", "/var/data/habits.db")),
        ("sqlite:///var/my%20data/h.db", Address("sqlite", "/var/my data/h.db")),
        ("postgres://u:p@h/d?sslmode=require", Address("postgres", "postgres://u:p@h/d?sslmode=require")),
        ("postgresql://h/d", Address("postgres", "postgresql://h/d")),
    ],
)
def test_addresses(url: str, address: Address) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    "url", ["mysql://u:hunter2@h/d", "sqlite://", "sqlite:///", "habits.db", "postgres://u:hunter2@h", "postgres://["]
)
def test_other_addresses_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(BadAddress, match="DATABASE_URL") as refused:
        parse_address(url)
    assert "hunter2" not in str(refused.value)
