"""What the app reads from its environment, checked once at start."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from habit_app.inside.network import Place, primary_place
from habit_app.store.address import Address, BadAddress, parse_address

# HMAC-SHA256 keys shorter than the digest are weaker than the digest.
SHORTEST_SECRET = 32


class SettingsError(Exception):
    """The app cannot start as it is configured; the message is one line and says what to do."""


@dataclass(frozen=True)
class Settings:
    """Everything that differs between one place the app runs in and another.

    Attributes:
        secret_key: signs the cookies.
        old_keys: signed them before; what they signed is still accepted.
        database: where the data is.
        shared_database: DATABASE_URL or LITEFS_DIR was given, so every machine sees the same data.
        litefs: LITEFS_DIR was given: the database is a file that LiteFS copies to every machine.
        region, machine, release: who answers; "unknown" outside Fly.io.
        primary_region: where writes happen; "" outside Fly.io.
        on_fly: whether Fly.io (or something that stands in for it) runs the app, so that its headers can be believed.
        primary: where a far machine asks for what it shows; None when it sees the database itself.
        signups_per_hour: accepted from one client address.
    """

    secret_key: bytes = field(repr=False)
    old_keys: tuple[bytes, ...] = field(repr=False)
    database: Address = field(repr=False)
    shared_database: bool
    litefs: bool
    region: str
    machine: str
    release: str
    primary_region: str
    on_fly: bool
    primary: Place | None
    signups_per_hour: int

    @property
    def secret_keys(self) -> tuple[bytes, ...]:
        """The key that signs, then the ones that did."""
        return (self.secret_key, *self.old_keys)

    @property
    def is_primary(self) -> bool:
        """Whether this machine may write. Outside Fly.io there is one machine, and it may."""
        return not self.on_fly or not self.primary_region or self.region == self.primary_region

    @property
    def reads_copy(self) -> bool:
        """Whether this machine has a copy of the database, which it may read and the primary region writes."""
        return self.litefs and not self.is_primary

    @property
    def served_by(self) -> str:
        """Region and machine, as answers name them."""
        return f"{self.region}/{self.machine}"

    @property
    def follow_idle_seconds(self) -> float | None:
        """How long after the last page to go on asking which users have changed; None: for ever.

        A file costs nothing to ask. A Postgres that falls asleep when nobody uses it must not be kept awake, not by a
        far region either.
        """
        return None if self.database.engine == "sqlite" and not self.primary else 300.0

    @property
    def migrates_at_start(self) -> bool:
        """Whether to bring the database up to date before the first request.

        A far machine with Postgres waits for the primary, which is one ocean closer to the database; should a request
        reach it first, it migrates after all (see `Store`).
        """
        return self.primary is None and not self.reads_copy and (self.is_primary or self.database.engine == "sqlite")


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from environment variables.

    `FLY_*` and `PRIMARY_REGION` come from Fly.io, `DATABASE_URL` and `SECRET_KEY` are the app's secrets, and
    `INSTANCE_DIR` (default: `instance` in the working directory) is where files go when those are not set. Instead of
    `DATABASE_URL`, `LITEFS_DIR` says where LiteFS shows the databases that it copies.

    Raises:
        SettingsError: a secret is missing or makes no sense.
    """
    on_fly = bool(environment.get("FLY_APP_NAME"))
    instance = Path(environment.get("INSTANCE_DIR") or "instance").absolute()
    url, litefs = environment.get("DATABASE_URL", "").strip(), environment.get("LITEFS_DIR", "").strip()
    primary_region, region = environment.get("PRIMARY_REGION", ""), environment.get("FLY_REGION") or "unknown"
    far = on_fly and bool(primary_region) and region != primary_region
    return Settings(
        secret_key=_secret_key(environment, on_fly, instance),
        old_keys=_old_keys(environment),
        database=_litefs(litefs, url) if litefs else _database(url, instance),
        shared_database=bool(url or litefs),
        litefs=bool(litefs),
        region=region,
        machine=environment.get("FLY_MACHINE_ID") or "unknown",
        # The version changes with every update of the machine, which is the question "is the new one answering?".
        release=environment.get("FLY_MACHINE_VERSION") or environment.get("FLY_IMAGE_REF") or "unknown",
        primary_region=primary_region,
        on_fly=on_fly,
        primary=primary_place(environment) if far and not litefs else None,
        signups_per_hour=_whole_number(environment, "SIGNUPS_PER_HOUR", default=30),
    )


def _secret_key(environment: Mapping[str, str], on_fly: bool, instance: Path) -> bytes:
    key = environment.get("SECRET_KEY", "").encode()
    if len(key) >= SHORTEST_SECRET:
        return key
    if key:
        raise SettingsError(f"SECRET_KEY has {len(key)} bytes and needs at least {SHORTEST_SECRET}. {_REMEDY}")
    if on_fly:
        raise SettingsError(f"SECRET_KEY is not set. {_REMEDY}")
    return _development_key(instance)


def _old_keys(environment: Mapping[str, str]) -> tuple[bytes, ...]:
    """SECRET_KEY_FALLBACKS: keys with commas between them."""
    sent = environment.get("SECRET_KEY_FALLBACKS", "").split(",")
    keys = [key.strip().encode() for key in sent if key.strip()]
    if any(len(key) < SHORTEST_SECRET for key in keys):
        raise SettingsError(f"Each key in SECRET_KEY_FALLBACKS needs at least {SHORTEST_SECRET} bytes.")
    return tuple(keys)


_REMEDY = 'Set one: fly secrets set SECRET_KEY="$(openssl rand -hex 32)"'


def _development_key(instance: Path) -> bytes:
    """A key of this checkout's own, so that nobody ever runs with a key that is printed in a repository."""
    path = _prepared(instance) / "secret_key"
    if not path.exists():
        draft = instance / f"secret_key.{os.getpid()}.{secrets.token_hex(4)}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first, and everybody must use the same key
        finally:
            draft.unlink()
    return path.read_bytes()


def _database(url: str, instance: Path) -> Address:
    if not url:
        return Address("sqlite", str(_prepared(instance) / "habits.db"))
    try:
        return parse_address(url)
    except BadAddress as problem:
        raise SettingsError(str(problem)) from None


def _litefs(litefs: str, url: str) -> Address:
    """The database that LiteFS copies. Without LiteFS its directory is not there, and nothing would be copied."""
    if url:
        raise SettingsError("DATABASE_URL and LITEFS_DIR are both set. Unset the one that is not to be used.")
    if not Path(litefs).is_dir():
        raise SettingsError(f"LITEFS_DIR is {litefs}, which does not exist. Let 'litefs mount' start the app.")
    return Address("sqlite", str(Path(litefs).absolute() / "habits.db"))


def _prepared(instance: Path) -> Path:
    try:
        instance.mkdir(parents=True, exist_ok=True)
        ignore = instance / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
    except OSError as problem:
        raise SettingsError(
            f"Cannot write to {instance} ({problem.strerror}). Set INSTANCE_DIR to a directory that can be written."
        ) from problem
    return instance


def _whole_number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or not int(text):
        raise SettingsError(f"{name} must be a whole number above zero.")
    return int(text)
