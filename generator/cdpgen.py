#!/usr/bin/python3
"""cdpgen: protocol JSON -> C headers and tables.

Reads every *.json of a folder, and the folder's REVISION, and makes the output folder hold what
follows from them.  Running it twice changes nothing the second time.
"""

import argparse
import hashlib
import os
import re
import sys

sys.dont_write_bytecode = True

import model
import output
import render
import schema
from errors import At, ProtocolError

_HERE = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.dirname(_HERE)
# This program; what else is in the folder leaves the output alone.
_PROGRAM = ("cdpgen", "errors", "model", "names", "output", "render", "schema", "spelling", "tables")
_INPUTS = "INPUTS.sha256"


def main(argv=None):
    """Exit status: 0 done, 1 bad input or --check found a difference, 2 bad usage."""
    p = argparse.ArgumentParser(prog="cdpgen", description=__doc__.split("\n", 1)[0])
    p.add_argument("--in", dest="source", required=True, help="folder of *.json, or one file")
    p.add_argument("--out", required=True, help="folder for include/ and src/")
    p.add_argument("--domains", help="only these (A,B,...) and those they refer to")
    p.add_argument("--check", action="store_true", help="write nothing; 1 if out of date")
    args = p.parse_args(argv)
    try:
        files = generate(args.source, args.domains)
        folder = output.Folder(args.out)
        try:
            if args.check:
                return _report(*folder.differing(files))
            folder.update(files)
        finally:
            folder.close()
    except ProtocolError as e:
        print(e, file=sys.stderr)
        return 1
    except RecursionError:
        print("cdpgen: the protocol is nested too deep", file=sys.stderr)
        return 1
    except OSError as e:
        print("cdpgen: %s" % e, file=sys.stderr)
        return 1
    return 0


def generate(source, domains=None):
    """{path below the output folder: text}"""
    paths, revision = _inputs(source)
    sources = [(schema.read(path, os.path.basename(path)), At(os.path.basename(path))) for path in paths]
    protocol = model.build(sources, revision)
    if domains:
        protocol = model.select(protocol, domains.split(","))
    files = render.render(protocol)
    files[_INPUTS] = _digests(source, paths)
    return files


def _inputs(source):
    """The JSON files, sorted, and the revision."""
    if not os.path.isdir(source):
        return [source], "unknown"
    paths = [os.path.join(source, f) for f in sorted(os.listdir(source)) if f.endswith(".json")]
    if not paths:
        raise ProtocolError(At(os.path.basename(os.path.abspath(source))), "no *.json in it")
    try:
        with open(os.path.join(source, "REVISION"), encoding="ascii", errors="replace") as f:
            revision = f.read(256).strip()
    except FileNotFoundError:
        return paths, "unknown"
    if not re.match(r"[A-Za-z0-9._-]{1,64}\Z", revision):
        raise ProtocolError(At("REVISION"), "%s is no revision" % ascii(revision)[:80])
    return paths, revision


def _digests(source, paths):
    """The inputs as `sha256sum -c` takes them from the top of the tree."""
    paths = list(paths)
    if os.path.isfile(os.path.join(source, "REVISION")):
        paths.append(os.path.join(source, "REVISION"))
    paths += [os.path.join(_HERE, name + ".py") for name in _PROGRAM]
    paths += [os.path.join(render.TEMPLATES, name) for name in sorted(os.listdir(render.TEMPLATES))]
    lines = []
    for path in paths:
        shown = os.path.relpath(os.path.abspath(path), _ROOT)
        with open(path, "rb") as f:
            digest = hashlib.sha256(f.read()).hexdigest()
        # Where a tree lies outside this one is nobody's business.
        lines.append("%s  %s\n" % (digest, os.path.basename(path) if shown[:2] == ".." else shown))
    return "".join(lines)


def _report(changed, stale):
    for path in changed:
        print("out of date: %s" % path, file=sys.stderr)
    for path in stale:
        print("left over: %s" % path, file=sys.stderr)
    return 1 if changed or stale else 0


if __name__ == "__main__":
    sys.exit(main())
