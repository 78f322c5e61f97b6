"""What the last lines of a build's command tell when it has failed: those that say why, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

# What tools write around the reason: frames of a stack, where a log is, which versions there are, pointers upwards.
_NOISE = re.compile(
    r"\s*(?:at (?:async |new )?[\w.<>\[\]$ ]*\(?(?:/|file:|node:|[A-Za-z]:\\|<anonymous>)"
    r"|npm (?:error|ERR!)(?:\s*$| A complete log| Run \"npm help)|npm (?:notice|warn|WARN)\b"
    r"|(?:npm (?:error|ERR!) )?gyp (?:ERR! (?:node|cwd|System|command|not ok|\$npm_package|stack\s+at )|info\b|http\b)"
    r"|info Visit https?:|error Command failed with exit code|ELIFECYCLE"
    r"|note: This is an issue with the package|hint: See above|\W*See above for output"
    r"|\[end of output\]|\W*$)"
)
_USAGE = re.compile(r"npm (?:error|ERR!) Usage:")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_IMAGE = re.compile(
    r"(?:source metadata for|pull access denied for|manifest for) (?:docker\.io/(?:library/)?)?([\w./:@-]*\w)"
)
_ITS_ADDRESS = re.compile(r"/v2/(?:library/)?([\w./-]+)/manifests/([\w.:-]*\w)")
_NO_IMAGE = re.compile(
    r"failed to do request: Head|failed to resolve source metadata|pull access denied|manifest (?:unknown|for \S+ not)"
    r"|Get \"https?://[^\"]+/v2/"
)
_NO_HOST = re.compile(
    r"no such host|EAI_AGAIN|ENOTFOUND|could ?n[o']t resolve|could not resolve|name resolution|nxdomain|dns error"
    r"|name or service not known|failed to lookup address|could not reach host|hostname cannot be resolved"
    r"|network is unreachable",
    re.I,
)
_HOST = re.compile(
    r"https?://([\w.-]+\.[a-z]{2,})|(?:lookup|ENOTFOUND|EAI_AGAIN|host:?|resolve) '?([\w-]+(?:\.[\w-]+)+)"
)
_KNOWN = (
    (
        r"npm ci` can only install|no package-lock\.json|lock file.* not in sync|can only install with an existing",
        "Run `npm install` and commit package-lock.json: `npm ci` needs one that fits package.json.",
    ),
    (
        r"frozen-lockfile|--frozen-lockfile|lockfile needs to be updated|ERR_PNPM_OUTDATED_LOCKFILE",
        "Install once without the frozen lockfile and commit the lockfile that comes of it.",
    ),
    (
        r"ERR_OSSL_EVP_UNSUPPORTED|digital envelope routines::unsupported",
        "Its bundler is older than this Node.js: use the version it was made for, or set"
        " NODE_OPTIONS=--openssl-legacy-provider.",
    ),
    (
        r"gyp ERR! find Python|not found: make|command '?\S*(?:gcc|cc|g\+\+)'? failed|unable to find.* compiler"
        r"|linker `cc` not found|(?:gcc|g\+\+|make): (?:command )?not found",
        "It compiles a part: make, a C++ compiler and python3 have to be where it is built.",
    ),
    (
        r"no space left on device|ENOSPC",
        "Free some disk space ('docker system df' tells what the engine holds).",
    ),
    (
        r"heap out of memory|Killed$|signal: killed|exit code: 137",
        "It ran out of memory: give the engine more, or build with less at once.",
    ),
)


def reasons(lines: Iterable[str], count: int) -> list[str]:
    """The last lines that say why, each once, in order; the very last ones where all are of another kind.

    Args:
        lines: what the command wrote, as far as it is known.
        count: how many at most.
    """
    plain = (_COLOUR.sub("", line).strip() for line in lines)
    told = list(dict.fromkeys(line for line in plain if line))
    return [line for line in _before_usage(told) if not _NOISE.match(line)][-count:] or told[-count:]


def _before_usage(lines: Iterable[str]) -> Iterator[str]:
    """The lines without the options of a command, which npm lists after the reason."""
    usage = False
    for line in lines:
        usage = bool(_USAGE.match(line)) or (usage and line.startswith(("npm error", "npm ERR!")))
        if not usage:
            yield line


def advice(lines: Sequence[str]) -> str:
    """What to do next about what they say, one sentence with its stop; "" when nothing better is known."""
    text = "\n".join(lines)
    if _NO_IMAGE.search(text):
        name = _image(text)
        missing = f"The base image {name} is neither in the container engine nor to be fetched"
        return f"{missing}: 'docker pull {name}' says why."
    if unreached := "\n".join(line for line in lines if _NO_HOST.search(line)):
        hosts = [first or second for first, second in _HOST.findall(unreached)]
        where = hosts[-1] if hosts else "the network"
        return f"The build does not reach {where}: --build-arg HTTP_PROXY=URL leads it through a proxy."
    return next((what for pattern, what in _KNOWN if re.search(pattern, text, re.I | re.M)), "")


def _image(text: str) -> str:
    if named := _IMAGE.findall(text):
        return str(named[-1])
    found = _ITS_ADDRESS.findall(text)
    return ":".join(found[-1]) if found else "IMAGE"
