"""The real `Http`, on requests: a pool for many threads, hard time limits, no settings but those handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError, HttpErrorKind
from flyctl_orchestrator.fleet.proxy_choice import proxies_for

if TYPE_CHECKING:
    import requests

THREADS = 64
# Bytes; the largest honest answer (a machine list of hundreds) is a few megabytes.
LARGEST_ANSWER = 64 * 1024 * 1024
CONNECT_TIMEOUT = 10.0


class RequestsHttp:
    """Sends requests with `requests`. Safe for many threads.

    Names ending in .localhost are connected to 127.0.0.1 with the name as Host: not every resolver knows them.

    Args:
        variables: where HTTPS_PROXY, NO_PROXY, REQUESTS_CA_BUNDLE and SSL_CERT_FILE are read from. A ~/.netrc is never
            read: it would replace the token.
    """

    def __init__(self, clock: Clock, variables: Mapping[str, str] | None = None) -> None:
        import requests
        from requests.adapters import HTTPAdapter

        self._clock = clock
        self._variables = dict(variables or {})
        self._session = requests.Session()
        self._session.trust_env = False
        # Every app on this computer shares 127.0.0.1, so a cookie would travel from one app to another.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(pool_connections=THREADS, pool_maxsize=THREADS, max_retries=0)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)
        bundle = self._variables.get("REQUESTS_CA_BUNDLE") or self._variables.get("SSL_CERT_FILE")
        self._verify: str | bool = bundle or True

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        json: Any = None,
        timeout: float,
    ) -> HttpAnswer:
        """As `Http.send`."""
        since = self._clock.monotonic()
        until = since + timeout
        with self._exchange(method, url, headers, json, timeout) as response:
            body = bytearray()
            for chunk in _chunks(response):
                body += chunk
                if self._clock.monotonic() > until:
                    raise HttpError("timeout", f"the answer was not complete after {timeout:g} s")
                if len(body) > LARGEST_ANSWER:
                    raise HttpError("other", f"the answer is larger than {LARGEST_ANSWER} bytes")
            return HttpAnswer(
                response.status_code, _lower(response.headers), bytes(body), self._clock.monotonic() - since
            )

    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        json: Any = None,
        idle_timeout: float,
        on_line: Callable[[str], None],
    ) -> HttpAnswer:
        """As `StreamingHttp.stream`."""
        since = self._clock.monotonic()
        with self._exchange(method, url, headers, json, idle_timeout) as response:
            hand_out = 200 <= response.status_code < 300
            pending = b""
            for chunk in _chunks(response):
                pending += chunk
                if hand_out:
                    *lines, pending = pending.split(b"\n")
                    for line in lines:
                        on_line(line.decode(errors="replace"))
            if hand_out and pending:
                on_line(pending.decode(errors="replace"))
            body = b"" if hand_out else pending
            return HttpAnswer(response.status_code, _lower(response.headers), body, self._clock.monotonic() - since)

    @contextmanager
    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], json: Any, timeout: float
    ) -> Iterator[requests.Response]:
        import requests
        import urllib3

        address, host = _address(url)
        # An empty Accept-Encoding keeps small answers readable byte by byte and costs nothing at their size.
        sent = {"Accept-Encoding": "identity", **headers, **({"Host": host} if host else {})}
        try:
            response = self._session.request(
                method,
                address,
                headers=sent,
                json=json,
                timeout=(min(timeout, CONNECT_TIMEOUT), timeout),
                proxies=proxies_for(url, self._variables),
                verify=self._verify,
                allow_redirects=False,
                stream=True,
            )
            try:
                yield response
            finally:
                response.close()
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _http_error(error, timeout) from None


def _address(url: str) -> tuple[str, str | None]:
    """Where to connect, and the Host to send when that is another name."""
    parts = urlsplit(url)
    if not (parts.hostname or "").endswith(".localhost"):
        return url, None
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=f"127.0.0.1{port}")), parts.netloc


def _chunks(response: requests.Response) -> Iterator[bytes]:
    # read1 gives what has arrived; read would wait for a full buffer and so outlive any time limit.
    while chunk := response.raw.read1(65536, decode_content=True):
        yield chunk


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _http_error(error: Exception, timeout: float) -> HttpError:
    """Find out of nested library errors what happened; their own text may hold the whole request, so it is not used."""
    causes = list(_causes(error))
    names = {type(cause).__name__ for cause in causes}
    if names & {"ConnectTimeout", "ConnectTimeoutError", "ReadTimeout", "ReadTimeoutError", "TimeoutError"}:
        return HttpError("timeout", f"no answer within {timeout:g} s")
    if names & {"SSLError", "SSLCertVerificationError", "SSLEOFError"}:
        return HttpError("tls", "the certificate or the TLS handshake was not accepted")
    kinds: tuple[tuple[set[str], HttpErrorKind, str], ...] = (
        ({"NameResolutionError", "gaierror"}, "dns", "the name cannot be resolved"),
        ({"ConnectionRefusedError"}, "refused", "connection refused"),
        (
            {"ConnectionResetError", "RemoteDisconnected", "BrokenPipeError", "IncompleteRead", "ProtocolError"},
            "reset",
            "the connection broke off",
        ),
        ({"ProxyError"}, "other", "the HTTP proxy failed"),
    )
    for types, kind, detail in kinds:
        if names & types:
            return HttpError(kind, detail)
    return HttpError("other", type(error).__name__)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        # requests and urllib3 put the cause into args or `reason`, not always into __cause__.
        waiting += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
