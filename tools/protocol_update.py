#!/usr/bin/env python3
"""protocol_update.py - brings another revision of the protocol into protocol_json/, and says what
changes by it for programs.

    protocol_update.py                  the newest version of the npm package devtools-protocol
    protocol_update.py --version 1734725
    protocol_update.py --from SOURCE    .json, folder, .tgz, or http://HOST:PORT of what runs there

What the source does not have stays: the domains of one's own, and a browser's if the source is a
Node.  The report is printed and written to CHANGES there, once compilers have confirmed it; until
then protocol_json/ is left alone.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "generator"))

import changes  # noqa: E402
import compat  # noqa: E402
import import_protocol  # noqa: E402
import model  # noqa: E402
import render  # noqa: E402
import schema  # noqa: E402
import surface  # noqa: E402
import uses  # noqa: E402
from errors import At, ProtocolError  # noqa: E402

PACKAGE = "devtools-protocol"
JS, BROWSER, NODE = FILES = ("js_protocol.json", "browser_protocol.json", "node_protocol.json")


def main():
    p = argparse.ArgumentParser(prog="protocol_update", usage=__doc__.split("\n\n")[1])
    p.add_argument("--version", default="")
    p.add_argument("--from", dest="source", default="")
    p.add_argument("--protocol", default=os.path.join(ROOT, "protocol_json"))
    args = p.parse_args()
    try:
        with tempfile.TemporaryDirectory() as temp:
            return update(package_or(args), args.protocol, temp)
    except (ProtocolError, OSError) as e:
        print("protocol_update: %s" % e, file=sys.stderr)
        return 1


def package_or(args):
    """What is to be imported."""
    if args.source and args.version:
        raise ProtocolError("--version", "either a version or a source")
    if not args.source:
        if not re.match(r"(0\.0\.)?\d+\Z|\Z", args.version):
            raise ProtocolError("--version", "%s is no version" % ascii(args.version)[:80])
        version = args.version and "0.0." + args.version.rsplit(".", 1)[-1]
        return "%s@%s" % (PACKAGE, version or "latest")
    url = urllib.parse.urlsplit(args.source)
    if url.scheme == "http" and url.path in ("", "/"):
        return args.source.rstrip("/") + "/json/protocol"
    return args.source


def update(source, folder, temp):
    """Stages everything in temp; folder changes at the very end."""
    stage, imported = os.path.join(temp, "stage"), os.path.join(temp, "imported")
    os.mkdir(stage)
    if import_protocol.main(import_options(source) + ["--out", imported]):
        return 1  # which has said why
    for name in os.listdir(folder):
        if name.endswith(".json") or name == "REVISION":
            shutil.copy(os.path.join(folder, name), stage)
    before = read_all(stage)
    remarks = merge(read_all(imported), before, stage, source)
    name_revision(source, imported, stage)
    if read_all(stage) == before and text_of(stage, "REVISION") == text_of(folder, "REVISION"):
        print("protocol_json/ is that of %s already" % text_of(stage, "REVISION").strip())
        return 0
    text = report(folder, stage, remarks)
    write(stage, "CHANGES", text)
    replace(folder, stage)
    print(text, end="")
    return 0


def import_options(source):
    """What import_protocol.py is called with."""
    options = [source]
    node, revision = (os.path.join(source, name) for name in (NODE, "REVISION"))
    if os.path.isfile(node):
        options += ["--node", node]
    if os.path.isfile(revision):
        options += ["--revision", text_of(source, "REVISION").strip()]
    return options


# ---- which domains


def merge(new, old, stage, source):
    """Writes the files that the source has into stage; returns sentences about what it has not."""
    taken, others = choose(new)
    if not taken:
        what = "none of V8's, a browser's or Node's domains in it"
        raise ProtocolError(os.path.basename(source), what)
    left = [name for name in FILES if name in old and name not in taken]
    remarks = []
    if BROWSER not in taken and others:
        names = listed(d["domain"] for d in others)
        remarks.append("The source is no browser: what it has of %s is left out." % names)
    if left:
        remarks.append("Not in the source, and left as it was: %s." % listed(left))
    if BROWSER in taken and NODE in left:  # what has been only Node's so far may be for all now
        known = domains(taken)
        own = [d for d in old[NODE]["domains"] if d["domain"] not in known]
        taken[NODE] = dict(old[NODE], domains=own)
    for name, value in taken.items():
        write(stage, name, import_protocol.dump(value) + "\n")
    gone = domains(old) - domains(read_all(stage))
    if gone:
        remarks.append("Domains that the source does not have: %s." % listed(sorted(gone)))
    return remarks


def choose(new):
    """({file: protocol} of what a source has, the browser's domains).  What a Node has of these is
    part of what browsers have, so they only count where there is a page."""
    js, browser = new[JS], new[BROWSER]
    node = [d for d in browser["domains"] if d["domain"].startswith("Node")]
    others = [d for d in browser["domains"] if d not in node]
    own = new.get(NODE, dict(js, domains=[]))
    node += own["domains"]
    taken = {}
    if js["domains"]:
        taken[JS] = js
    if any(d["domain"] == "Page" for d in others):
        taken[BROWSER] = dict(browser, domains=others)
    if node:
        taken[NODE] = dict(own, domains=node)
    return taken, others


def domains(files):
    return {d["domain"] for value in files.values() for d in value["domains"]}


def listed(names):
    return ", ".join(names)


def name_revision(source, imported, stage):
    """The package's version.  Where there is none, a number made of the content, since the soname
    takes that, and a name: 28473305-node-24.21.0"""
    revision = text_of(imported, "REVISION").strip()
    if not re.search(r"\d{4}", revision):
        content = "".join(text_of(stage, name) for name in sorted(read_all(stage)))
        number = int(hashlib.sha256(content.encode()).hexdigest(), 16) % 10**8
        revision = "%08d-%s" % (number, name_of(source))
    write(stage, "REVISION", revision + "\n")


def name_of(source):
    """What a source is, in a word."""
    name = os.path.splitext(os.path.basename(os.path.abspath(source)))[0]
    if source.startswith("http://"):
        try:
            url = urllib.parse.urljoin(source, "/json/version")
            with urllib.request.urlopen(url, timeout=30) as reply:
                name = str(json.loads(reply.read(1 << 20))["Browser"])
        except (OSError, ValueError, KeyError, TypeError):
            name = "live"
    name = name.lower().replace(".js/v", "-")  # "node.js/v24.21.0"
    return re.sub(r"[^a-z0-9.]+", "-", name).strip("-.")[:40] or "file"


# ---- what it means


def report(folder, stage, remarks):
    """What CHANGES says, once compilers have confirmed it."""
    old, new = build(folder), build(stage)
    found = compat.compare(old, new)
    confirm(old, new, found)
    return changes.render(old.revision, new.revision, found, remarks)


def build(folder):
    files = sorted(name for name in os.listdir(folder) if name.endswith(".json"))
    sources = [(schema.read(os.path.join(folder, name), name), At(name)) for name in files]
    return model.build(sources, text_of(folder, "REVISION").strip())


def confirm(old, new, found):
    """What fails to compile is what was said to break source; anything else is our own fault."""
    said = {symbol for c in found if c.effect == compat.SOURCE for symbol in c.symbols}
    files = render.render(new)
    headers = {path: text for path, text in files.items() if path.startswith("include/")}
    for compiler, names in uses.broken(surface.units(old), headers).items():
        wrong = sorted(said ^ names.keys())
        if wrong:
            raise ProtocolError(compiler, "the report is wrong about %s" % listed(wrong[:5]))


# ---- files


def read_all(folder):
    files = sorted(name for name in os.listdir(folder) if name.endswith(".json"))
    return {name: schema.read(os.path.join(folder, name), name) for name in files}


def text_of(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return f.read()


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        f.write(text)


def replace(folder, stage):
    """All files are there, under other names, before the first takes its place."""
    names = sorted(os.listdir(stage))
    temporary = {name: os.path.join(folder, ".%s.%d" % (name, os.getpid())) for name in names}
    try:
        for name, path in temporary.items():
            shutil.copyfile(os.path.join(stage, name), path)
        for name, path in temporary.items():
            os.replace(path, os.path.join(folder, name))
    finally:
        for path in temporary.values():
            if os.path.exists(path):
                os.unlink(path)


sys.exit(main())
