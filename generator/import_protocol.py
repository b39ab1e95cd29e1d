#!/usr/bin/python3
"""import_protocol: brings a revision of the protocol into protocol_json/.

    import_protocol.py devtools-protocol@0.0.1734725 --node node@24
    import_protocol.py package.tgz | folder | protocol.json | http://127.0.0.1:9222/json/protocol

Only facts are kept: prose is dropped, after what it alone tells, that a string is base64, has
become "type": "binary".  --node adds the domains that only Node has.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request

sys.dont_write_bytecode = True

import model
import schema
from errors import At, ProtocolError

_FILES = ("js_protocol.json", "browser_protocol.json", "node_protocol.json")
# The domains of V8 itself, for sources that come in one piece.
_V8 = ("Console", "Debugger", "HeapProfiler", "Profiler", "Runtime", "Schema")
_BINARY = "(Encoded as a base64 string when passed over JSON)"
_MOST = 64 << 20  # bytes of any one source
_SECONDS = 300


def main(argv=None):
    """Exit status: 0 done, 1 a source could not be had or is no protocol, 2 bad usage."""
    here = os.path.dirname(os.path.abspath(__file__))
    p = argparse.ArgumentParser(
        prog="import_protocol", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    p.add_argument("source", help="npm name@version, .tgz, folder, .json or http:// URL")
    p.add_argument("--node", metavar="SOURCE", help="the same, or node@VERSION to run that Node")
    p.add_argument("--out", default=os.path.join(os.path.dirname(here), "protocol_json"))
    p.add_argument("--revision", help="what to call it; else from the package's version")
    args = p.parse_args(argv)
    try:
        parts, revision = _protocol(args.source)
        js, browser = _split(parts)
        whole = {"js_protocol.json": js, "browser_protocol.json": browser}
        if args.node:
            known = {d["domain"] for d in js["domains"] + browser["domains"]}
            whole["node_protocol.json"] = _only_new(_protocol(args.node)[0], known)
        _store(whole, args.revision or revision or "unknown", args.out)
    except (ProtocolError, OSError, subprocess.SubprocessError, tarfile.TarError) as e:
        print("import_protocol: %s" % e, file=sys.stderr)
        return 1
    return 0


# ---- sources


def _protocol(source):
    """(the protocols a source holds, its revision or None)"""
    if source.startswith("http://"):
        return [_checked(_fetch(source), source)], None
    if os.path.isdir(source):
        return _folder(source), None
    if source.endswith((".tgz", ".tar.gz")):
        return _tarball(source)
    if os.path.isfile(source):
        with open(source, "rb") as f:
            return [_checked(f.read(), source)], None
    if source.startswith("node@"):
        return [_checked(_ask_node(source), source)], None
    if "@" in source:
        with tempfile.TemporaryDirectory() as temp:
            _run(["npm", "pack", "--silent", source], temp)
            return _tarball(os.path.join(temp, os.listdir(temp)[0]))
    raise ProtocolError(At(source), "no such file, folder or package")


def _fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=30) as reply:
            data = reply.read(_MOST + 1)
    except urllib.error.URLError as e:
        raise ProtocolError(At(url), str(e.reason)) from None
    if len(data) > _MOST:
        raise ProtocolError(At(url), "more than %d bytes" % _MOST)
    return data


def _folder(path):
    """js_protocol.json and browser_protocol.json, here or in json/."""
    below = os.path.join(path, "json")
    path = below if os.path.isdir(below) else path
    found = []
    for name in _FILES[:2]:
        with open(os.path.join(path, name), "rb") as f:
            found.append(_checked(f.read(), name))
    return found


def _tarball(path):
    """An npm package; nothing is unpacked to disk."""
    found, revision = [], None
    with tarfile.open(path, "r:gz") as tar:
        for name in _FILES[:2]:
            try:
                member = tar.getmember("package/json/" + name)
            except KeyError:
                raise ProtocolError(At(os.path.basename(path)), "no json/%s in it" % name) from None
            if not member.isfile() or member.size > _MOST:
                raise ProtocolError(At(name), "no plain file of fitting size")
            found.append(_checked(tar.extractfile(member).read(), name))
        try:
            version = json.load(tar.extractfile("package/package.json"))["version"]
            revision = str(version).rsplit(".", 1)[-1]
        except (KeyError, TypeError, ValueError):
            pass
    return found, revision


def _ask_node(package):
    """Installs and runs that Node for a moment, to ask it for its protocol."""
    with tempfile.TemporaryDirectory() as temp:
        _run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", temp, package], temp)
        node = os.path.join(temp, "node_modules", "node", "bin", "node")
        wait = [node, "--inspect=127.0.0.1:0", "-e", "setTimeout(() => {}, 60000)"]
        process = subprocess.Popen(wait, cwd=temp, stderr=subprocess.PIPE, text=True)
        try:
            found = re.search(r"ws://([0-9.:]+)/", process.stderr.readline())
            if not found:
                raise ProtocolError(At(package), "did not say where it listens")
            return _fetch("http://%s/json/protocol" % found.group(1))
        finally:
            process.kill()
            process.wait()
            process.stderr.close()


def _run(command, folder):
    subprocess.run(command, cwd=folder, check=True, timeout=_SECONDS, stdout=subprocess.DEVNULL)


def _checked(data, shown):
    """Bytes -> facts of a well-formed protocol."""
    at = At(os.path.basename(shown) or shown)
    value = schema.parse(data, at)
    schema.check_protocol(value, at)
    return _facts(value)


# ---- what is kept


def _facts(value):
    """The same without prose."""
    if isinstance(value, list):
        return [_facts(v) for v in value]
    if not isinstance(value, dict):
        return value
    kept = {k: _facts(v) for k, v in value.items() if k != "description"}
    if kept.get("type") == "string" and _BINARY in str(value.get("description")):
        kept["type"] = "binary"
    return kept


def _split(parts):
    """(V8's domains, the others), whichever way the source cuts them."""
    if len(parts) == 2:
        return parts
    js = {k: v for k, v in parts[0].items() if k != "domains"}
    browser = dict(js)
    js["domains"] = [d for d in parts[0]["domains"] if d["domain"] in _V8]
    browser["domains"] = [d for d in parts[0]["domains"] if d["domain"] not in _V8]
    return js, browser


def _only_new(parts, known):
    """The domains that are not known."""
    new = {k: v for k, v in parts[0].items() if k != "domains"}
    new["domains"] = [d for p in parts for d in p["domains"] if d["domain"] not in known]
    return new


# ---- files


def _store(whole, revision, folder):
    """Writes all files, once it is sure that C can be made of them."""
    texts = {name: dump(value) + "\n" for name, value in whole.items()}
    sources = [(schema.parse(t.encode(), At(n)), At(n)) for n, t in sorted(texts.items())]
    model.build(sources, revision)
    os.makedirs(folder, exist_ok=True)
    for name, text in list(texts.items()) + [("REVISION", revision + "\n")]:
        temp = os.path.join(folder, ".%s.%d" % (name, os.getpid()))
        with open(temp, "x", encoding="utf-8") as f:
            f.write(text)
        os.rename(temp, os.path.join(folder, name))


def dump(value, indent=0):
    """JSON with what fits on one line on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if indent + len(line) <= 98 or not value or not isinstance(value, (dict, list)):
        return line
    pad = " " * (indent + 1)
    if isinstance(value, list):
        rows, brackets = [dump(v, indent + 1) for v in value], "[]"
    else:
        rows = [json.dumps(k) + ": " + dump(v, indent + 1) for k, v in value.items()]
        brackets = "{}"
    return brackets[0] + "\n" + ",\n".join(pad + r for r in rows) + "\n" + " " * indent + brackets[1]


if __name__ == "__main__":
    sys.exit(main())
