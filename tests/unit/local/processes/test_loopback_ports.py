"""Ports for machines: nobody else on this computer has them, also before anything listens on them."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from flyctl_orchestrator.local.runtime.ports import BLOCK, FIRST, LAST, LoopbackPorts


def test_two_platforms_never_give_out_the_same_port(tmp_path: Path) -> None:
    one, other = (LoopbackPorts(FIRST, tmp_path / "blocks") for _ in range(2))
    mine, theirs = ({ports.take() for _ in range(2 * BLOCK + 5)} for ports in (one, other))
    assert len(mine) == len(theirs) == 2 * BLOCK + 5
    assert not mine & theirs
    assert all(FIRST <= port < LAST for port in mine | theirs)
    one.close()
    assert {LoopbackPorts(FIRST, tmp_path / "blocks").take() for _ in range(3)} & mine


def test_a_port_is_not_given_out_again_at_once_and_no_more_blocks_are_taken_than_needed(tmp_path: Path) -> None:
    ports = LoopbackPorts(FIRST, tmp_path / "blocks")
    seen = []
    for _ in range(3 * BLOCK):
        seen.append(ports.take())
        ports.give_back(seen[-1])
    assert len(set(seen[:90])) == 90
    assert len(list((tmp_path / "blocks").iterdir())) == 1


def test_a_port_that_somebody_listens_on_is_left_out(tmp_path: Path) -> None:
    first = LoopbackPorts(FIRST, tmp_path / "a").take()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", first))
        listener.listen()
        assert LoopbackPorts(FIRST, tmp_path / "b").take() != first


@pytest.mark.parametrize("kind", ["file", "link", "nowhere", "none"])
def test_without_a_directory_of_ones_own_ports_are_given_out_without_locks(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "blocks"
    if kind == "file":
        path.write_text("")
    elif kind == "link":
        (tmp_path / "elsewhere").mkdir()
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "nowhere":
        path = tmp_path / "missing" / "blocks"
    ports = LoopbackPorts(LAST - 1, None if kind == "none" else path)
    assert LAST - BLOCK <= ports.take() < LAST
    assert not (tmp_path / "elsewhere").exists() or not list((tmp_path / "elsewhere").iterdir())


def test_every_port_there_is_and_then_none(tmp_path: Path) -> None:
    ports = LoopbackPorts(25_050, tmp_path / "blocks")
    taken = set()
    with pytest.raises(OSError, match="no free port"):
        while True:
            taken.add(ports.take())
    assert len(taken) > 0.9 * (LAST - FIRST)
