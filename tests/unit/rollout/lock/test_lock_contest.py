"""However the calls of several computers fall together: never two holders at once."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.unit.rollout.lock.lock_contest import Contender, Contest

SKEWS = st.sampled_from([0.0, -3600.0, -20.0, 20.0, 3600.0])
ORDER = st.lists(st.integers(0, 5), min_size=20, max_size=400)
ANY_TIME = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def chooser(order: list[int]):  # type: ignore[no-untyped-def]
    """Whose turn it is, by the list; then one after the other."""
    turns = iter(order)
    rest = [0]

    def choose(number: int) -> int:
        rest[0] += 1
        return next(turns, rest[0]) % number

    return choose


@ANY_TIME
@given(
    order=ORDER,
    skews=st.lists(SKEWS, min_size=2, max_size=3),
    stalls=st.lists(st.sampled_from([0.0, 0.0, 10.0, 24.0, 31.0, 90.0]), min_size=3, max_size=3),
    holds=st.lists(st.integers(0, 40), min_size=3, max_size=3),
    changes=st.lists(st.tuples(st.integers(0, 300), st.sampled_from(["create", "destroy"])), max_size=5),
    machines=st.integers(3, 5),
    strict=st.booleans(),
    seed=st.integers(0, 3),
)
# A machine comes up between their first looks: they begin on different ones, find each other, and both step back.
@example(
    order=[*[0] * 6, *[1] * 3, *[0] * 5, *[1] * 4, 0, 1],
    skews=[0.0, 0.0],
    stalls=[0.0] * 3,
    holds=[0] * 3,
    changes=[(0, "create"), (3, "create")],
    machines=3,
    strict=False,
    seed=0,
)
def test_never_two_at_once(
    order: list[int],
    skews: list[float],
    stalls: list[float],
    holds: list[int],
    changes: list[tuple[int, str]],
    machines: int,
    strict: bool,
    seed: int,
) -> None:
    """Contenders wait for each other, stall for longer than they may, and wake up; machines come and go meanwhile."""
    held: list[str] = []
    destroyed: list[str] = []

    def script(number: int):  # type: ignore[no-untyped-def]
        def play(me: Contender) -> None:
            if me.take(wait=200.0) is None:
                return
            held.append(me.name)
            me.hold(holds[number])
            me.sleep(stalls[number])
            me.hold(3)
            me.release()

        return play

    with tempfile.TemporaryDirectory() as directory:
        contest = Contest(Path(directory), machines=machines, seed=seed, strict=strict)
        for number, skew in enumerate(skews):
            contest.add(f"c{number}", script(number), skew=skew)

        def meanwhile(turn: int) -> None:
            for at, what in changes:
                if at == turn and what == "create":
                    contest.create()
                elif at == turn and not destroyed and contest.destroy(contest.ids()[0]):
                    destroyed.append(what)

        contest.run(chooser(order), meanwhile=meanwhile)
        assert contest.most_believers == 1
        assert held
        assert not contest.lock_keys()


@ANY_TIME
@given(order=ORDER, strict=st.booleans(), machines=st.integers(1, 4), seed=st.integers(0, 3))
def test_of_two_that_do_not_wait_at_most_one_gets_it(order: list[int], strict: bool, machines: int, seed: int) -> None:
    got: list[str] = []

    def play(me: Contender) -> None:
        if me.take() is not None:
            got.append(me.name)
            me.hold(60)
            assert not me.held.lost()  # type: ignore[union-attr]
            me.release()

    with tempfile.TemporaryDirectory() as directory:
        contest = Contest(Path(directory), machines=machines, seed=seed, strict=strict)
        for name in ("ada", "bob"):
            contest.add(name, play)
        contest.run(chooser(order))
        assert contest.most_believers == 1
        assert got
        assert not contest.lock_keys()
