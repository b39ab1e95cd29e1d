"""Importing a revision: from a folder, a package, one file, or a listening peer."""

import gzip
import http.server
import io
import json
import re
import socket
import subprocess
import tarfile
import threading

import pytest

from conftest import ROOT

SAID = "Some data. (Encoded as a base64 string when passed over JSON)"
JS = {
    "version": {"major": "1", "minor": "3"},
    "domains": [{"domain": "Runtime", "description": "Prose.", "commands": [{"name": "enable"}]}],
}
BROWSER = {
    "version": {"major": "1", "minor": "3"},
    "domains": [
        {
            "domain": "Page",
            "types": [{"id": "Blob", "type": "string", "description": SAID}],
            "events": [
                {
                    "name": "e",
                    "description": "Prose \\ with */",
                    "parameters": [
                        {"name": "description", "type": "string", "description": "Prose."},
                        {"name": "data", "type": "string", "description": SAID},
                        {"name": "bin", "type": "binary"},
                    ],
                }
            ],
        }
    ],
}
OLD = {
    "version": {"major": "1", "minor": "0"},
    "domains": [
        {
            "domain": "Runtime",
            "hidden": True,
            "types": [
                {
                    "id": "UnserializableValue",
                    "Description": "Prose.",
                    "exported": True,
                    "type": "string",
                    "enum": ["Infinity", "NaN", "-Infinity", "-0"],
                }
            ],
            "commands": [
                {
                    "name": "evaluate",
                    "handlers": ["browser", "renderer"],
                    "async": True,
                    "hidden": True,
                    "error": {"$ref": "UnserializableValue"},
                    "returns": [
                        {
                            "name": "o",
                            "type": "object",
                            "properties": [{"name": "x", "type": "string", "description": "Prose."}],
                        }
                    ],
                    "parameters": [
                        {
                            "name": "a",
                            "$ref": "UnserializableValue",
                            "optional": "true",
                            "experimental": "false",
                        }
                    ],
                }
            ],
            "events": [
                {
                    "name": "collected",
                    "handlers": ["browser"],
                    "parameters": [{"name": "a", "type": "$ref", "$ref": "UnserializableValue"}],
                }
            ],
        },
        {
            "domain": "DOM",
            "types": [
                {
                    "id": "Quad",
                    "type": "array",
                    "minItems": 8,
                    "maxItems": 8,
                    "items": {"type": "number"},
                }
            ],
        },
    ],
}
NODE = {"domains": [{"domain": "Runtime"}, {"domain": "NodeWorker", "description": "Prose."}]}


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "package" / "json"
    path.mkdir(parents=True)
    (path / "js_protocol.json").write_text(json.dumps(JS))
    (path / "browser_protocol.json").write_text(json.dumps(BROWSER))
    (path / "node.json").write_text(json.dumps(NODE))
    (path / "whole.json").write_text(json.dumps(dict(JS, domains=JS["domains"] + BROWSER["domains"])))
    (path.parent / "package.json").write_text('{"version": "0.0.777"}')
    return path


def imported(tmp_path):
    files = {p.name: p.read_text() for p in (tmp_path / "out").iterdir()}
    revision = files.pop("REVISION").strip()
    return {name: json.loads(text) for name, text in files.items()}, revision


def check(tmp_path):
    files, revision = imported(tmp_path)
    assert files["js_protocol.json"]["domains"] == [
        {"domain": "Runtime", "commands": [{"name": "enable"}]}
    ]
    page = files["browser_protocol.json"]["domains"][0]
    assert page["types"] == [{"id": "Blob", "type": "binary"}]
    assert page["events"][0]["parameters"] == [
        {"name": "description", "type": "string"},
        {"name": "data", "type": "binary"},
        {"name": "bin", "type": "binary"},
    ]
    return files, revision


def test_folder(run, folder, tmp_path):
    assert run(folder.parent, "--revision", "5").returncode == 0
    assert check(tmp_path)[1] == "5"


def test_package(run, folder, tmp_path):
    package = tmp_path / "p.tgz"
    with tarfile.open(package, "w:gz") as tar:
        tar.add(folder.parent, "package")
    assert run(package).returncode == 0
    assert check(tmp_path)[1] == "777"


def test_one_file_is_split(run, folder, tmp_path):
    assert run(folder / "whole.json").returncode == 0
    assert check(tmp_path)[1] == "unknown"


def test_only_nodes_own_domains(run, folder, tmp_path):
    assert run(folder, "--node", folder / "node.json").returncode == 0
    files, _ = check(tmp_path)
    assert files["node_protocol.json"]["domains"] == [{"domain": "NodeWorker"}]


@pytest.fixture
def peer(folder):
    """A peer that tells its protocol; its address."""

    class Peer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            there = {"/json/protocol": 200, "/moved": 302, "/away": 301}.get(self.path, 404)
            self.send_response(there)
            if there // 100 == 3:
                host = "127.0.0.2" if self.path == "/away" else "127.0.0.1"
                where = "http://%s:%d/json/protocol" % (host, self.server.server_port)
                self.send_header("Location", where)
            self.end_headers()
            self.wfile.write((folder / "whole.json").read_bytes())

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("", 0), Peer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield "http://127.0.0.1:%d" % server.server_port
        server.shutdown()


@pytest.mark.parametrize("path", ["", "/", "/json/protocol"])
def test_live_peer(run, peer, tmp_path, path):
    done = run(peer + path)
    assert (done.returncode, done.stderr) == (0, "")
    check(tmp_path)


def test_live_peer_is_asked_itself(run, peer, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert run(peer).returncode == 0


def test_live_node(run, tmp_path):
    command = ["node", "--inspect=127.0.0.1:0", "-e", "setTimeout(() => {}, 60000)"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as node:
        try:
            address = re.search("ws://([0-9.:]+)/", node.stderr.readline()).group(1)
            done = run("http://" + address)
        finally:
            node.kill()
    assert (done.returncode, done.stderr) == (0, "")
    files, _ = imported(tmp_path)
    assert {d["domain"] for d in files["js_protocol.json"]["domains"]} >= {"Runtime", "Debugger"}
    assert "NodeWorker" in {d["domain"] for d in files["browser_protocol.json"]["domains"]}


@pytest.mark.parametrize("path, said", [("/elsewhere", 404), ("/moved", 302), ("/away", 301)])
def test_live_peer_has_none(run, peer, tmp_path, path, said):
    """Where it would send us to is not asked."""
    done = run(peer + path)
    place = "import_protocol: %s%s: $: answers %d " % (peer, path, said)
    assert done.returncode == 1 and done.stderr.startswith(place), done.stderr
    assert done.stderr.count("\n") == 1 and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "reply",
    [b"", b"no HTTP\r\n\r\n", b"HTTP/1.1 404 \xff\r\n\r\n", b"HTTP/1.1 200\r\nContent-Length: 9\r\n\r\nx"],
)
def test_live_peer_that_speaks_something_else(run, tmp_path, reply):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection = server.accept()[0]
            connection.recv(65536)
            connection.sendall(reply)
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        done = run("http://127.0.0.1:%d" % server.getsockname()[1])
        thread.join()
    assert done.returncode == 1 and done.stderr.isascii()
    assert done.stderr.startswith("import_protocol: http://127.0.0.1:")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("url", ["http://", "http://127.0.0.1:x", "http://127.0.0.1:1", "http://[::"])
def test_no_live_peer(run, url):
    done = run(url)
    assert done.returncode == 1 and done.stderr.startswith("import_protocol: http:")
    assert done.stderr.count("\n") == 1


def test_old_spellings(run, tmp_path):
    """What revisions of 2013 to 2018 said otherwise is read, and generated from."""
    (tmp_path / "old.json").write_text(json.dumps(OLD))
    done = run(tmp_path / "old.json")
    assert (done.returncode, done.stderr) == (0, "")
    files, _ = imported(tmp_path)
    assert "rose" not in str(files)
    kept = {"name": "a", "$ref": "UnserializableValue"}
    assert files["js_protocol.json"]["domains"][0]["commands"][0]["parameters"] == [
        dict(kept, optional=True, experimental=False)
    ]
    assert files["js_protocol.json"]["domains"][0]["events"][0]["parameters"] == [kept]
    generator = ["/usr/bin/python3", ROOT / "generator" / "cdpgen.py", "--in", tmp_path / "out"]
    subprocess.run([*generator, "--out", tmp_path / "c"], check=True)
    header = (tmp_path / "c" / "include" / "cdp" / "forward.h").read_text()
    assert "CDP_RUNTIME_UNSERIALIZABLE_VALUE_NEGATIVE_0" in header


def test_second_import_is_equal(run, folder, tmp_path):
    run(folder)
    before = imported(tmp_path), sorted((tmp_path / "out").iterdir())
    run(folder)
    assert (imported(tmp_path), sorted((tmp_path / "out").iterdir())) == before


@pytest.mark.parametrize(
    "text", ["", "[]", '{"domains": [{"domain": "../x"}]}', '{"domains": [{"domain": "A", "x": 1}]}']
)
def test_what_is_no_protocol_is_not_stored(run, tmp_path, text):
    (tmp_path / "bad.json").write_text(text)
    done = run(tmp_path / "bad.json")
    assert done.returncode == 1
    assert done.stderr.startswith("import_protocol: bad.json: $")
    assert not (tmp_path / "out").exists()


def test_what_c_cannot_be_made_of_is_not_stored(run, tmp_path):
    clash = {"domains": [{"domain": "A", "commands": [{"name": "go"}, {"name": "Go"}]}]}
    (tmp_path / "bad.json").write_text(json.dumps(clash))
    assert run(tmp_path / "bad.json").returncode == 1
    assert not (tmp_path / "out").exists()


def test_a_link_in_a_package_is_refused(run, tmp_path):
    package = tmp_path / "p.tgz"
    with tarfile.open(package, "w:gz") as tar:
        link = tarfile.TarInfo("package/json/js_protocol.json")
        link.type = tarfile.SYMTYPE
        link.linkname = "/etc/passwd"
        tar.addfile(link, io.BytesIO())
        tar.addfile(tarfile.TarInfo("package/json/browser_protocol.json"), io.BytesIO())
    done = run(package)
    assert done.returncode == 1 and "no plain file" in done.stderr


@pytest.mark.parametrize("data", [b"", b"no package", gzip.compress(b"x" * 5000)[:20]])
def test_no_package(run, tmp_path, data):
    (tmp_path / "p.tgz").write_bytes(data)
    done = run(tmp_path / "p.tgz")
    assert done.returncode == 1 and done.stderr.startswith("import_protocol: p.tgz: $: no package: ")


def test_a_package_without_a_protocol(run, folder, tmp_path):
    (folder / "js_protocol.json").unlink()
    done = run(folder)
    message = "import_protocol: json: $: no pdl/ or json/ with js_protocol and browser_protocol in it\n"
    assert (done.returncode, done.stderr) == (1, message)


def test_nothing_there(run, tmp_path):
    done = run(tmp_path / "gone")
    assert done.returncode == 1 and "no such file" in done.stderr
