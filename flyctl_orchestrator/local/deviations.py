"""Where the local platform knowingly differs from Fly.io: for the documentation, and for whoever wonders.

Differences of single parts (the proxy, image builds, GraphQL) are listed by those parts; these are the platform's own.
"""

from __future__ import annotations

from typing import NamedTuple


class Deviation(NamedTuple):
    """One difference: what Fly.io does, what happens here, and why."""

    about: str
    on_fly: str
    here: str
    why: str


DEVIATIONS = (
    Deviation(
        "ports",
        "every machine has an address of its own, and apps listen on their internal_port",
        "machines share loopback: PORT (and PORT_<internal_port> for further ones) names the machine's own port",
        "processes without root have no network of their own",
    ),
    Deviation(
        "file system",
        "an image's files are at their absolute paths, volumes are mounted",
        "a machine works in its own copy of the image; paths in the command and the environment are translated, "
        "volumes are links",
        "mounting needs root",
    ),
    Deviation(
        "memory and CPU",
        "limited by config.guest; exceeding memory is an OOM kill",
        "not limited; oom_killed is always false",
        "needs root or cgroups",
    ),
    Deviation(
        "first health check",
        "checks run at their interval from the start",
        "until its first pass a check is repeated every 0.1 to 1 s, then at its interval",
        "a rollout should not wait out 15 s for a machine that is up",
    ),
    Deviation(
        "boot and resume times",
        "about 2 s and a few hundred ms",
        "as fast as the process; boot_seconds and resume_seconds in the settings add to it",
        "speed",
    ),
    Deviation(
        "suspend",
        "memory is written to disk and survives; not guaranteed",
        "the process group is frozen; a daemon restart loses it and the machine is stopped",
        "processes end with the computer's session",
    ),
    Deviation(
        "request limits",
        "429 above 1 request per second and action (bursts of 3)",
        "the same per machine; requests about an app wait up to 5 s (create: 45 s) before they are refused",
        "an unmodified flyctl stays below the limits only because Fly.io's answers take a second",
    ),
    Deviation(
        "wait for stopped",
        "the documentation wants an instance_id (400 without)",
        "accepted without one",
        "flyctl sends none",
    ),
    Deviation(
        "expired lease nonce",
        "undocumented",
        "as good as no nonce: accepted while nobody holds the machine",
        "undocumented",
    ),
    Deviation(
        "restart delay",
        "undocumented",
        "0.5 s, doubling to 8 s; 10 restarts in 5 minutes",
        "undocumented",
    ),
    Deviation(
        "an image that cannot be pulled",
        "may revert the machine to its old version with state started",
        "an unknown reference is refused with 400 before anything changes",
        "images are local; the revert is a fault to be injected",
    ),
    Deviation(
        "secrets",
        "encrypted; values never come back",
        "kept readable for their owner only, in the platform's directory; values never come back",
        "there is nobody to keep a key from",
    ),
    Deviation(
        "destroyed machines and volumes",
        "volumes are restorable for 24 hours",
        "the last 100 destroyed machines of an app are remembered; volumes are gone at once",
        "disk space",
    ),
    Deviation(
        "kept without effect",
        "schedule, standbys, statics, metrics, dns, cache_drive, spot, udp services",
        "kept and shown, with a warning in the app's log",
        "not built",
    ),
)
