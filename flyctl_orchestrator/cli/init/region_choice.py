"""Lists of regions in which typing a code, a city or a country brings the best regions to the top."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from questionary import Choice, Question, checkbox, select
from questionary.prompts.common import InquirerControl

from flyctl_orchestrator.catalog.regions import Region, RegionBook
from flyctl_orchestrator.catalog.typed_place import regions_for


class _Ranked(InquirerControl):
    """questionary's list, with what is typed compared by `found`: the values of choices, the best first."""

    found: Callable[[str], Sequence[str]]

    @property
    def filtered_choices(self) -> list[Choice]:
        if not self.search_filter:
            return list(self.choices)
        of_value = {choice.value: choice for choice in self.choices}
        fitting = [of_value[value] for value in self.found(self.search_filter) if value in of_value]
        self.found_in_search = bool(fitting)
        return fitting or list(self.choices)


def one_region(question: str, offered: Sequence[Region], default: str, book: RegionBook) -> Question:
    """Ask for one of the regions `offered`."""
    choices = [Choice(title(region), region.code) for region in offered]
    asked = select(
        question,
        choices=choices,
        default=default,
        use_search_filter=True,
        use_jk_keys=False,
        instruction="(arrows, or type a code, city or country)",
    )
    return _ranked(asked, book)


def more_regions(question: str, offered: Sequence[Region], chosen: Sequence[str], book: RegionBook) -> Question:
    """Ask for any number of the regions `offered`, some of which are `chosen` already."""
    choices = [Choice(title(region), region.code, checked=region.code in chosen) for region in offered]
    asked = checkbox(
        question,
        choices=choices,
        use_search_filter=True,
        use_jk_keys=False,
        instruction="(space to choose, type a city or country to find it, Enter when done)",
    )
    return _ranked(asked, book)


def title(region: Region) -> str:
    """A region in a list."""
    known_as = next((alias.title() for alias in region.aliases if len(alias) > 6 and "-" not in alias), "")
    return f"{region.code}  {region.city}, {known_as or region.country}".rstrip(", ")


def _ranked(question: Question, book: RegionBook) -> Question:
    """The question, with a list that ranks."""

    @cache
    def found(typed: str) -> Sequence[str]:
        return [region.code for region in regions_for(typed, book)]

    # questionary makes its list itself, and has no other way to say how it is searched.
    (control,) = (each for each in question.application.layout.find_all_controls() if isinstance(each, InquirerControl))
    ranked: Any = control
    ranked.__class__ = _Ranked
    ranked.found = found
    return question
