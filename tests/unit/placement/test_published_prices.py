"""Every price that Fly.io publishes, to the cent: machines of each size, everything else, examples of both books."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest

from flyctl_orchestrator.catalog.prices import load_prices
from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.rollout.plan.bill.reservation import reservation_of

NEW, OLD = load_prices()
REGIONS = load_regions()

# US dollars for 30 days in iad, captured on 2026-10-02: kind and processors, then GB of memory and price.
MACHINES = """
shared 1 0.25 2.19 0.5 3.69 1 6.70 2 12.70
shared 2 0.5 4.39 1 7.39 2 13.39 4 25.40
shared 4 1 8.78 2 14.78 4 26.79 8 50.80
shared 6 1.5 13.16 3 22.17 6 40.18 12 76.20
shared 8 2 17.55 4 29.56 8 53.57 16 101.60
performance 1 2 33.00 4 45.01 8 69.02
performance 2 4 66.00 8 90.01 16 138.04
performance 4 8 132.01 16 180.03 32 276.08
performance 6 12 198.01 24 270.04 48 414.12
performance 8 16 264.01 32 360.06 64 552.16
performance 10 20 330.01 40 450.07 80 690.20
performance 12 24 396.02 48 540.09 96 828.24
performance 14 28 462.02 56 630.10 112 966.28
performance 16 32 528.02 64 720.12 128 1104.32
"""
MONTH = {
    "rootfs_gb": 0.15, "volume_gb": 0.15, "snapshot_gb": 0.08, "dedicated_ipv4": 2, "static_egress_ip": 3.60,
    "certificate": 0.10, "wildcard_certificate": 1, "postgres_basic": 38, "postgres_starter": 72,
    "postgres_launch": 282, "postgres_scale": 962, "postgres_performance": 1922, "postgres_gb": 0.28,
    "kubernetes_cluster": 75, "support_standard": 29, "support_premium": 199, "support_enterprise": 2500,
}  # fmt: skip
# What a machine costs in a region, iad being 1.
MARKUPS = """
ams 1.038461538 arn 1.038461538 cdg 1.134615385 dfw 1.25 ewr 1 fra 1.153846154 gru 1.615384615 iad 1 jnb 1.302884615
lax 1.199519231 lhr 1.134615385 nrt 1.307692308 ord 1.25 sin 1.269230769 sjc 1.192307692 syd 1.269230769 yyz 1.115384615
"""
EGRESS = {
    "north-america-europe": (0.02, 0.006),
    "asia-oceania-south-america": (0.04, 0.015),
    "africa-india": (0.12, 0.05),
}


def sizes() -> list[tuple[str, int, int, str]]:
    """Kind, processors, MB and dollars of every published size."""
    found = []
    for row in MACHINES.split("\n")[1:-1]:
        kind, cpus, *pairs = row.split()
        for memory, dollars in zip(pairs[::2], pairs[1::2], strict=True):
            found.append((kind, int(cpus), int(float(memory) * 1024), dollars))
    return found


def cents(dollars: float) -> Decimal:
    """As a price is written."""
    return Decimal(repr(dollars)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def markup(code: str) -> float:
    found = REGIONS.require(code, where="").markup
    assert found is not None
    return found


def test_there_are_as_many_sizes_as_on_the_page() -> None:
    assert len(sizes()) == 47


@pytest.mark.parametrize(("kind", "cpus", "memory_mb", "dollars"), sizes())
def test_a_machine_for_a_month(kind: str, cpus: int, memory_mb: int, dollars: str) -> None:
    assert cents(NEW.machine_month(kind, cpus, memory_mb)) == Decimal(dollars)


@pytest.mark.parametrize(
    ("kind", "memory_mb", "dollars"),
    [
        ("shared", 256, 0.00000085),
        ("shared", 512, 0.00000143),
        ("shared", 1024, 0.00000258),
        ("shared", 2048, 0.00000490),
        ("performance", 2048, 0.00001273),
    ],
)
def test_a_machine_for_a_second(kind: str, memory_mb: int, dollars: float) -> None:
    assert NEW.machine_month(kind, 1, memory_mb) / 2_592_000 == pytest.approx(dollars, abs=0.5e-8)


def test_each_regions_markup() -> None:
    words = MARKUPS.split()
    published = dict(zip(words[::2], map(float, words[1::2]), strict=True))
    assert {each.code: each.markup for each in REGIONS} == pytest.approx(published, abs=0.5e-9)


def test_three_of_a_gigabyte_by_the_old_book() -> None:
    assert cents(3 * OLD.machine_month("shared", 1, 1024, markup("sjc"))) == Decimal("20.37")


@pytest.mark.parametrize(
    ("kind", "year", "month"),
    [
        ("shared", 36, 5), ("shared", 360, 50), ("shared", 3600, 500),
        ("performance", 144, 20), ("performance", 1440, 200), ("performance", 14_400, 2000),
    ],
)  # fmt: skip
def test_a_year_ahead(kind: str, year: float, month: float) -> None:
    paid = reservation_of(NEW, kind, year)
    assert paid is not None and paid.pays == month


def test_everything_else() -> None:
    assert dict(NEW.month) == MONTH
    assert dict(NEW.free) == {"snapshot_gb": 10, "certificate": 10}
    assert {area: (NEW.public_gb[area], NEW.private_gb[area]) for area in NEW.public_gb} == EGRESS
    blocks = {each.kind: (each.year, each.month) for each in NEW.reservations}
    assert blocks == {"shared": (36, 5), "performance": (144, 20)}
    assert all(1 - year / (12 * month) == pytest.approx(0.4) for year, month in blocks.values())


@pytest.mark.parametrize(
    ("code", "new", "old"),
    [("iad", "3.69", "3.19"), ("lhr", "4.19", "3.62"), ("nrt", "4.83", "4.18"), ("sin", "4.69", "4.05")],
)
def test_half_a_gigabyte_by_both_books(code: str, new: str, old: str) -> None:
    assert cents(NEW.machine_month("shared", 1, 512, markup(code))) == Decimal(new)
    assert cents(OLD.machine_month("shared", 1, 512, markup(code))) == Decimal(old)


def test_three_regions_around_the_clock_and_for_eight_hours() -> None:
    for book, whole, third in ((NEW, "12.72", "4.24"), (OLD, "11.00", "3.67")):
        month = sum(book.machine_month("shared", 1, 512, markup(code)) for code in ("iad", "lhr", "nrt"))
        assert (cents(month), cents(month / 3)) == (Decimal(whole), Decimal(third))
    assert cents(3 * NEW.month["rootfs_gb"] * 16 / 24) == Decimal("0.30")
