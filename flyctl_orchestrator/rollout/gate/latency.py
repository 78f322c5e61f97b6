"""Whether answers have become slower: Mann and Whitney's rank test, one-sided, region by region and over all of them.

The test says whether it can be luck. Whether anybody would care is another question: a difference below a floor, or
below a factor, is none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

# A slowdown that nobody cares about: less than half as long again, or less than so many seconds.
FACTOR, FLOOR = 1.5, 0.1
# How often a release that is as quick as before is called slower.
RISK = 0.001


@dataclass(frozen=True)
class Pair:
    """Times of the same page in the same region, in seconds, before and after."""

    before: Sequence[float]
    after: Sequence[float]

    @property
    def limit(self) -> float:
        """Seconds above which an answer is slower than anybody would accept as usual; there have to be some before."""
        usual = median(self.before)
        return max(FACTOR * usual, usual + FLOOR)


def slower(pairs: Iterable[Pair]) -> list[Pair]:
    """The pairs that have become slower beyond chance and noticeably: all of them, or single ones, or none."""
    known = [pair for pair in pairs if pair.before and pair.after]
    if _slow(known, RISK):
        return known
    return [pair for pair in known if _slow([pair], RISK / len(known))]


def _slow(pairs: Sequence[Pair], risk: float) -> bool:
    if chance(pairs) >= risk:
        return False
    above = sum(seconds > pair.limit for pair in pairs for seconds in pair.after)
    return 2 * above > sum(len(pair.after) for pair in pairs)


def chance(pairs: Iterable[Pair]) -> float:
    """How likely the times after are so much longer by luck alone (normal approximation, ties taken into account)."""
    excess = variance = 0.0
    for pair in pairs:
        n, m = len(pair.before), len(pair.after)
        wins = sum((later > earlier) + (later == earlier) / 2 for later in pair.after for earlier in pair.before)
        ties = sum(t**3 - t for t in Counter([*pair.before, *pair.after]).values())
        excess += wins - n * m / 2
        variance += n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)))
    if variance <= 0:
        return 1.0
    # Ranks are whole numbers and the normal distribution is not: half of one is left out.
    return math.erfc((excess - 0.5) / math.sqrt(2 * variance)) / 2
