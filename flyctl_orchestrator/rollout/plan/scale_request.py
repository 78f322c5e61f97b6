"""What the user asked for, e.g. `iad=2 worker:fra=1`, read and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from flyctl_orchestrator.catalog.regions import RegionBook
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.rollout.state.observe import Fleet

Counts = dict[tuple[str, str], int]
"""Machines per (region, process group), exact."""

_FORM = re.compile(r"(?:(?P<group>[^:=\s]+):)?(?P<region>[a-z0-9]+)=(?P<count>\d+)")
MOST = 500


def read_request(words: Sequence[str], project: Project, fleet: Fleet) -> Counts:
    """As `read_counts`, for the process groups of fly.toml and those that have machines all the same."""
    groups = (*project.flytoml.process_groups, *(machine.group for machine in fleet.managed))
    return read_counts(words, tuple(dict.fromkeys(groups)))


def counts_of_files(project: Project, fleet: Fleet) -> Counts:
    """The counts of flyo.toml, and none for every place with machines that it does not name.

    Raises:
        UsageError: there is no flyo.toml (code scale.no_flyo).
    """
    if project.flyo.path is None:
        raise UsageError(
            "there is no flyo.toml to match", where="flyo scale", next="Say how many, e.g. iad=2", code="scale.no_flyo"
        )
    groups = project.flytoml.process_groups
    regions = dict.fromkeys((*project.regions(), *(code for each in project.flyo.groups.values() for code in each)))
    counts = {(code, group): project.wanted(code, group) for code in regions for group in groups}
    return counts | {place: 0 for place in fleet.counts() if place not in counts}


def read_counts(words: Sequence[str], groups: Sequence[str]) -> Counts:
    """Counts from words such as "iad=2" or "worker:fra=1".

    Args:
        groups: the app's process groups; without a group in the word there must be only one.

    Raises:
        UsageError: a word cannot be read, names an unknown group, or contradicts another one (codes scale.*).
    """
    counts: Counts = {}
    for word in words:
        found = _FORM.fullmatch(word)
        if not found:
            raise UsageError(
                f"'{word[:40]}' is not REGION=COUNT", where="flyo scale", next="e.g. iad=2, or worker:iad=2"
            )
        group = _group(found["group"], groups, word)
        place, count = (found["region"], group), int(found["count"])
        if count > MOST:
            what = f"{count} machines in one region are more than the {MOST} that flyo makes"
            raise UsageError(what, where=word, next="Give a smaller count", code="scale.too_many")
        if counts.setdefault(place, count) != count:
            what = f"{found['region']} is given two counts, {counts[place]} and {count}"
            raise UsageError(what, where="flyo scale", next="Give one", code="scale.twice")
    return counts


def _group(given: str | None, groups: Sequence[str], word: str) -> str:
    if given is None and len(groups) == 1:
        return groups[0]
    known = ", ".join(groups)
    if given is None:
        example = f"{groups[0]}:{word}" if groups else word
        raise UsageError(
            f"the app has several process groups ({known})",
            where=word,
            next=f"Say which, e.g. {example}",
            code="scale.group",
        )
    if given not in groups:
        raise UsageError(
            f"there is no process group '{given[:40]}'", where=word, next=f"There is: {known}", code="scale.group"
        )
    return given


def check_regions(counts: Mapping[tuple[str, str], int], fleet: Fleet, book: RegionBook) -> None:
    """Refuse regions that cannot be: unknown ones without machines, and deprecated ones that would get machines.

    Raises:
        UsageError: names the nearest regions.
    """
    for (code, group), count in counts.items():
        have = fleet.counts().get((code, group), 0)
        if have and count <= have:
            continue
        region = book.require(code, where="flyo scale")
        if region.deprecated and count > have:
            near = ", ".join(f"{each.code} ({each.city})" for each in (book.nearest(region.at) if region.at else ()))
            raise UsageError(
                f"{code} ({region.city}) is deprecated and takes no new machines",
                where="flyo scale",
                next=f"The nearest open ones are {near}" if near else "'flyo regions list' shows the open ones",
                code="config.deprecated_region",
            )
