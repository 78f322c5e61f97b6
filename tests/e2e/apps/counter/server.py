"""Counts what it is told to: reads anywhere, writes in the primary region, every write once in a database outside."""

import json
import os
import signal
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REGION, HOME = os.environ["FLY_REGION"], os.environ["PRIMARY_REGION"]
RELEASE = Path(__file__).with_name("release.txt").read_text().strip()
local = threading.local()


def database():
    if not hasattr(local, "link"):
        local.link = sqlite3.connect(os.environ["DATABASE"], timeout=20, isolation_level=None)
        local.link.execute("PRAGMA synchronous = OFF")
    return local.link


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        # Ill where nobody but the look from outside sees it: the platform's check asks for another page.
        ill = RELEASE.startswith("ill") and REGION == "nrt" and self.path == "/up"
        self.answer(
            500 if ill else 200, {"region": REGION, "machine": os.environ["FLY_MACHINE_ID"], "release": RELEASE}
        )

    def do_POST(self):
        token = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        if REGION != HOME:
            self.answer(200, {}, {"fly-replay": f"region={HOME}"})
            return
        # No key on the token: a write made twice is to be seen twice.
        database().execute("INSERT INTO writes (token) VALUES (?)", (token,))
        self.answer(200, {"written": token, "by": REGION, "release": RELEASE})

    def answer(self, status, said, headers=None):
        body = json.dumps(said).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    # On SIGTERM requests under way are finished before the process ends.
    daemon_threads = False


setup = sqlite3.connect(os.environ["DATABASE"], timeout=20)
setup.execute("PRAGMA journal_mode = WAL")
setup.execute("CREATE TABLE IF NOT EXISTS writes (token TEXT NOT NULL)")
setup.close()
server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
signal.signal(signal.SIGTERM, lambda *args: threading.Thread(target=server.shutdown).start())
server.serve_forever()
server.server_close()
