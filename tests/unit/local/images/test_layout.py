"""Where COPY and ADD put files."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from flyctl_orchestrator.local.images.context import scan
from flyctl_orchestrator.local.images.dockerfile import parse
from flyctl_orchestrator.local.images.failure import BuildFailed
from flyctl_orchestrator.local.images.ignore import Ignore
from flyctl_orchestrator.local.images.layout import Layout, lay_out, placements
from flyctl_orchestrator.local.images.stages import read_stages
from tests.unit.local.images.conftest import Write

_FILES = {"app/main.py": "m", "app/lib/x.py": "x", "run.sh": "r", "README.md": "d", "conf/a.ini": "", "conf/b.ini": ""}


def _laid_out(context: Write, text: str, files: Mapping[str, str] = _FILES, ignore: str = "") -> Layout:
    file = parse(text)
    stages = read_stages(file)
    return lay_out(file, stages, stages[-1], scan(context(files), Ignore(ignore)))


def _files(layout: Layout) -> set[str]:
    return {path for path, item in layout.tree.items() if item.kind == "file"}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("WORKDIR /srv\nCOPY app/ ./", {"srv/main.py", "srv/lib/x.py"}),
        ("WORKDIR /srv\nCOPY app .", {"srv/main.py", "srv/lib/x.py"}),
        ("COPY app /srv/app", {"srv/app/main.py", "srv/app/lib/x.py"}),
        ("COPY run.sh /usr/local/bin/", {"usr/local/bin/run.sh"}),
        ("COPY run.sh /start", {"start"}),
        ("WORKDIR /a\nCOPY run.sh start", {"a/start"}),
        ("WORKDIR /a\nCOPY run.sh /a", {"a/run.sh"}),
        ("WORKDIR /a/b\nCOPY run.sh ..", {"a/run.sh"}),
        ("COPY run.sh README.md /x/", {"x/run.sh", "x/README.md"}),
        ("COPY conf/*.ini /etc/", {"etc/a.ini", "etc/b.ini"}),
        ("COPY *.nothing run.sh /x/", {"x/run.sh"}),
        ("COPY --parents conf/a.ini app/lib /x/", {"x/conf/a.ini", "x/app/lib/x.py"}),
        ("COPY --exclude=lib --exclude=*.md app /x", {"x/main.py"}),
        ("COPY /app /x", {"x/main.py", "x/lib/x.py"}),
        ("COPY ../app /x", {"x/main.py", "x/lib/x.py"}),
        ('COPY ["run.sh", "/with space/"]', {"with space/run.sh"}),
        ("ADD run.sh /x/", {"x/run.sh"}),
        ("COPY app /x\nCOPY conf /x", {"x/main.py", "x/lib/x.py", "x/a.ini", "x/b.ini"}),
    ],
)
def test_copy(context: Write, lines: str, expected: set[str]) -> None:
    assert _files(_laid_out(context, f"FROM a\n{lines}")) == expected


def test_the_whole_context_is_the_common_case(context: Write) -> None:
    layout = _laid_out(context, "FROM a\nWORKDIR /app\nCOPY . .", ignore="*.md")
    assert _files(layout) == {f"app/{name}" for name in _FILES if name != "README.md"}


def test_a_here_document_is_a_file(context: Write) -> None:
    layout = _laid_out(context, "FROM a\nENV V=1\nCOPY --chmod=755 <<EOF <<b /x/\nv=$V 'q'\nEOF\n2\nb\n")
    assert layout.tree["x/EOF"].content == b"v=1 'q'\n"
    assert layout.tree["x/EOF"].executable
    assert layout.tree["x/b"].content == b"2\n"


def test_a_link_that_is_itself_copied_is_followed_and_one_inside_a_directory_is_kept(context: Write) -> None:
    root = context(_FILES)
    (root / "link").symlink_to("app")
    (root / "app/start").symlink_to("main.py")
    layout = _laid_out(context, "FROM a\nCOPY link /x")
    assert _files(layout) == {"x/main.py", "x/lib/x.py"}
    assert layout.tree["x/start"].kind == "link"


def test_files_come_from_earlier_stages_by_from_and_by_copy(context: Write) -> None:
    text = (
        "FROM node AS base\nWORKDIR /app\n"
        "FROM base AS build\nCOPY run.sh ./\nRUN npm ci\nCOPY . .\nRUN npm run build\n"
        "FROM base\nCOPY --from=build /app /app\nCOPY --from=build /app/dist /app/public\n"
        "COPY --from=nginx /etc/nginx /n\n"
    )
    layout = _laid_out(context, text)
    assert _files(layout) == {f"app/{name}" for name in _FILES}
    assert [(u.origin, u.source, u.target) for u in layout.unmet] == [
        ("build", "app/dist", "app/public"),
        ("nginx", "etc/nginx", "n"),
    ]
    assert len(layout.runs) == 2


def test_making_executable_and_making_directories_are_honoured(context: Write) -> None:
    text = (
        "FROM a\nWORKDIR /app\nCOPY . .\n"
        "RUN apt-get update && chmod +x run.sh && mkdir -m 700 data && rm run.sh\n"
        "RUN install -d -o 1 -g 1 /var/lib/x\n"
        "RUN chmod -R 755 conf; chmod 644 app/main.py; chmod +x $NAME\n"
    )
    layout = _laid_out(context, text)
    executable = {path for path, item in layout.tree.items() if item.executable}
    assert executable == {"app/run.sh", "app/conf/a.ini", "app/conf/b.ini"}
    assert layout.tree.is_directory("app/data")
    assert not {"app/700", "app/1"} & set(layout.tree)
    assert layout.tree.is_directory("var/lib/x")


@pytest.mark.parametrize(
    ("line", "error", "hint"),
    [
        ("COPY nothing /x", "COPY nothing: there is no such file in the build context", "Its sources are relative to"),
        ("COPY README.md /x", "because .dockerignore leaves it out", "Change .dockerignore."),
        ("COPY run.sh app /x", "needs a directory: end `/x` with a slash", "Fix Dockerfile."),
    ],
)
def test_what_cannot_be_copied_is_an_error_with_its_line(context: Write, line: str, error: str, hint: str) -> None:
    with pytest.raises(BuildFailed) as caught:
        _laid_out(context, f"FROM a\n{line}", ignore="*.md")
    assert caught.value.error.startswith("Dockerfile:2: ")
    assert error in caught.value.error
    assert caught.value.hint.startswith(hint)


def test_what_add_cannot_do_here_is_said(context: Write) -> None:
    layout = _laid_out(context, "FROM a\nADD https://example.com/x /x\nADD a.tar.gz /y/", {"a.tar.gz": ""})
    assert _files(layout) == {"y/a.tar.gz"}
    assert ["https" in notice for notice in layout.notices] == [True, False]
    assert "not unpacked" in layout.notices[1]


def test_where_a_directory_went(context: Write) -> None:
    layout = _laid_out(context, "FROM a\nWORKDIR /srv\nCOPY app ./\nCOPY run.sh /bin/\nCOPY conf /etc/deep/conf")
    assert list(placements(layout.tree, "app")) == ["srv"]
    assert list(placements(layout.tree, "")) == ["bin"]
    assert list(placements(layout.tree, "conf")) == ["etc/deep/conf"]
    assert list(placements(layout.tree, "missing")) == []
