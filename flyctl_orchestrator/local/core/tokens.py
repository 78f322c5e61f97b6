"""Bearer tokens: the daemon's own, and those made for one app."""

from __future__ import annotations

import hmac

from flyctl_orchestrator.local.base.errors import not_found
from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.model import Token

USER = "local@flyo.localhost"


class Tokens:
    """Who may call. The daemon's own token is not written to the store: it is in the locator file."""

    def __init__(self, kernel: Kernel, own: str) -> None:
        self._kernel = kernel
        self.own = Token("token_own", "flyo local", own, USER, kernel.clock.now(), profile="personal")
        self._tokens: dict[str, Token] = {}

    def adopt(self, token: Token) -> None:
        """Take a token into the records."""
        self._tokens[token.id] = token

    def create(self, name: str, *, app: str | None, profile: str = "deploy", seconds: float | None = None) -> Token:
        """A new token; `app` limits it to one app, `seconds` to a time. Raises PlatformError 404 for the app."""
        if app is not None:
            self._kernel.app(app)
        now = self._kernel.clock.now()
        token = Token(
            id=f"token_{self._kernel.ids.slug(12)}",
            name=name,
            token=f"fo1_local_{self._kernel.ids.hex(40)}",
            user=USER,
            created_at=now,
            app=app,
            profile=profile,
            expires_at=None if seconds is None else now + seconds,
        )
        self._tokens[token.id] = token
        self._kernel.store.put("token", token.id, token)
        return token

    def list(self, app: str | None = None) -> list[Token]:
        """Tokens made here and not revoked; those of one app when `app` is given."""
        return [
            token for token in self._tokens.values() if token.revoked_at is None and (app is None or token.app == app)
        ]

    def revoke(self, token_id: str) -> None:
        """The token is worth nothing from now on. Raises PlatformError 404."""
        token = self._tokens.get(token_id)
        if token is None:
            raise not_found(f"token {token_id!r} not found")
        token.revoked_at = self._kernel.clock.now()
        self._kernel.store.put("token", token.id, token)

    def authenticate(self, header: str) -> Token | None:
        """The token of an `Authorization` header (schemes Bearer and FlyV1), or None when it is worth nothing."""
        scheme, _, said = header.partition(" ")
        if scheme.lower() not in ("bearer", "flyv1"):
            return None
        presented = said.strip().encode()
        if hmac.compare_digest(self.own.token.encode(), presented):
            return self.own
        now = self._kernel.clock.now()
        for token in self._tokens.values():
            if hmac.compare_digest(token.token.encode(), presented):
                usable = token.revoked_at is None and (token.expires_at is None or token.expires_at > now)
                return token if usable else None
        return None

    def forget(self, app: str) -> None:
        """Remove the tokens of an app."""
        for token in [token for token in self._tokens.values() if token.app == app]:
            del self._tokens[token.id]
            self._kernel.store.delete("token", token.id)
