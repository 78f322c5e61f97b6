"""However the calls of several computers fall together, and whatever befalls them: never two holders at once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.rollout.lock.times import LEASE, POLL, RENEW, SETTLE
from tests.unit.rollout.lock.lock_contest import REGIONS, Chooser, Contender, Contest, Platform, in_turn

DAY = 86_400.0
SKEWS = st.sampled_from([0.0, -3600.0, -20.0, 20.0, 2 * DAY, -2 * DAY])
ORDER = st.lists(st.integers(0, 5), min_size=20, max_size=400)
PLATFORMS = st.builds(Platform, strict=st.booleans(), tells=st.booleans(), refuses=st.booleans())
EXAMPLES = int(os.environ.get("EXAMPLES") or 150)
CONTESTS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])

KINDS = ("kill", "kill", "down", "down", "away", "cut", "clone", "stall", "stall", "asleep", "set_clock")
EVENTS = st.lists(
    st.tuples(st.integers(0, 250), st.sampled_from(KINDS), st.integers(0, 5), st.sampled_from([3.0, 12.0, 31.0, 70.0])),
    max_size=8,
)


def chooser(order: list[int]) -> Chooser:
    """Whose turn it is, by the list; then one after the other."""
    turns = iter(order)
    rest = in_turn(0)
    return lambda number: next(turns, rest(6)) % number


def befall(contest: Contest, kind: str, which: int, seconds: float) -> None:
    """Let something happen to the app, or to one of those who are after its lock."""
    alive = [each for each in contest.contenders if not each.over]
    if kind == "down":
        contest.region_down(REGIONS[which % 3], seconds)
    elif kind == "away":
        contest.away_until = contest.now + seconds
    elif kind == "clone":
        contest.clone_lock_machine()
    elif alive:
        one = alive[which % len(alive)]
        if kind == "kill" and not one.by_hand:
            one.kill()
            again(contest, one)
        elif kind == "cut":
            one.cut_until = contest.now + seconds
        elif kind in ("stall", "asleep"):
            one.wakes = contest.now + seconds
            one.asleep += seconds if kind == "asleep" else 0.0
        elif kind == "set_clock":
            one.skew += seconds * 1000


def again(contest: Contest, dead: Contender) -> None:
    """The same command once more on the same computer, as whoever sees it die would do."""
    contest.add(f"{dead.name}'", dead._script, computer=dead.computer, skew=dead.skew)


def play(hold: float, *, by_hand: bool = False) -> Callable[[Contender], None]:
    """Want the lock, work under it, give it back; errors that are told to a person are an end like any other."""

    def script(me: Contender) -> None:
        try:
            if by_hand:
                if me.take_by_hand():
                    me.sleep(hold)
                    me.give_back()
            elif me.take(wait=200.0) is not None:
                me.hold(hold)
                me.release()
        except FlyoError:
            me.locker.computer.release()

    return script


@CONTESTS
@given(
    order=ORDER,
    skews=st.lists(SKEWS, min_size=2, max_size=3),
    holds=st.lists(st.sampled_from([0.0, 5.0, 40.0, 120.0]), min_size=3, max_size=3),
    events=EVENTS,
    platform=PLATFORMS,
    by_hand=st.integers(0, 4),
    seed=st.integers(0, 3),
    lists=st.sampled_from([0, 2, 4, 9]),
)
def test_never_two_at_once(
    order: list[int],
    skews: list[float],
    holds: list[float],
    events: list[tuple[int, str, int, float]],
    platform: Platform,
    by_hand: int,
    seed: int,
    lists: int,
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        contest = Contest(Path(directory), seed=seed, platform=platform)
        contest.lists = lists
        for number, skew in enumerate(skews):
            contest.add(f"c{number}", play(holds[number], by_hand=number == by_hand), skew=skew)

        def meanwhile(turn: int) -> None:
            for at, kind, which, seconds in events:
                if at == turn:
                    befall(contest, kind, which, seconds)

        contest.run(chooser(order), meanwhile=meanwhile)
        assert contest.most_believers <= 1
        # Whatever happened: some time later anybody gets it, and afterwards nothing is left of it.
        contest.closed = False
        contest.contenders.clear()
        contest.world.pass_time(100.0)
        last = contest.add("last", play(1.0))
        contest.run(in_turn(0))
        if not any(record for record in hand_records(contest)):
            assert last.got_at is not None


# --- one that stalls


STRICT = Platform(strict=True, tells=False, refuses=True)


@pytest.mark.parametrize(
    ("again", "by_hand", "stays", "platform"),
    [
        ("", False, 0.0, Platform()),
        ("", False, 80.0, STRICT),
        ("", True, 80.0, Platform()),
        ("stall", False, 0.0, STRICT),
        ("stall", True, 80.0, Platform()),
        ("cut", False, 0.0, Platform()),
    ],
)
def test_stalled_anywhere_it_finds_out_that_another_came_and_went(
    tmp_path: Path, again: str, by_hand: bool, stays: float, platform: Platform
) -> None:
    """Once at every stop; and once more, or without the platform, at each of the stops right after that."""
    reached, first = True, 1
    while reached:
        reached = False
        for second in range(1, 7 if again else 2):
            contest = Contest(tmp_path / f"{first}-{second}", machines=1, platform=platform)
            seen: list[int] = []

            def befall_at(me: Contender, first: int = first, second: int = second, seen: list[int] = seen) -> None:
                if me.stops == first:
                    seen.append(first)
                    me.stall(100.0)
                elif me.stops == first + second and again == "stall":
                    me.stall(100.0)
                elif me.stops == first + second and again == "cut":
                    me.cut_until = me.contest.now + 2.0

            one = contest.add("slow", play(25.0, by_hand=by_hand))
            one.at_stop = befall_at

            def visitor(me: Contender, pause: float) -> None:
                me.sleep(pause)
                if me.take(wait=40.0) is not None:
                    me.hold(stays)
                    me.release()

            # In the first stall, where it is the only one, else in the second.
            contest.add("visitor", lambda me: visitor(me, 130.0 if again == "stall" else 50.0))
            contest.run(in_turn(0))
            reached = reached or bool(seen)
        first += 1
    assert first > (12 if by_hand else 20)


# --- one that dies


def killed_at(contest: Contest, stop: int, script: Callable[[Contender], None]) -> bool:
    """Let one contender run to its n-th stop and no further; False when it ended before."""
    one = contest.add("dead", script)

    def meanwhile(turn: int) -> None:
        if turn == stop and not one.over:
            one.kill()

    contest.run(in_turn(0), meanwhile=meanwhile)
    contest.closed = False
    return one.dead


def next_after(contest: Contest, computer: str, wait: float) -> tuple[Contender, float]:
    """Whoever wants the lock next, and how long it took."""
    since = contest.now
    waiting = contest.add("next", play_without_mercy(wait), computer=computer)
    contest.run(in_turn(0))
    contest.closed = False
    return waiting, (waiting.got_at or contest.now) - since


def play_without_mercy(wait: float) -> Callable[[Contender], None]:
    """Take it and give it back; every error is the test's."""

    def script(me: Contender) -> None:
        if me.take(wait) is not None:
            me.hold(1.0)
            me.release()

    return script


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("first", [True, False], ids=["the first ever", "a later one"])
@pytest.mark.parametrize("same", [True, False], ids=["same computer", "another computer"])
def test_killed_anywhere_it_is_taken_over_in_the_time_that_is_promised(
    tmp_path: Path, tells: bool, first: bool, same: bool
) -> None:
    """A command of the same computer gets the lock without waiting for it, and at once where it can be known."""
    stop, died, waited = 0, True, []
    while died:
        contest = Contest(tmp_path / str(stop), machines=2, platform=Platform(tells=tells))
        if not first:
            assert not killed_at(contest, 1000, play_without_mercy(0.0))
        died = killed_at(contest, stop, play(12.0))
        waiting, seconds = next_after(contest, "dead" if same else "alive", 0.0 if same else LEASE + 2 * POLL)
        assert waiting.got_at is not None, f"killed at stop {stop}: {waiting.refused}"
        assert seconds <= LEASE + 2 * POLL, f"killed at stop {stop}"
        waited.append(seconds)
        stop += 1
    assert stop > 25
    at_once = sum(seconds < 3.0 for seconds in waited)
    # Only where the lease was granted and nobody had told who has it.
    assert at_once >= (len(waited) - (0 if tells else 3) if same else 5)


@pytest.mark.parametrize("tells", [True, False])
def test_killed_and_killed_again_it_still_goes_on_at_once(tmp_path: Path, tells: bool) -> None:
    """The second one is killed before, or while, it has given back what the first one held."""
    died, stop = True, 1
    while died:
        contest = Contest(tmp_path / str(stop), machines=1, platform=Platform(tells=tells))
        assert killed_at(contest, 20, play(60.0))
        died = killed_at(contest, stop, play(0.0))
        waiting, seconds = next_after(contest, "dead", 0.0)
        assert waiting.got_at is not None and seconds <= LEASE + 2 * POLL, f"killed at stop {stop}"
        if stop <= 5:
            # Not further than the answer that the lease is held.
            assert seconds < 3.0, f"killed at stop {stop}"
        stop += 1
    assert stop > 10


@pytest.mark.parametrize("same", [True, False])
def test_a_platform_that_is_away_when_the_lock_is_given_back_keeps_nobody_out(tmp_path: Path, same: bool) -> None:
    contest = Contest(tmp_path, machines=2)

    def script(me: Contender) -> None:
        me.take()
        contest.away_until = contest.now + 15.0
        me.release()

    assert not killed_at(contest, 1000, script)
    contest.away_until = 0.0
    waiting, seconds = next_after(contest, "dead" if same else "alive", 0.0 if same else 40.0)
    assert waiting.got_at is not None and seconds <= (3.0 if same else LEASE + 2 * POLL)


def test_a_refusal_says_how_long_a_dead_holder_keeps_the_lock(tmp_path: Path) -> None:
    contest = Contest(tmp_path, machines=2)
    assert killed_at(contest, 20, play(60.0))
    waiting, _ = next_after(contest, "alive", 0.0)
    assert waiting.refused is not None and f"ends by itself within {LEASE} s" in waiting.refused.next
    contest.world.pass_time(LEASE)
    waiting, seconds = next_after(contest, "alive", 0.0)
    assert waiting.got_at is not None and seconds < 3.0


@pytest.mark.parametrize("skews", [(0.0, 0.0), (2 * DAY, -2 * DAY), (-2 * DAY, 2 * DAY)])
def test_a_lock_that_ends_by_itself_ends_by_the_platforms_clock(tmp_path: Path, skews: tuple[float, float]) -> None:
    contest = Contest(tmp_path, machines=1)
    got: list[bool] = []

    def person(me: Contender) -> None:
        assert me.take_by_hand(lasts=60.0)
        me.by_hand = False

    def other(me: Contender) -> None:
        for pause in (50.0, 8.0, 4.0):
            me.sleep(pause)
            got.append(me.take() is not None)
            if me.held:
                me.release()

    contest.add("ada", person, skew=skews[0])
    contest.run(in_turn(0))
    contest.closed = False
    contest.add("bob", other, skew=skews[1])
    contest.run(in_turn(0))
    assert got == [False, False, True]


# --- hosts that do not answer, and lists that are late


@pytest.mark.parametrize("told", [True, False], ids=["and the list says so", "but the list does not say so"])
def test_a_host_that_does_not_answer_keeps_nobody_out_for_long(tmp_path: Path, told: bool) -> None:
    contest = Contest(tmp_path, machines=3)
    assert not killed_at(contest, 1000, play(1.0))
    (machine,) = contest.lock_machines()

    def script(me: Contender) -> None:
        if told:
            contest.region_down(machine["region"], 3600)
        else:
            contest.deaf = machine["id"]
        me.take()
        me.release()

    waiting = contest.add("next", script)
    since = contest.now
    contest.run(in_turn(0))
    assert waiting.got_at is not None and SETTLE <= waiting.got_at - since < SETTLE + 10
    assert {each["region"] for each in contest.lock_machines()} == {"iad", "fra"}


@pytest.mark.parametrize("told", [True, False])
def test_a_holder_whose_host_does_not_answer_any_more_keeps_its_lock(tmp_path: Path, told: bool) -> None:
    contest = Contest(tmp_path, machines=3)
    lost: list[str] = []

    def script(me: Contender) -> None:
        assert me.take() is not None
        (machine,) = contest.lock_machines()
        if told:
            contest.region_down(machine["region"], 100)
        else:
            contest.deaf = machine["id"]
        me.hold(150.0)
        contest.deaf = ""
        lost.append(me.held.lost() if me.held else "?")
        me.release()

    contest.add("holder", script)
    other = contest.add("other", play(1.0))
    contest.run(in_turn(0))
    assert lost == [""] and contest.most_believers == 1
    assert other.got_at is not None
    # The machine that was out of reach is cleared away by whoever takes the lock when it is back.
    contest.closed = False
    waiting, seconds = next_after(contest, "third", 0.0)
    assert waiting.got_at is not None and seconds < 3.0
    assert len(contest.lock_machines()) == 1


@pytest.mark.parametrize("lag", [0.5, 2.0, 5.0])
def test_two_first_ones_that_a_late_list_lets_in_find_out_at_the_next_renewal(tmp_path: Path, lag: float) -> None:
    """The one thing that is counted on, and what happens without it."""
    contest = Contest(tmp_path, machines=2, platform=Platform(lag=lag))
    contest.checks = False
    both: list[float] = []

    def meanwhile(turn: int) -> None:
        if sum(each.believes for each in contest.contenders) > 1:
            both.append(contest.now)

    one, other = contest.add("c0", play(40.0)), contest.add("c1", play(40.0))
    contest.run(in_turn(0), meanwhile=meanwhile)
    assert both and max(both) - min(both) <= RENEW + 2.0
    assert ["lock.lost" in each.said for each in (one, other)].count(True) == 1


def hand_records(contest: Contest) -> list[str]:
    """What persons have left written who could not give it back."""
    metadata = [body["config"]["metadata"] for body in contest.lock_machines()]
    return [each["flyo_lock_holder"] for each in metadata if '"how":"hand"' in each.get("flyo_lock_holder", "")]
