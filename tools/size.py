#!/usr/bin/env python3
"""size.py - what libraries and programs take, in bytes.

    size.py BINDINGS FILE...        the folder of generated files; archives, shared libraries, programs

text, data and bss are size's; "stripped" is the file without symbols and debugging information.
"""

import glob
import os
import subprocess
import sys
import tempfile


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def sections(path):
    """text, data, bss; of an archive's members together."""
    columns = run("size", "-t", path).splitlines()[-1].split()
    return [int(number) for number in columns[:3]]


def stripped(path):
    with tempfile.NamedTemporaryFile() as f:
        run("strip", "-o", f.name, path)
        return os.path.getsize(f.name)


def row(name, *columns):
    print("%-38s" % name + "".join("%12s" % column for column in columns))


def main(bindings, *files):
    row("", "text", "data", "bss", "stripped")
    for path in files:
        numbers = sections(path) + [stripped(path)]
        row(os.path.basename(path), *(f"{n:,}" for n in numbers))

    with open(os.path.join(bindings, "domains.txt"), encoding="ascii") as f:
        rows = [line.split() for line in f if not line.startswith("#")]
    whole = sum(r[2] == "all" for r in rows)
    commands, events, types = (sum(int(r[column]) for r in rows) for column in (3, 4, 5))
    headers = glob.glob(os.path.join(bindings, "include", "cdp", "*.h"))
    more = f", types of {len(rows) - whole} more" if whole < len(rows) else ""
    print()
    print(f"{whole} domains{more}: {commands} commands, {events} events, {types} types; "
          f"headers of {sum(map(os.path.getsize, headers)):,} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
