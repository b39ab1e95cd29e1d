#!/usr/bin/env python3
"""left_out.py - what a selection of domains has no use for.

    left_out.py DOMAINS.TXT FILE...         the files that are left out
    left_out.py --why DOMAINS.TXT FILE...   what they are, and which domains they would need

A folder of the runtime, with its public headers, is left out as a whole where it includes the
header of a domain of which not all is there, and so are the command and each example.
"""

import glob
import os
import re
import sys

INCLUDED = re.compile(r"^#include <cdp/(\w+\.h)>", re.MULTILINE)
EVERYTHING = "generated/domains.txt"
OURS = glob.glob("runtime/include/cdp/*.h")


def read_domains(path):
    """{header: (domain, is all of it there)}"""
    with open(path, encoding="ascii") as f:
        rows = [line.split() for line in f if not line.startswith("#")]
    return {row[1]: (row[0], row[2] == "all") for row in rows}


def part_of(path):
    """The folder that a file belongs to; the file where that has nothing to do with others."""
    folder, leaf = os.path.split(path)
    if folder == "runtime/include/cdp":  # inspector_network.h
        folder = "runtime/" + re.split(r"[_.]", leaf)[0]
    return folder if os.path.isdir(folder) and folder != "examples" else path


def included(part):
    """The names of headers that its files include."""
    files = glob.glob(part + "/*") + [path for path in OURS if part_of(path) == part]
    found = set()
    for path in files or [part]:
        with open(path, encoding="utf-8") as f:
            found.update(INCLUDED.findall(f.read()))
    return found


def needs(part):
    """The generated headers that it includes, and that what it includes does."""
    ours = {os.path.basename(path): part_of(path) for path in OURS}
    found, seen, todo = set(), set(), [part]
    while todo:
        part = todo.pop()
        if part not in seen:
            seen.add(part)
            headers = included(part)
            found |= headers - ours.keys() - {"all.h", "forward.h"}
            todo += [ours[header] for header in headers & ours.keys()]
    return found


def main(listing, *files):
    why = listing == "--why"
    if why:
        listing, *files = files
    domains = read_domains(listing)
    whole = {header for header, (_, is_whole) in domains.items() if is_whole}
    names = {header: name for header, (name, _) in {**read_domains(EVERYTHING), **domains}.items()}
    lacking = {part: needs(part) - whole for part in {part_of(path) for path in files}}
    if not why:
        print(" ".join(path for path in files if lacking[part_of(path)]))
    for part in sorted(lacking):
        if why and lacking[part]:
            needed = sorted(names.get(header, header) for header in lacking[part])
            print("left out: %s, which needs %s" % (part, ", ".join(needed)))


if __name__ == "__main__":
    main(*sys.argv[1:])
