"""Tells from flyctl's complaint whether the same command may well work in a moment.

flyctl prints the message of an error and not its HTTP status, so its words are all there is to go by: those of the
Machines API (which begins them with a gRPC code), of Go's network and JSON libraries, and of Docker and BuildKit.
"""

from __future__ import annotations

import re

# The way there: a connection that cannot be made, or breaks off.
_WAY = (
    r"\bEOF\b|connection reset|broken pipe|connection refused|i/o timeout|TLS handshake timeout|no such host"
    r"|deadline.exceeded|client connection is closing|code = Unavailable"
)
# Somebody who is busy, in trouble, or answers with something other than JSON.
_BUSY = (
    r"rate limit|too many requests|\b429\b|\b5\d\d\b|internal:|internal server error|unavailable|bad gateway"
    r"|gateway time-?out|invalid character '<'|unexpected end of JSON"
)
# A machine that cannot be changed right now, or a host that is full.
_NOT_NOW = (
    r"failed.precondition|precondition failed|\b412\b|getting replaced|refusing to start|aborted:|lease currently held"
    r"|could not reserve|insufficient (?:resources|memory|cpus|capacity)"
)
_BUILDER = r"no active session|remote builder app unavailable|waiting for docker daemon"
_PASSING = re.compile("|".join((_WAY, _BUSY, _NOT_NOW)), re.IGNORECASE)
_PASSING_BUILD = re.compile("|".join((_WAY, _BUSY, _BUILDER)), re.IGNORECASE)
# What the user's own commands did, whatever it sounds like. A release command is never run twice for that.
_OWN = re.compile(r"release_command|unauthorized|did not complete successfully|exit code", re.IGNORECASE)
_OWN_BUILD = re.compile(r"did not complete successfully|exit code|parse error|not found|invalid", re.IGNORECASE)


def deploy_may_pass(complaint: str) -> bool:
    """Whether a `flyctl deploy` of an image that exists failed for something that passes."""
    return bool(_PASSING.search(complaint)) and not _OWN.search(complaint)


def build_may_pass(complaint: str) -> bool:
    """Whether it was the way to the builder that failed, and not the build."""
    return bool(_PASSING_BUILD.search(complaint)) and not _OWN_BUILD.search(complaint)
