"""A domain of a program's own, made and served with what is installed."""

import collections
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request

import pytest

from tree import PATIENCE, ROOT, run


@pytest.fixture(scope="module")
def barista(installed, tmp_path_factory):
    """The example, copied to where there is nothing else, and built by its Makefile."""
    folder = tmp_path_factory.mktemp("barista") / "barista"
    shutil.copytree(ROOT / "examples" / "barista", folder)
    env = dict(installed.env, PYTHON=sys.executable)
    run("make", "-C", folder, "CFLAGS=-std=c11 -O2 -Wall -Wextra -Werror", env=env)
    assert "up to date" in run("make", "-C", folder, env=env)
    return folder


def test_the_example(installed, barista):
    said = "ticket 1: a flat white\nerror -32000: not on the menu\n"
    assert installed.run(barista / "cafe") == said
    headers = os.listdir(barista / "gen" / "include" / "cdp")
    assert sorted(headers) == ["barista.h", "barista_forward.h"]


def test_another_revision_does_not_compile(installed, barista, tmp_path):
    include = tmp_path / "include"
    shutil.copytree(installed.root / "include", include)
    forward = include / "cdp" / "forward.h"
    newer, n = re.subn(r"(?<=CDP_PROTOCOL_ID )0x\w+", "0x1", forward.read_text())
    assert n == 1
    forward.write_text(newer)
    source = barista / "gen" / "src" / "barista.c"
    folders = ["-I%s" % include, "-I%s" % (barista / "gen" / "include")]
    command = ["cc", "-fsyntax-only", *folders, source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert 'error: #error "generated for another <cdp/forward.h>' in done.stderr


def _references(value):
    if isinstance(value, dict):
        yield from (v for k, v in value.items() if k == "$ref")
        value = list(value.values())
    if isinstance(value, list):
        for v in value:
            yield from _references(v)


# Code that is not position-independent has copies of the library's tables.
@pytest.mark.parametrize("flags", [(), ("-fno-pie", "-no-pie")], ids=["pie", "no-pie"])
def test_is_served_to_front_ends(installed, barista, tmp_path, flags):
    if not installed.v8:
        pytest.skip("no V8")
    cc = ("cc", "-std=c11", *flags, "-I%s" % (barista / "gen" / "include"))
    sources = [ROOT / "tests" / "install" / "inspected.c", barista / "gen" / "src" / "barista.c"]
    program = installed.build("cdpkit-v8", tmp_path / "inspected", *sources, cc=cc)
    server = subprocess.Popen([program], stdout=subprocess.PIPE, text=True, env=installed.env)
    try:
        port = server.stdout.readline().strip()
        url = "http://127.0.0.1:%s/json/protocol" % port
        with urllib.request.urlopen(url, timeout=PATIENCE) as reply:
            domains = json.load(reply)["domains"]
        said = installed.run(program, port).splitlines()
        cdp = installed.root / "bin" / "cdp"
        order = ("Barista.order", '{"drink": "tea"}')
        assert json.loads(run(cdp, "call", "--no-check", ":" + port, *order)) == {"ticket": 7}
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    assert said[0] == "7 for Ada"
    assert {"Barista", "Runtime", "Debugger"} <= set(said[1:])
    counts = collections.Counter(d["domain"] for d in domains)
    assert counts["Barista"] == 1 and max(counts.values()) == 1
    types = {"%s.%s" % (d["domain"], t["id"]) for d in domains for t in d["types"]}
    assert {"Barista.Drink", "Runtime.RemoteObject"} <= types
    for domain in domains:
        for name in _references(domain):
            assert (name if "." in name else "%s.%s" % (domain["domain"], name)) in types
