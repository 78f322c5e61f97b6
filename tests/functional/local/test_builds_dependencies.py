"""Dependencies of local images: really installed, once per content, and never half."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from tests.functional.local.builds_bench import bench, lines, run_machine, write_files, write_wheel
from tests.waiting import until

_DOCKERFILE = 'FROM python:3\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD ["tiny"]\n'


def _python_app(root: Path, version: str = "1.0") -> Path:
    write_wheel(root / "vendor", "tiny", version, f"def main():\n    print('tiny {version}')\n")
    requirements = f"--no-index\n--find-links vendor\ntiny=={version}\n"
    return write_files(root, {"Dockerfile": _DOCKERFILE, "requirements.txt": requirements, "app.py": "import tiny\n"})


def _commands(events: list[dict[str, str]]) -> list[str]:
    return [line for line in lines(events) if line.startswith("$ ")]


def _kept(store: Path) -> list[str]:
    return sorted(path.name for path in (store / "dependencies").iterdir())


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_requirements_are_installed_once_and_again_when_they_change(tmp_path: Path) -> None:
    context, store = _python_app(tmp_path / "context"), tmp_path / "store"

    async def scenario() -> None:
        async with bench(store, os.environ) as server:
            first = await server.build(context)
            assert _commands(first) == ["$ pip install -r requirements.txt"]
            assert any("Successfully installed tiny-1.0" in line for line in lines(first))
            old = server.store.resolve("shop:v1")
            assert run_machine(old, tmp_path / "m") == "tiny 1.0\n"
            assert run_machine(old, tmp_path / "m", "/usr/local/bin/python", "/app/app.py") == ""

            write_files(context, {"app.py": "print('changed')\n"})
            code = await server.build(context)
            assert (_commands(code), code[-1]["cached"]) == ([], False)

            _python_app(context, "2.0")
            assert _commands(await server.build(context)) == ["$ pip install -r requirements.txt"]
            assert run_machine(server.store.resolve("shop:v1"), tmp_path / "m2") == "tiny 2.0\n"
            assert run_machine(old, tmp_path / "m") == "tiny 1.0\n"

    asyncio.run(scenario())


def test_a_restart_keeps_them_and_a_broken_environment_is_made_again(tmp_path: Path) -> None:
    context, store = _python_app(tmp_path / "context"), tmp_path / "store"

    async def scenario() -> None:
        async with bench(store, os.environ) as server:
            first = (await server.build(context))[-1]
        async with bench(store, os.environ) as server:
            assert (await server.build(context))[-1]["cached"] is True
            shutil.rmtree(Path(server.store.resolve("shop:v1").path_prefix[0]).parent)
            again = await server.build(context)
            assert _commands(again) == ["$ pip install -r requirements.txt"]
            assert again[-1]["digest"] == first["digest"]
            assert run_machine(server.store.resolve("shop:v1"), tmp_path / "m") == "tiny 1.0\n"
        async with bench(store, os.environ) as server:
            assert len([name for name in _kept(store) if not name.endswith(".json")]) == 1

    asyncio.run(scenario())


def test_a_failing_build_says_how_and_leaves_nothing(tmp_path: Path) -> None:
    context, store = _python_app(tmp_path / "context"), tmp_path / "store"

    async def scenario() -> None:
        async with bench(store, os.environ) as server:
            events = await server.build(context, build="echo one; echo two >&2; exit 7")
            assert lines(events)[-2:] == ["one", "two"]
            assert events[-1] == {
                "event": "failed",
                "code": "build.failed",
                "error": "`echo one; echo two >&2; exit 7` ended with exit status 7: one | two",
                "hint": "'flyo deploy --verbose' shows its whole output; it ran in a copy of the build context."
                " `build` under [local] in flyo.toml says what runs there.",
            }
            missing = (await server.build(context, build="no-such-command-here"))[-1]
            assert "not installed on this computer" in missing["hint"]
            assert _kept(store) == []

    asyncio.run(scenario())


def test_a_build_that_takes_too_long_is_stopped_with_all_it_started(tmp_path: Path) -> None:
    context, store, pids = _python_app(tmp_path / "context"), tmp_path / "store", tmp_path / "pids"

    async def scenario() -> None:
        async with bench(store, os.environ, timeout_seconds=0.7) as server:
            command = f"sleep 60 & echo $! > {pids}; echo $$ >> {pids}; wait"
            failed = (await server.build(context, build=command))[-1]
            assert (failed["code"], "longer than 0.7 s" in failed["error"]) == ("build.timeout", True)
            await until(lambda: not any(_alive(int(pid)) for pid in pids.read_text().split()))
            assert _kept(store) == []

    asyncio.run(scenario())


def test_a_client_that_goes_away_stops_its_build(tmp_path: Path) -> None:
    context, store, pids = _python_app(tmp_path / "context"), tmp_path / "store", tmp_path / "pids"

    async def scenario() -> None:
        async with bench(store, os.environ) as server:
            command = f"sleep 60 & echo $! > {pids}; echo started; wait"
            answer = await server.ask({"app": "shop", "label": "v1", "context": str(context), "build": command})
            async for line in answer.content:
                if json.loads(line)["line"] == "started":
                    break
            answer.close()
            pid = int(pids.read_text())
            await until(lambda: not _alive(pid))
            await until(lambda: _kept(store) == [])

    asyncio.run(scenario())


def test_two_builds_of_the_same_dependencies_install_them_once(tmp_path: Path) -> None:
    context, count = _python_app(tmp_path / "context"), tmp_path / "count"

    async def scenario() -> None:
        async with bench(tmp_path / "store", os.environ) as server:
            command = f"echo x >> {count}; sleep 0.3"
            answers = await asyncio.gather(
                *(server.build(context, build=command, label=f"v{n}", app=f"shop{n}") for n in range(3))
            )
            assert {answer[-1]["event"] for answer in answers} == {"built"}
            assert len({answer[-1]["digest"] for answer in answers}) == 1
            assert count.read_text() == "x\n"
            waiting = [line for answer in answers for line in lines(answer) if line.startswith("waiting for another")]
            assert len(waiting) == 2

    asyncio.run(scenario())


def test_when_the_first_of_two_builds_is_given_up_the_second_does_the_work(tmp_path: Path) -> None:
    context, count = _python_app(tmp_path / "context"), tmp_path / "count"
    command = f"echo x >> {count}; echo started; if [ $(wc -l < {count}) = 1 ]; then sleep 60; fi"

    async def scenario() -> None:
        async with bench(tmp_path / "store", os.environ) as server:
            first = await server.ask({"app": "shop", "label": "v1", "context": str(context), "build": command})
            await until(count.exists)
            second = asyncio.create_task(server.build(context, build=command, label="v2"))
            first.close()
            assert (await second)[-1]["event"] == "built"
            assert count.read_text() == "x\nx\n"

    asyncio.run(scenario())


def test_a_build_sees_what_it_needs_of_the_environment_and_no_tokens(tmp_path: Path) -> None:
    context = _python_app(tmp_path / "context")
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "https_proxy": "http://proxy:1",
        "PIP_INDEX_URL": "http://index:1",
        "npm_config_registry": "http://npm:1",
        "SSL_CERT_FILE": "/cert",
        "FLY_API_TOKEN": "fly-secret",
        "FLYO_ANYTHING": "fly-secret",
        "NPM_TOKEN": "npm-secret",
        "DATABASE_URL": "db-secret",
        "PIP_TARGET": "/elsewhere",
    }

    async def scenario() -> None:
        async with bench(tmp_path / "store", environ) as server:
            events = await server.build(
                context, build="env; command -v python; command -v pip; python -m pip --version"
            )
            seen = dict(line.split("=", 1) for line in lines(events) if "=" in line and " " not in line)
            passed = {"https_proxy", "PIP_INDEX_URL", "npm_config_registry", "SSL_CERT_FILE", "HOME"}
            assert {name: seen[name] for name in passed} == {name: environ[name] for name in passed}
            assert "secret" not in json.dumps(events)
            assert not {"PIP_TARGET", "FLYO_ANYTHING"} & set(seen)
            *_, python, pip, version = lines(events)
            assert python == f"{seen['VIRTUAL_ENV']}/bin/python"
            assert pip == f"{seen['VIRTUAL_ENV']}/bin/pip"
            assert seen["VIRTUAL_ENV"] in version
            assert Path(seen["TMPDIR"]).parent == Path(seen["VIRTUAL_ENV"]).parent

    asyncio.run(scenario())


def test_packages_of_the_platform_itself_do_not_leak_into_apps(tmp_path: Path) -> None:
    context = _python_app(tmp_path / "context")

    async def scenario() -> None:
        async with bench(tmp_path / "store", os.environ) as server:
            await server.build(context)
            found = run_machine(
                server.store.resolve("shop:v1"),
                tmp_path / "m",
                "python",
                "-c",
                "import importlib.util as u, sys; print(u.find_spec('aiohttp'), sys.prefix)",
            )
            assert found.startswith("None ")
            assert sys.prefix not in found

    asyncio.run(scenario())


def test_output_comes_line_by_line_while_the_build_runs(tmp_path: Path) -> None:
    context, go_on = _python_app(tmp_path / "context"), tmp_path / "go-on"
    command = (
        f"printf 'a\\r50%%\\r100%%\\n'; printf 'half'; while [ ! -e {go_on} ]; do sleep 0.02; done; printf '\\377 end'"
    )

    async def scenario() -> None:
        async with bench(tmp_path / "store", os.environ) as server:
            answer = await server.ask({"app": "shop", "label": "v1", "context": str(context), "build": command})
            seen = []
            async for line in answer.content:
                event = json.loads(line)
                seen.append(event.get("line"))
                if event.get("line") == "100%":
                    go_on.touch()  # only now does the command go on
            assert seen[-5:-1] == ["a", "50%", "100%", "half\ufffd end"]

    asyncio.run(scenario())


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
def test_a_build_that_writes_nothing_says_that_it_goes_on(tmp_path: Path) -> None:
    """A compiler may be silent for longer than a client listens. It ends once somebody was told so."""
    context, heard = _python_app(tmp_path / "context"), tmp_path / "heard"
    goes_on, command = "still building: nothing was written for 0.05 s", f"$ read line <{heard}"
    os.mkfifo(heard)

    async def scenario() -> None:
        async with bench(tmp_path / "store", os.environ, quiet_seconds=0.05) as server:
            wanted = {"app": "shop", "label": "v1", "context": str(context), "build": f"read line <{heard}"}
            async with await server.ask(wanted) as answer:
                said: list[str] = []
                while not (said[-1:] == [goes_on] and command in said):
                    said.append(json.loads(await answer.content.readline())["line"])
                await asyncio.to_thread(heard.write_text, "on\n")
                last = [json.loads(line) async for line in answer.content][-1]
            assert last["event"] == "built", last

    asyncio.run(scenario())


def test_node_modules_are_installed_and_found_next_to_the_code(tmp_path: Path) -> None:
    context = write_files(
        tmp_path / "context",
        {
            "Dockerfile": "FROM node AS build\nWORKDIR /srv\nCOPY . .\nRUN npm ci\n"
            'FROM node\nWORKDIR /srv\nCOPY --from=build /srv /srv\nCMD ["node", "main.js"]\n',
            "package.json": json.dumps({"name": "a", "version": "1.0.0", "dependencies": {"greet": "file:./greet"}}),
            "greet/package.json": json.dumps({"name": "greet", "version": "1.0.0", "main": "i.js"}),
            "greet/i.js": "module.exports = 'greetings'\n",
            "main.js": "console.log(require('greet'))\n",
        },
    )
    environ = {**os.environ, "npm_config_cache": str(tmp_path / "cache"), "npm_config_offline": "true"}

    async def scenario() -> None:
        async with bench(tmp_path / "store", environ) as server:
            events = await server.build(context)
            assert _commands(events) == ["$ npm install"]
            image = server.store.resolve("shop:v1")
            assert list(image.links) == ["srv/node_modules"]
            assert run_machine(image, tmp_path / "m") == "greetings\n"
            assert (await server.build(context))[-1]["cached"] is True

    asyncio.run(scenario())


def test_what_a_build_command_changes_or_refers_to_is_said(tmp_path: Path) -> None:
    context = _python_app(tmp_path / "context")
    refer = "echo $PWD > app.pth; mv app.pth $VIRTUAL_ENV/lib/python3.*/site-packages"

    async def scenario() -> None:
        async with bench(tmp_path / "store", os.environ) as server:
            events = await server.build(context, build="echo x >> app.py; " + refer, inputs=["requirements.txt"])
            notices = events[-1]["notices"]
            assert any(notice.startswith("the build changed app.py: machines get") for notice in notices)
            assert any(notice.startswith("an editable install sees the code") for notice in notices)
            assert (await server.build(context, build="true"))[-1]["notices"][1:] == [
                "the build command runs again at every change: name what it depends on in `inputs` under [local]",
                "`tiny` is neither in the image nor on this computer, so machines will not start",
            ]

    asyncio.run(scenario())


def test_an_environment_that_the_command_makes_for_itself_is_the_one_used(tmp_path: Path) -> None:
    context = _python_app(tmp_path / "context")
    make = f"{sys.executable} -m venv --without-pip .venv"
    command = f"{make}; echo one=1 > one.py; mv one.py .venv/lib/python3.*/site-packages"

    async def scenario() -> None:
        async with bench(tmp_path / "store", os.environ) as server:
            assert (await server.build(context, build=command))[-1]["event"] == "built"
            image = server.store.resolve("shop:v1")
            assert run_machine(image, tmp_path / "m", "python", "-c", "import one; print(one.one)") == "1\n"

    asyncio.run(scenario())


def test_setuptools_is_there_for_a_package_that_wants_its_pkg_resources(tmp_path: Path) -> None:
    context, vendor = tmp_path / "context", tmp_path / "vendor"
    write_wheel(vendor, "old", "1.0", "def main():\n    import pkg_resources\n    print(pkg_resources.__name__)\n")
    write_wheel(vendor, "new", "1.0", "def main():\n    print('new')\n")
    dockerfile = 'FROM python:3.9\nCOPY . .\nCMD ["old"]\n'
    write_files(context, {"Dockerfile": dockerfile, "requirements.txt": "old\n"})
    environ = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(vendor)}

    async def scenario() -> None:
        async with bench(tmp_path / "store", environ) as server:
            none = await server.build(context)
            notice = "old wants pkg_resources, but setuptools could not be installed: add it to the requirements"
            assert notice in none[-1]["notices"]

            # As the real one does, this setuptools brings a module of that name along.
            _setuptools(vendor)
            write_files(context, {"requirements.txt": "old==1.0\n"})
            events = await server.build(context)
            assert _commands(events)[-1] == "$ pip install 'setuptools<81' (for old)"
            assert run_machine(server.store.resolve("shop:v1"), tmp_path / "m") == "pkg_resources\n"

            write_files(context, {"requirements.txt": "new\n"})
            assert _commands(await server.build(context)) == ["$ pip install -r requirements.txt"]

    asyncio.run(scenario())


def _setuptools(vendor: Path) -> None:
    path = write_wheel(vendor, "setuptools", "80.0", "def main():\n    pass\n")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("pkg_resources/__init__.py", "")
