"""Passwords that many people have: which they are is tested with sign-up; here, what a long one costs."""

from __future__ import annotations

import string
import sys
from types import FrameType

from habit_app.common_passwords import is_common


def calls(password: str) -> int:
    """How many functions of the module it takes to look at a password."""
    found = 0

    def see(frame: FrameType, event: str, arg: object) -> None:
        nonlocal found
        found += event == "call" and frame.f_code.co_filename == is_common.__code__.co_filename

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        is_common(password)
    finally:
        sys.setprofile(before)
    return found


def test_a_longer_password_buys_no_more_time() -> None:
    assert calls(string.ascii_lowercase * 20) == calls(string.ascii_lowercase * 39)


def test_two_long_words_are_still_found() -> None:
    assert is_common("correcthorsebatterystaple")
    assert is_common("Correcthorsebatterystaplequalification".replace("qualification", "password"))
    assert not is_common("correcthorsebatterystaple then something else")
