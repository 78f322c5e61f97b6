"""`secrets import` reads the same text the same way in flyctl and in the stand-in, quirks and all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.local.stand_in.failures import Failure
from flyctl_orchestrator.local.stand_in.secrets_text import ParserPanic, parse_secrets
from flyctl_orchestrator.project.envfile import parse_env
from tests.parity.parity_clients import Client, environment, stand_in_program
from tests.parity.served_platform import TOKEN, ServedPlatform

pytestmark = pytest.mark.real_flyctl

EXAMPLES = 40
PANIC = 3

_names = st.sampled_from(["A", "B", "KEY", " C", "D ", "e_1"])
# Dense in what the parser cares about: quotes, hashes, blanks, equals signs.
_values = st.text(st.sampled_from(list("ab \"'#=\\$é\t")), max_size=12)
_triple = st.builds('"""{}"""'.format, _values)
_pairs = st.builds("{}={}".format, _names, st.one_of(_values, _triple))
_open = st.builds('{}="""{}'.format, _names, _values)
_lines = st.one_of(_pairs, _pairs, _open, _values, st.builds("#{}".format, _values), st.just('end"""'), st.just(""))
_texts = st.builds(str.join, st.sampled_from(["\n", "\n", "\r\n"]), st.lists(_lines, min_size=1, max_size=6))


@pytest.fixture(scope="module")
def watched() -> Iterator[ServedPlatform]:
    with ServedPlatform() as platform:
        platform.inside(lambda inner: inner.apps.create("demo"))
        yield platform


@pytest.fixture(scope="module")
def programs(flyctl: str, watched: ServedPlatform, tmp_path_factory: pytest.TempPathFactory) -> tuple[Client, Client]:
    def client(program: tuple[str, ...], home: Path) -> Client:
        return Client(program, home, environment(watched.port, TOKEN, home))

    place = tmp_path_factory.mktemp
    return client((flyctl,), place("real")), client(stand_in_program(), place("stand-in"))


def imported(client: Client, served: ServedPlatform, text: str) -> dict[str, str] | int:
    """What a program sent to the platform, or the status with which it ended instead."""
    before = len(served.asked)
    ran = client.run("secrets", "import", "--stage", "-a", "demo", stdin=text)
    sent = [one.body["values"] for one in served.asked[before:] if one.path.endswith("/secrets")]
    return sent[-1] if sent else ran.status


def parsed(text: str) -> dict[str, str] | int:
    """What the stand-in makes of a text, without the program around it."""
    try:
        return parse_secrets(text) or 1
    except Failure:
        return 1
    except ParserPanic:
        return PANIC


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=_texts)
def test_any_text_is_read_as_flyctl_reads_it(
    text: str, watched: ServedPlatform, programs: tuple[Client, Client]
) -> None:
    assert parsed(text) == imported(programs[0], watched, text)


@pytest.mark.parametrize(
    "text",
    [
        "A=1\nB=two words\n",
        "A=\"x#y\"\nB=x#y\nC='x#y'\n",
        'K="""one\n two\n\nthree"""\nL=4\n',
        "A=" + "x" * 65_534 + "\nB=2\n",
        "A=1\nB=" + "x" * 65_533 + "\nC=3\n",
        "A=1\nB=" + "x" * 65_534 + "\nC=3\n",
        "A='\n",
        "nothing here\n",
        "",
        "A=1\nnot a pair\n",
        'A="""never closed\n',
    ],
)
def test_both_programs_send_the_same(text: str, watched: ServedPlatform, programs: tuple[Client, Client]) -> None:
    theirs, ours = (imported(program, watched, text) for program in programs)
    assert ours == theirs


FOR_EVERYBODY = """# what people keep in such files
PLAIN=postgres://u:p@host:5432/db?sslmode=require
SPACED = two words
SINGLE='single $quoted'
DOUBLE="double quoted"  # why
JSON="{"type": "service_account", "n": 1}"
EMPTY=
EQUALS=YWJjZA==
OPEN="not closed
PEM=\"\"\"-----BEGIN KEY-----
MIIB=/+

-----END KEY-----\"\"\"
SHORT=\"\"\"in one line\"\"\"
UNICODE=schön
PLAIN=the last one counts
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_file_holds_the_same_for_flyctl_and_for_us(
    ends: str, watched: ServedPlatform, programs: tuple[Client, Client]
) -> None:
    text = FOR_EVERYBODY.replace("\n", ends)
    assert parse_env(text, shown=".env").values == imported(programs[0], watched, text)
