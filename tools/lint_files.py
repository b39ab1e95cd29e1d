#!/usr/bin/env python3
"""lint_files.py - small rules that hold for the files of this project.

  - a hand-written source file has at most 600 lines
  - links go to a few known places, and no file names a path of somebody's machine
  - protocol_json/ holds no texts of the protocol's authors ("description")
  - Python parses; text files end in one newline, without blanks before line ends
"""

import ast
import os
import re
import subprocess
import sys

MAX_LINES = 600
SOURCE = (".c", ".h", ".cc", ".hh", ".py", ".sh", ".j2", ".js")
# Written by programs, or data.
GENERATED = ("generated/", "runtime/core/pow10.h", "tests/corpus/", "tests/skew/recorded/", "tests/generator/golden/")

URL = re.compile(r"\b(?:https?|wss?)://([\w.-]+)")
HOSTS = re.compile(r"localhost|user|127\.[\d.]+|0\.0\.0\.0|host|.*\.?example(\.(com|org|net))?|chromedevtools\.github\.io|"
                   r"nodejs\.org|v8\.dev|(www\.)?rfc-editor\.org|json-schema\.org|www\.w3\.org|"
                   r"semver\.org|keepachangelog\.com|[a-z]|a\.b")
# Folders where people and their machines keep work trees.
MACHINE = re.compile(r"(?<![\w.}*)/-])/(?:root|home|work|Users|mnt)/[\w.-]+")


def tracked():
    """Files of the project: tracked, or new and not ignored."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], capture_output=True,
                            check=True).stdout.decode()
    return sorted(p for p in set(listed.split("\0")) if p and os.path.isfile(p))


def faults(path, text):
    """(line, what is wrong) of a text file."""
    generated = path.startswith(GENERATED)
    lines = text.split("\n")
    if path.endswith(SOURCE) and not generated and len(lines) - 1 > MAX_LINES:
        yield MAX_LINES, f"{len(lines) - 1} lines, more than {MAX_LINES}"
    if text and not text.endswith("\n") and not generated:
        yield len(lines), "no newline at the end"
    if text.endswith("\n\n") and not generated:
        yield len(lines) - 1, "blank lines at the end"
    is_json = path.startswith("protocol_json/") and path.endswith(".json")
    for number, line in enumerate(lines, 1):
        if line != line.rstrip() and not generated and not path.endswith(".md"):
            yield number, "blanks before the end of the line"
        if not is_json and not path.startswith(("tests/corpus/", "tests/skew/recorded/")):
            for url in URL.finditer(line):
                if not HOSTS.fullmatch(url[1].lower()):
                    yield number, f"link to {url[1]}"
        if found := MACHINE.search(line):
            yield number, f"path of a machine: {found[0]}"
        if is_json and re.search(r'"description"\s*:', line):
            yield number, "description"
    if path.endswith(".py"):
        try:
            ast.parse(text, path)
        except SyntaxError as e:
            yield e.lineno or 1, f"syntax: {e.msg}"


def main():
    bad = 0
    paths = tracked()
    for path in paths:
        with open(path, "rb") as f:
            data = f.read()
        if b"\0" in data:
            continue  # binary
        try:
            text = data.decode()
        except UnicodeDecodeError:
            if not path.startswith("tests/"):
                print(f"{path}:1: not UTF-8", file=sys.stderr)
                bad += 1
            continue
        for number, what in faults(path, text):
            print(f"{path}:{number}: {what}", file=sys.stderr)
            bad += 1
    print(f"files: {len(paths)} files, {bad} faults")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
