"""screenshot, pdf, har, and the other jobs on pages: of one Chromium, and of some that are started."""

import http.server
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import threading
import time
import urllib.request
import zlib

import pytest

from conftest import PATIENCE

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium")

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0"]
BOX = b"""<!doctype html><title>a box</title><style>body { margin: 0; background: #0000ff }
#box { position: absolute; left: 40px; top: 1500px; width: 120px; height: 80px; background: #ff0000 }</style>
<div id=box></div><div id=empty></div><p style="height: 2500px; margin: 0">text</p>"""
NOISE = b"""<!doctype html><title>noise</title><canvas id=c width=900 height=900></canvas><script>
let x = 1, image = c.getContext('2d').createImageData(900, 900);
for (let i = 0; i < image.data.length; i++) { x = x * 16807 % 2147483647; image.data[i] = i % 4 == 3 ? 255 : x & 255 }
c.getContext('2d').putImageData(image, 0, 0)</script>"""
PARTS = b"""<!doctype html><title>parts</title><link rel=icon href=data:,><link rel=stylesheet href=/style.css>
<script src=/script.js></script><img src=/moved>
<iframe src="http://localhost:%d/frame"></iframe><script>new Worker('/worker.js')</script><img src=/gate>"""
PAGES = {
    "/box": ("text/html", BOX),
    "/noise": ("text/html", NOISE),
    "/dialogs": ("text/html", b"<!doctype html><script>alert(1); document.title = `asked: ${confirm(2)} ${prompt(3)}`;"
                 b"onbeforeunload = () => 'stay'</script>"),
    "/title": ("text/html", b"<!doctype html><meta charset=utf-8><title>\x1b[31mred \xe2\x80\xae</title>"),
    "/parts": ("text/html", PARTS),
    "/frame": ("text/html", b"<!doctype html><link rel=icon href=data:,><script>fetch('/of-frame')</script>"),
    "/worker.js": ("text/javascript", b"fetch('/of-worker')"),
    "/script.js": ("text/javascript", b"console.log('from the script', { a: 1 })"),
    "/style.css": ("text/css", b"p { color: red }"),
    "/image.svg": ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "/of-frame": ("text/plain", b"frame"), "/of-worker": ("text/plain", b"worker"),
    "/late": ("text/html", b"<!doctype html><title>not yet</title><script src=/hold?%d></script><script>document.title = 'late'</script>"),
}


class Server(http.server.ThreadingHTTPServer):
    """Keeps in mind what it was asked for; /hold waits until it may be answered, /gate for what the frame and the worker ask."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = []
        self.asked = threading.Event()
        self.go = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def paths(self):
        return {"/" + url.split("/", 3)[3] for url in self.seen}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.seen.append(f"http://{self.headers['Host']}{self.path}")
        if self.path.startswith("/hold"):
            self.server.asked.set()
            self.server.go.wait(PATIENCE)
        while self.path == "/gate" and not {"/of-frame", "/of-worker"} <= self.server.paths() and not self.server.go.wait(0.01):
            pass
        kind, body = PAGES.get(self.path, ("text/plain", b""))
        if self.path == "/parts":
            body %= self.server.server_address[1]
        if self.path == "/late":
            body %= len(self.server.seen)  # a cache would have the second wait for the first
        self.send_response(302 if self.path == "/moved" else 200)
        if self.path == "/moved":
            self.send_header("Location", "/image.svg")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:  # nobody waits for it any more
            pass


@pytest.fixture
def server():
    server = Server()
    yield server
    server.go.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """":PORT" of a Chromium."""
    process = subprocess.Popen([CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}", "about:blank"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               start_new_session=True)
    try:
        for line in process.stderr:
            if found := re.search(rb"DevTools listening on ws:..127\.0\.0\.1(:\d+)/", line):
                threading.Thread(target=process.stderr.read, daemon=True).start()  # it says more than a pipe holds
                yield found[1].decode()
                break
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def page(browser):
    """":PORT/ID" of a new, empty page."""
    ids = []

    def open_page():
        request = urllib.request.Request(f"http://127.0.0.1{browser}/json/new?about:blank", method="PUT")
        ids.append(json.load(urllib.request.urlopen(request, timeout=PATIENCE))["id"])
        return f"{browser}/{ids[-1]}"

    yield open_page
    for page_id in ids:
        urllib.request.urlopen(f"http://127.0.0.1{browser}/json/close/{page_id}", timeout=PATIENCE).read()


# ---- pages that are started -----------------------------------------------------------------------

def test_a_page_is_there_before_a_job_looks(run, start, server, tmp_path):
    program = start("eval", "document.title", "--", CHROMIUM, f"{server.url}/late")
    assert server.asked.wait(PATIENCE)
    server.go.set()
    assert program.end() == (0, "late\n", "")
    assert server.seen.count(f"{server.url}/late") == 1
    (tmp_path / "a file%.html").write_text("<title>of a file</title>")
    assert run("eval", "[document.title, location.pathname.endsWith('a%20file%25.html')]", "--", CHROMIUM, "a file%.html",
               cwd=tmp_path) == (0, '["of a file",true]\n', "")


def test_without_a_page_there_is_an_empty_one(run):
    assert run("eval", "location.href", "--", CHROMIUM) == (0, "about:blank\n", "")


def test_a_page_that_can_not_be_loaded(run, tmp_path):
    url = "http://127.0.0.1:9/"  # the browser refuses that port by itself
    code, out, err = run("eval", "1", "--", CHROMIUM, url)
    assert (code, out, err) == (1, "", f"cdp: {url}: net::ERR_UNSAFE_PORT\n")
    code, out, err = run("har", "-o", "a.har", "--", CHROMIUM, url, cwd=tmp_path)
    assert (code, out) == (1, "") and err.endswith("cdp: a.har was not written\n") and os.listdir(tmp_path) == []


def test_what_a_page_logs_from_its_start(run, server):
    code, out, err = run("console", "-n", "1", "--", CHROMIUM, f"{server.url}/parts")
    assert (code, err) == (0, "") and out.startswith("from the script {a: 1}  http")


def test_pages_that_will_not_load(run, start, page, server, tmp_path):
    """Dialogs are answered, and do not hold up what comes next; a crash is told."""
    target = page()
    assert run("screenshot", "-o", tmp_path / "a.png", target, f"{server.url}/dialogs") == (0, "", "")
    code, out, err = run("eval", "document.title", "--", CHROMIUM, f"{server.url}/dialogs")
    assert (code, out, err) == (0, "asked: false null\n", "")
    url = f"{server.url}/late"
    assert run("pdf", "--timeout", "1", target, url) == (1, "", f"cdp: {url}: it is not there in time\n")
    server.asked.clear()
    program = start("pdf", target, url)
    assert server.asked.wait(PATIENCE)
    start("call", target, "Page.crash")  # nobody answers that
    assert program.end() == (1, "", f"cdp: {url}: the page crashed\n")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


@pytest.mark.parametrize("job", ["screenshot", "har"])
def test_a_browser_that_dies(start, server, tmp_path, job):
    program = start(job, "-o", "a", *(["--format", "png"] if job == "screenshot" else []), "--", CHROMIUM,
                    f"{server.url}/late", cwd=tmp_path)
    assert server.asked.wait(PATIENCE)
    for pid in children(program.process.pid):
        os.killpg(pid, signal.SIGKILL)
    code, out, err = program.end()
    assert (code, out) == (1, "") and err.endswith("cdp: a was not written\n") and os.listdir(tmp_path) == []


def test_a_page_that_is_closed(start, tmp_path):
    """A recording of that is whole, and nobody waits any longer."""
    program = start("record", "--commands", "-o", "a.ndjson", "--", CHROMIUM, cwd=tmp_path, stdin=subprocess.PIPE)
    program.process.stdin.write(b"Page.close\n")
    program.process.stdin.flush()
    assert program.process.wait(PATIENCE) == 1
    assert program.process.stderr.read().startswith(b"cdp: ") and "Page.close" in (tmp_path / "a.ndjson").read_text()


# ---- screenshot -------------------------------------------------------------------------------------

def size_of(data):
    """(format, width, height) of a picture."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        assert data.endswith(b"IEND\xaeB`\x82")
        return "png", *struct.unpack(">II", data[16:24])
    if data[:4] == b"RIFF":
        assert data[8:12] == b"WEBP" and struct.unpack("<I", data[4:8])[0] == len(data) - 8
        if data[12:16] == b"VP8X":
            return "webp", *(int.from_bytes(data[at:at + 3], "little") + 1 for at in (24, 27))
        return "webp", *(n & 0x3FFF for n in struct.unpack("<HH", data[26:30]))
    assert data.startswith(b"\xff\xd8") and data.endswith(b"\xff\xd9")
    at = 2
    while data[at + 1] not in (0xC0, 0xC2):
        at += 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
    height, width = struct.unpack(">HH", data[at + 5:at + 9])
    return "jpeg", width, height


def first_pixel(data):
    """Of a PNG: there no filter changes it."""
    idat, at = b"", 8
    while at < len(data):
        size, = struct.unpack(">I", data[at:at + 4])
        if data[at + 4:at + 8] == b"IDAT":
            idat += data[at + 8:at + 8 + size]
        at += size + 12
    return tuple(zlib.decompress(idat)[1:4])


def test_pictures(run, page, server, tmp_path):
    target, size = page(), ("--width", "300", "--height", "200")
    for name, options, expected in (
            ("a.png", size, ("png", 300, 200)), ("b.JPG", (*size, "--quality", "10"), ("jpeg", 300, 200)),
            ("c.webp", (*size, "--scale", "2"), ("webp", 600, 400)), ("d", (*size, "--format=jpeg"), ("jpeg", 300, 200)),
            ("e.png", ("--width", "300", "--full-page"), ("png", 300, 2500)),
            ("f.png", (*size, "--selector", "#box"), ("png", 120, 80)),
            ("g.png", ("--selector", "#box", "--scale=1.5"), ("png", 180, 120))):
        assert run("screenshot", *options, "-o", name, target, f"{server.url}/box", cwd=tmp_path) == (0, "", "")
        data = (tmp_path / name).read_bytes()
        assert size_of(data) == expected, name
        if name.endswith(".png"):
            assert first_pixel(data) == ((255, 0, 0) if "--selector" in options else (0, 0, 255)), name
    view, untouched = "[innerWidth, innerHeight, devicePixelRatio]", page()
    deadline = time.monotonic() + PATIENCE  # Chromium resizes a page some time after it said so
    while run("eval", target, view) != run("eval", untouched, view) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert run("eval", target, view) == run("eval", untouched, view)  # nothing is left of it


def test_pictures_that_can_not_be(run, page, server, tmp_path):
    target = page()
    for selector, err in (("#bax", "the page has no element '#bax'"), ("#empty", "'#empty' has no size"),
                          ("[", "DOM.querySelector: ")):
        code, out, said = run("screenshot", "--selector", selector, "-o", "a.png", target, f"{server.url}/box", cwd=tmp_path)
        assert (code, out) == (1, "") and said.startswith(f"cdp: {err}") and "a.png was not written" in said
    assert os.listdir(tmp_path) == []
    for words, err in ((("--scale", "0"), "--scale is 0.1 to 10, not '0'"), (("--width", "100001"), "a page has at most"),
                       (("-o", "a.gif"), "'a.gif' is none of .png, .jpeg and .webp"),
                       (("--quality", "101"), "--quality is 0 to 100"),
                       (("--full-page", "--selector", "p"), "either --full-page or --selector")):
        code, out, said = run("screenshot", target, *words, cwd=tmp_path)
        assert (code, out) == (2, "") and said.startswith(f"cdp: {err}")


def test_a_terminal_gets_no_picture(terminal):
    code, out = terminal("screenshot", ":1")
    assert code == 2 and out.startswith(b"cdp: that is nothing for a terminal")


@pytest.mark.parametrize("words", [["screenshot", "--format=png"], ["pdf"]])
def test_signals(start, page, server, tmp_path, words):
    """Before anything, while the page loads, and when it is there: the file is whole, or not there."""
    for moment in range(3):
        server.asked.clear()
        server.go.clear()
        if moment == 2:
            server.go.set()
        program = start(*words, "-o", "a", *(["--wait", "600"] if moment == 2 else []), page(), f"{server.url}/late", cwd=tmp_path)
        if moment:
            assert server.asked.wait(PATIENCE)
        program.process.send_signal(signal.SIGINT)
        code, out, err = program.end()
        if moment or err:
            assert (code, out, err) == (130, "", "cdp: interrupted\ncdp: a was not written\n")
        else:
            assert (code, out) == (-signal.SIGINT, "")  # it had yet to listen
        assert os.listdir(tmp_path) == []


# ---- pdf --------------------------------------------------------------------------------------------

def check_pdf(data):
    """Whole: what its last lines point to is there."""
    assert data.startswith(b"%PDF-1.")
    at, = re.search(rb"startxref\s+(\d+)\s+%%EOF\s*$", data).groups()
    assert data[int(at):].startswith(b"xref")
    return {tuple(round(float(n)) for n in box.split()) for box in re.findall(rb"/MediaBox \[([\d. ]+)\]", data)}


@pytest.mark.parametrize("options, box", [
    ((), (595, 842)), (("--paper", "letter"), (612, 792)), (("--paper=a5", "--landscape"), (842 / 2 ** .5, 420)),
])
def test_pdf(run, page, server, tmp_path, options, box):
    assert run("pdf", *options, "--margin", "1cm", "-o", "a.pdf", page(), f"{server.url}/box", cwd=tmp_path) == (0, "", "")
    (left, top, width, height), = check_pdf((tmp_path / "a.pdf").read_bytes())
    assert (left, top) == (0, 0) and abs(width - box[0]) <= 1 and abs(height - box[1]) <= 1


def test_a_big_pdf(run, page, server, tmp_path):
    assert run("pdf", "-o", "a.pdf", page(), f"{server.url}/noise", cwd=tmp_path) == (0, "", "")
    data = (tmp_path / "a.pdf").read_bytes()
    check_pdf(data)
    assert len(data) > 2 << 20  # several pieces
    for words, err in ((("--margin", "1 cm"), "--margin is a length"), (("--margin", "9e9in"), "--margin is a length"),
                       (("--scale", "3"), "--scale is 0.1 to 2, not '3'")):
        code, out, said = run("pdf", page(), *words)
        assert (code, out) == (2, "") and said.startswith(f"cdp: {err}")


# ---- har --------------------------------------------------------------------------------------------

def read_har(path):
    log = json.loads(path.read_text())["log"]
    assert log["version"] == "1.2"
    return log, {entry["request"]["url"]: entry for entry in log["entries"] if entry["request"]["url"].startswith("http")}


def test_har(run, page, server, tmp_path):
    assert run("har", "--bodies", "-o", "a.har", page(), f"{server.url}/parts", cwd=tmp_path) == (0, "", "")
    log, entries = read_har(tmp_path / "a.har")
    assert sorted(entries) == sorted(set(server.seen)), "what the server saw"
    assert log["browser"]["name"] and log["pages"][0]["pageTimings"]["onLoad"] > 0
    assert entries[f"{server.url}/moved"]["response"]["status"] == 302
    for path in "/script.js", "/style.css", "/of-worker":
        assert entries[f"{server.url}{path}"]["response"]["content"]["text"].encode() == PAGES[path][1]
    frame = next(url for url in entries if url.endswith("/of-frame"))
    assert frame.startswith("http://localhost:") and entries[frame]["response"]["content"]["text"] == "frame"


def test_har_until(run, start, page, server, tmp_path):
    """A page that is never there is recorded for as long as was asked for."""
    assert run("har", "-t", "0.5", "-o", "a.har", page(), f"{server.url}/late", cwd=tmp_path) == (0, "", "")
    read_har(tmp_path / "a.har")
    for number in signal.SIGINT, signal.SIGTERM:
        server.asked.clear()
        program = start("har", "-fo", "a.har", page(), f"{server.url}/late", cwd=tmp_path)
        assert server.asked.wait(PATIENCE)
        program.process.send_signal(number)
        assert program.end() == (0, "", "")
        assert f"{server.url}/late" in read_har(tmp_path / "a.har")[1]
    target = page()
    program = start("har", "-fo", "a.har", target, cwd=tmp_path)  # no page to load: until a signal
    while not server.seen.count(f"{server.url}/style.css") > 2:
        assert run("eval", target, f"fetch('{server.url}/style.css', {{ mode: 'no-cors' }}).then(() => 1)")[0] == 0
    program.process.send_signal(signal.SIGINT)
    assert program.end() == (0, "", "")
    assert f"{server.url}/style.css" in read_har(tmp_path / "a.har")[1]


# ---- names, and recordings ----------------------------------------------------------------------------

def test_hostile_titles(run, terminal, page, server, browser):
    target = page()
    assert run("har", target, f"{server.url}/title")[0] == 0  # which waits until it is there
    assert run("eval", f"{browser}@MRED", "document.title") == (0, "[31mred \u202e\n", "")  # it drops what is a control
    code, out = terminal("list", browser)
    assert code == 0 and b"[31mred \\u202E" in out and not re.search(rb"\x1b\[31m|\xe2\x80\xae", out)
    code, out = terminal("eval", target, "document.title + '\\x1b[31m\\x07'")
    assert (code, out) == (0, b"[31mred \\u202E\\x1B[31m\\x07\n")


def test_what_runs_below_a_page(run, page, server, browser):
    target = page()
    assert run("har", target, f"{server.url}/parts")[0] == 0  # when it is all there
    entries = json.loads(run("list", "--all", "--json", browser)[1])
    below = [entry for entry in entries if entry["parentId"] == target.split("/")[1]]
    assert {("iframe", "/frame"), ("worker", "/worker.js")} <= {(entry["type"], re.sub(r"^http://[^/]+", "", entry["url"])) for entry in below}
    listed = run("list", "--all", browser)[1]
    assert re.search(rf"^{'127.0.0.1' + target}  page +parts  .+\n(  - .+\n)*  - worker +.*/worker\.js$", listed, re.M)


def test_a_recording_of_a_page(run, server, tmp_path):
    assert run("record", "-t", "3", "-o", "a.ndjson", "--", CHROMIUM, f"{server.url}/parts", cwd=tmp_path) == (0, "", "")
    shown = run("replay", "a.ndjson", cwd=tmp_path)[1]
    assert re.search(r"^ +\d+\.\d{3} > Page.navigate \{", shown, re.M) and re.search(r" < Page.loadEventFired ", shown)
    assert run("console", "replay:a.ndjson", cwd=tmp_path)[1].startswith("from the script {a: 1}  http")
    assert run("har", "-o", "a.har", "replay:a.ndjson", cwd=tmp_path) == (0, "", "")
    assert f"{server.url}/style.css" in read_har(tmp_path / "a.har")[1]
