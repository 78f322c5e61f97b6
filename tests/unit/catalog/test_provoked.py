"""Which codes of docs/reference/errors.md no test names: a list that may only become shorter."""

from __future__ import annotations

import re
from pathlib import Path

from flyctl_orchestrator.catalog.error_pages import load_pages

TESTS = Path(__file__).resolve().parents[2]
# They list codes and provoke none.
LISTS = {"codes_in_use.py", "test_error_pages.py", "test_provoked.py"}
# No test provokes these yet. Whoever writes one takes its code away here; nobody adds one.
NOT_PROVOKED = set(
    ["PA05", "PC02", "PC04", "PC07", "PM01", "PM03", "PM05", "PM07", "PM08", "PM09", "PM10", "PM11", "PU02", "PU03", "api.capacity", "api.conflict", "api.invalid", "api.precondition", "api.rate_limited", "api.unsupported", "app.missing", "build.changed", "build.inputs", "build.io", "build.manifest", "build.no_pip", "build.notice", "build.unreachable", "changed_meanwhile", "config.canary", "config.deprecated_region", "config.unknown_group", "config.unreadable", "declined", "doctor.drift", "doctor.flyctl_warns", "doctor.secrets_staged", "doctor.unfinished", "example.missing", "flyctl.failed", "flyctl.path", "hook.timeout", "lease_kept", "local.refused", "local.reset", "local.unreadable", "plan.app", "plan.unwritable", "plan.without", "rehearse.platform", "rehearse.refused", "resume.config", "review.still_there", "rollback.note", "rollout.running", "scale.group", "scale.last", "scale.like", "scale.no_flyo", "scale.no_source", "scale.too_many", "scale.twice", "secrets.unread", "secrets.value", "stopped_instead", "unread", "untagged", "usage.org", "usage.size", "volumes_unread"]
)


def in_tests() -> set[str]:
    """Every code that a test names."""
    words: set[str] = set()
    for path in TESTS.rglob("*.py"):
        if path.name not in LISTS:
            words |= set(re.findall(r"(?<![\w.])[A-Za-z]\w*(?:\.\w+)*(?![\w.])", path.read_text("utf-8")))
    return words


def test_every_code_is_provoked_or_stands_in_the_list() -> None:
    missing = set(load_pages()) - in_tests()
    assert missing - NOT_PROVOKED == set(), "provoke each by a test that compares the whole message"
    assert NOT_PROVOKED - missing == set(), "a test names it now, or it is no code any more: take it off the list"
