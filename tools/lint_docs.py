#!/usr/bin/env python3
"""lint_docs.py - protocol_json/docs/ fits the protocol: no name that it has not, none forgotten.

    lint_docs.py [DOMAIN...]        says only what is wrong about these
"""

import os
import sys

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "generator"))

import docs  # noqa: E402
import model  # noqa: E402
import schema  # noqa: E402
from errors import At, ProtocolError  # noqa: E402


def main():
    folder = os.path.join(ROOT, "protocol_json")
    files = sorted(f for f in os.listdir(folder) if f.endswith(".json"))
    try:
        protocol = model.build([(schema.read(os.path.join(folder, f), f), At(f)) for f in files], "")
        wrong = docs.check(protocol, docs.read(docs.files(os.path.join(folder, "docs"))))
    except ProtocolError as e:
        wrong = [str(e)]
    only = sys.argv[1:]
    wrong = [w for w in wrong if not only or any(name in w for name in only)]
    print("".join(w + "\n" for w in wrong), end="")
    return 1 if wrong else 0


sys.exit(main())
