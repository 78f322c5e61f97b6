"""Makes of a good answer one that no platform gives: broken, cut, of another shape, of another status, or none at all.

What comes out can never be taken for a good answer that says something else: it is either recognisably wrong, or
differs only in what nobody reads. (A list that just lacks a machine is not made here; nobody could tell.)
"""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError

PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in</body></html>\n"
STATUSES: tuple[int, ...] = (
    100,
    203,
    206,
    226,
    300,
    301,
    302,
    303,
    307,
    308,
    400,
    401,
    403,
    404,
    405,
    408,
    409,
    410,
    412,
    418,
    422,
)
STATUSES += (425, 429, 451, 500, 501, 502, 503, 504, 520, 599, 600, 777, 999)
BODIES: tuple[bytes, ...] = (
    PAGE,
    b"",
    b" ",
    b"null",
    b"true",
    b"0",
    b'""',
    b'"ok"',
    b"{",
    b"[",
    b"}{",
    b"NaN",
    b"-",
    b"[[]]",
    b"[null]",
)
BODIES += (b"[{}]", b'[{"id":"x"}]', b"\xef\xbb\xbf[]", b"\xff\xfe[\x00]\x00", b"\x00", b"404 page not found\n", b"[]]")
BODIES += (b"[" * 100_000, b'{"a":' * 100_000, b"x" * 100_000, b'{"data":null}', b'{"data":[]}', b"[1e999]", b"[],[]")
HEADERS = ("content-type", "retry-after", "fly-request-id", "location")
HEADER_VALUES = ("text/html", "²", "-1", "1e9", "nan", "9" * 400, "\x1b[31m", "a" * 5000, "\xff\xfe", "")
# An answer that is lost. That nothing arrived in the first place ("refused", "dns") is said of what was not done only.
ERRORS = ("timeout", "reset", "tls", "unreadable", "other")
# What a value is replaced by; never by one of its own type.
STRANGERS: tuple[Any, ...] = ("\ud800", 7, -1, 10**40, True, [], {}, [[]], {"a": 1}, "text", 1.5, ["x"], [{}])
# Where a missing or empty value is a good answer that says something else.
MEANINGFUL = frozenset({"metadata", "secrets"})


@dataclass(frozen=True)
class Mutated:
    """What becomes of an answer.

    Attributes:
        kind: which mutation it was.
        answer: what is received; an HttpError when nothing is.
        wire: the bytes to send over a socket instead, None when the answer is handed over as it is.
    """

    kind: str
    answer: HttpAnswer | HttpError
    wire: bytes | None = None


def mutate(good: HttpAnswer, chance: Random) -> Mutated:
    """One of all the ways in which an answer can be wrong."""
    kind = chance.choice(list(KINDS))
    made = KINDS[kind](good, chance)
    if made is None:
        return mutate(good, chance)
    return made if isinstance(made, Mutated) else Mutated(kind, made)


Made = HttpAnswer | HttpError | Mutated | None


def _cut(good: HttpAnswer, chance: Random) -> Made:
    """The body ends too soon."""
    return _with(good, good.body[: chance.randrange(len(good.body))]) if len(good.body) > 2 else None


def _bytes(good: HttpAnswer, chance: Random) -> Made:
    """Bytes in the body that JSON does not have anywhere."""
    at = chance.randrange(len(good.body) + 1)
    strange = chance.choice([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\x00", b"\x1f"])
    return _with(good, good.body[:at] + strange + good.body[at:])


def _structure(good: HttpAnswer, chance: Random) -> Made:
    """A bracket, quote, comma or colon too many."""
    if not good.body:
        return None
    at = chance.choice([0, len(good.body)])
    return _with(good, good.body[:at] + chance.choice([b"{", b"[", b"]", b"}", b'"', b",", b":"]) + good.body[at:])


def _body(good: HttpAnswer, chance: Random) -> Made:
    """Another body altogether. An acknowledgement may be empty, so it gets none of those."""
    body = chance.choice(BODIES)
    return None if not body.strip() and not _says(good) else _with(good, body)


def _status(good: HttpAnswer, chance: Random) -> Made:
    """Another status, with the body of the good answer or with a page."""
    status = chance.choice(STATUSES)
    if status < 300 and status != 100:
        # It is a good answer all the same.
        return HttpAnswer(status, good.headers, good.body)
    return HttpAnswer(status, good.headers, chance.choice([good.body, PAGE, b""]))


def _empty(good: HttpAnswer, chance: Random) -> Made:
    """204 where something was to be said."""
    return HttpAnswer(204, good.headers) if _says(good) else None


def _redirect(good: HttpAnswer, chance: Random) -> Made:
    """A redirect to somewhere."""
    target = chance.choice(["https://login.test/", "/v1/apps", "http://[", "", "//x", "javascript:1"])
    return HttpAnswer(chance.choice([301, 302, 303, 307, 308]), {"location": target}, chance.choice([b"", PAGE]))


def _header(good: HttpAnswer, chance: Random) -> Made:
    """Headers that nobody should trip over; with a status that has them looked at."""
    headers = {**good.headers, chance.choice(HEADERS): chance.choice(HEADER_VALUES)}
    return HttpAnswer(chance.choice([good.status, 429, 503]), headers, good.body)


def _none(good: HttpAnswer, chance: Random) -> Made:
    """No answer that can be read to its end."""
    return HttpError(chance.choice(ERRORS))  # type: ignore[arg-type]


def _shape(good: HttpAnswer, chance: Random) -> Made:
    """One value in the JSON replaced by one of another type, by null, wrapped, or taken out."""
    value = _json(good)
    if value is None:
        return None
    path = chance.choice(list(_paths(value)))
    new = copy.deepcopy(value)
    parent: Any = new
    for step in path[:-1]:
        parent = parent[step]
    old = parent[path[-1]] if path else new
    how = chance.choice(["swap", "swap", "swap", "null", "wrap", "drop", "deep", "number"])
    key = path[-1] if path else None
    within = "config" in path[:-1] or "user_config" in path[:-1]
    if how in ("null", "drop") and (key in MEANINGFUL or within or not isinstance(parent, dict) or not path):
        return None
    if how == "drop":
        del parent[key]
    else:
        fresh = _other(old, how, chance)
        if fresh is None and how != "null":
            return None
        if not path:
            new = fresh
        else:
            parent[key] = fresh
    return _with(good, _dumped(new))


def _other(old: Any, how: str, chance: Random) -> Any:
    if how == "null":
        return None
    if how == "wrap":
        return chance.choice([[old], {"data": old}, [[old]]])
    if how == "deep":
        return _Raw("[" * 50_000)
    if how == "number":
        return _Raw(chance.choice(["NaN", "Infinity", "-Infinity", "1e999", "0123", "1" * 5000, "--1", "0x10"]))
    strangers = [each for each in STRANGERS if not _same_type(each, old)]
    return copy.deepcopy(chance.choice(strangers))


def _same_type(one: Any, other: Any) -> bool:
    def kind(value: Any) -> str:
        if isinstance(value, bool) or value is None:
            return "bool" if value is not None else "null"
        return "number" if isinstance(value, int | float) else type(value).__name__

    return kind(one) == kind(other) and one != "\ud800"


class _Raw(str):
    """Text that goes into JSON as it is."""


def _dumped(value: Any) -> bytes:
    raws: list[str] = []

    def hide(each: Any) -> Any:
        if isinstance(each, _Raw):
            raws.append(each)
            return f"@raw{len(raws) - 1}@"
        if isinstance(each, dict):
            return {key: hide(inner) for key, inner in each.items()}
        return [hide(inner) for inner in each] if isinstance(each, list) else each

    text = json.dumps(hide(value))
    for number, raw in enumerate(raws):
        text = text.replace(f'"@raw{number}@"', raw)
    return text.encode()


def _double(good: HttpAnswer, chance: Random) -> Made:
    """The same machine twice in a list."""
    value = _json(good)
    if not isinstance(value, list) or not value or not isinstance(value[0], dict) or "id" not in value[0]:
        return None
    return _with(good, json.dumps([*value, chance.choice(value)]).encode())


# --- on the wire


def _wire(good: HttpAnswer, chance: Random) -> Made:
    """Lies about length, pieces and compression, which only a real client can fall for."""
    body = good.body
    if not body:
        return None
    plain = b"Content-Type: application/json\r\n"
    lies: dict[str, Callable[[], bytes]] = {
        "wire: too short": lambda: plain + b"Content-Length: %d\r\n\r\n" % (len(body) + 10) + body,
        "wire: too long": lambda: plain + b"Content-Length: %d\r\n\r\n" % (len(body) // 2) + body,
        "wire: no length": lambda: plain + b"Content-Length: many\r\n\r\n" + body[: len(body) // 2],
        "wire: two lengths": lambda: plain + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n" + body,
        "wire: half a chunk": lambda: _chunked(plain, b"%x\r\n" % (len(body) + 9) + body),
        "wire: no chunks": lambda: _chunked(plain, body),
        "wire: chunk garbage": lambda: _chunked(plain, b"zz\r\n" + body + b"\r\n0\r\n\r\n"),
        "wire: no gzip": lambda: _packed(b"gzip", body),
        "wire: half a gzip": lambda: _packed(b"gzip", gzip.compress(body)[: len(body) // 4]),
        "wire: gzip garbage": lambda: _packed(b"gzip", gzip.compress(body)[:12] + b"\xff" * 40),
        "wire: twice": lambda: _packed(b"gzip, gzip", gzip.compress(body)),
        "wire: a bomb": lambda: _packed(b"gzip", BOMB),
        "wire: many headers": lambda: b"X: 1\r\n" * 150 + b"\r\n" + body,
        "wire: nothing": lambda: b"",
    }
    kind = chance.choice(list(lies))
    said = b"HTTP/1.1 %d OK\r\n" % good.status + lies[kind]()
    return Mutated(kind, good, b"" if kind == "wire: nothing" else said)


BOMB = gzip.compress(bytes(64 * 1024 * 1024), mtime=0)


def _chunked(head: bytes, rest: bytes) -> bytes:
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + rest


def _packed(encoding: bytes, body: bytes) -> bytes:
    return b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding, len(body)) + body


KINDS: dict[str, Callable[[HttpAnswer, Random], Made]] = {
    "cut": _cut,
    "bytes": _bytes,
    "structure": _structure,
    "body": _body,
    "status": _status,
    "empty": _empty,
    "redirect": _redirect,
    "header": _header,
    "none": _none,
    "shape": _shape,
    "shape, again": _shape,
    "shape, and again": _shape,
    "double": _double,
    "wire": _wire,
}


# --- small change


def _with(good: HttpAnswer, body: bytes) -> HttpAnswer:
    return HttpAnswer(good.status, good.headers, body)


def _says(good: HttpAnswer) -> bool:
    """Whether an answer says more than that something was done."""
    return good.status < 300 and good.body not in (b"", b'{"ok": true}')


def _json(good: HttpAnswer) -> Any:
    return json.loads(good.body) if good.body else None


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every value in a JSON value is."""
    found = [at]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        found += _paths(each, (*at, key))
    return found
