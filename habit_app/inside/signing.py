"""Signatures of what machines of one app say to each other: both know SECRET_KEY, nobody else does."""

from __future__ import annotations

import hashlib
import hmac

# How far the clocks of two machines may be apart, and how long a question may be under way.
WINDOW_SECONDS = 30
HEADER = "X-Inside"


class BadSignature(ValueError):
    """Not signed by this app, or too long ago."""


class Signer:
    """Signs questions and answers, and checks them."""

    def __init__(self, *secret_keys: bytes) -> None:
        """Sign with the first of `secret_keys`; questions signed with the others are accepted, too.

        Keys of its own are made from them, so that no cookie is ever a signature of this kind, or the other way round.
        """
        self._keys = [hmac.new(key, b"inside", hashlib.sha256).digest() for key in secret_keys]

    def question(self, path: str, body: bytes, now: int) -> str:
        """The header of a question asked at `now`, seconds since 1970."""
        return f"{now}.{self._digest(b'question', path.encode(), str(now).encode(), body)}"

    def check_question(self, header: str, path: str, body: bytes, now: int) -> Signer:
        """Accept a question, and give what signs the answer: with the key that whoever asks knows.

        Raises:
            BadSignature: do not answer it.
        """
        asked, _, _ = header.partition(".")
        if not asked.isdecimal() or len(asked) > 12 or abs(now - int(asked)) > WINDOW_SECONDS:
            raise BadSignature("asked too long ago, or by a clock that is wrong")
        for key in self._keys:
            signer = _with(key)
            if hmac.compare_digest(header.encode(), signer.question(path, body, int(asked)).encode()):
                return signer
        raise BadSignature("signed by somebody else")

    def answer(self, question: str, body: bytes) -> str:
        """The header of the answer to the question with that header: it is the answer to no other one."""
        return self._digest(b"answer", question.encode(), body)

    def check_answer(self, header: str, question: str, body: bytes) -> None:
        """Accept an answer.

        Raises:
            BadSignature: do not believe it.
        """
        if not hmac.compare_digest(header.encode(), self.answer(question, body).encode()):
            raise BadSignature("answered by somebody else")

    def _digest(self, *parts: bytes) -> str:
        lengths = b"".join(len(part).to_bytes(8, "big") for part in parts)
        return hmac.new(self._keys[0], lengths + b"".join(parts), hashlib.sha256).hexdigest()


def _with(key: bytes) -> Signer:
    signer = Signer()
    signer._keys = [key]
    return signer
