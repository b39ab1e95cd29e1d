#!/usr/bin/python3
"""cdpgen: protocol JSON -> C headers and tables.

Reads every *.json of a folder, and the folder's REVISION, and makes the output folder hold what
follows from them; more files and folders add domains.  With --base it makes only what is added to
an installed library's protocol.  Running it twice changes nothing the second time.
"""

import argparse
import hashlib
import os
import sys

sys.dont_write_bytecode = True

import docs
import model
import output
import schema
import selection
from errors import At, ProtocolError, shown

try:
    import reference
    import render
except ModuleNotFoundError as e:
    sys.exit("cdpgen: this Python has no %s (Debian: python3-%s)" % (e.name, e.name))

_HERE = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.dirname(_HERE)
_HEADERS = os.path.join(_ROOT, "runtime", "include", "cdp")
_INPUTS = "INPUTS.sha256"
_SELECTION = "SELECTION"


def main(argv=None):
    """Exit status: 0 done, 1 bad input or --check found a difference, 2 bad usage."""
    p = argparse.ArgumentParser(prog="cdpgen", description=__doc__.split("\n", 1)[0])
    source, out = os.path.join(_ROOT, "protocol_json"), os.path.join(_ROOT, "generated")
    p.add_argument(
        "--in",
        dest="sources",
        action="append",
        metavar="SOURCE",
        help="folder of *.json, or one file; given again: more domains",
    )
    p.add_argument("--out", help="folder for include/ and src/")
    p.add_argument(
        "--domains",
        help="of the first --in only these (Runtime,Page.navigate,...), and what is referred to",
    )
    p.add_argument(
        "--base",
        metavar="SOURCE",
        help="protocol of an installed library: make only what --in adds to it",
    )
    p.add_argument("--docs", metavar="DIR", help="only the reference (HTML), into that folder")
    p.add_argument("--check", action="store_true", help="write nothing; 1 if out of date")
    args = p.parse_args(argv)
    if args.base and not (args.sources and (args.out or args.docs)):
        p.error("--base needs --in, and --out or --docs")
    if args.base and args.domains:
        p.error("--domains is about a library, and --base has one")
    try:
        protocol, paths = _protocol(args.sources or [source], args.domains, args.base)
        if args.docs:
            files = reference.render(protocol, render.render(protocol), _HEADERS)
            folder = output.Folder(args.docs, output.PAGES)
        else:
            files = generate(protocol, [] if args.base else paths)
            folder = output.Folder(args.out or out, output.CODE)
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
        print("cdpgen: %s" % shown(str(e), 560), file=sys.stderr)
        return 1
    return 0


def generate(protocol, inputs):
    """{path below the output folder: text}; inputs may be left unsaid."""
    files = render.render(protocol)
    if inputs:
        files[_INPUTS] = _digests(inputs)
    return files


def _protocol(sources, domains, base):
    """The protocol with its words, and the files that it is from."""
    inputs = [_inputs(source) for source in sources]
    revision = next((r for _, r in inputs if r), "unknown")
    paths = [path for found, _ in inputs for path in found]
    if base:
        protocol = _build_on(base, paths)
    else:
        protocol = _build(paths, revision, domains, len(inputs[0][0]))
    words = [path for source in sources for path in docs.files(os.path.join(source, "docs"))]
    docs.attach(protocol, docs.read(words))
    return protocol, paths + _revision_files(sources) + words


def _build(paths, revision, domains, first):
    """All that paths say, or, of the first so many of them, only some domains."""
    read = _read(paths)
    protocol = model.build(read, revision)
    if domains is not None:
        names = [d["domain"] for value, _ in read[first:] for d in value["domains"]]
        selection.select(protocol, domains.split(",") + names, "--domains")
    return protocol


def _build_on(base, paths):
    """Only what paths add to an installed library's protocol."""
    below, revision = _inputs(base)
    read = _read(below + paths)
    builder = model.Builder()
    library = builder.build(read[: len(below)], revision or "unknown")
    wanted = _selection(base)
    if wanted:
        selection.select(library, wanted, At(_SELECTION))
    return builder.build_on(library, read[len(below) :])


def _selection(base):
    """What of the protocol the library has, where that is not all of it."""
    path = os.path.join(base, _SELECTION)
    if not os.path.lexists(path):
        return []
    return schema.read_bytes(path, At(_SELECTION)).decode("ascii", "replace").split()


def _inputs(source):
    """The JSON files, sorted, and the revision, if the source has one."""
    if not os.path.isdir(source):
        return [source], None
    paths = [os.path.join(source, f) for f in sorted(os.listdir(source)) if f.endswith(".json")]
    if not paths:
        raise ProtocolError(At(os.path.basename(os.path.abspath(source))), "no *.json in it")
    path, at = os.path.join(source, "REVISION"), At("REVISION")
    if not os.path.lexists(path):
        return paths, None
    revision = schema.read_bytes(path, at).decode("ascii", "replace").strip()
    schema.check_revision(revision, at)
    return paths, revision


def _read(paths):
    """(JSON value, At) of each file; one whose name another has too is shown with its folder."""
    leaves = [os.path.basename(path) for path in paths]
    sources = []
    for path, leaf in zip(paths, leaves):
        shown = leaf if leaves.count(leaf) == 1 else path
        sources.append((schema.read(path, shown), At(shown)))
    return sources


def _revision_files(sources):
    paths = [os.path.join(source, "REVISION") for source in sources]
    return [path for path in paths if os.path.isfile(path)]


def _digests(paths):
    """Every input as sha256sum prints it at the top of the tree, sorted; make compares that."""
    programs = [os.path.join(_HERE, f) for f in os.listdir(_HERE) if f.endswith(".py")]
    templates = [os.path.join(render.TEMPLATES, f) for f in os.listdir(render.TEMPLATES)]
    templates = [path for path in templates if path.endswith(".j2")]
    lines = set()
    for path in paths + programs + templates:
        name = os.path.relpath(os.path.abspath(path), _ROOT)
        if name.startswith(".."):  # where that lies is nobody's business
            name = os.path.basename(path)
        with open(path, "rb") as f:
            lines.add((shown(name), hashlib.sha256(f.read()).hexdigest()))
    return "".join("%s  %s\n" % (digest, name) for name, digest in sorted(lines))


def _report(changed, stale):
    for path in changed:
        print("out of date: %s" % shown(path), file=sys.stderr)
    for path in stale:
        print("left over: %s" % shown(path), file=sys.stderr)
    return 1 if changed or stale else 0


if __name__ == "__main__":
    sys.exit(main())
