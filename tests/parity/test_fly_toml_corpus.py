"""Other people's fly.toml files, as the real flyctl judges and reads them, beside the stand-in and our own reader.

None of them is part of this repository: FLY_TOML_CORPUS names a directory of your own with such files.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.parity.parity_clients import Client
from tests.parity.test_fly_toml import alone, as_read, each, judged, same_values, stand_in_accepts

__all__ = ["alone"]

CORPUS = "FLY_TOML_CORPUS"


@pytest.mark.real_flyctl
def test_a_corpus_is_judged_and_read_alike(alone: Client) -> None:
    directory = os.environ.get(CORPUS, "")
    if not directory:
        pytest.skip(f"{CORPUS} names no directory of fly.toml files")
    paths = sorted(path for path in Path(directory).iterdir() if path.suffix in {".toml", ".json", ".yaml", ".yml"})
    differ = [told for told in each(lambda path: difference(alone, path), paths) if told]
    assert not differ, f"{len(differ)} of {len(paths)} differ:\n" + "\n".join(differ)


def difference(client: Client, path: Path) -> str:
    """How flyctl and the two readers of ours differ on a file; empty where they do not."""
    found = judged(client, path)
    if stand_in_accepts(path) is not found.valid:
        return f"{path.name}: flyctl says {found.valid}: {found.says}"
    try:
        if found.valid:
            same_values(path, as_read(client, path))
    except AssertionError as error:
        return f"{path.name}: {str(error)[:2000]}"
    return ""
