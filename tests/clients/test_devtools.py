"""Chromium's DevTools front-end: each panel is used headless, and a picture of it is kept."""

import shutil
import struct
import zlib

import pytest

from conftest import ENV, ROOT
from process import Process

PICTURES = ROOT / "build" / "test-logs"
OPTIONS = """--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run
    --disable-background-networking --disable-component-update --disable-sync
    --window-size=1200,800 --remote-debugging-port=0""".split()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """The debugging port of a Chromium."""
    profile = tmp_path_factory.mktemp("chromium")
    chromium = Process(["chromium", *OPTIONS, f"--user-data-dir={profile}", "about:blank"], env=ENV)
    try:
        yield int(chromium.expect(r"DevTools listening on ws:\S+:(\d+)/", "err")[1])
    finally:
        chromium.end()
        shutil.rmtree(profile, ignore_errors=True)


def check_picture(path):
    """A PNG of some size, on which there is more than a few plain areas."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert width >= 800 and height >= 500
    at, pixels = 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IDAT":
            pixels += data[at + 8:at + 8 + size]
        at += size + 12
    pixels = zlib.decompress(pixels)
    line = len(pixels) // height
    assert len({pixels[i:i + line] for i in range(0, len(pixels), line)}) > 100


@pytest.mark.parametrize("case, script, flags", [
    ("console", "service.js", ["--inspect"]),
    ("sources", "steps.js", ["--inspect-brk"]),
    ("performance", "service.js", ["--inspect"]),
    ("memory", "service.js", ["--inspect"]),
    ("network", "network.js", ["--inspect", "--experimental-network-inspection"]),
])
def test_panel(case, script, flags, browser, target, drive):
    PICTURES.mkdir(parents=True, exist_ok=True)
    picture = PICTURES / f"devtools-{case}.png"
    drive("devtools.js", case, target(script, *flags), browser=browser, picture=str(picture))
    check_picture(picture)
