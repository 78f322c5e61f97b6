"""What flyo.toml has to say so that the counts of a scale last: the next `flyo scale` goes by it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flyctl_orchestrator.project.edit import Path, set_keys
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.project.project import FLYO_TOML

Place = tuple[str, str]
"""Region and process group."""
Keys = dict[Path, Any]
"""Keys of flyo.toml, by where they stand, and what they are to say."""


def keys_to_set(project: Project, asked: Mapping[Place, int], everywhere: Mapping[Place, int]) -> Keys:
    """The keys of flyo.toml to set so that it says the counts asked for; none when it does.

    A count goes to where its process group's counts stand. `[regions]` counts for all groups without a table of their
    own, so a group that is to differ from the others gets one.

    Args:
        everywhere: the counts of every place once the scale is done; a file that is not there yet gets them all.
    """
    groups = project.flytoml.process_groups
    asked = {place: count for place, count in asked.items() if place[1] in groups}
    if project.flyo.path is None:
        return _new_file(groups, {**everywhere, **asked})
    off = {place: count for place, count in asked.items() if _wanted(project, *place) != count}
    followers = [group for group in groups if group not in project.flyo.groups]
    common: dict[str, int] = {}
    own: dict[str, dict[str, int]] = {}
    for (region, group), count in off.items():
        if group in followers:
            alike = {asked.get((region, each), _wanted(project, region, each)) for each in followers} == {count}
            if alike:
                common[region] = count
            else:
                own[group] = {code: number for (code, each), number in asked.items() if each == group}
    changes = _in_common(project, common) if len(own) < len(followers) else {}
    for (region, group), count in off.items():
        if group not in followers:
            changes[("groups", group, "regions", region)] = count
    return changes | {("groups", group, "regions"): {**_common(project), **counts} for group, counts in own.items()}


def _wanted(project: Project, region: str, group: str) -> int:
    return project.flyo.groups.get(group, _common(project)).get(region, 0)


def _common(project: Project) -> Mapping[str, int]:
    """`[regions]`, or what holds as long as there is none."""
    primary = project.flytoml.primary_region
    return project.flyo.regions or ({primary: 1} if primary else {})


def _in_common(project: Project, counts: Mapping[str, int]) -> Keys:
    if project.flyo.regions or not counts:
        return {("regions", region): count for region, count in counts.items()}
    # A first key would make the file say that there is nothing anywhere else.
    return {("regions",): {**_common(project), **counts}}


def _new_file(groups: tuple[str, ...], counts: Mapping[Place, int]) -> Keys:
    tables = {group: {region: count for (region, own), count in counts.items() if own == group} for group in groups}
    if len({frozenset(table.items()) for table in tables.values()}) == 1:
        return {("regions",): tables[groups[0]]}
    return {("groups", group, "regions"): table for group, table in tables.items()}


def saved(project: Project, text: str, changes: Mapping[Path, Any]) -> str:
    """flyo.toml's text with keys set, comments and order kept.

    Raises:
        UsageError: it is written in a way that cannot be edited without losing something (config.not_editable).
    """
    return set_keys(text, changes, shown=str(project.flyo.path or FLYO_TOML))


def keys_text(changes: Mapping[Path, Any]) -> str:
    """Keys for a person to set, e.g. "[regions] nrt = 2, fra = 0; [groups.worker.regions] iad = 1"."""
    tables: dict[Path, list[str]] = {}
    for path, value in changes.items():
        table, pairs = (path, value) if isinstance(value, dict) else (path[:-1], {path[-1]: value})
        tables.setdefault(table, []).extend(f"{region} = {count}" for region, count in pairs.items())
    return "; ".join(f"[{'.'.join(map(str, table))}] {', '.join(rows)}" for table, rows in tables.items())
