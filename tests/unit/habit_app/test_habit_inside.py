"""Who is believed between machines, and where they look for each other."""

from __future__ import annotations

import pytest

from habit_app.inside.network import Place, primary_place
from habit_app.inside.signing import WINDOW_SECONDS, BadSignature, Signer

SIGNER = Signer(b"a secret that only these tests know")
NOW = 1_769_774_400
PATH = "/internal/snapshot"
FLY = {"PRIMARY_REGION": "iad", "FLY_APP_NAME": "habits", "FLY_REGION": "nrt"}


def test_a_question_is_accepted_for_a_while() -> None:
    question = SIGNER.question(PATH, b"ada", NOW)
    for late in (-WINDOW_SECONDS, 0, WINDOW_SECONDS):
        SIGNER.check_question(question, PATH, b"ada", NOW + late)
    for late in (-WINDOW_SECONDS - 1, WINDOW_SECONDS + 1):
        with pytest.raises(BadSignature):
            SIGNER.check_question(question, PATH, b"ada", NOW + late)


@pytest.mark.parametrize(
    ("path", "body"), [(PATH, b"bob"), ("/internal/revisions", b"ada"), (PATH + "a", b"da"), (PATH, b"")]
)
def test_a_question_is_for_one_thing(path: str, body: bytes) -> None:
    with pytest.raises(BadSignature):
        SIGNER.check_question(SIGNER.question(PATH, b"ada", NOW), path, body, NOW)


def test_an_answer_is_to_one_question() -> None:
    question = SIGNER.question(PATH, b"ada", NOW)
    answer = SIGNER.answer(question, b"data")
    SIGNER.check_answer(answer, question, b"data")
    for other, body in ((question, b"date"), (SIGNER.question(PATH, b"bob", NOW), b"data"), ("", b"data")):
        with pytest.raises(BadSignature):
            SIGNER.check_answer(answer, other, body)
    with pytest.raises(BadSignature):
        SIGNER.check_answer("\N{BLACK HEART SUIT}", question, b"data")


def test_the_primary_is_found_by_its_name_where_there_is_a_private_network() -> None:
    assert primary_place({**FLY, "FLY_PRIVATE_IP": "127.0.0.1"}) == Place("iad.habits.internal:8080", "nrt")
    assert primary_place({**FLY, "FLY_PRIVATE_IP": "127.0.0.1", "PORT": "9"}) == Place("iad.habits.internal:9", "nrt")


def test_a_platform_on_a_laptop_may_name_a_stand_in() -> None:
    place = primary_place({**FLY, "FLY_PRIVATE_IP": "fdaa::1", "FLY_LOCAL_INTERNAL": "127.0.0.1:4280"})
    assert place == Place("iad.habits.internal", "nrt", "127.0.0.1:4280")


@pytest.mark.parametrize("address", ["", "fdaa:0:1::2", "nonsense", "192.0.2.1"])
def test_without_a_private_network_nobody_is_asked(address: str) -> None:
    assert primary_place({**FLY, "FLY_PRIVATE_IP": address}) is None
    assert primary_place({"FLY_LOCAL_INTERNAL": "127.0.0.1:4280"}) is None
