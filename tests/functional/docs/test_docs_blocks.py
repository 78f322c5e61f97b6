"""What README.md and docs/ tell to type works: each page's blocks are typed, one after the other, and compared."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest

from tests.functional.docs.blocks import BadMark, Block, blocks, is_shown, read
from tests.functional.docs.shop import Typist

SESSIONS = {
    f"{page} in {project}": list(run)
    for (page, project), run in groupby(
        sorted((each for each in blocks() if not each.reason), key=lambda each: (each.page, each.project, each.line)),
        key=lambda each: (each.page, each.project),
    )
}


def test_every_block_is_marked() -> None:
    assert len(blocks()) >= 40
    assert all(each.commands.strip() or each.reason for each in blocks())


@pytest.mark.timeout(400)
@pytest.mark.parametrize("session", SESSIONS)
def test_what_a_page_says_to_type_works(session: str, tmp_path: Path) -> None:
    computer = Typist(tmp_path)
    run = SESSIONS[session]
    computer.write(run[0].project)
    directory = computer.project
    try:
        for block in run:
            ran, directory = computer.type(block, directory)
            assert ran.status == block.status, f"{block.place}: ended with {ran.status}\n{ran.stdout}"
            assert is_shown(block.output, ran.stdout), f"{block.place} shows\n{block.output}\nsaid was\n{ran.stdout}"
    finally:
        computer.flyo("local", "down")


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("<!-- run -->\n```sh\nls\n```\n", Block("p", 2, "ls\n")),
        ("<!-- not run: needs Fly -->\n```sh\nls\n```\n", Block("p", 2, "ls\n", reason="needs Fly")),
        (
            "<!-- run in=empty status=3 FLYO_TARGET=local\ntouch a\n-->\n```console\n$ ls\na\n```\n",
            Block("p", 4, "ls\n", "a", "", "empty", 3, {"FLYO_TARGET": "local"}, "touch a"),
        ),
    ],
)
def test_a_mark_says_how_a_block_is_run(text: str, block: Block) -> None:
    assert read(text, "p") == [block]


@pytest.mark.parametrize(
    "mark", ["", "<!-- ran -->\n", "<!-- run later -->\n", "<!-- run in=moon -->\n", "<!-- run x=1 -->\n"]
)
def test_a_block_without_a_mark_or_with_a_wrong_one_is_refused(mark: str) -> None:
    with pytest.raises(BadMark, match="p:"):
        read(f"{mark}```sh\nls\n```\n", "p")


def test_output_is_compared_without_what_varies() -> None:
    page = "iad     12f788430230f9  v1  healthy     8 ms\nDone in 2.9 s: …, verified."
    assert is_shown(page, "x\niad 9a9b47e1bca160 v7 healthy 11 ms\nDone in 12 s: 3 regions,\nall verified, verified.")
    assert not is_shown(page, "fra 9a9b47e1bca160 v7 healthy 11 ms\nDone in 12 s: 3 regions, verified.")
