"""The files `flyo init` writes: one pure function from answers and what is there to what will be there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import tomli_w

from flyctl_orchestrator.catalog.sizes import memory_range, preset
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project import litefs
from flyctl_orchestrator.project.detect.detected import Detected
from flyctl_orchestrator.project.dockerfile import DOCKERIGNORE, dockerfile
from flyctl_orchestrator.project.edit import Path, section, set_counts, set_keys
from flyctl_orchestrator.project.model import Flyo, FlyToml

DEFAULT_SIZE = "shared-cpu-1x"
DEFAULT_MEMORY = "512mb"
DEFAULT_AUTO_STOP = "suspend"


@dataclass(frozen=True)
class Answers:
    """What was answered, by questions or by flags. None leaves an existing file's value (or a new file's default).

    Attributes:
        regions: machines per region; the order is the order of waves.
        auto_stop: "off", "stop" or "suspend".
        start: shell command for a new Dockerfile.
        database: "litefs" when that is to copy the database to every machine.
    """

    app: str
    primary: str
    regions: Mapping[str, int]
    port: int | None = None
    health: str | None = None
    auto_stop: str | None = None
    size: str | None = None
    memory: str | None = None
    start: str | None = None
    database: str | None = None


@dataclass(frozen=True)
class Existing:
    """What lies in the directory already.

    Attributes:
        fly, flyo: the parsed files, None when absent; `flyo_text` is flyo.toml's own text.
        names: of all files at the top of the directory.
    """

    fly: FlyToml | None = None
    flyo: Flyo | None = None
    flyo_text: str = ""
    names: frozenset[str] = frozenset()
    detected: Detected = field(default_factory=Detected)

    @property
    def config(self) -> str:
        """The name of Fly.io's own file."""
        return self.fly.path.name if self.fly else "fly.toml"

    @property
    def needs_dockerfile(self) -> bool:
        """Whether nothing says yet how the app becomes an image."""
        build = self.fly.raw.get("build", {}) if self.fly else {}
        return "Dockerfile" not in self.names and not build


def build_files(answers: Answers, existing: Existing) -> dict[str, bytes]:
    """The files to write, by relative path: those that are new or changed, whole.

    The same answers give the same bytes, from questions and from flags alike.

    Raises:
        UsageError: an existing file cannot be edited without losing something (config.not_editable).
    """
    config = existing.config
    files = {config: _fly_toml(answers, existing), "flyo.toml": _flyo_toml(answers, existing)}
    start = answers.start or existing.detected.start
    if existing.needs_dockerfile and start:
        port = answers.port or existing.detected.port
        files["Dockerfile"] = dockerfile(existing.detected, start=start, port=port)
        if ".dockerignore" not in existing.names:
            files[".dockerignore"] = DOCKERIGNORE
    before = {config: existing.fly.text if existing.fly else None, "flyo.toml": existing.flyo_text or None}
    return {name: text.encode() for name, text in files.items() if text != before.get(name)}


# --- fly.toml


def _fly_toml(answers: Answers, existing: Existing) -> str:
    if existing.fly:
        changes = _fly_changes(answers, existing.fly)
        if existing.fly.path.suffix != ".toml":
            return _unchanged(existing.fly, changes)
        return set_keys(existing.fly.text, changes, shown=existing.fly.path.name)
    port = answers.port or existing.detected.port
    service = {
        "internal_port": port,
        "force_https": True,
        "auto_stop_machines": answers.auto_stop or DEFAULT_AUTO_STOP,
        "auto_start_machines": True,
        "min_machines_running": 0,
    }
    blocks = [
        "# How Fly.io runs this app: https://docs.fly.io/reference/configuration/\n"
        + tomli_w.dumps(
            {"app": answers.app, "primary_region": answers.primary, "kill_signal": "SIGTERM", "kill_timeout": 30}
        ),
        section("[env]", {"PORT": str(port), **(dict([litefs.ENV]) if answers.database else {})}),
        section("[http_service]", service),
        section("[http_service.concurrency]", {"type": "requests", "soft_limit": 20, "hard_limit": 60}),
        section("[[http_service.checks]]", _check(answers.health or existing.detected.health)),
        section(
            "[[vm]]", {"size": answers.size or DEFAULT_SIZE, "memory": answers.memory or _memory_for(answers.size)}
        ),
    ]
    if answers.database:
        blocks.append("# What LiteFS keeps.\n" + section("[[mounts]]", litefs.VOLUME))
    return "\n".join(blocks)


def _memory_for(size: str | None) -> str:
    """The usual memory, or what a larger size has at least."""
    known = preset(size) if size else None
    least = memory_range(*known)[0] if known else 0
    return DEFAULT_MEMORY if least <= megabytes(DEFAULT_MEMORY) else f"{least}mb"


def _unchanged(fly: FlyToml, changes: Mapping[Path, Any]) -> str:
    """The text of a fly.json or fly.yaml, which are not edited.

    Raises:
        UsageError: something in it would have to change; says what.
    """
    if changes:
        wanted = ", ".join(f"{'.'.join(map(str, path))} = {value!r}" for path, value in changes.items())
        raise UsageError(
            "is not edited by flyo init, which changes fly.toml only",
            where=fly.shown,
            next=f"Set this by hand and run it again: {wanted}",
            code="config.not_editable",
        )
    return fly.text


def _check(path: str) -> dict[str, Any]:
    return {"method": "GET", "path": path, "interval": "10s", "timeout": "5s", "grace_period": "10s"}


def _fly_changes(answers: Answers, fly: FlyToml) -> dict[Path, Any]:
    """Only what was answered and differs from what the file means now."""
    changes: dict[Path, Any] = {}
    if answers.app != fly.app:
        changes["app",] = answers.app
    if answers.primary != fly.primary_region:
        changes["primary_region",] = answers.primary
    changes |= _service_changes(answers, fly)
    size = fly.size_of(fly.process_groups[0])
    place = _vm_place(fly)
    if answers.memory and megabytes(answers.memory) != size.memory_mb:
        # Where both are there, memory_mb counts.
        in_mb = "memory_mb" in _at(fly.raw, place)
        changes[*place, "memory_mb" if in_mb else "memory"] = megabytes(answers.memory) if in_mb else answers.memory
    if answers.size and answers.size != (size.size or DEFAULT_SIZE):
        changes[*place, "size"] = answers.size
    if not fly.sizes and (answers.memory or answers.size):
        new = {"size": answers.size or DEFAULT_SIZE, **({"memory": answers.memory} if answers.memory else {})}
        changes = {path: value for path, value in changes.items() if path[0] != "vm"} | {("vm", 0): new}
    return changes | (_litefs_changes(fly) if answers.database else {})


def _litefs_changes(fly: FlyToml) -> dict[Path, Any]:
    """Machines that never sleep, the variable that says where the database is, and a volume where there is none."""
    changes: dict[Path, Any] = {}
    name, value = litefs.ENV
    if any(service.min_running for service in fly.services):
        # It would have no effect, which flyo doctor calls an error.
        changes[*_service_place(fly), "min_machines_running"] = 0
    if fly.env.get(name) != value:
        changes["env", name] = value
    if not fly.volumes:
        changes["mounts", 0] = litefs.VOLUME
    return changes


def _service_changes(answers: Answers, fly: FlyToml) -> dict[Path, Any]:
    changes: dict[Path, Any] = {}
    place = _service_place(fly)
    service = fly.services[0] if fly.services else None
    if answers.port and answers.port != (service.internal_port if service else None):
        changes[*place, "internal_port"] = answers.port
        if service and fly.env.get("PORT") == str(service.internal_port):
            changes["env", "PORT"] = str(answers.port)
    if answers.auto_stop and answers.auto_stop != (service.auto_stop if service else None):
        changes[*place, "auto_stop_machines"] = answers.auto_stop
    if answers.health and answers.health != health_path(fly):
        changes |= _health_change(answers.health, place, fly)
    return changes


def _health_change(path: str, place: Path, fly: FlyToml) -> dict[Path, Any]:
    """The first HTTP check that the file has is pointed at `path`; where there is none, one is added."""
    service = fly.services[0] if fly.services else None
    key = "checks" if place == ("http_service",) else "http_checks"
    if service and any(check.kind == "http" for check in service.checks):
        return {(*place, key, 0, "path"): path}
    for check in fly.checks:
        if check.kind == "http" and check.name and isinstance(fly.raw.get("checks"), dict):
            return {("checks", check.name, "path"): path}
    return {(*place, key, 0): _check(path)}


def health_path(fly: FlyToml) -> str | None:
    """The request path of the first HTTP check of a fly.toml."""
    checks = [check for service in fly.services for check in service.checks] + list(fly.checks)
    return next((check.path for check in checks if check.path), None)


def _service_place(fly: FlyToml) -> Path:
    if "http_service" in fly.raw or not fly.services:
        return ("http_service",)
    return ("services",) if isinstance(fly.raw["services"], dict) else ("services", 0)


def _vm_place(fly: FlyToml) -> Path:
    for key in ("compute", "computes", "vm"):
        if key in fly.raw:
            return (key,) if isinstance(fly.raw[key], dict) else (key, 0)
    return ("vm", 0)


def _at(values: Any, place: Path) -> Mapping[str, Any]:
    """The table at `place`, an empty one where there is none."""
    for step in place:
        try:
            values = values[step]
        except (KeyError, IndexError):
            return {}
    return values if isinstance(values, dict) else {}


def megabytes(memory: str) -> int:
    """MB in "512mb" or "1gb", as `asked.memory_text` gives it."""
    return int(memory.removesuffix("mb").removesuffix("gb")) * (1024 if memory.endswith("gb") else 1)


# --- flyo.toml


def _flyo_toml(answers: Answers, existing: Existing) -> str:
    if existing.flyo:
        text = set_counts(existing.flyo_text, "regions", answers.regions, shown="flyo.toml")
        if existing.flyo.rollout.canary and existing.flyo.rollout.canary not in answers.regions:
            text = set_keys(text, {("rollout", "canary"): next(iter(answers.regions))}, shown="flyo.toml")
        if answers.health and (answers.health, True) != (existing.flyo.probe.path, existing.flyo.probe.named):
            text = set_keys(text, {("probe", "path"): answers.health}, shown="flyo.toml")
        return text
    known = health_path(existing.fly) if existing.fly else existing.detected.health
    blocks = [
        "# How flyo rolls this app out over its regions. What it does not say has a sensible default.\n",
        "# Machines per region, exactly. The first region changes first, alone; then the others together.\n"
        + section("[regions]", answers.regions),
        section("[rollout]", {"strategy": "in-place", "width": 0, "max_unavailable": 1, "timeout": "2m"}),
        _probe(answers.health or known),
    ]
    if existing.needs_dockerfile and existing.detected.local_build and not answers.start:
        blocks.append(
            "# Only for --local, where the Dockerfile's RUN lines are not executed: what makes the program.\n"
            + section("[local]", {"build": existing.detected.local_build})
        )
    return "\n".join(blocks)


def _probe(path: str | None) -> str:
    if path:
        told = "# Every machine is asked here, from outside, before its region counts as healthy.\n"
        return told + section("[probe]", {"path": path, "timeout": "5s"})
    told = (
        '# Every machine is asked for "/" from outside, which must not be broken. Better name a page that answers 200\n'
        '# when the app is well: path = "/health"\n'
    )
    return told + section("[probe]", {"timeout": "5s"})
