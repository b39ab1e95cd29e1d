#!/usr/bin/env python3
"""fetch_protocols.py - brings old and new revisions of the protocol, to test with.

    fetch_protocols.py VERSION... | --sample | --all

They are versions of the npm package devtools-protocol, as tests/history/versions.txt lists them:
"VERSION INTEGRITY" a line, with "sample" behind those of --sample.  Each ends up in
build/deps/protocols/devtools-protocol-VERSION.tgz, which has that integrity: nothing else is ever
left there under such a name, and what is there and right is not fetched again.
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


def listed():
    """{version: (integrity, is it of the sample?)}, in the file's order."""
    versions = {}
    with open(LISTED, encoding="ascii") as f:
        for line in f:
            words = line.split("#")[0].split()
            if words:
                versions[words[0]] = (words[1], "sample" in words[2:])
    return versions


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


def fetch(version, integrity):
    """None once the package is there and right; otherwise what went wrong."""
    path = path_of(version)
    if integrity_of(path) == integrity:
        return None
    with tempfile.TemporaryDirectory(dir=FOLDER) as temp:
        command = ["npm", "pack", "--silent", f"devtools-protocol@{version}"]
        try:
            done = subprocess.run(command, cwd=temp, capture_output=True, text=True, timeout=SECONDS,
                                  check=False)
        except (OSError, subprocess.TimeoutExpired) as e:
            return f"npm: {e}"
        packed = os.path.join(temp, os.path.basename(path))
        found = integrity_of(packed)
        if found is None:
            return f"npm pack: {done.stderr.strip()[-300:] or done.returncode}"
        if found != integrity:
            return f"its integrity is {found}, not {integrity}"
        os.rename(packed, path)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("versions", nargs="*", metavar="VERSION")
    parser.add_argument("--sample", action="store_true", help="the few that make test takes")
    parser.add_argument("--all", action="store_true", help="every one that is listed")
    options = parser.parse_args()
    known = listed()
    wanted = [v for v, (_, sample) in known.items()
              if v in options.versions or options.all or (options.sample and sample)]
    for version in options.versions:
        if version not in known:
            parser.error(f"{version} is not in {os.path.relpath(LISTED)}")
    if not wanted:
        parser.error("which versions?")
    os.makedirs(FOLDER, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda version: fetch(version, known[version][0]), wanted))
    for version, wrong in zip(wanted, said):
        if wrong:
            print(f"fetch_protocols: {version}: {wrong}", file=sys.stderr)
    return 1 if any(said) else 0


if __name__ == "__main__":
    sys.exit(main())
