"""Packages, PDL and peers that mean harm, to the importer: refused in one line that says where, and
nothing touched but the output; see place.py.
"""

import gzip
import io
import json
import os
import re
import socket
import tarfile
import threading
import time

import pytest

import cdpgen as generator
import import_protocol as importer
import sources

GOOD = {"domains": [{"domain": "Tea", "commands": [{"name": "pour"}]}]}
BYTES = json.dumps(GOOD).encode()


# ---- packages --------------------------------------------------------------

JS, BROWSER = "package/json/js_protocol.json", "package/json/browser_protocol.json"
PAGE = json.dumps({"domains": [{"domain": "Page"}]}).encode()


def member(name, data=b"", kind=tarfile.REGTYPE, link="", size=None):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(data) if size is None else size, kind, link
    return info, data


def package(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data) if len(data) == info.size else None)
    return out.getvalue()


BOTH = [member(JS, BYTES), member(BROWSER, PAGE)]
BAD_PACKAGES = {
    "nothing": (b"", "no package"),
    "no gzip": (BYTES, "no package: Not a gzipped file"),
    "cut gzip": (gzip.compress(package(*BOTH))[:60], "no package"),
    "cut tar": (gzip.compress(package(*BOTH)[:600]), "no package: unexpected end of data"),
    "no tar": (gzip.compress(b"x" * 2000), "no package"),
    "one half": (
        gzip.compress(package(BOTH[0])),
        "no pdl/ or json/ with js_protocol and browser_protocol",
    ),
    "only outside": (
        gzip.compress(
            package(member("../js_protocol.json", BYTES), member("/browser_protocol.json", PAGE))
        ),
        "no pdl/ or json/",
    ),
}
BAD_MEMBERS = {
    "twice": [*BOTH, member(JS, PAGE)],
    "symbolic link": [member(JS, kind=tarfile.SYMTYPE, link="/etc/passwd"), BOTH[1]],
    "hard link": [member(JS, kind=tarfile.LNKTYPE, link=BROWSER), BOTH[1]],
    "device": [member(JS, kind=tarfile.CHRTYPE), BOTH[1]],
    "FIFO": [member(JS, kind=tarfile.FIFOTYPE), BOTH[1]],
    "folder": [member(JS, kind=tarfile.DIRTYPE), BOTH[1]],
}


@pytest.mark.parametrize("data, message", BAD_PACKAGES.values(), ids=BAD_PACKAGES)
def test_packages(place, data, message):
    path = place.put("p.tgz", data)
    place.refused(place.run(importer.main, path), "p.tgz: $: " + message, "import_protocol: ")
    assert not place.out.exists()


@pytest.mark.parametrize("members", BAD_MEMBERS.values(), ids=BAD_MEMBERS)
def test_members_of_packages(place, members):
    path = place.put("p.tgz", gzip.compress(package(*members)))
    done = place.run(importer.main, path)
    place.refused(done, "js_protocol.json: $: json/js_protocol.json: ", "import_protocol: ")
    assert not place.out.exists()


def test_members_that_are_not_asked_for(place):
    """Nothing is unpacked, wherever it would go."""
    others = [
        member("../../etc/passwd", b"x"),
        member("/etc/passwd", b"x"),
        member("package/../../etc/passwd", b"x"),
        member("package/json", kind=tarfile.SYMTYPE, link="/etc"),
        member("package/package.json", b'{"version": "0.0.7"}'),
    ]
    path = place.put("p.tgz", gzip.compress(package(*others, *BOTH)))
    assert place.run(importer.main, path) == (0, "")
    assert (place.out / "REVISION").read_text() == "7\n"
    assert sorted(os.listdir(place.out)) == [
        "REVISION",
        "browser_protocol.json",
        "js_protocol.json",
    ]


@pytest.mark.parametrize(
    "version",
    ['"1.0.x/../y"', '"\\ud800"', '"1.2.a b"', '"%s"' % ("9" * 100), "[[]]", '"1.2."'],
)
def test_versions_of_packages(place, version):
    about = member("package/package.json", b'{"version": %s}' % version.encode())
    path = place.put("p.tgz", gzip.compress(package(about, *BOTH)))
    status, err = place.run(importer.main, path)
    if status:
        place.refused((status, err), "--revision: $: ", "import_protocol: ")
        assert not place.out.exists()
    else:
        assert re.match(r"[\w.-]+\n\Z", (place.out / "REVISION").read_text())


def test_a_package_that_swells(place):
    path = place.put("p.tgz", gzip.compress(b"\0" * (80 << 20)))
    assert path.stat().st_size < 100000
    done = place.run(importer.main, path)
    place.refused(done, "p.tgz: $: more than 67108864 bytes when unpacked", "import_protocol: ")


# ---- PDL -------------------------------------------------------------------

BAD_INCLUDES = {
    "above": "../etc/passwd",
    "above, later": "a/../../etc/passwd",
    "absolute": "/etc/passwd",
    "hidden": ".git/config",
    "here": "./p.pdl",
    "empty part": "a//b.pdl",
    "escape": "a\x1b[2J",
    "not ASCII": "caf\u00e9.pdl",
    "missing": "gone.pdl",
    "itself": "p.pdl",
    "folder": "folder",
    "link": "link.pdl",
    "by a link": "linked/q.pdl",
    "FIFO": "fifo.pdl",
}


@pytest.mark.parametrize("path", BAD_INCLUDES.values(), ids=BAD_INCLUDES)
def test_includes(place, path):
    (place.input / "folder").mkdir()
    (place.input / "link.pdl").symlink_to(place.path / "etc" / "passwd")
    (place.input / "linked").symlink_to(place.path / "etc")
    (place.path / "etc" / "q.pdl").write_text("domain Q\n")
    os.mkfifo(place.input / "fifo.pdl")
    source = place.put("p.pdl", "domain Tea\ninclude %s\n" % path)
    place.refused(place.run(importer.main, source), "p.pdl:2: ", "import_protocol: ")
    assert not place.out.exists()


def test_includes_in_a_ring(place):
    for i in range(3):
        place.put("%d.pdl" % i, "include %d.pdl\n" % ((i + 1) % 3))
    done = place.run(importer.main, place.input / "0.pdl")
    place.refused(done, "2.pdl:1: 0.pdl is included already", "import_protocol: ")


def test_includes_without_end(place):
    for i in range(100):
        place.put("%d.pdl" % i, "include %d.pdl\n" % (i + 1))
    done = place.run(importer.main, place.input / "0.pdl")
    place.refused(
        done,
        "8.pdl:1: files that include each other more than 8 deep",
        "import_protocol: ",
    )


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_devices(place, device):
    message = os.path.basename(device) + ": $: not a plain file"
    place.refused(place.run(generator.main, "--in", device), message)
    done = place.run(importer.main, device)
    place.refused(done, device + ": $: no such file", "import_protocol: ")


# ---- peers -----------------------------------------------------------------


def _ok(body, *more):
    head = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *more]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


PEERS = {
    "to a file": (
        b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
        "answers 302 Found",
    ),
    "to a host": (
        b"HTTP/1.1 301 Away\r\nLocation: http://127.0.0.1:1/\r\n\r\n",
        "answers 301 Away",
    ),
    "not there": (b"HTTP/1.1 404 Not\x1b[2J Found\r\n\r\n", "answers 404 Not\\x1b[2J Found"),
    "reason without end": (b"HTTP/1.1 404 " + b"x" * 60000 + b"\r\n\r\n", "answers 404 xxx"),
    "line without end": (b"HTTP/1.1 200 " + b"x" * 70000, "got more than 65536 bytes"),
    "header without end": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70000, "got more than 65536 bytes"),
    "headers without end": (
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000,
        "got more than 100 headers",
    ),
    "nothing": (b"", "Remote end closed connection"),
    "no HTTP": (b"SSH-2.0-x\r\n", "SSH-2.0-x"),
    "no JSON": (_ok(b"<html>"), "$: not JSON"),
    "no protocol": (_ok(b"[]"), "$: not an object"),
    "another type": (_ok(b"\x89PNG\r\n", b"Content-Type: image/png"), "$: not UTF-8 at byte 0"),
    "gzip": (_ok(gzip.compress(BYTES), b"Content-Encoding: gzip"), "$: not UTF-8 at byte 1"),
    "cut short": (_ok(BYTES)[:-3], "$: not JSON"),
    "length of less": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + BYTES, "$: not JSON"),
    "negative length": (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n[]", "$: not an object"),
    "no chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "IncompleteRead"),
    "hostile": (
        _ok(json.dumps({"domains": [{"domain": "../x"}]}).encode()),
        "$.domains[0].domain: '../x' is not a name",
    ),
}


class Peer:
    """Answers once, with bytes that may never end, until it is hung up on."""

    def __init__(self, first, then=b"", pause=0):
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._server.getsockname()[1]
        self._first, self._then, self._pause = first, then, pause
        self._thread = threading.Thread(target=self._answer)

    def _answer(self):
        connection = self._server.accept()[0]
        try:
            connection.recv(65536)
            connection.sendall(self._first)
            while self._then:
                connection.sendall(self._then)
                time.sleep(self._pause)
        except OSError:
            pass
        connection.close()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join()
        self._server.close()


@pytest.mark.parametrize("answer, message", PEERS.values(), ids=PEERS)
def test_peers(place, answer, message):
    with Peer(answer) as peer:
        done = place.run(importer.main, peer.url)
    place.refused(done, peer.url + ": $", "import_protocol: ")
    assert message in done[1]
    assert not place.out.exists()


def test_a_body_without_end(place):
    with Peer(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * (1 << 20)) as peer:
        done = place.run(importer.main, peer.url)
    place.refused(done, peer.url + ": $: more than 16777216 bytes", "import_protocol: ")


@pytest.mark.parametrize(
    "first, then",
    [(b"HTTP/1.1 200 OK\r\n\r\n", b" "), (b"", b"HTTP/1.1 100 Continue\r\n\r\n")],
    ids=["body", "interim replies"],
)
def test_what_is_slow_is_cut_off(place, monkeypatch, first, then):
    monkeypatch.setattr(sources, "_SECONDS", 0.5)
    with Peer(first, then, 0.01) as peer:
        done = place.run(importer.main, peer.url)
    place.refused(done, peer.url + ": $: ", "import_protocol: ")
    assert not place.out.exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://user:secret@127.0.0.1:1/",
        "http://127.0.0.1:1/a b",
        "http://127.0.0.1:1/\r\nX: y",
        "http://127.0.0.1:1/caf\u00e9",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:-1/",
        "http://" + "x" * 70 + ".invalid/",
        "http://\u202e/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "https://127.0.0.1:1/",
    ],
)
def test_addresses(place, url):
    place.refused(place.run(importer.main, url), "", "import_protocol: ")
    assert not place.out.exists()
