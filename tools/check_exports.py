#!/usr/bin/env python3
"""check_exports.py - does a shared library export what its list says, and no more?

    check_exports.py LIBRARY LIST

A line of the list is a symbol, or a pattern of the linker's (cdp__*_domain); a #
starts a comment.  Every symbol must match a line, and every line a symbol.
"""

import fnmatch
import os
import subprocess
import sys


def main(library, listing):
    with open(listing, encoding="utf-8") as f:
        lines = [line.split("#")[0].strip() for line in f]
    wanted = {line for line in lines if line}
    nm = subprocess.run(["nm", "-D", "--defined-only", "-P", library], capture_output=True, text=True,
                        check=True)
    exported = {line.split()[0].split("@")[0] for line in nm.stdout.splitlines()}

    extra = [s for s in sorted(exported) if not any(fnmatch.fnmatchcase(s, w) for w in wanted)]
    absent = [w for w in sorted(wanted) if not fnmatch.filter(exported, w)]
    print("1..1")
    print(f"{'not ok' if extra or absent else 'ok'} 1 - {os.path.basename(library)} exports what "
          f"{listing} lists ({len(exported)} symbols)")
    for symbol in extra:
        print(f"# exported but not listed: {symbol}")
    for symbol in absent:
        print(f"# listed but not exported: {symbol}")
    return 1 if extra or absent else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
