"""The environment that points flyctl, the orchestrator or any other client at this platform, and nowhere else."""

from __future__ import annotations

from pathlib import Path

# Nothing listens on this port: a client that tries to reach anything but loopback fails at once instead of leaving
# this computer or waiting for the network.
NOWHERE = "http://127.0.0.1:9"
FLYCTL_SETTINGS = "flyctl"


def client_environment(port: int, token: str, state: Path) -> dict[str, str]:
    """What a client must find in its environment.

    Args:
        port: where the platform listens on 127.0.0.1.
        token: the bearer token it wants.
        state: the platform's directory; flyctl keeps its settings in a corner of it.

    Returns:
        Names and values: where flyctl's three APIs are (all three, or its token goes to Fly.io), what switches off
        its update checks, metrics and traces, and what tells the orchestrator where apps and builds are.
    """
    base = f"http://127.0.0.1:{port}"
    return {
        "FLY_API_BASE_URL": base,
        "FLY_FLAPS_BASE_URL": base,
        "FLY_UIEX_BASE_URL": base,
        "FLY_API_TOKEN": token,
        # Where flyctl pushes what it builds (--local-only).
        "FLY_REGISTRY_HOST": f"127.0.0.1:{port}",
        "FLY_CONFIG_DIR": str(state / FLYCTL_SETTINGS),
        "FLY_NO_UPDATE_CHECK": "1",
        "FLY_NO_INCIDENTS_CHECK": "1",
        "FLY_SEND_METRICS": "0",
        "FLY_SYNTHETICS_AGENT": "0",
        "FLY_TRACE_COLLECTOR_URL": "127.0.0.1",
        "HTTPS_PROXY": NOWHERE,
        "NO_PROXY": "127.0.0.1,localhost",
        "FLYO_APP_URL": f"http://{{app}}.localhost:{port}",
        "FLYO_BUILDER_URL": f"{base}/_local/builds",
        "FLYO_TARGET": "local",
    }


def prepare_flyctl_settings(state: Path) -> Path:
    """Make the directory in which flyctl keeps its settings, with the one setting it needs here.

    `flyctl apps restart` builds a WireGuard tunnel that it then does not use. Over websockets, flyctl's default, that
    asks for a server on port 443; over UDP it is content with an address where nothing answers.

    Returns: the directory.
    """
    directory = state / FLYCTL_SETTINGS
    directory.mkdir(parents=True, exist_ok=True)
    settings = directory / "config.yml"
    if not settings.exists():
        settings.write_text("wire_guard_websockets: false\n", encoding="utf-8")
        settings.chmod(0o600)
    return directory
