"""Importing a revision: from a folder, a package, one file, or a listening peer."""

import http.server
import io
import json
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
NODE = {"domains": [{"domain": "Runtime"}, {"domain": "NodeWorker", "description": "Prose."}]}


@pytest.fixture
def run(tmp_path):
    def run(*args):
        command = ["/usr/bin/python3", ROOT / "generator" / "import_protocol.py"]
        return subprocess.run(
            [*command, *args, "--out", tmp_path / "out"], capture_output=True, text=True, timeout=60
        )

    return run


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


def test_live_peer(run, folder, tmp_path):
    class Peer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/json/protocol" else 404)
            self.end_headers()
            self.wfile.write((folder / "whole.json").read_bytes())

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Peer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = "http://127.0.0.1:%d" % server.server_port
        assert run(base + "/json/protocol").returncode == 0
        check(tmp_path)
        done = run(base + "/elsewhere")
        assert done.returncode == 1 and "Not Found" in done.stderr
        server.shutdown()


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
    done = run(package)
    assert done.returncode == 1 and "no plain file" in done.stderr


def test_nothing_there(run, tmp_path):
    done = run(tmp_path / "gone")
    assert done.returncode == 1 and "no such file" in done.stderr
