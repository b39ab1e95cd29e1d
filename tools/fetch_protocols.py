#!/usr/bin/env python3
"""fetch_protocols.py - brings old and new revisions of the protocol, to test with.

    fetch_protocols.py VERSION... | --sample | --all

They are versions of the npm package devtools-protocol, as tests/history/versions.txt lists them.
Each ends up in build/deps/protocols/devtools-protocol-VERSION.tgz, which has the integrity that is
listed: nothing else is ever left there under such a name, and what is there and right is not fetched
again.
"""

import argparse
import base64
import concurrent.futures
import hashlib
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LISTED = os.path.join(ROOT, "tests", "history", "versions.txt")
FOLDER = os.path.join(ROOT, os.environ.get("B", "build"), "deps", "protocols")
SECONDS = 300


class Version:
    """A line of the list: its number, npm's integrity, and words such as "sample"."""

    def __init__(self, number, integrity, *notes):
        self.number = number
        self.integrity = integrity
        self.notes = notes


def listed():
    """All versions, from the oldest on."""
    with open(LISTED, encoding="ascii") as f:
        lines = [line.split("#")[0].split() for line in f]
    return [Version(*words) for words in lines if words]


def wanted(parser):
    """The versions that a command line asks for."""
    parser.add_argument("versions", nargs="*", metavar="VERSION")
    parser.add_argument("--sample", action="store_true", help="the few that make test takes")
    parser.add_argument("--all", action="store_true", help="every one that is listed")
    options = parser.parse_args()
    known = listed()
    for number in set(options.versions) - {v.number for v in known}:
        parser.error(f"{number} is not in {os.path.relpath(LISTED)}")
    found = [v for v in known if v.number in options.versions or options.all
             or (options.sample and "sample" in v.notes)]
    if not found:
        parser.error("which versions?")
    return found


def path_of(version):
    """Where a version's package is, once it was fetched."""
    return os.path.join(FOLDER, f"devtools-protocol-{version}.tgz")


def integrity_of(path):
    """As npm writes it; None if there is no such file."""
    try:
        with open(path, "rb") as f:
            return "sha512-" + base64.b64encode(hashlib.sha512(f.read()).digest()).decode()
    except FileNotFoundError:
        return None


def fetch(version):
    """None once the package is there and right; otherwise what went wrong."""
    path = path_of(version.number)
    if integrity_of(path) == version.integrity:
        return None
    with tempfile.TemporaryDirectory(dir=FOLDER) as temp:
        command = ["npm", "pack", "--silent", f"devtools-protocol@{version.number}"]
        try:
            done = subprocess.run(command, cwd=temp, capture_output=True, text=True, timeout=SECONDS,
                                  check=False)
        except (OSError, subprocess.TimeoutExpired) as e:
            return f"npm: {e}"
        packed = os.path.join(temp, os.path.basename(path))
        found = integrity_of(packed)
        if found is None:
            return f"npm pack: {done.stderr.strip()[-300:] or done.returncode}"
        if found != version.integrity:
            return f"its integrity is {found}, not {version.integrity}"
        os.rename(packed, path)
    return None


def main():
    versions = wanted(argparse.ArgumentParser(description=__doc__.split("\n", 1)[0]))
    os.makedirs(FOLDER, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        said = list(pool.map(fetch, versions))
    for version, wrong in zip(versions, said):
        if wrong:
            print(f"fetch_protocols: {version.number}: {wrong}", file=sys.stderr)
    return 1 if any(said) else 0


if __name__ == "__main__":
    sys.exit(main())
