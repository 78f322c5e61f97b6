"""Faults of the local platform, for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flyctl_orchestrator.report.line import Line
from flyctl_orchestrator.report.numbers import count, duration
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.report.table import Column, render

Said = Mapping[str, Any]


def fault_sentence(fault: Said) -> str:
    """One fault in one line, e.g. "region-down in fra, for 30 s"; what is not known of it is left out."""
    where, ends = _where(fault), _ends(fault)
    return f"{fault.get('name', '')}{f' in {where}' if where else ''}, {ends}{_chance(fault)}"


def fault_lines(faults: Sequence[Said], style: Style, width: int | None) -> list[Line]:
    """A table of the faults that are set."""
    if not faults:
        return [Line.of("No fault is set.")]
    columns = [Column("id"), Column("fault"), Column("where"), Column("ends"), Column("struck", "right"), Column("set")]
    rows = [
        [
            str(fault["id"]),
            str(fault["name"]),
            _where(fault) or "everywhere",
            _ends(fault) + _chance(fault),
            str(fault["strikes"]),
            " ".join(f"{key}={_value(value)}" for key, value in fault["set"].items() if value != ""),
        ]
        for fault in faults
    ]
    return render(columns, rows, style, width)


def name_lines(names: Sequence[Said], style: Style) -> list[Line]:
    """Each kind of fault in one line: what it does, and its settings with what they are by default."""
    rows = [(str(each["name"]), f"{each['does']}{_settings(each['set'])}") for each in names]
    return render((Column("fault"), Column("does")), rows, style)


def _settings(known: Said) -> str:
    shown = [f"{key}={_value(setting['default'])}" for key, setting in known.items()]
    return f" [{' '.join(shown)}]" if shown else ""


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _where(fault: Said) -> str:
    return " ".join(str(fault[key]) for key in ("region", "app", "machine") if fault.get(key))


def _ends(fault: Said) -> str:
    parts = []
    if fault.get("ends_in") is not None:
        parts.append(f"for {duration(float(fault['ends_in']))}")
    if fault.get("times_left") is not None:
        parts.append(count(int(fault["times_left"]), "time"))
    return ", ".join(parts) or "until cleared"


def _chance(fault: Said) -> str:
    return "" if fault.get("chance", 1) == 1 else f", {float(fault['chance']):.0%} likely"
