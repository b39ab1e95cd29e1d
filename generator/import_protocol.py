#!/usr/bin/python3
"""import_protocol: brings a revision of the protocol into protocol_json/.

    import_protocol.py devtools-protocol@0.0.1734725 --node node@24
    import_protocol.py package.tgz | folder | protocol.json | protocol.pdl | http://127.0.0.1:9222

Only facts are kept: prose is dropped, after what it alone tells, that a string is base64, has
become "type": "binary".  --node adds the domains that only Node has.
"""

import argparse
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True

import model
import output
import schema
import sources
from errors import At, ProtocolError, shown

# The domains of V8 itself, for sources that come in one piece.
_V8 = ("Console", "Debugger", "HeapProfiler", "Profiler", "Runtime", "Schema")
_BINARY = "(Encoded as a base64 string when passed over JSON)"


def main(argv=None):
    """Exit status: 0 done, 1 a source could not be had or is no protocol, 2 bad usage."""
    here = os.path.dirname(os.path.abspath(__file__))
    p = argparse.ArgumentParser(
        prog="import_protocol", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    p.add_argument("source", help="npm name@version, .tgz, folder, .json, .pdl or http:// URL")
    p.add_argument("--node", metavar="SOURCE", help="the same, or node@VERSION to run that Node")
    p.add_argument("--form", choices=("pdl", "json"), help="of a package; else PDL where it is whole")
    p.add_argument("--out", default=os.path.join(os.path.dirname(here), "protocol_json"))
    p.add_argument("--revision", help="what to call it; else from the package's version")
    args = p.parse_args(argv)
    try:
        parts, revision = sources.read(args.source, args.form)
        model.build(parts, revision)  # what C cannot be made of is told where it stands
        js, browser = _split([_facts(value) for value, _ in parts])
        whole = {"js_protocol.json": js, "browser_protocol.json": browser}
        if args.node:
            known = {d["domain"] for d in js["domains"] + browser["domains"]}
            node = [_facts(value) for value, _ in sources.read(args.node)[0]]
            whole["node_protocol.json"] = _only_new(node, known)
        _store(whole, args.revision or revision or "unknown", args.out)
    except (ProtocolError, OSError, subprocess.SubprocessError) as e:
        print("import_protocol: %s" % shown(str(e), 560), file=sys.stderr)
        return 1
    except RecursionError:
        print("import_protocol: the protocol is nested too deep", file=sys.stderr)
        return 1
    return 0


# ---- what is kept


def _facts(value):
    """The same without prose."""
    if isinstance(value, list):
        return [_facts(v) for v in value]
    if not isinstance(value, dict):
        return value
    kept = {k: _facts(v) for k, v in value.items() if k not in schema.PROSE}
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
    schema.check_revision(revision, At("--revision"))
    texts = {name: dump(value) + "\n" for name, value in whole.items()}
    sources = [(schema.parse(t.encode(), At(n)), At(n)) for n, t in sorted(texts.items())]
    model.build(sources, revision)
    texts["REVISION"] = revision + "\n"
    files = output.Folder(folder, output.PROTOCOL)
    try:
        files.update(texts)
    finally:
        files.close()


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
