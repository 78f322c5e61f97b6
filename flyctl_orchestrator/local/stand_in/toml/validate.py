"""What `config validate` says about a fly.toml."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.local.stand_in.go_values import parse_duration
from flyctl_orchestrator.local.stand_in.toml.groups import group_names, services_of
from flyctl_orchestrator.local.stand_in.toml.load import FlyToml
from flyctl_orchestrator.local.stand_in.toml.validate_mounts import mount_problems
from flyctl_orchestrator.local.stand_in.toml.words import split_words

STRATEGIES = ("canary", "rolling", "immediate", "bluegreen")
RESTART_POLICIES = ("always", "never", "on-failure")
_SECOND = 1_000_000_000
_Table = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """The lines to show and whether the file may be deployed."""

    lines: list[str]
    valid: bool


@dataclass(frozen=True)
class _Remark:
    text: str
    fatal: bool = True


def validate(toml: FlyToml) -> Verdict:
    """Everything that is wrong or doubtful with a fly.toml."""
    remarks = list(_remarks(toml.settings))
    valid = not toml.problem and not any(remark.fatal for remark in remarks)
    said = "".join(remark.text for remark in remarks)
    end = "✓ Configuration is valid\n" if valid else f"\n   ✘{toml.problem or 'invalid app configuration'}\n"
    return Verdict(f"Validating {toml.path}\n{said}{end}".splitlines(), valid)


def _remarks(settings: _Table) -> Iterator[_Remark]:
    yield from _strategies(settings.get("build", {}))
    yield from _deploy(settings)
    yield from _checks(settings)
    yield from _services(settings)
    yield from _processes(settings)
    if not _splits(settings.get("console_command", "")):
        yield _Remark(f"Can't shell split console command: '{settings['console_command']}'\n")
    for problem in mount_problems(settings):
        yield _Remark(problem + "\n")
    yield from _restart(settings)
    yield from _compression(settings.get("build", {}))


def _strategies(build: _Table) -> Iterator[_Remark]:
    found = [f'the "{build["image"]}" docker image'] if build.get("image") else []
    found += ["a buildpack"] if build.get("builder") or build.get("buildpacks") else []
    if build.get("dockerfile"):
        found.append(f'the "{build["dockerfile"]}" dockerfile')
    elif build.get("build-target"):
        found.append("a dockerfile")
    found += [f'the "{build["builtin"]}" builtin image'] if build.get("builtin") else []
    if len(found) > 1:
        yield _Remark(f"WARN more than one build configuration found: [{', '.join(found)}]\n", fatal=False)


def _deploy(settings: _Table) -> Iterator[_Remark]:
    deploy = settings.get("deploy", {})
    if not _splits(deploy.get("release_command", "")):
        yield _Remark(f"Can't shell split release command: '{deploy['release_command']}'\n")
    strategy = deploy.get("strategy", "")
    if strategy and strategy not in STRATEGIES:
        yield _Remark(
            f"unsupported deployment strategy '{strategy}'; Apps v2 supports the following strategies: "
            + ", ".join(STRATEGIES)
        )
    if strategy == "canary" and settings.get("mounts"):
        yield _Remark("error canary deployment strategy is not supported when using mounted volumes")


def _splits(command: str) -> bool:
    return _split_problem(command) == ""


def _split_problem(command: str) -> str:
    try:
        split_words(command)
    except ValueError as error:
        return str(error)
    return ""


def _checks(settings: _Table) -> Iterator[_Remark]:
    for name, check in settings.get("checks", {}).items():
        if check.get("type") not in ("http", "tcp"):
            yield _Remark(
                f"Can't process top level check '{name}': Missing or invalid check type, must be 'http' or 'tcp'\n"
            )
        if "interval" in check and parse_duration(check["interval"]) < 2 * _SECOND:
            yield _Remark(f"Check '{name}' interval is too short: {check['interval']}, minimum is 2 seconds\n")
        if "timeout" in check and parse_duration(check["timeout"]) > 60 * _SECOND:
            yield _Remark(f"Check '{name}' timeout is too long: {check['timeout']}, maximum is 60 seconds\n")


def _services(settings: _Table) -> Iterator[_Remark]:
    names, count = group_names(settings), len(settings.get("processes", {}))
    for service in services_of(settings):
        wanted = service.get("processes", [])
        if not wanted and count:
            yield _Remark(
                f"Service has no processes set but app has {count} processes defined; "
                "update fly.toml to set processes for each service\n"
            )
        for name in wanted:
            if name not in names:
                yield _Remark(
                    f"Service specifies '{name}' as one of its processes, but no processes are defined with that "
                    f"name; update fly.toml [processes] to add '{name}' process or remove it from service's "
                    "processes list\n"
                )
        if not service.get("ports"):
            yield _Remark(
                "WARNING: Service must expose at least one port. Add a [[services.ports]] section to fly.toml; "
                "Check docs at https://fly.io/docs/reference/configuration/#services-ports \n "
                "Validation for _services without ports_ will hard fail after February 15, 2024.",
                fatal=False,
            )
        for kind, checks in (("TCP", service.get("tcp_checks", [])), ("HTTP", service.get("http_checks", []))):
            for check in checks:
                yield from _service_check(kind, check)


def _service_check(kind: str, check: _Table) -> Iterator[_Remark]:
    for key, called in (("interval", "an interval"), ("timeout", "a timeout"), ("grace_period", "a grace period")):
        if key not in check:
            continue
        value, lenient = parse_duration(check[key]), key == "grace_period"
        if value < _SECOND and not (lenient and value == 0):
            small = "that is non-zero and less" if lenient else "less"
            bound = f"{small} than 1 second ({check[key]}); this will be raised to 1 second"
        elif value > 60 * _SECOND:
            bound = f"greater than 1 minute ({check[key]}); this will be lowered to 1 minute"
        else:
            continue
        yield _Remark(f"WARN Service {kind} check has {called} {bound}\n", fatal=False)


def _processes(settings: _Table) -> Iterator[_Remark]:
    for name, command in settings.get("processes", {}).items():
        if problem := _split_problem(command):
            yield _Remark(f"Could not parse command for '{name}' process group; check [processes] section: {problem}\n")


def _restart(settings: _Table) -> Iterator[_Remark]:
    for section in settings.get("restart", []):
        for name in section.get("processes", []):
            if name not in group_names(settings):
                yield _Remark(
                    f"Restart policy specifies '{name}' as one of its processes, but no processes are defined with "
                    f"that name; update fly.toml [processes] to add '{name}' process or remove it from restart "
                    "policy's processes list\n"
                )
        if section.get("policy", "") not in RESTART_POLICIES:
            yield _Remark(f"invalid restart policy: {section.get('policy', '')}\n")


def _compression(build: _Table) -> Iterator[_Remark]:
    kind, level = build.get("compression", ""), build.get("compression_level", 0)
    if kind not in ("", "gzip", "zstd"):
        yield _Remark(f"Invalid value '{kind}' for compression. Valid options are 'gzip', 'zstd', or leave unset.\n")
    if not 0 <= level <= 9:
        yield _Remark(f"Invalid value '{level}' for compression level. Must be an integer between 0 and 9.\n")
