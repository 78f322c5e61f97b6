"""A page of another origin, and everything it can try against one of ours."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import Page

# Each gives what it got to read, or how it failed.
TRIES = """async ([base, stream, script, post, body]) => {
  const tried = async (what) => { try { return await what(); } catch (problem) { return `refused: ${problem.name}`; } };
  const sent = (type) => ({ method: "POST", headers: { "Content-Type": type }, body: JSON.stringify(body) });
  const read = async (mode, path, more) => {
    const answer = await fetch(base + path, { mode, credentials: "include", ...more });
    return answer.type === "opaque" ? "opaque" : `${answer.status} ${await answer.text()}`;
  };
  return {
    read: await tried(() => read("cors", "/")),
    blind: await tried(() => read("no-cors", stream)),
    stream: await new Promise((done) => {
      const source = new EventSource(base + stream, { withCredentials: true });
      source.onmessage = source.onopen = () => done("read");
      source.addEventListener("world", () => done("read"));
      source.onerror = () => done("refused");
    }),
    json: await tried(() => read("cors", post, sent("application/json"))),
    plain: await tried(() => read("no-cors", post, sent("text/plain"))),
    script: await new Promise((done) => {
      const element = document.createElement("script");
      element.src = base + script;
      Object.assign(element, { onload: () => done("ran"), onerror: () => done("refused") });
      document.head.append(element);
    }),
    frame: await new Promise((done) => {
      const frame = document.createElement("iframe");
      frame.onload = () => done(frame.contentDocument ? frame.contentDocument.body.textContent : "hidden");
      frame.src = base;
      document.body.append(frame);
    }),
  };
}"""


@contextmanager
def stranger() -> Iterator[int]:
    """A page on another port of this computer: another origin, though of the same site as far as cookies go."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title><form method=post></form>")

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield int(server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def nothing_is_read(foreign: Page, against: list[Any]) -> None:
    """Try everything, and see it fail.

    Args:
        against: our page's address; the paths of its stream, of its script and of what takes a POST; a body for that.
    """
    got = foreign.evaluate(TRIES, against)
    assert got["read"].startswith("refused") and got["json"].startswith("refused"), got
    assert {got["blind"], got["plain"]} <= {"opaque", "refused: TypeError"}, got
    assert (got["stream"], got["script"], got["frame"]) == ("refused", "refused", "hidden"), got
