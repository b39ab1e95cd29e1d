"""record, replay, and replay:FILE as a target; peers that are unlike others."""

import base64
import hashlib
import json
import re
import shutil
import signal
import socket
import subprocess
import threading

import pytest

from conftest import PATIENCE

NODE = shutil.which("node")
HEAD = '{"recording":1,"cdpkit":"0.1.0","protocol":"1"}\n'


def lines_of(path):
    head, *lines = path.read_text().splitlines()
    assert json.loads(head)["recording"] == 1
    return [json.loads(line) for line in lines]


def feed(program, text):
    program.process.stdin.write(text)
    program.process.stdin.close()
    program.process.stdin = None
    return program.end()


# ---- record and replay ------------------------------------------------------------------------------

def test_commands(run, start, peer, tmp_path):
    program = start("record", "--commands", "--enable", "Runtime", "-o", "a.ndjson", peer.target, cwd=tmp_path, stdin=subprocess.PIPE)
    code, out, err = feed(program, b'# a comment\n\nRuntime.evaluate {"expression":"6 * 7"}\n'
                          b'Runtime.evalaute {}\nRuntime.evaluate {"expresion":"1"}\nRuntime.evaluate  {"expression":"console.log(1)"}\n'
                          b'Runtime.callFunctionOn {"functionDeclaration":"x","objectId":"1"}\nRuntime.getIsolateId')
    assert (code, out) == (0, "")
    assert re.fullmatch("cdp: there is no command 'Runtime.evalaute', did you mean 'Runtime.evaluate'\\?\n"
                        "cdp: Runtime.evaluate: params has no member 'expresion', did you mean 'expression'\\?\n"
                        "cdp: Runtime.callFunctionOn: .*\n", err), err
    sent = [line["sent"]["method"] for line in lines_of(tmp_path / "a.ndjson") if "sent" in line]
    assert sent == ["Runtime.enable", "Runtime.evaluate", "Runtime.evaluate", "Runtime.callFunctionOn", "Runtime.getIsolateId"]

    shown = run("replay", "a.ndjson", cwd=tmp_path)[1].splitlines()
    assert len(shown) == len(lines_of(tmp_path / "a.ndjson"))
    assert re.fullmatch(r" +\d+\.\d{3} > Runtime\.enable", shown[0])
    calls = run("replay", "a.ndjson", "Runtime.consoleAPICalled", "Runtime.getIsolateId", cwd=tmp_path)[1]
    assert re.fullmatch(r" +\S+ < Runtime\.consoleAPICalled \{.+\n +\S+ > Runtime\.getIsolateId \{\}\n +\S+ = Runtime\.getIsolateId \{.+\n", calls)
    as_json = [json.loads(line) for line in run("replay", "--json", "a.ndjson", cwd=tmp_path)[1].splitlines()]
    assert as_json == lines_of(tmp_path / "a.ndjson")

    assert json.loads(run("call", "replay:a.ndjson", "Runtime.evaluate", '{"expression":"6 * 7"}', cwd=tmp_path)[1])["result"]["value"] == 42
    code, out, err = run("call", "replay:a.ndjson", "Runtime.evaluate", '{"expression":"6 * 8"}', cwd=tmp_path)
    assert (code, out) == (1, "") and "is not in the recording" in err
    assert run("console", "replay:a.ndjson", cwd=tmp_path) == (0, "1\n", "")
    events = run("events", "replay:a.ndjson", "Runtime.executionContextCreated", cwd=tmp_path)
    assert events[0] == 0 and '"method":"Runtime.executionContextCreated"' in events[1]


def test_what_comes_of_itself(start, attach, peer, tmp_path):
    """Until a signal; a recording that the peer's end ends is whole, too."""
    frontend = attach(peer.url())
    frontend.call("Runtime.enable")
    for number in signal.SIGINT, signal.SIGTERM, None:
        program = start("record", "-fo", "a.ndjson", "--commands", peer.target, cwd=tmp_path, stdin=subprocess.PIPE)
        program.process.stdin.write(b'Runtime.evaluate {"expression":"console.log(1)"}\n')
        program.process.stdin.flush()
        frontend.event("Runtime.consoleAPICalled")  # it records
        if number:
            program.process.send_signal(number)
        else:
            peer.process.kill()
            program.process.wait(PATIENCE)
        code, out, err = program.end()
        assert (code, out) == ((0, "") if number else (1, "")) and (err == "") == bool(number)
        assert any(line.get("sent", {}).get("method") == "Runtime.evaluate" for line in lines_of(tmp_path / "a.ndjson"))


@pytest.mark.parametrize("text, err", [
    ("", "line 1: "), ("{}\n", "line 1: not a recording"), (HEAD.replace('"recording":1', '"recording":2'), "line 1: "),
    (HEAD + "{\n", "line 2: not a JSON object"), (HEAD + '{"ms":0,"sent":{}}', "line 2: it is cut off"),
])
def test_what_is_no_recording(run, tmp_path, text, err):
    (tmp_path / "a").write_text(text)
    for words in ("replay", "a"), ("eval", "replay:a", "1"):
        code, out, said = run(*words, cwd=tmp_path)
        assert (code, out) == (1, "") and said.startswith(f"cdp: a: {err}"), said


def test_hostile_recordings(run, terminal, tmp_path):
    file = tmp_path / "a"
    file.write_bytes((HEAD + '{"ms":1,"received":{"method":"\x7f\u202e.x","params":{"a":"' + "\u20ac" * 500 + '\x9b"}}}\n'
                      '{"ms":2,"received":{"id":1,"result":{}}}\n{"ms":3,"received":"eyJ9"}\n').encode())
    code, out = terminal("replay", file)
    assert code == 0 and b"\\u007F\\u202E.x" in out and out.endswith(b"no message\n") and not re.search(rb"[\x7f\x9b]|\xe2\x80\xae|\xef\xbf\xbd", out)
    assert run("replay", file, "--full")[1].count("\u20ac") == 500
    for words, err in ((("replay", "nothing"), "can't read nothing: No such file"), (("eval", "replay:nothing", "1"), "can't read"),
                       (("replay", "."), "can't read .: Is a directory")):
        code, out, said = run(*words, cwd=tmp_path)
        assert (code, out) == (1, "") and said.startswith(f"cdp: {err}")
    for words, err in ((("eval", "replay:", "1"), "TARGET 'replay:': no file follows the colon"),
                       (("list", "replay:a"), "TARGET 'replay:a' is a recording"),
                       (("record", ":1", "--enable", "Runtme"), "there is no domain 'Runtme', did you mean 'Runtime'?")):
        code, out, said = run(*words)
        assert (code, out) == (2, "") and said.startswith(f"cdp: {err}")


# ---- Node ---------------------------------------------------------------------------------------------

@pytest.mark.skipif(not NODE, reason="no node")
def test_workers_of_a_program_run(run, tmp_path):
    (tmp_path / "x.js").write_text("const { Worker } = require('worker_threads');\n"
                                   "new Worker('console.log(\"in the worker\")', { eval: true }).on('exit', code => console.log(code))")
    code, out, _ = run("console", "--", NODE, "x.js", cwd=tmp_path)
    assert code == 0 and sorted(line.split("  ")[0] for line in out.splitlines()) == ["0", "0", "in the worker"]
    assert run("record", "-o", "a.ndjson", "--", NODE, "x.js", cwd=tmp_path)[:2] == (0, "in the worker\n0\n")
    assert "NodeWorker.attachedToWorker" in (tmp_path / "a.ndjson").read_text()


@pytest.mark.skipif(not NODE, reason="no node")
def test_requests_of_a_program(run, tmp_path):
    (tmp_path / "x.js").write_text(
        "const http = require('http');\nconst server = http.createServer((_, answer) => answer.end('it'));\n"
        "server.listen(0, '127.0.0.1', () => http.get(`http://127.0.0.1:${server.address().port}/path`, answer => {\n"
        "    answer.resume(); answer.on('end', () => { server.close(); process.exitCode = 7 }) }))")
    if run("call", "Network.enable", "--", NODE, "--experimental-network-inspection", "-e", "1")[0]:
        pytest.skip("this Node has no Network")
    code, out, _ = run("har", "-o", "a.har", "--", NODE, "--experimental-network-inspection", "x.js", cwd=tmp_path)
    assert (code, out) == (7, "")
    entry, = json.loads((tmp_path / "a.har").read_text())["log"]["entries"]
    assert entry["request"]["url"].endswith("/path") and entry["response"]["status"] == 200


# ---- a peer without a default context -------------------------------------------------------------------

class Contextless(threading.Thread):
    """A WebSocket peer that tells of its contexts when Runtime is enabled, and has no other; for one client."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self.listener.getsockname()[1]}/x"
        self.methods = []
        self.start()

    def send(self, message):
        text = json.dumps(message).encode()
        assert len(text) < 126 or len(text) < 65536
        size = bytes([len(text)]) if len(text) < 126 else b"\x7e" + len(text).to_bytes(2, "big")
        self.client.sendall(b"\x81" + size + text)

    def receive(self):
        head = self.file.read(2)
        if len(head) < 2 or head[0] != 0x81:
            return None
        size = head[1] & 127
        size = int.from_bytes(self.file.read(2), "big") if size == 126 else size
        mask, body = self.file.read(4), self.file.read(size)
        return json.loads(bytes(byte ^ mask[i % 4] for i, byte in enumerate(body)))

    def answer(self, message):
        if message["method"] == "Runtime.enable":
            for number in 7, 8:
                self.send({"method": "Runtime.executionContextCreated", "params": {"context": {
                    "id": number, "origin": "", "name": "", "uniqueId": str(number)}}})
            return {"result": {}}
        context = message["params"].get("contextId")
        if context is None:
            return {"error": {"code": -32000, "message": "Cannot find default execution context"}}
        return {"result": {"result": {"type": "number", "value": context, "description": str(context)}}}

    def run(self):
        self.client = self.listener.accept()[0]
        self.file = self.client.makefile("rb")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.file.readline()
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", head)[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.client.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
                            base64.b64encode(hashlib.sha1(key).digest()) + b"\r\n\r\n")
        while message := self.receive():
            self.methods.append(message["method"])
            self.send({"id": message["id"], **self.answer(message)})
        self.client.close()


def test_a_peer_without_a_default_context(run):
    contextless = Contextless()
    assert run("eval", contextless.url, "anything") == (0, "7\n", "")
    contextless.join(PATIENCE)
    assert contextless.methods == ["Runtime.evaluate", "Runtime.enable", "Runtime.evaluate"]
