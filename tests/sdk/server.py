"""A vendor on a port of 127.0.0.1: reads what it is asked, answers what the case has scripted.

It never decides what is valid; the vendor's own file does.
"""

import json
import socket
import struct
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from said import Broken, Error, Refused


class Server:
    """`script` holds the next answers, or functions of what is asked that give them, `asks` what was read, `refused` what was not taken."""

    def __init__(self, vendor):
        self.vendor = vendor
        self.script, self.asks, self.raw, self.refused = [], [], [], []
        handler = type("Handler", (Handler,), {"owner": self})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def expect(self, *script):
        self.script[:] = script
        for heard in (self.asks, self.raw, self.refused):
            heard.clear()

    def answer(self, request):
        """(status, headers, pieces, how it ends)"""
        vendor = self.vendor
        try:
            self.raw.append(request)
            if request.method == "GET":
                return 404, *vendor.error(404, "no such page"), ""
            counted = vendor.counts(request)
            ask = vendor.read(request)
            self.asks.append(ask)
        except Refused as refused:
            # Who cannot have its tokens counted estimates them.
            if not vendor.counts(request):
                self.refused.append(f"{refused}")
            return refused.status, *vendor.error(refused.status, str(refused)), ""
        except Exception:
            self.refused.append(traceback.format_exc())
            return 500, *vendor.error(500, "the mock itself failed"), ""
        if counted:
            return 200, {"content-type": "application/json"}, [vendor.counted(42)], ""
        said = self.script.pop(0)
        if callable(said):
            said = said(ask)
        if isinstance(said, Error):
            headers, pieces = vendor.error(said.status, said.message)
            return said.status, headers | said.headers, pieces, ""
        if isinstance(said, Broken):
            return self.broken(said)
        if ask.stream:
            return 200, vendor.stream_headers(), vendor.stream(said), ""
        return 200, vendor.headers(), [vendor.whole(said)], ""

    def broken(self, said):
        pieces = self.vendor.stream(said.reply)
        half = pieces[: self.vendor.said_something(pieces)]
        if said.how == "inside":
            half[-1] = half[-1][: len(half[-1]) * 2 // 3]
        if said.how == "told":
            half.append(self.vendor.stream_error("the vendor gave up"))
        how = "reset" if said.how in ("reset", "inside") else ""
        return 200, self.vendor.stream_headers(), half, how


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner = None

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.respond()

    def do_GET(self):
        self.body = b""
        self.respond()

    @property
    def method(self):
        return self.command

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            raise Refused("the body is not JSON") from None

    def respond(self):
        status, headers, pieces, how = self.owner.answer(self)
        chunked = len(pieces) != 1 or how
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if chunked:
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("content-length", str(len(pieces[0])))
        self.end_headers()
        for piece in pieces:
            framed = b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece
            self.wfile.write(framed)
            self.wfile.flush()
        if how == "reset":
            # Closed with a reset, as a vendor's process that dies.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, ValueError):
            pass  # the client went away, or we did
