"""Reads what lies in a directory before `flyo init` writes there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flyctl_orchestrator.catalog.regions import RegionBook
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project import flyotoml, flytoml
from flyctl_orchestrator.project.detect import detect, detect_in
from flyctl_orchestrator.project.detect.detected import CODE, Detected, Sources
from flyctl_orchestrator.project.flytoml.formats import config_in, read_config
from flyctl_orchestrator.project.model import Flyo, FlyToml
from flyctl_orchestrator.project.project import FLY_TOML, FLYO_TOML
from flyctl_orchestrator.project.scaffold import Existing
from flyctl_orchestrator.project.tomlfile import Document, parse_toml, read_document


def read_existing(directory: Path, regions: RegionBook) -> Existing:
    """The app in `directory` as it stands.

    Raises:
        UsageError: its fly.toml or flyo.toml is broken, or the directory cannot be read (codes config.*).
    """
    try:
        names = frozenset(path.name for path in directory.iterdir())
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror or error}",
            where=str(directory),
            next="Go to the app's own directory",
            code="config.unreadable",
        ) from None
    texts: dict[str, Document] = {}
    config = config_in(directory)
    if config is not None:
        texts[FLY_TOML] = read_config(config, config.name)
    if FLYO_TOML in names:
        texts[FLYO_TOML] = read_document(directory / FLYO_TOML, FLYO_TOML)
    return _existing(texts, names, detect(directory), regions)


def existing_of_files(files: Mapping[str, bytes], regions: RegionBook) -> Existing:
    """The same for files that are not written yet, such as those of an example."""
    texts = {}
    for name in (FLY_TOML, FLYO_TOML):
        if name in files:
            text = files[name].decode()
            texts[name] = Document(Path(name), name, text, parse_toml(text, name))
    names = frozenset(name.split("/")[0] for name in files)
    code = {name: content.decode("utf-8", "replace") for name, content in files.items() if name.endswith(CODE)}
    return _existing(texts, names, detect_in(Sources(code, frozenset(files))), regions)


def _existing(
    texts: Mapping[str, Document], names: frozenset[str], detected: Detected, regions: RegionBook
) -> Existing:
    fly: FlyToml | None = None
    flyo: Flyo | None = None
    # An empty file says nothing, so it is written like a new one.
    if FLY_TOML in texts and texts[FLY_TOML].text.strip():
        fly = flytoml.parse(texts[FLY_TOML])
        if fly.problems:
            raise fly.problems[0]
    if FLYO_TOML in texts and texts[FLYO_TOML].text.strip():
        flyo = flyotoml.parse(texts[FLYO_TOML], regions=regions)
    flyo_text = texts[FLYO_TOML].text if flyo else ""
    return Existing(fly, flyo, flyo_text, names, detected)
