"""The reference: every name has its place, every link leads somewhere, and a browser shows it."""

import html.parser
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
import urllib.parse
import zlib

import pytest

from conftest import HERE, ROOT, snapshot

import docs
import names

CDP = os.path.abspath(os.environ.get("CDP", ROOT / "build" / "cdp"))
CHROMIUM = shutil.which("chromium")
PROTOCOL = ROOT / "protocol_json"
PATIENCE = 60  # seconds; everything ends much earlier
VOID = {"meta", "link", "input", "br"}


def make(source, folder, *options, **env):
    return subprocess.run(
        ["/usr/bin/python3", ROOT / "generator" / "cdpgen.py"]
        + ["--in", source, "--docs", folder, *options],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        timeout=120,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The reference of the whole protocol."""
    folder = tmp_path_factory.mktemp("site")
    done = make(PROTOCOL, folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


@pytest.fixture(scope="module")
def pages(site):
    """{file: Page} of every page."""
    return {path.name: Page(path.read_text()) for path in site.glob("*.html")}


class Page(html.parser.HTMLParser):
    """What a page has of ids, links and text; its elements are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.open, self.text = [], [], [], ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        self.links += [attrs[key] for key in ("href", "src") if key in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data):
        self.text += data


def index(site):
    """{name: (page, kind)} of names.js"""
    text = (site / "names.js").read_text()
    found = {}
    for page, kinds in json.loads(text[text.index("{") : text.rindex("}") + 1]).items():
        for kind, listed in kinds.items():
            for name in listed.split(" "):
                assert name not in found
                found[name] = (page, kind)
    return found


# ---- files


def test_links_lead_somewhere(pages, site):
    assert len(pages) > 60
    files = {path.name for path in site.iterdir()}
    count = 0
    for name, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), name
        for link in page.links:
            file, _, anchor = link.partition("#")
            assert file in files or not file, (name, link)
            if anchor:
                target = pages[file or name]
                assert urllib.parse.unquote(anchor) in target.ids, (name, link)
            count += 1
    assert count > 20000


def test_every_name_of_the_index_is_there(pages, site):
    for name, (page, _) in index(site).items():
        assert name in pages[page].ids, name


def test_every_name_of_the_protocol_is_in_the_index(site):
    found = index(site)
    for path in PROTOCOL.glob("*.json"):
        for d in json.loads(path.read_text())["domains"]:
            page = names.snake(d["domain"])
            assert found[d["domain"]][1] == "domain"
            for key, kind in (("commands", "command"), ("events", "event"), ("types", "type")):
                for item in d.get(key, []):
                    name = "%s.%s" % (d["domain"], item.get("name") or item["id"])
                    assert found[name][0].startswith(page) and found[name][1] == kind
                    fields = item.get("parameters", []) + item.get("properties", [])
                    assert all(found[name + "." + f["name"]][1] == "member" for f in fields)
                    assert all(name + "->" + f["name"] in found for f in item.get("returns", []))


def test_every_c_name_is_in_the_index(site):
    found = index(site)
    headers = sorted((ROOT / "generated" / "include" / "cdp").glob("*.h"))
    text = "".join(path.read_text() for path in headers)
    stub = r"^(?:CDP_DEPRECATED )?CDP_STUB [^(]*?\b(cdp_(?!_)\w+)\("
    functions = set(re.findall(stub, text, re.M))
    structs = set(re.findall(r"^(?:typedef )?struct (cdp_(?!_)\w+)", text, re.M))
    enumerators = set(re.findall(r"^    (CDP_\w+)(?= = 1|,|\n|\s*/\*)", text, re.M))
    enumerators = {e for e in enumerators if not e.endswith("__UNKNOWN")}
    assert len(functions) > 6000 and len(structs) > 1500 and len(enumerators) > 2000
    assert functions | structs | enumerators <= set(found)
    assert all(found[f][1] == "function" for f in functions)
    exports = re.findall(r"^cdp_(?!_)\w+", (ROOT / "tests" / "exports.txt").read_text(), re.M)
    assert len(exports) > 50 and set(exports) <= set(found)


def test_words_are_there_and_names_in_them_are_links(site, pages):
    words = docs.read(docs.files(PROTOCOL / "docs"))
    for name, entry in words.items():
        text = " ".join(pages[index(site)[name][0]].text.split())
        for sentence in [*entry.paragraphs(), *entry.labels.values()]:
            assert sentence in text
    text = (site / "cdp.h.html").read_text()
    assert '<a href="cdp.h.html#cdp_free">cdp_free</a>()' in text
    assert '(<a href="cdp.h.html#cdp_error">cdp_error</a>.remote_code)' in text


def test_links_in_words(folder):
    """Names with their domain, and those of the same domain that look like names."""
    (folder / "in" / "docs" / "x.txt").write_text(
        "Table\n  See Tea.Pot.kind, Tea.getAll->pots; not getAll. Tea.gone stays.\n"
        "Tea.Cup\n  See getAll, boiled, cdp_tea_get_all(), but getAll() is something else.\n"
    )
    assert make(folder / "in", folder / "a").returncode == 0
    text = (folder / "a" / "table.html").read_text()
    link = '<a href="tea.html#%s">%s</a>'
    linked = (
        link % ("Tea.Pot.kind", "Tea.Pot.kind"),
        link % ("Tea.getAll-%3Epots", "Tea.getAll-&gt;pots"),
    )
    assert "<p>See %s, %s; not getAll. Tea.gone stays.</p>" % linked in text
    text = (folder / "a" / "tea.html").read_text()
    linked = (
        link % ("Tea.getAll", "getAll"),
        link % ("cdp_tea_get_all", "cdp_tea_get_all"),
    )
    assert "<p>See %s, boiled, %s(), but getAll() is something else.</p>" % linked in text


def test_nothing_comes_from_elsewhere(site):
    for path in site.iterdir():
        text = path.read_text()
        assert not re.search(r"(?:href|src)=\"[a-z]+:|<style| style=| on\w+=", text), path
        if path.suffix != ".html" and path.name != "names.js":
            assert not re.search(r"@import|url\(|fetch|Request|https?:", text), path


@pytest.fixture
def folder(tmp_path):
    """A folder of the made-up protocol, with words of one's own."""
    shutil.copytree(HERE / "golden" / "in", tmp_path / "in")
    return tmp_path


def test_the_same_twice(folder):
    assert make(folder / "in", folder / "a", PYTHONHASHSEED="1").returncode == 0
    assert make(folder / "in", folder / "b", PYTHONHASHSEED="2").returncode == 0
    assert {k: v[0] for k, v in snapshot(folder / "a").items()} == {
        k: v[0] for k, v in snapshot(folder / "b").items()
    }
    first = snapshot(folder / "a")
    assert make(folder / "in", folder / "a").returncode == 0
    assert snapshot(folder / "a") == first  # not even written again
    assert make(folder / "in", folder / "a", "--check").returncode == 0
    assert not (folder / "a" / "include").exists()


def test_text_cannot_become_html(folder):
    (folder / "in" / "docs" / "x.txt").write_text(
        "Table\n  <script>alert(1)</script> \"&amp;' <b id=x>.\n  Node: <i>Tea.Pot</i>\n"
        "Table.Table\n  .pot: <img src=x onerror=alert(1)> & Tea.Pot.\n"
    )
    assert make(folder / "in", folder / "a").returncode == 0
    for leaf in ("index.html", "table.html"):
        text = (folder / "a" / leaf).read_text()
        assert "<script>" not in text and "<img" not in text and "<i>" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "<script>alert(1)</script> \"&amp;' <b id=x>." in Page(text).text
    assert '&lt;i&gt;<a href="tea.html#Tea.Pot">Tea.Pot</a>&lt;/i&gt;' in text


def test_a_made_up_protocol(folder):
    """Results and parameters of one name, back-links, and a selection."""
    assert make(folder / "in", folder / "a").returncode == 0
    text = (folder / "a" / "tea.html").read_text()
    assert 'id="Tea.brewAPI.mode"' in text and 'id="Tea.brewAPI-&gt;mode"' in text
    used = re.search(r'id="Tea.Pot">.*?<p class="used">(.*?)</p>', text, re.S)[1]
    listed = "Used by Table.Table, Tea.PotAlias, Tea.brewAPI, Tea.getAll."
    assert re.sub("<[^>]*>", "", used) == listed
    assert '<a href="tea.html#Tea.brewAPI-%3Epot">Tea.brewAPI</a>' in used
    assert "OOLONG_DARK</code><p>Half fermented" in text
    (folder / "a" / "mine.html").write_text("by hand\n")
    assert make(folder / "in", folder / "a", "--domains", "Inspector").returncode == 0
    left = {p.name for p in (folder / "a").glob("*.html")}
    assert {"index.html", "inspector_domain.html", "mine.html"} <= left and "tea.html" not in left


def test_domains_beside_a_library(folder):
    """They have a reference of their own, which names what it has no place for."""
    what = {"name": "what", "$ref": "Tea.Pot"}
    own = {"domain": "Cafe", "commands": [{"name": "order", "parameters": [what]}]}
    (folder / "own" / "docs").mkdir(parents=True)
    (folder / "own" / "cafe.json").write_text(json.dumps({"domains": [own]}))
    (folder / "own" / "docs" / "cafe.txt").write_text("Cafe.order\n  Asks for Tea.Pot.\n")
    done = make(folder / "own", folder / "a", "--base", folder / "in")
    assert (done.returncode, done.stderr) == (0, "")
    text = (folder / "a" / "cafe.html").read_text()
    assert "<p>Asks for Tea.Pot.</p>" in text and '<span class="type">Tea.Pot</span>' in text
    assert not (folder / "a" / "tea.html").exists()


def test_a_domain_called_index(folder):
    (folder / "in" / "made_up.json").write_text(json.dumps({"domains": [{"domain": "Index"}]}))
    shutil.rmtree(folder / "in" / "docs")
    assert make(folder / "in", folder / "a").returncode == 0
    assert 'href="index.domain.html"' in (folder / "a" / "index.html").read_text()
    assert "<h1 id=\"Index\">" in (folder / "a" / "index.domain.html").read_text()


def test_a_link_in_the_folder_is_replaced_not_followed(folder):
    victim = folder / "victim"
    victim.write_text("untouched")
    (folder / "a").mkdir()
    (folder / "a" / "index.html").symlink_to(victim)
    assert make(folder / "in", folder / "a").returncode == 0
    assert victim.read_text() == "untouched"
    assert not (folder / "a" / "index.html").is_symlink()


# ---- in a browser

FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --hide-scrollbars "
    "--remote-debugging-port=0"
).split()
in_browser = pytest.mark.skipif(
    not (CHROMIUM and os.path.exists(CDP)), reason="no chromium, or build/cdp is not built"
)


class Tab:
    """A browser's only page, reached by the cdp command."""

    def __init__(self, port):
        self.port = port

    def cdp(self, *words):
        done = subprocess.run([CDP, *words], capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def eval(self, code):
        return json.loads(self.cdp("eval", self.port, "JSON.stringify(%s)" % code))

    def wait(self, code):
        """What an expression says once it is not false any more."""
        deadline = time.monotonic() + PATIENCE
        while not (value := self.eval(code)):
            assert time.monotonic() < deadline, code
        return value

    def key(self, key, text=None):
        for kind in ("keyDown", "keyUp"):
            event = {"type": kind, "key": key, **({"text": text} if text else {})}
            self.cdp("call", self.port, "Input.dispatchKeyEvent", json.dumps(event))

    def type(self, text):
        self.cdp("call", self.port, "Input.insertText", json.dumps({"text": text}))

    def find(self, text):
        """What the search lists."""
        return self.eval(
            "(search.value = %s, search.dispatchEvent(new Event('input')), "
            "[...found.children].map(li => li.textContent))" % json.dumps(text)
        )

    def shot(self, path, *url):
        """A Picture of what the window shows."""
        self.cdp("screenshot", self.port, *url, "-f", "-o", str(path))
        return Picture(path.read_bytes())


class Picture:
    """The pixels of a PNG of 8 bits per channel."""

    def __init__(self, data):
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        at, packed = 8, b""
        while at < len(data):
            size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
            body = data[at + 8 : at + 8 + size]
            if kind == b"IHDR":
                self.width, self.height = (int.from_bytes(body[i : i + 4], "big") for i in (0, 4))
                assert body[8] == 8 and body[9] in (2, 6) and body[12] == 0
                self.channels = 3 if body[9] == 2 else 4
            elif kind == b"IDAT":
                packed += body
            at += size + 12
        self.rows = list(self._rows(zlib.decompress(packed)))

    def _rows(self, raw):
        n, row = self.channels, bytearray(self.width * self.channels)
        for y in range(self.height):
            start = y * (len(row) + 1)
            above, row = row, bytearray(raw[start + 1 : start + 1 + len(row)])
            self._unfilter(raw[start], row, above, n)
            yield row

    @staticmethod
    def _unfilter(kind, row, above, n):
        if kind == 1:
            for i in range(n, len(row)):
                row[i] = (row[i] + row[i - n]) & 255
        elif kind == 2:
            row[:] = bytes((a + b) & 255 for a, b in zip(row, above))
        elif kind == 3:
            for i in range(len(row)):
                left = row[i - n] if i >= n else 0
                row[i] = (row[i] + (left + above[i]) // 2) & 255
        elif kind == 4:
            for i in range(len(row)):
                a, c = (row[i - n], above[i - n]) if i >= n else (0, 0)
                b = above[i]
                pa, pb, pc = abs(b - c), abs(a - c), abs(a + b - 2 * c)
                best = a if pa <= pb and pa <= pc else b if pb <= pc else c
                row[i] = (row[i] + best) & 255

    def colors(self, x, y, width, height):
        """{color: how often} in a box"""
        found = {}
        for row in self.rows[max(0, round(y)) : round(y + height)]:
            for px in range(max(0, round(x)), min(round(x + width), self.width)):
                color = tuple(row[px * self.channels : px * self.channels + 3])
                found[color] = found.get(color, 0) + 1
        return found


@pytest.fixture(scope="module", params=["light 1280", "dark 1280", "light 520"])
def tab(request, tmp_path_factory):
    scheme, width = request.param.split()
    flags = ["--force-dark-mode"] if scheme == "dark" else []
    flags += [f"--window-size={width},900", f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]
    process = subprocess.Popen(
        [CHROMIUM, *FLAGS, *flags, "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        for line in process.stderr:
            if found := re.search(rb"DevTools listening on ws:..127\.0\.0\.1(:\d+)/", line):
                # It says more than a pipe holds.
                threading.Thread(target=process.stderr.read, daemon=True).start()
                made = Tab(found[1].decode())
                made.scheme = scheme
                yield made
                break
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


# The text and background colours of what is in view and has text of its own, and its boxes.
SEEN = """[...document.querySelectorAll('body *')].filter(e => [...e.childNodes].some(n =>
    n.nodeType == 3 && n.data.trim())).map(e => {
    let r = document.createRange(), box, back = e;
    r.selectNodeContents([...e.childNodes].find(n => n.nodeType == 3 && n.data.trim()));
    box = r.getClientRects()[0];
    while (back && /rgba\\(0, 0, 0, 0\\)|transparent/.test(getComputedStyle(back).backgroundColor))
        back = back.parentElement;
    return box && { tag: e.tagName, text: e.textContent.trim(),
        whole: e.parentElement.textContent,
        color: getComputedStyle(e).color,
        back: getComputedStyle(back || document.body).backgroundColor,
        on: [3, box.width / 2, box.width - 3].every(dx =>
            document.elementFromPoint(box.x + dx, box.y + box.height / 2) === e),
        x: box.x, y: box.y, width: box.width, height: box.height } }).filter(e => e && e.on)"""


def rgb(text):
    return tuple(int(n) for n in re.match(r"rgb\((\d+), (\d+), (\d+)\)\Z", text).groups())


def luminance(color):
    parts = [c / 255 for c in color]
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    """As the accessibility guidelines count it: 1 to 21."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def check_picture(tab, picture):
    """What the page says of its texts is what the picture shows of them; some of these."""
    width, height = tab.eval("[innerWidth, innerHeight]")
    assert (picture.width, picture.height) == (width, height)
    assert tab.eval("document.documentElement.scrollWidth") <= width
    seen = [e for e in tab.eval(SEEN) if e["y"] >= 0 and e["y"] + e["height"] <= height]
    assert len(seen) > 10
    for e in seen:
        color, back = rgb(e["color"]), rgb(e["back"])
        assert contrast(color, back) >= 4.5, e
        found = picture.colors(e["x"], e["y"], e["width"], e["height"])
        most = max(found, key=found.get)
        assert all(abs(a - b) <= 32 for a, b in zip(most, back)), (e, most)  # shadows reach out
        # Letters are thin: their own colour may be nowhere whole, but something comes close to it.
        assert max(contrast(c, back) for c in found) >= 0.6 * contrast(color, back), e
    return seen


@in_browser
def test_pictures(tab, site, tmp_path):
    for leaf in ("index.html", "schema.html", "debugger.html#Debugger.setBreakpoint", "cdp.h.html"):
        picture = tab.shot(tmp_path / "a.png", "file://%s/%s" % (site, leaf))
        seen = check_picture(tab, picture)
        assert (luminance(rgb(seen[0]["back"])) < 0.1) == (tab.scheme == "dark")


@in_browser
def test_search(tab, site, tmp_path):
    """From the keyboard, to a function that is folded away on another page."""
    tab.shot(tmp_path / "a.png", "file://%s/schema.html" % site)
    tab.key("/", "/")
    assert tab.eval("document.activeElement.id") == "search"
    tab.type("runtime_evaluate")
    tab.wait("!found.hidden && found.querySelectorAll('[role=option]').length > 2")
    selected = "found.querySelector('[aria-selected=true] span').textContent"
    assert tab.eval(selected) == "cdp_runtime_evaluate"
    seen = check_picture(tab, tab.shot(tmp_path / "a.png"))
    assert "cdp_runtime_evaluatefunction" in [e["whole"] for e in seen]
    tab.key("ArrowUp")
    tab.key("ArrowDown")
    tab.key("ArrowDown")
    tab.key("ArrowDown")
    assert tab.eval(selected) == "cdp_runtime_evaluate_send"
    tab.key("Enter")
    tab.wait("location.pathname.endsWith('/runtime.html') && document.readyState === 'complete'")
    assert tab.eval("location.hash") == "#cdp_runtime_evaluate_send"
    place = tab.wait(
        """(e => { let r = e.getBoundingClientRect(), d = e.closest('details');
        return d.open && r.height && { y: r.y, text: e.textContent, item: e.closest('section').id } })
        (document.querySelector(':target'))"""
    )
    assert place["item"] == "Runtime.evaluate" and place["text"] == "cdp_runtime_evaluate_send"
    picture = tab.shot(tmp_path / "a.png")
    assert 0 < place["y"] < picture.height
    seen = check_picture(tab, picture)
    assert "cdp_runtime_evaluate_send" in [e["text"] for e in seen]


@in_browser
def test_search_finds_every_name(tab, site, tmp_path):
    """By its whole name, first; a wrong one finds nothing."""
    tab.shot(tmp_path / "a.png", "file://%s/index.html" % site)
    wanted = [
        "Runtime.evaluate",
        "Runtime.evaluate.expression",
        "Runtime.evaluate->result",
        "Network.requestWillBeSent",
        "cdp_debugger_pause",
        "CDP_NETWORK_RESOURCE_TYPE_XHR",
        "cdp_session",
        "CDP_ETIMEDOUT",
        "cdp_connect",
        "value.h",
    ]
    for name in wanted:
        found = tab.find(name.lower())
        assert found[0].startswith(name), found[:3]
    assert tab.find("no such name") == ["Nothing has such a name."]
    assert tab.find(" ") == []
    assert tab.eval("found.hidden")
