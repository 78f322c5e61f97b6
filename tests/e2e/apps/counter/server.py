"""Counts what it is told to: reads anywhere, writes in the primary region, every write once in a database outside.

It also answers late (/slow), with a megabyte (/large), and talks over websockets (/talk). On SIGTERM it finishes the
requests it has begun, and says goodbye on its websockets.
"""

import base64
import hashlib
import json
import os
import select
import signal
import sqlite3
import struct
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

REGION, HOME = os.environ["FLY_REGION"], os.environ["PRIMARY_REGION"]
RELEASE = Path(__file__).with_name("release.txt").read_text().strip()
LARGE = bytes(range(256)) * 4096
WEBSOCKET = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, GOING_AWAY = 1, 8, 1001
local = threading.local()
ending = threading.Event()


def database():
    if not hasattr(local, "link"):
        local.link = sqlite3.connect(os.environ["DATABASE"], timeout=20, isolation_level=None)
        local.link.execute("PRAGMA synchronous = OFF")
    return local.link


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if path == "/talk":
            self.talk()
            return
        if path == "/large":
            self.send(200, LARGE, {"content-type": "application/octet-stream", "release": RELEASE})
            return
        if path == "/slow":
            time.sleep(float(query["seconds"][0]))
        # Ill where nobody but the look from outside sees it: the platform's check asks for another page.
        ill = RELEASE.startswith("ill") and REGION == "nrt" and path == "/up"
        self.answer(
            500 if ill else 200, {"region": REGION, "machine": os.environ["FLY_MACHINE_ID"], "release": RELEASE}
        )

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == "/large":
            self.answer(200, {"bytes": len(body), "crc": zlib.crc32(body), "region": REGION, "release": RELEASE})
            return
        token = body.decode()
        if REGION != HOME:
            self.answer(200, {}, {"fly-replay": f"region={HOME}"})
            return
        # No key on the token: a write made twice is to be seen twice.
        database().execute("INSERT INTO writes (token) VALUES (?)", (token,))
        self.answer(200, {"written": token, "by": REGION, "release": RELEASE})

    def answer(self, status, said, headers=None):
        self.send(status, json.dumps(said).encode(), {"content-type": "application/json", **(headers or {})})

    def send(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    # --- a websocket that sends short texts back

    def talk(self):
        key = self.headers["sec-websocket-key"].encode()
        accepted = base64.b64encode(hashlib.sha1(key + WEBSOCKET).digest()).decode()
        self.protocol_version = "HTTP/1.1"
        self.send_response(101)
        for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accepted)):
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        self.connection.settimeout(20)
        while not ending.is_set():
            if not (self.rfile.peek(1) if self.ready() else b""):
                continue
            kind, said = self.hear()
            self.tell(kind, said)
            if kind == CLOSE:
                return
        self.tell(CLOSE, struct.pack("!H", GOING_AWAY))
        try:
            while self.hear()[0] != CLOSE:
                pass
        except OSError:
            pass

    def ready(self):
        return bool(select.select([self.connection], [], [], 0.1)[0])

    def hear(self):
        first, second = self.exactly(2)
        if second & 127 > 125:
            raise OSError("longer than a short text")
        mask, said = self.exactly(4), self.exactly(second & 127)
        return first & 15, bytes(byte ^ mask[number % 4] for number, byte in enumerate(said))

    def exactly(self, number):
        data = self.rfile.read(number)
        if len(data) != number:
            raise OSError("the other end is gone")
        return data

    def tell(self, kind, said):
        self.wfile.write(bytes((128 | kind, len(said))) + said)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    # On SIGTERM requests under way are finished before the process ends.
    daemon_threads = False

    def handle_error(self, request, client_address):
        pass


def end(*args):
    ending.set()
    threading.Thread(target=server.shutdown).start()


setup = sqlite3.connect(os.environ["DATABASE"], timeout=20)
setup.execute("PRAGMA journal_mode = WAL")
setup.execute("CREATE TABLE IF NOT EXISTS writes (token TEXT NOT NULL)")
setup.close()
server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
signal.signal(signal.SIGTERM, end)
server.serve_forever()
server.server_close()
