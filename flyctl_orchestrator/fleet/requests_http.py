"""The real `Http`, on requests: a pool for many threads, hard limits of time and size, no settings but those handed in.

A request goes to requests' adapter and not through a session: a session reads the whole body of every redirect, keeps
cookies, and looks into ~/.netrc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError, HttpErrorKind
from flyctl_orchestrator.fleet.proxy_choice import proxies_for

if TYPE_CHECKING:
    import requests

    from flyctl_orchestrator.fleet.timed_connection import Deadline

THREADS = 64
# Bytes, after decompression; the largest honest answer (a list of a thousand machines) has about eight megabytes.
LARGEST_ANSWER = 32 * 1024 * 1024
# Bytes read at once, and decompressed at once.
PIECE = 65536
CONNECT_TIMEOUT = 10.0
# Seconds for a streamed answer as a whole, however lively it is.
LONGEST_STREAM = 3600.0

# What the libraries call an address that cannot be one.
_NO_ADDRESS = {"MissingSchema", "InvalidSchema", "InvalidURL", "LocationParseError", "LocationValueError"}


class RequestsHttp:
    """Sends requests with `requests`. Safe for many threads.

    Names ending in .localhost are connected to 127.0.0.1 with the name as Host: not every resolver knows them.

    Args:
        variables: where HTTPS_PROXY, NO_PROXY, REQUESTS_CA_BUNDLE and SSL_CERT_FILE are read from. A ~/.netrc is never
            read: it would replace the token.
    """

    def __init__(self, clock: Clock, variables: Mapping[str, str] | None = None) -> None:
        from flyctl_orchestrator.fleet.timed_connection import TimedAdapter

        self._clock = clock
        self._variables = dict(variables or {})
        self._adapter = TimedAdapter(pool_connections=THREADS, pool_maxsize=THREADS, max_retries=0)
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
        with self._exchange(method, url, headers, json, timeout) as (response, _):
            body = bytearray()
            for piece in _pieces(response, timeout):
                body += piece
                if len(body) > LARGEST_ANSWER:
                    raise HttpError("unreadable", f"it is larger than {LARGEST_ANSWER // 2**20} MB")
            elapsed = self._clock.monotonic() - since
            return HttpAnswer(response.status_code, _lower(response.headers), bytes(body), elapsed)

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
        with self._exchange(method, url, headers, json, idle_timeout) as (response, deadline):
            hand_out = 200 <= response.status_code < 300
            pending = b""
            for piece in _pieces(response, idle_timeout):
                pending += piece
                if hand_out:
                    *lines, pending = pending.split(b"\n")
                    for line in lines:
                        on_line(line.decode(errors="replace"))
                if len(pending) > LARGEST_ANSWER:
                    raise HttpError("unreadable", f"a line is longer than {LARGEST_ANSWER // 2**20} MB")
                if self._clock.monotonic() - since > LONGEST_STREAM:
                    raise HttpError("timeout", f"it was not complete after {LONGEST_STREAM:g} s")
                deadline.renew(idle_timeout)
            if hand_out and pending:
                on_line(pending.decode(errors="replace"))
            body = b"" if hand_out else pending
            return HttpAnswer(response.status_code, _lower(response.headers), body, self._clock.monotonic() - since)

    @contextmanager
    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], json: Any, timeout: float
    ) -> Iterator[tuple[requests.Response, Deadline]]:
        import requests

        from flyctl_orchestrator.fleet.timed_connection import Deadline, within

        deadline = Deadline(self._clock, timeout)
        with within(deadline):
            with _named(timeout):
                address, host = _address(url)
                # Not to be compressed: small answers stay readable byte by byte, and it costs nothing at their size.
                sent = {"Accept-Encoding": "identity", **headers, **({"Host": host} if host else {})}
                response = self._adapter.send(
                    requests.Request(method, address, headers=sent, json=json).prepare(),
                    stream=True,
                    timeout=(min(timeout, CONNECT_TIMEOUT), timeout),
                    verify=self._verify,
                    proxies=proxies_for(url, self._variables),
                )
            try:
                yield response, deadline
            finally:
                response.close()


@contextmanager
def _named(timeout: float) -> Iterator[None]:
    """Whatever the libraries raise becomes an HttpError that says what happened."""
    import requests
    import urllib3

    try:
        yield
    except urllib3.exceptions.DecodeError:
        raise HttpError("unreadable", "it cannot be decompressed as its Content-Encoding says") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException) as error:
        raise _http_error(error, timeout) from None
    except OSError:
        # All others are wrapped by the libraries.
        raise HttpError("tls", "the file of REQUESTS_CA_BUNDLE or SSL_CERT_FILE cannot be read") from None
    except ValueError:
        raise HttpError("other", "the address is not valid") from None


def _address(url: str) -> tuple[str, str | None]:
    """Where to connect, and the Host to send when that is another name."""
    parts = urlsplit(url)
    if not (parts.hostname or "").endswith(".localhost"):
        return url, None
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=f"127.0.0.1{port}")), parts.netloc


def _pieces(response: requests.Response, timeout: float) -> Iterator[bytes]:
    while True:
        with _named(timeout):
            # read1 gives what has arrived, and never more than so much of what it decompresses to.
            piece = response.raw.read1(PIECE, decode_content=True)
        if not piece:
            return
        yield piece


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
        ({"InvalidProxyURL", "ProxySchemeUnknown"}, "other", "the address of the HTTP proxy is not valid"),
        (_NO_ADDRESS, "other", "the address is not valid"),
        ({"InvalidHeader"}, "other", "the answer is not HTTP"),
    )
    for types, kind, detail in kinds:
        if names & types:
            return HttpError(kind, detail)
    # The system's own words; the names of the libraries' classes say nothing to a person.
    words = (getattr(cause, "strerror", None) for cause in causes)
    system = next((each for each in words if isinstance(each, str) and each), "")
    return HttpError("other", system[:1].lower() + system[1:] or "the request could not be made")


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
