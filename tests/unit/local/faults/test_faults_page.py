"""docs/reference/faults.md lists what the registry has, word by word."""

from __future__ import annotations

from pathlib import Path

from flyctl_orchestrator.local.core.fault_kinds import KINDS, FaultKind, Setting

PAGE = Path(__file__).resolve().parents[4] / "docs" / "reference" / "faults.md"


def setting_words(name: str, setting: Setting) -> str:
    """One setting in the table's last column."""
    default = f"{setting.default:g}" if isinstance(setting.default, int | float) else setting.default
    unit = " s" if setting.duration else ""
    return f"`{name}`: {setting.what}" + (f" ({default}{unit})" if default != "" else "")


def row(kind: FaultKind) -> str:
    """One kind's row of the table."""
    how = "strikes" if kind.counted else "lasts"
    how += f", {kind.times} time by default" if kind.times else ""
    settings = "<br>".join(setting_words(name, one) for name, one in kind.settings.items())
    return f"| `{kind.name}` | {kind.does} | {how} | {settings} |"


def test_the_page_has_every_fault_as_it_is() -> None:
    wanted = [row(kind) for kind in KINDS.values()]
    shown = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert shown == wanted, "the table should be:\n" + "\n".join(wanted)
