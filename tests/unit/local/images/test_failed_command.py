"""What the last lines of a build that failed tell: the reason without what stands around it, and what to do."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.local.containers.build_failures import failed
from flyctl_orchestrator.local.containers.builder_kinds import Builder
from flyctl_orchestrator.local.images.build_command import Ended
from flyctl_orchestrator.local.images.failed_command import advice, reasons

_STACK = """building
\x1b[31mError: Cannot find module 'left-pad'\x1b[0m
    at Module._resolveFilename (node:internal/modules/cjs/loader:1225:15)
    at async Object.build [as default] (/app/node_modules/next/dist/build/index.js:82:25)
info Visit https://yarnpkg.com/en/docs/cli/run for documentation about this command.
error Command failed with exit code 1."""
_NPM = """npm error code EUSAGE
npm error The `npm ci` command can only install with an existing package-lock.json
npm error
npm error Usage:
npm error npm ci
npm error Options:
npm error   --install-links
npm error     When set file: protocol dependencies will be packed and installed as
npm error aliases: clean-install, ic, install-clean, isntall-clean
npm error Run "npm help ci" for more info
npm notice New major version of npm available!
npm error A complete log of this run can be found in: /root/.npm/_logs/debug-0.log"""
_GYP = """npm error gyp ERR! find Python Could not find any Python installation to use
npm error gyp ERR! stack at async run (/usr/local/lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js:81:18)
npm error gyp ERR! cwd /app/node_modules/hnswlib
npm error gyp ERR! not ok
npm error A complete log of this run can be found in: /root/.npm/_logs/debug-0.log"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_STACK, ["building", "Error: Cannot find module 'left-pad'"]),
        (_NPM, ["npm error code EUSAGE", _NPM.splitlines()[1]]),
        (_GYP, ["npm error gyp ERR! find Python Could not find any Python installation to use"]),
        ("one\none\ntwo\n\nthree", ["two", "three"]),
        ("    at go (/a.js:1:2)", ["at go (/a.js:1:2)"]),
        ("", []),
    ],
)
def test_the_lines_that_say_why(text: str, said: list[str]) -> None:
    assert reasons(text.splitlines(), 2) == said


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (_NPM, "commit package-lock.json"),
        (_GYP, "make, a C++ compiler and python3 have to be where it is built"),
        ("Your lockfile needs to be updated, but yarn was run with `--frozen-lockfile`.", "commit the lockfile"),
        ("code: 'ERR_OSSL_EVP_UNSUPPORTED'", "NODE_OPTIONS=--openssl-legacy-provider"),
        ("write /x: no space left on device", "Free some disk space"),
        ("FATAL ERROR: Reached heap limit - JavaScript heap out of memory", "ran out of memory"),
        ("npm error request to https://registry.example.com/left-pad failed, reason: getaddrinfo ENOTFOUND", "example"),
        ("dial tcp: lookup gems.example.org: no such host", "The build does not reach gems.example.org: "),
        ("Temporary failure in name resolution", "The build does not reach the network: "),
        ("** (Mix) httpc request failed with: :nxdomain", "The build does not reach the network: "),
    ],
)
def test_what_to_do_is_said_in_one_sentence(line: str, what: str) -> None:
    said = advice(line.splitlines())
    assert what in said
    assert said.endswith(".") and "\n" not in said


def test_what_is_not_known_has_no_advice() -> None:
    assert advice(["SyntaxError: invalid syntax"]) == ""


_OLD = """#3 [internal] load metadata for docker.io/library/node:18
#3 ERROR: failed to do request: Head "https://registry.example/v2/library/node/manifests/18": dial tcp: no such host
failed to solve with frontend dockerfile.v0: failed to create LLB definition: failed to do request: Head "https://registr\
y.example/v2/library/node/manifests/18": dial tcp: no such host"""
_NEW = """#2 ERROR: failed to do request: Head "https://registry.example/v2/acme/base/manifests/1.2": no such host
ERROR: failed to solve: acme/base:1.2: failed to resolve source metadata for docker.io/acme/base:1.2: failed to d\
o request: Head "https://registry.example/v2/acme/base/manifests/1.2": no such host"""


@pytest.mark.parametrize(
    ("text", "image"),
    [
        (_OLD, "node:18"),
        (_NEW, "acme/base:1.2"),
        ("pull access denied for acme/base, repository does not exist or may require 'docker login'", "acme/base"),
        ("manifest for node:99 not found: manifest unknown", "node:99"),
    ],
)
def test_a_base_image_that_cannot_be_had_is_named(text: str, image: str) -> None:
    hint = failed(Ended(1, tuple(text.splitlines()))).hint
    assert hint.startswith(
        f"The base image {image} is neither in the container engine nor to be fetched: 'docker pull {image}' says why. "
    )


@pytest.mark.parametrize(
    ("builder", "end"),
    [
        ("buildkit", "executor failed running [/bin/sh -c yarn install --frozen-lockfile]: exit code: 1"),
        ("buildkit", 'ERROR: failed to solve: process "/bin/sh -c yarn install --frozen-lockfile" did not end well'),
        ("classic", "The command '/bin/sh -c yarn install --frozen-lockfile' returned a non-zero code: 1"),
    ],
)
def test_the_command_of_the_step_that_failed_is_no_reason(builder: Builder, end: str) -> None:
    assert (
        failed(Ended(1, ("it broke", end)), builder=builder).hint == "'flyo deploy --verbose' shows its whole output."
    )
