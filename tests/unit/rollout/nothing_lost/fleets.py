"""What is made up: fleets, rollouts, and what goes wrong in the middle of them."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

REGIONS = ("iad", "fra", "nrt", "syd", "gru", "lhr")

#: How answers are spoilt: a page, half a body, null, 204, a redirect, a cut in the middle, another shape.
UNREADABLE = ("html", "half", "null", "empty", "redirect", "cut", "shape")

#: What goes wrong by order of the platform: name -> the platform's fault, and its settings.
AT_THE_PLATFORM: dict[str, tuple[str, dict[str, object]]] = {
    "crash-loop": ("crash-loop", {"after": 1.5}),
    "crash-after": ("crash-after", {"seconds": 4.0, "from": "healthy"}),
    "failing-check": ("failing-check", {}),
    "flapping-check": ("flapping-check", {"period": 3.0}),
    "check-stuck": ("check-stuck", {}),
    "rate-limited": ("rate-limited", {}),
    "rate-limited-long": ("rate-limited", {"retry_after": 2}),
    "server-error": ("server-error", {}),
    "reset-before": ("connection-reset", {"when": "before"}),
    "reset-after": ("connection-reset", {"when": "after"}),
    "slow-answers": ("slow-answers", {"seconds": 3.0}),
    "lost-create": ("lost-create", {}),
    "lease-held": ("lease-held", {}),
    "image-pull-fails": ("image-pull-fails", {}),
    "pull-reverted": ("pull-reverted", {"seconds": 5.0}),
    "secrets-lag": ("secrets-lag", {}),
    "stuck-suspending": ("stuck-suspending", {"seconds": 40.0}),
    "slow-boot": ("slow-boot", {"seconds": 15.0}),
    "host-down": ("host-down", {}),
    "region-down": ("region-down", {}),
    "clock-skew": ("clock-skew", {"seconds": 20.0}),
    "some-errors": ("error-share", {"share": 0.3}),
    "some-slow": ("slow-share", {"share": 0.5}),
    **{f"unreadable-{how}": ("unreadable", {"how": how}) for how in UNREADABLE},
    **{f"unreadable-{how}-undone": ("unreadable", {"how": how, "when": "before"}) for how in UNREADABLE[:2]},
}
#: What goes wrong on the way, or by somebody's hand.
ELSEWHERE = (
    "wrong-region",
    "blackout",
    "probe-blackout",
    "flyctl-gives-up",
    "flyctl-stops-midway",
    "edit",
    "destroy",
    "doze",
    "clone",
    "clone-lock",
    "clock-steps",
    *("rival",) * 3,
    *("press",) * 5,
)
TROUBLES = (*AT_THE_PLATFORM, *ELSEWHERE)

#: How an image behaves; the good ones come up most.
IMAGES = (
    "good",
    "good",
    "good",
    "good",
    "slow",
    "exits",
    "deaf",
    "unstartable",
    "ill-in-one",
    "late",
    "500",
    "half",
    "share",
    "slow-share",
    "crashes",
    "elsewhere",
)

#: Shares of errors, and of slow answers.
SHARES = (0.05, 0.1, 0.2, 0.3, 0.4)
#: By how many seconds a computer's clock is off.
SKEWS = (0.0, 0.0, 0.0, 0.0, 90.0, -90.0, 172_800.0, -172_800.0)

STRATEGIES = ("in-place", "surge")


@dataclass(frozen=True)
class Trouble:
    """Something that goes wrong.

    Attributes:
        at: number of the request (of this rollout) before which it begins.
        region, machine: which one, by number, counted round and round; `everywhere` leaves the region open.
        seconds: how long it lasts; None: until the rollout is over.
    """

    kind: str
    at: int
    region: int
    machine: int
    everywhere: bool
    seconds: float | None


@dataclass(frozen=True)
class Box:
    """One machine of a fleet: sleep is "", "stop" or "suspend"."""

    region: int
    group: str
    sleep: str = ""
    cordoned: bool = False
    older: bool = False
    edited: bool = False


@dataclass(frozen=True)
class FleetShape:
    """A fleet as it is found.

    Attributes:
        marked: whether its machines carry flyo's marks, or are as flyctl left them.
        stray: whether there is a machine that belongs to nobody.
    """

    regions: tuple[str, ...]
    groups: tuple[str, ...]
    boxes: tuple[Box, ...]
    marked: bool
    stray: bool


@dataclass(frozen=True)
class Order:
    """One rollout: what is wanted, how, and what gets in the way.

    Attributes:
        more, fewer: number of the region that is to have one machine more, or fewer, than it has.
        again: the image that was rolled out last, once more.
        evidence: as in flyo.toml's [probe].
        far: whether the proxy behaves as on Fly.io: slow to hear of a change, and silent of cordoned machines.
        share: of errors or slow answers, for an image that has them.
        crash: seconds from its first good answer until an image that crashes ends.
        skew: seconds by which the clock of the computer that rolls out is off.
        locked: whether it runs under the app's lock.
    """

    image: str
    ill_region: int
    again: bool
    new_definition: bool
    more: int | None
    fewer: int | None
    canary: int | None
    width: int
    max_unavailable: int
    bake: float
    timeout: float
    rollback: bool
    passes: int
    troubles: tuple[Trouble, ...]
    strategy: str = "in-place"
    far: bool = False
    watch: float = 0.0
    evidence: str = "off"
    share: float = 0.5
    crash: float = 5.0
    skew: float = 0.0
    locked: bool = False


def troubles() -> st.SearchStrategy[Trouble]:
    """One thing that goes wrong."""
    return st.builds(
        Trouble,
        kind=st.sampled_from(TROUBLES),
        at=st.integers(0, 70),
        region=st.integers(0, 5),
        machine=st.integers(0, 8),
        everywhere=st.booleans(),
        seconds=st.sampled_from((None, 2.0, 12.0, 45.0, 150.0)),
    )


def boxes(groups: tuple[str, ...], regions: int) -> st.SearchStrategy[tuple[Box, ...]]:
    """The machines of a fleet: most of them up, plain and alike."""
    one = st.builds(
        Box,
        region=st.integers(0, regions - 1),
        group=st.sampled_from(groups),
        sleep=st.sampled_from(("", "", "", "", "stop", "suspend")),
        cordoned=st.sampled_from((False, False, False, False, False, True)),
        older=st.sampled_from((False, False, False, True)),
        edited=st.sampled_from((False, False, False, False, True)),
    )
    return st.lists(one, min_size=min(2, regions - 1), max_size=min(9, 3 * regions)).map(tuple)


@st.composite
def fleets(draw: st.DrawFn) -> FleetShape:
    """A fleet of one to six regions, up to three machines each."""
    count = draw(st.integers(1, 6))
    groups = draw(st.sampled_from((("app",), ("app",), ("app", "worker"))))
    kept: list[Box] = []
    for box in draw(boxes(groups, count)):
        if sum(other.region == box.region for other in kept) < 3:
            kept.append(box)
    return FleetShape(REGIONS[:count], groups, tuple(kept), draw(st.booleans()), draw(st.booleans()))


def orders(strategies: tuple[str, ...] = STRATEGIES) -> st.SearchStrategy[Order]:
    """One rollout, undisturbed every third time or so."""
    return st.builds(
        Order,
        image=st.sampled_from(IMAGES),
        ill_region=st.integers(0, 5),
        again=st.sampled_from((False, False, False, False, True)),
        new_definition=st.booleans(),
        more=st.sampled_from((None, None, 0, 1, 2, 3)),
        fewer=st.sampled_from((None, None, None, 0, 1)),
        canary=st.sampled_from((None, 0, 1, 2)),
        width=st.integers(0, 2),
        max_unavailable=st.integers(1, 2),
        bake=st.sampled_from((0.0, 0.0, 6.0)),
        timeout=st.sampled_from((15.0, 30.0, 60.0)),
        rollback=st.sampled_from((True, True, True, False)),
        passes=st.integers(1, 2),
        troubles=st.one_of(st.just(()), st.lists(troubles(), max_size=4).map(tuple)),
        strategy=st.sampled_from(strategies),
        far=st.sampled_from((False, False, True)),
        watch=st.sampled_from((0.0, 0.0, 10.0)),
        evidence=st.sampled_from(("usual", "usual", "off")),
        share=st.sampled_from(SHARES),
        crash=st.sampled_from((1.0, 3.0, 6.0, 9.0)),
        skew=st.sampled_from(SKEWS),
        locked=st.booleans(),
    )
