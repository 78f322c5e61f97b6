"""The rules that slow guessing down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from habit_app.passwords import Passwords, complaint
from habit_app.store.attempts import Tally
from habit_app.throttle import delay_after, network, wide_network

NOW = datetime(2026, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 0), (4, 0), (5, 1), (6, 2), (9, 16), (13, 256), (14, 300), (10_000, 300)]
)
def test_failures_slow_down_and_never_lock(failures: int, seconds: int) -> None:
    assert delay_after(Tally(failures, NOW, NOW)) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_one_client_is_one_address_or_one_network(address: str, client: str) -> None:
    assert network(address) == client


@pytest.mark.parametrize(
    ("address", "wide"),
    [("203.0.113.9", None), ("::ffff:203.0.113.9", None), ("2001:db8:1:2:3::1", "2001:db8:1::/48"), ("", None)],
)
def test_networks_of_one_customer_are_one(address: str, wide: str | None) -> None:
    assert wide_network(address) == wide


def test_passwords_match_themselves_only() -> None:
    passwords = Passwords()
    stored = passwords.hash("correct horse")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.matches(stored, "correct horse")
    assert not passwords.matches(stored, "correct horse ")
    assert not passwords.matches("garbage", "correct horse")
    assert not passwords.is_outdated(stored)


def test_nobodys_password_is_never_right() -> None:
    assert not Passwords().matches(None, "nobody's password")


@pytest.mark.parametrize("password", ["short", "x" * 1025, "aaaaaaaaaaaaaa", "ada-lovelace-1", "ÄÖÜ" * 400])
def test_bad_passwords_are_refused(password: str) -> None:
    assert complaint(password, "Ada-Lovelace")


def test_spaces_and_any_letters_are_welcome() -> None:
    assert complaint("  drei grüne Äpfel 🍏 ", "ada") is None


@pytest.mark.parametrize(
    "password",
    [
        "password123",
        "P@ssw0rd2024!",
        "iloveyou1234",
        "qwertyuiop",
        "qwertz123456",
        "1qaz2wsx3edc",
        "1234567890",
        "0987654321",
        "abcdabcdabcd",
        "liverpool2005",
        "Summer-Sunshine",
        "Sommer2026!!",
        "correcthorsebatterystaple",
        "!!princess!!",
        "admin_admin_1",
    ],
)
def test_what_everybody_tries_first_is_refused(password: str) -> None:
    assert "first passwords" in (complaint(password, "ada") or "")


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "wobbly-lantern-43", "tr3e of g1raffes", "my dragon eats paper", "zX9#kpLm2vQ"],
)
def test_what_nobody_tries_first_is_accepted(password: str) -> None:
    assert complaint(password, "ada") is None
