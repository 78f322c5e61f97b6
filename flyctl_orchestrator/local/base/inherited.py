"""What of a person's environment reaches the daemon, and through it the commands of builds. Machines get none of it.

The daemon lives long and runs code that other people wrote, so it gets what it needs by name, and nobody's tokens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from flyctl_orchestrator.local.base.environment import NOWHERE

_FOR_BUILDS = re.compile(
    r"HOME|USER|LOGNAME|LANG|LC_\w+|TZ|XDG_\w+|(https?|no|all|ftp)_proxy|(HTTPS?|NO|ALL|FTP)_PROXY"
    r"|(PIP|NPM|npm_config|UV|SSL)_.+|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NODE_EXTRA_CA_CERTS"
    r"|CARGO_HOME|RUSTUP_HOME|GO(PATH|CACHE|MODCACHE|PROXY|FLAGS|TOOLCHAIN|SUMDB)"
    r"|CC|CXX|CFLAGS|LDFLAGS|SDKROOT|DEVELOPER_DIR|PKG_CONFIG_PATH"
)
# What the daemon's own Python may need to start as this one did, and to be measured (COVERAGE_) as this one is; where
# the container engine is, and how apps run that do not say it.
_FOR_THE_DAEMON = re.compile(
    r"PATH|TMPDIR|PYTHON\w+|DOCKER_(HOST|CONTEXT|CONFIG)|FLYO_LOCAL_RUNTIME"
    r"|COVERAGE_PROCESS_\w+|LD_LIBRARY_PATH|DYLD_\w+"
)
# Anything that sounds like a credential stays out even then, and so does what would send pip's installation elsewhere.
_WITHHELD = re.compile(
    r".*(TOKEN|PASSWORD|PASSPHRASE|SECRET|CREDENTIAL|AUTH).*|FLY.*"
    r"|PIP_(USER|TARGET|PREFIX|ROOT|REQUIRE_VIRTUALENV|PYTHON)",
    re.I,
)


def for_builds(environ: Mapping[str, str]) -> dict[str, str]:
    """What a build command gets: no FLY_ variables and no tokens. PATH is not in it.

    A proxy that leads nowhere (`flyo local env` names one) is meant for clients of the platform, and left out.
    """
    return {
        name: value
        for name, value in environ.items()
        if _FOR_BUILDS.fullmatch(name) and not _WITHHELD.fullmatch(name) and value != NOWHERE
    }


def for_daemon(environ: Mapping[str, str]) -> dict[str, str]:
    """What the daemon gets: what builds do, PATH, and what its Python needs."""
    own = {name: value for name, value in environ.items() if _FOR_THE_DAEMON.fullmatch(name)}
    return {**for_builds(environ), **own}
