"""A server with one dependency, which knows what the regions are called."""

from __future__ import annotations

import json
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import region_names

REGION = os.environ.get("FLY_REGION", "nowhere")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/health":
            answer = {"status": "ok", "region": REGION, "machine": os.environ.get("FLY_MACHINE_ID", "none")}
            self.answer(200, "application/json", json.dumps(answer))
        elif path == "/":
            self.answer(200, "text/plain", f"python in {REGION}, {region_names.city(REGION)}\n")
        else:
            self.answer(404, "text/plain", "not found\n")

    def answer(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    address = (os.environ.get("HOST", "0.0.0.0"), int(os.environ.get("PORT", "8080")))
    server = ThreadingHTTPServer(address, Handler)
    # shutdown() waits for serve_forever(), which runs in the thread that gets the signal.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
