"""Which page is asked for next."""

from __future__ import annotations

from collections import Counter

import pytest

from flyctl_orchestrator.rollout.gate.pages import next_page, share


def turns(pages: tuple[str, ...], number: int) -> list[str]:
    order: list[str] = []
    asked: Counter[str] = Counter()
    for _ in range(number):
        order.append(next_page(pages, asked))
        asked[order[-1]] += 1
    return order


def test_the_health_page_alone_is_asked_for_every_time() -> None:
    assert turns(("/up",), 3) == ["/up"] * 3
    assert share(("/up",), "/up") == 1.0


def test_beside_others_it_takes_every_fifth_turn_and_not_the_first() -> None:
    assert turns(("/up", "/"), 10) == ["/", "/", "/", "/", "/up", "/", "/", "/", "/", "/up"]
    assert (share(("/up", "/"), "/up"), share(("/up", "/"), "/")) == (0.25, 1.0)


@pytest.mark.parametrize("number", [2, 3, 10])
def test_others_take_turns(number: int) -> None:
    others = tuple(f"/{n}" for n in range(number))
    asked = Counter(turns(("/up", *others), 4 * number + 1))
    assert asked == Counter(dict.fromkeys(others, 4)) + Counter({"/up": 1})


def test_what_is_behind_comes_first_and_only_what_may_be_chosen() -> None:
    pages = ("/up", "/a", "/b")
    assert next_page(pages, {"/a": 3}) == "/b"
    assert next_page(pages, {"/a": 3, "/b": 3}, ["/a"]) == "/a"
    assert next_page(pages, {"/a": 0}, ["/up"]) == "/up"
