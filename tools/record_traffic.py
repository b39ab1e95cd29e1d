#!/usr/bin/env python3
"""record_traffic.py - records real Nodes and Chromium anew, for tests/skew.

    record_traffic.py PLAY OUT NAME=PROGRAM...

PLAY is the program of tools/play.c.  NAME is "chromium", or "node" and its version; the scenes are
in tests/skew/plays/.  Each recording is OUT/NAME.ndjson.  Programs run in a folder of no meaning, by a
name without a path, with an environment of nothing: so recordings say nothing of this machine.
"""

import base64
import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PLAYS = os.path.join(ROOT, "tests", "skew", "plays")
STAGE = "/tmp/skew"
SECONDS = 300
# Of Node, where it has them.
FLAGS = ("--experimental-network-inspection", "--experimental-worker-inspection",
         "--experimental-inspector-network-resource", "--experimental-storage-inspection")
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--site-per-process")


class Site(http.server.SimpleHTTPRequestHandler):
    """What the page asks for."""

    protocol_version = "HTTP/1.1"
    server_version = "Site"
    sys_version = ""

    def answer(self, code, text="", headers=()):
        body = text.encode()
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/moved":
            self.answer(302, "", [("Location", "/data?end"), ("Set-Cookie", "a=1; SameSite=Lax"),
                                  ("Set-Cookie", "b=2; HttpOnly; Secure"), ("Set-Cookie", "c=3; Domain=example.com"),
                                  ("Set-Cookie", "p=4; Secure; SameSite=None; Path=/; Partitioned")])
        elif path == "/cached.txt":
            self.answer(200, "cached", [("Cache-Control", "max-age=600"), ("Content-Type", "text/plain")])
        elif path == "/socket":
            self.socket()
        elif path in ("/data", "/kept"):
            self.answer(200, "served " + self.path, [("Content-Type", "text/plain; charset=utf-8"),
                                                     ("Server-Timing", "made;dur=1.5")])
        else:
            super().do_GET()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.answer(200, "posted", [("Content-Type", "text/plain")])

    def socket(self):
        """Accepts a WebSocket, and sends one message."""
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.wfile.write(b"\x81\x05hello\x82\x02\x00\xff")
        self.wfile.flush()
        self.connection.recv(4096)
        self.close_connection = True

    def log_message(self, *_):
        pass


def flags_of(program):
    """Those of FLAGS that this Node knows."""
    return [f for f in FLAGS if subprocess.run([program, f, "-e", "0"], capture_output=True, check=False).returncode == 0]


def record(play, name, program, out, site):
    """Plays a program's scene.  Its exit status."""
    node = name.startswith("node")
    scene = os.path.join("tests", "skew", "plays", "node.txt" if node else "chromium.txt")
    link = os.path.join(STAGE, "bin", "node" if node else "chromium")
    if os.path.lexists(link):
        os.remove(link)
    os.symlink(program, link)
    words = ["node", *flags_of(program), "main.js"] if node else ["chromium", *CHROMIUM]
    env = {"PATH": os.path.join(STAGE, "bin") + ":/usr/bin:/bin", "HOME": STAGE, "SITE": site}
    return subprocess.run([play, scene, os.path.join(out, name + ".ndjson"), os.path.join(STAGE, "site"), *words],
                          cwd=ROOT, env=env, timeout=SECONDS, check=False).returncode


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    play, out = (os.path.abspath(p) for p in sys.argv[1:3])
    shutil.rmtree(STAGE, ignore_errors=True)
    os.makedirs(os.path.join(STAGE, "bin"))
    os.makedirs(out, exist_ok=True)
    shutil.copytree(PLAYS, os.path.join(STAGE, "site"))
    handler = lambda *args: Site(*args, directory=os.path.join(STAGE, "site"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    site = f"http://127.0.0.1:{server.server_address[1]}"
    failed = []
    for word in sys.argv[3:]:
        name, program = word.split("=", 1)
        if record(play, name, os.path.abspath(program), out, site) != 0:
            failed.append(name)
    server.shutdown()
    shutil.rmtree(STAGE)
    if failed:
        sys.exit("record_traffic: failed: " + " ".join(failed))


if __name__ == "__main__":
    main()
