#!/usr/bin/env python3
"""test_history.py - old and new revisions of the protocol, through the generator and a compiler.

    test_history.py VERSION... | --sample | --all

Takes what fetch_protocols.py brings.  Of each revision
  - everything is imported and generated, twice, and comes out the same to the byte;
  - the tables compile, refer to nothing that is not there, each header compiles alone as C11, and
    all together do as C++11 and C++17, with this project's warnings as errors;
  - the package's PDL, if it has any, says what its JSON says.
CC, CXX, WARN and WARN_C come from the environment, as make sets them.  Prints TAP: a case for each.
"""

import argparse
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import time

import fetch_protocols

ROOT = fetch_protocols.ROOT
IMPORT = os.path.join(ROOT, "generator", "import_protocol.py")
GENERATE = os.path.join(ROOT, "generator", "cdpgen.py")
CC = os.environ.get("CC", "cc")
CXX = os.environ.get("CXX", "c++")
WARN = os.environ.get("WARN", "-Wall -Wextra -Wpedantic").split()
WARN_C = os.environ.get("WARN_C", " ".join(WARN)).split()
RUNTIME = "-I" + os.path.join(ROOT, "runtime", "include")
HALVES = ("js_protocol.json", "browser_protocol.json")
# Of packages that were published without some of the files that their PDL includes.
TORN = re.compile(r"import_protocol: \w+\.pdl:\d+: pdl/domains/\w+\.pdl: no such file in the package\n\Z")
SECONDS = 600


class Failed(Exception):
    """What is wrong with a revision."""


def run(*command, cwd=None, seed="0"):
    """Runs a program that has to succeed silently."""
    done = attempt(*command, cwd=cwd, seed=seed)
    if done.returncode or done.stdout or done.stderr:
        raise Failed(f"{os.path.basename(command[0])} ({done.returncode})\n{done.stdout}{done.stderr}")


def attempt(*command, cwd=None, seed="0"):
    """The same, whatever comes of it.  seed: what order Python's sets are in."""
    return subprocess.run(command, cwd=cwd, env=dict(os.environ, PYTHONHASHSEED=seed), capture_output=True,
                          text=True, errors="replace", timeout=SECONDS, check=False)


# ---- what is tested


def check_repeatable(source, first, second):
    """Generates into two folders, which have to end up the same."""
    run(sys.executable, GENERATE, "--in", source, "--out", first, seed="1")
    run(sys.executable, GENERATE, "--in", source, "--out", second, seed="2")
    if contents(first) != contents(second):
        raise Failed("two runs of the generator differ")


def contents(folder):
    """{path: bytes} of all files below."""
    found = {}
    for path in glob.glob(os.path.join(folder, "**"), recursive=True):
        if os.path.isfile(path):
            with open(path, "rb") as f:
                found[os.path.relpath(path, folder)] = f.read()
    return found


def check_compiles(generated, temp):
    """Tables to objects and on to one that lacks nothing; headers alone, and all together."""
    include = "-I" + os.path.join(generated, "include")
    headers = sorted(os.path.basename(h) for h in glob.glob(os.path.join(generated, "include", "cdp", "*.h")))
    units = []
    for header in headers:
        units.append(os.path.join(temp, header[:-2] + "_alone.c"))
        with open(units[-1], "w", encoding="ascii") as f:
            f.write(f"#include <cdp/{header}>\n#include <cdp/{header}>\nint main(void) {{ return 0; }}\n")
    sources = sorted(glob.glob(os.path.join(generated, "src", "*.c")))
    c = [CC, "-std=c11", *WARN_C, "-Werror", RUNTIME, include]
    run(*c, "-fPIC", "-c", *sources, cwd=temp)
    objects = [os.path.basename(s)[:-2] + ".o" for s in sources]
    run(CC, "-shared", "-nostdlib", "-Wl,-z,defs", "-o", "tables.so", *objects, cwd=temp)
    run(*c, "-fsyntax-only", *units)
    for std in "c++11", "c++17":
        run(CXX, "-x", "c++", "-std=" + std, *WARN, "-Werror", RUNTIME, include, "-fsyntax-only",
            os.path.join(temp, "all_alone.c"))


def check_pdl(package, source, folder, torn):
    """A word on PDL, which has to say what the JSON says (in source).

    One thing only PDL says: which strings are binary.  In JSON a description tells, if there is one."""
    done = attempt(sys.executable, IMPORT, package, "--form", "pdl", "--out", folder)
    if ": no pdl/ with " in done.stderr:
        return "no PDL"
    if torn:
        if not TORN.match(done.stderr):
            raise Failed(f"PDL: not torn: {done.stderr}")
        return "torn PDL"
    if done.returncode or done.stderr:
        raise Failed(f"PDL: {done.stderr}")
    binary = 0
    for half in HALVES:
        with open(os.path.join(source, half), "rb") as f, open(os.path.join(folder, half), "rb") as g:
            binary += sum(1 for _ in only_binary(json.load(f), json.load(g), half))
    return f"PDL the same, {binary} strings more are binary" if binary else "PDL the same"


def only_binary(value, pdl, where):
    """Yields where PDL says "binary" and JSON "string"; fails where else they differ."""
    if isinstance(value, dict) and isinstance(pdl, dict) and value.keys() == pdl.keys():
        for key in value:
            yield from only_binary(value[key], pdl[key], f"{where}.{key}")
    elif isinstance(value, list) and isinstance(pdl, list) and len(value) == len(pdl):
        for i, item in enumerate(value):
            yield from only_binary(item, pdl[i], f"{where}[{i}]")
    elif (value, pdl) == ("string", "binary") and where.endswith(".type"):
        yield where
    elif value != pdl:
        raise Failed(f"{where}: JSON says {json.dumps(value)[:200]}, PDL {json.dumps(pdl)[:200]}")


def test(version, torn):
    """(what went wrong or None, what to say of it)"""
    package = fetch_protocols.path_of(version)
    with tempfile.TemporaryDirectory() as temp:
        source, first, second, pdl = (os.path.join(temp, name) for name in ("json", "1", "2", "pdl"))
        try:
            run(sys.executable, IMPORT, package, "--form", "json", "--out", source)
            check_repeatable(source, first, second)
            check_compiles(first, temp)
            return None, f"{count(source)}; {check_pdl(package, source, pdl, torn)}"
        except (Failed, OSError, subprocess.TimeoutExpired) as e:
            return str(e), "fails"


def count(source):
    """How much there is in a revision."""
    domains = []
    for half in HALVES:
        with open(os.path.join(source, half), "rb") as f:
            domains += json.load(f)["domains"]
    commands, events = (sum(len(d.get(key, [])) for d in domains) for key in ("commands", "events"))
    return f"{len(domains)} domains, {commands} commands, {events} events"


def main():
    start = time.monotonic()
    wanted = fetch_protocols.wanted(argparse.ArgumentParser(description=__doc__.split("\n", 1)[0]))
    print(f"1..{len(wanted)}", flush=True)
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda v: test(v.number, "torn" in v.notes), wanted)
        for number, (version, (wrong, said)) in enumerate(zip(wanted, results), 1):
            print(f"{'not ok' if wrong else 'ok'} {number} - {version.number}: {said}", flush=True)
            if wrong:
                failures += 1
                print("".join(f"#   {line}\n" for line in wrong.splitlines()[:20]), end="", flush=True)
    print(f"# {len(wanted)} revisions, {failures} failed, {time.monotonic() - start:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
