"""Programs to test, and a front-end that knows no more than these tests need."""

import base64
import json
import os
import pty
import re
import select
import socket
import struct
import subprocess
import termios
import time

import pytest

CDP = os.path.abspath(os.environ.get("CDP", "build/cdp"))
PATIENCE = 60  # seconds; everything ends much earlier


class Frontend:
    """A WebSocket on which commands are called one after the other."""

    def __init__(self, url):
        host, port, path = re.fullmatch(r"ws://(.+):(\d+)/(.+)", url).groups()
        self.socket = socket.create_connection((host.strip("[]"), int(port)), PATIENCE)
        self.file = self.socket.makefile("rb")
        self.last_id = 0
        self.events = []
        self.socket.sendall((f"GET /{path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                             f"{base64.b64encode(os.urandom(16)).decode()}\r\n\r\n").encode())
        head = [self.file.readline()]
        while head[-1] not in (b"\r\n", b""):
            head.append(self.file.readline())
        assert b" 101 " in head[0], head

    def send(self, method, **params):
        self.last_id += 1
        text = json.dumps({"id": self.last_id, "method": method, "params": params}).encode()
        size = bytes([len(text) | 0x80]) if len(text) < 126 else b"\xfe" + struct.pack(">H", len(text))
        self.socket.sendall(b"\x81" + size + bytes(4) + text)  # masked with zeros
        return self.last_id

    def receive(self):
        """The next message; None: there is none any more."""
        head = self.file.read(2)
        if len(head) < 2 or head[0] != 0x81:
            return None
        size = head[1]
        if size > 125:
            size = int.from_bytes(self.file.read(2 if size == 126 else 8), "big")
        return json.loads(self.file.read(size))

    def call(self, method, **params):
        wanted = self.send(method, **params)
        while message := self.receive():
            if message.get("id") == wanted:
                return message.get("result", message.get("error"))
            self.events.append(message)
        raise EOFError(method)

    def event(self, method):
        """The params of the next event of that name, which may have come already."""
        while True:
            for message in self.events:
                if message.get("method") == method:
                    self.events.remove(message)
                    return message["params"]
            if not (message := self.receive()):
                raise EOFError(method)
            self.events.append(message)

    def close(self):
        self.file.close()
        self.socket.close()


class Program:
    """A running cdp command.  What it says on stderr is read as it comes."""

    def __init__(self, *words, cwd=None, env=None, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE):
        self.process = subprocess.Popen([CDP, *words], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
                                        cwd=cwd, env={**os.environ, **(env or {})})
        self.err = ""

    def wait_for(self, pattern):
        """The match of a pattern in what stderr says, sooner or later."""
        deadline = time.monotonic() + PATIENCE
        while not (match := re.search(pattern, self.err)):
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self.process.stderr], [], [], left)[0], self.err
            more = os.read(self.process.stderr.fileno(), 65536).decode()
            assert more, f"{pattern} never came: {self.err}"
            self.err += more
        return match

    def url(self):
        """Of the inspector of `cdp run`."""
        return self.wait_for(r"Debugger listening on (ws://\S+)\n")[1]

    def end(self):
        """(exit code, stdout, stderr)"""
        out, err = self.process.communicate(timeout=PATIENCE)
        self.err += err.decode()
        return self.process.returncode, (out or b"").decode(), self.err


def run_on_terminal(*words, env=None):
    """Runs cdp on a terminal of its own: (exit code, what the terminal got)."""
    master, slave = pty.openpty()
    mode = termios.tcgetattr(slave)
    mode[1] &= ~termios.OPOST  # "\n" stays what it is
    termios.tcsetattr(slave, termios.TCSANOW, mode)
    process = subprocess.Popen([CDP, *words], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
                               env={**os.environ, "TERM": "xterm", **(env or {})})
    os.close(slave)
    got = b""
    try:
        while select.select([master], [], [], PATIENCE)[0] and (more := os.read(master, 65536)):
            got += more
    except OSError:  # nobody has the other end any more
        pass
    os.close(master)
    return process.wait(PATIENCE), got


@pytest.fixture
def start():
    """Starts cdp with these words; it is ended with the test."""
    programs = []

    def start_program(*words, **options):
        programs.append(Program(*words, **options))
        return programs[-1]

    yield start_program
    for program in programs:
        if program.process.poll() is None:
            program.process.kill()
            program.process.communicate()


@pytest.fixture
def run(start):
    """Runs cdp with these words to its end: (exit code, stdout, stderr)."""
    return lambda *words, **options: start(*words, **options).end()


@pytest.fixture
def terminal():
    return run_on_terminal


@pytest.fixture
def peer(start):
    """A program to speak to, idle: .url, .target (":9229") and .process."""
    program = start("run", "--inspect=0", "-e", "setInterval(() => {}, 1000)")
    program.target = re.search(r":\d+", program.url()[5:])[0]
    return program


@pytest.fixture
def attach():
    """Attaches a front-end to a URL; it leaves with the test."""
    frontends = []

    def attach_frontend(url):
        frontends.append(Frontend(url))
        return frontends[-1]

    yield attach_frontend
    for frontend in frontends:
        frontend.close()


class Node:
    """A Node that serves: .target (":9229") and .process."""

    def __init__(self, script):
        self.process = subprocess.Popen(["node", "--inspect=127.0.0.1:0", "-e", script], stdin=subprocess.PIPE,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.target = re.search(r":\d+(?=/)", self.wait_for("Debugger listening"))[0]

    def wait_for(self, text):
        """The line on stderr that has it."""
        while text not in (line := self.process.stderr.readline()):
            assert line, f"{text} never came"
        return line

    def wait_for_debugger(self):
        self.wait_for("Debugger attached")

    def threads(self):
        tasks = f"/proc/{self.process.pid}/task"
        return {open(f"{tasks}/{task}/comm").read().strip() for task in os.listdir(tasks)}

    def end(self):
        """Has the script come to its end."""
        self.process.stdin.close()


@pytest.fixture
def start_node():
    """Starts a Node; it is ended with the test."""
    nodes = []

    def start_script(script):
        nodes.append(Node(script))
        return nodes[-1]

    yield start_script
    for node in nodes:
        node.process.kill()
        node.process.wait()
        node.process.stderr.close()


@pytest.fixture
def node(start_node):
    """A busy one, until its stdin ends."""
    return start_node("function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) }"
                      "const busy = setInterval(() => fib(26), 5); process.stdin.on('end', () => clearInterval(busy)).resume()")
