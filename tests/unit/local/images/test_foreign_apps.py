"""The measurement of a folder of apps: which are apps, what they are made of, and what the table says."""

from __future__ import annotations

from bench.foreign_apps import Result, apps_in, kind_of, last_words, table
from tests.unit.local.images.conftest import Write


def test_apps_are_directories_with_both_files(context: Write) -> None:
    root = context(
        {"b/fly.toml": "", "b/Dockerfile": "", "a/fly.toml": "", "a/Dockerfile": "", "c/fly.toml": "", "d": ""}
    )
    assert [app.name for app in apps_in(root, [])] == ["a", "b"]
    assert [app.name for app in apps_in(root, ["b", "x"])] == ["b"]


def test_the_kind_is_the_images_it_is_from(context: Write) -> None:
    text = "FROM --platform=linux/amd64 node:20 AS build\nfrom ghcr.io/x/uv:python3.13@sha256:1\nFROM node:20-slim\n"
    assert kind_of(context({"a/Dockerfile": text}) / "a") == "node, uv"


def test_the_last_words_of_a_deploy_are_its_error_and_the_advice() -> None:
    assert last_words("built\nflyo: app a: it failed [exited]\n") == "app a: it failed [exited]"
    assert last_words("one\ntwo\n") == "two"


def test_the_table_counts_and_tells_what_was_said(context: Write) -> None:
    root = context({f"{name}/{file}": "FROM a" for name in ("one", "two") for file in ("fly.toml", "Dockerfile")})
    results = {
        "container": [Result(True, 1.0), Result(True, 2.0)],
        "process": [Result(True, 1), Result(False, 1, "no")],
    }
    lines = table(apps_in(root, []), results)
    assert lines[3].split() == ["2", "of", "2", "1", "of", "2"]
    assert lines[-1] == "process two: no"
