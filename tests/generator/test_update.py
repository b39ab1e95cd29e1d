"""Bringing in another revision: from a file, a folder, a package, a Node that runs."""

import json
import os
import re
import shutil
import subprocess
import tarfile

import pytest

from conftest import ROOT

TYPE = {"id": "T", "type": "object", "properties": [{"name": "m", "type": "string"}]}
JS = {"domains": [{"domain": "Runtime", "types": [TYPE], "commands": [{"name": "enable"}]}]}
PAGE = {"domain": "Page", "commands": [{"name": "reload"}]}
NETWORK = {"domain": "Network", "events": [{"name": "x"}]}
BROWSER = {"domains": [PAGE, NETWORK, {"domain": "Old", "types": [TYPE]}]}
NODE = {"domains": [{"domain": "NodeRuntime", "commands": [{"name": "enable"}]}]}
OWN = {"domains": [{"domain": "Teapot", "events": [{"name": "boiled"}]}]}


@pytest.fixture
def folder(tmp_path):
    """A protocol_json/ with a domain of its own, and words."""
    path = tmp_path / "protocol_json"
    (path / "docs").mkdir(parents=True)
    write(path, js_protocol=JS, browser_protocol=BROWSER, node_protocol=NODE, teapot=OWN)
    (path / "REVISION").write_text("1000001\n")
    (path / "docs" / "Own.txt").write_text("Teapot\n  Ours.\n")
    return path


def write(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, value in files.items():
        (folder / (name + ".json")).write_text(json.dumps(value))


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def domains(folder, name):
    return [d["domain"] for d in json.loads((folder / (name + ".json")).read_text())["domains"]]


@pytest.fixture
def update(folder):
    def update(*options):
        command = ["/usr/bin/python3", ROOT / "tools" / "protocol_update.py", "--protocol", folder]
        return subprocess.run([*command, *options], capture_output=True, text=True, timeout=300)

    return update


@pytest.fixture
def updated(update, folder):
    """The report of an update that succeeds."""

    def updated(*options):
        done = update(*options)
        assert (done.returncode, done.stderr) == (0, "")
        assert (folder / "CHANGES").read_text() == done.stdout
        assert not [p for p in folder.iterdir() if p.name.startswith(".")]
        assert json.loads((folder / "teapot.json").read_text()) == OWN
        assert (folder / "docs" / "Own.txt").exists()
        return done.stdout

    return updated


def package(folder, number):
    """A source that has all but Node's, with a few differences."""
    member = dict(TYPE, properties=[{"name": "m", "type": "number"}])
    js = {"domains": [dict(JS["domains"][0], types=[member])]}
    page = dict(PAGE, commands=PAGE["commands"] + [{"name": "stop", "experimental": True}])
    (folder / "json").mkdir(parents=True)
    write(folder / "json", js_protocol=js, browser_protocol={"domains": [page, NETWORK]})
    (folder / "package.json").write_text('{"version": "0.0.%d"}' % number)
    return folder


def test_folder(updated, folder, tmp_path):
    source = package(tmp_path / "package", 1000002)
    (source / "json" / "REVISION").write_text("1000002\n")
    report = updated("--from", source / "json")
    assert report.startswith("Protocol 1000001 -> 1000002\n")
    assert "Not in the source, and left as it was: node_protocol.json.\n" in report
    assert "Domains that the source does not have: Old.\n" in report
    assert "\n  Old: gone\n      <cdp/old.h> and its 4 other names\n" in report
    assert "\n  Runtime.T.m: was cdp_str, is double\n      cdp_runtime_t.m\n" in report
    assert "--- experimental ---\n\nPage\n  Page.stop: new\n      cdp_page_stop() and" in report
    assert (folder / "REVISION").read_text() == "1000002\n"
    assert domains(folder, "browser_protocol") == ["Page", "Network"]
    assert domains(folder, "node_protocol") == ["NodeRuntime"]


def test_package_file(updated, folder, tmp_path):
    with tarfile.open(tmp_path / "p.tgz", "w:gz") as tar:
        tar.add(package(tmp_path / "package", 1000003), "package")
    assert updated("--from", tmp_path / "p.tgz").startswith("Protocol 1000001 -> 1000003\n")


def test_one_file(updated, folder, tmp_path):
    """All in one; what is Node's becomes Node's file.  It has no revision: one is made of it."""
    network = dict(NETWORK, events=[])
    node = {"domain": "NodeWorker", "events": [{"name": "attached"}]}
    whole = {"domains": JS["domains"] + [PAGE, network, node]}
    write(tmp_path, whole=whole)
    report = updated("--from", tmp_path / "whole.json")
    assert re.match(r"Protocol 1000001 -> \d{8}-whole\n", report)
    assert "Domains that the source does not have: NodeRuntime, Old.\n" in report
    assert domains(folder, "browser_protocol") == ["Page", "Network"]
    assert domains(folder, "node_protocol") == ["NodeWorker"]
    first = (folder / "REVISION").read_text()
    assert re.match(r"\d{8}-whole\n\Z", first)
    write(tmp_path, whole={"domains": JS["domains"] + [PAGE, node]})
    updated("--from", tmp_path / "whole.json")
    assert (folder / "REVISION").read_text() != first


def test_live_node(updated, folder, tmp_path):
    """It has no browser: V8's domains and its own are taken, the browser's stay."""
    newest = re.findall(r"\d+=(\S+)", os.environ.get("NODES", ""))[-1:]
    node = (newest or [shutil.which("node")])[0]
    command = [node, "--inspect=127.0.0.1:0", "-e", "setTimeout(() => {}, 60000)"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    try:
        address = re.search(r"ws://([0-9.:]+)/", process.stderr.readline()).group(1)
        report = updated("--from", "http://" + address)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    assert re.match(r"Protocol 1000001 -> \d{8}-node-\d+\.\d+\.\d+\n", report)
    assert re.search(r"The source is no browser: what it has of [\w,\s]*Network\b", report)
    assert "left as it was: browser_protocol.json." in report
    assert "Debugger" in domains(folder, "js_protocol")
    assert "NodeWorker" in domains(folder, "node_protocol")
    assert json.loads((folder / "browser_protocol.json").read_text()) == BROWSER


def test_version(update, updated, folder):
    """A package of npm: between real revisions, and when nothing is to be done."""
    for name in ("js_protocol.json", "browser_protocol.json", "node_protocol.json", "REVISION"):
        shutil.copy(ROOT / "protocol_json" / name, folder)
    report = updated("--version", "1541592")
    assert re.match(r"Protocol \S+ -> 1541592\n", report)
    assert "  Network.Cookie.sameParty: new, bool, required\n" in report
    assert (folder / "REVISION").read_text() == "1541592\n"
    before = contents(folder)
    done = update("--from", folder)
    assert done.stdout == "protocol_json/ is that of 1541592 already\n"
    assert contents(folder) == before


BAD = {
    "no JSON": (b"{", "import_protocol: bad.json: $: not JSON"),
    "no protocol": (b"[]", "import_protocol: bad.json: $: not an object"),
    "a domain of ours": (json.dumps(OWN).encode(), "protocol_update: bad.json: none of V8's"),
    "what ours refers to is gone": (json.dumps(JS).encode(), "protocol_update: teapot.json: $."),
    "nothing": (b'{"domains": []}', "protocol_update: bad.json: none of V8's"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_sources_change_nothing(update, folder, tmp_path, what):
    if what.startswith("what"):
        own = {"domain": "Teapot", "types": [{"id": "X", "$ref": "Runtime.Gone"}]}
        write(folder, teapot={"domains": [own]})
    before = contents(folder)
    (tmp_path / "bad.json").write_bytes(BAD[what][0])
    done = update("--from", tmp_path / "bad.json")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(BAD[what][1]) and done.stderr.count("\n") == 1
    assert contents(folder) == before


@pytest.mark.parametrize(
    "options, said",
    [
        (["--version", "1.2.3"], "--version: '1.2.3' is no version"),
        (["--version", "-x"], "--version"),
        (["--version", "1", "--from", "x.json"], "--version: either a version or a source"),
        (["--from", "gone.json"], "import_protocol: gone.json: "),
        (["--from", "http://127.0.0.1:1"], "import_protocol: http://127.0.0.1:1/json/protocol: "),
    ],
)
def test_what_cannot_be_had(update, folder, options, said):
    before = contents(folder)
    done = update(*options)
    assert done.returncode and said in done.stderr
    assert contents(folder) == before


def test_a_wrong_report_changes_nothing(update, folder, tmp_path):
    """Where the compilers see it otherwise, protocol_json/ stays."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name in ("gcc", "clang"):  # blind to everything
        (bin_folder / name).write_text("#!/bin/sh\nexit 0\n")
        (bin_folder / name).chmod(0o755)
        (bin_folder / {"gcc": "g++", "clang": "clang++"}[name]).symlink_to(name)
    before = contents(folder)
    source = package(tmp_path / "package", 1000002)
    environment = dict(os.environ, PATH="%s:%s" % (bin_folder, os.environ["PATH"]))
    done = subprocess.run(
        ["/usr/bin/python3", ROOT / "tools" / "protocol_update.py"]
        + ["--protocol", folder, "--from", source],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("protocol_update: gcc: the report is wrong about <cdp/old.h>, ")
    assert contents(folder) == before
