#!/usr/bin/python3
"""Feeds the generator and the importer protocols that are broken, odd, or meant to do harm.

    fuzz_generator.py --runs 1000          so many cases; --seconds N: for so long
    fuzz_generator.py --seed S --only N    case N of seed S alone, with what it was

What is refused must be so in one short line of printable ASCII that begins with the file; whatever
is made must be nothing but the protocol's names in the templates' C and HTML (generated_checks.py),
and the same twice.  Of every --compile cases one goes through the C compiler as well, and of twenty
of those one is linked with what prints the tables.
"""

import argparse
import collections
import copy
import functools
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "generator"), str(pathlib.Path(__file__).resolve().parent)]

import jinja2

import changes
import compat
import docs
import import_protocol
import model
import pdl
import reference
import render
import schema
import selection
import sources
import surface
import uses
from errors import At, ProtocolError
from fuzz_cases import MORE, NAMES, NASTY, PDL, PROSE, Grower, edit, package, scramble, seeds
from generated_checks import Wrong, check_code, check_pages

# What a refusal may begin with.
FILES = """
p.json p.pdl more.pdl d.txt case.tgz package.json js_protocol.json browser_protocol.json
js_protocol.pdl browser_protocol.pdl REVISION --revision --domains
""".split()
STRICT = """
-std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wwrite-strings -Wcast-qual -Wvla -Wundef
-Wstrict-prototypes -Wmissing-prototypes -Werror
""".split()
MOST_SECONDS = 60  # that one case may take: far more than any does


class Fuzzer:
    """Cases, each of a seed and a number; what they came to is counted in self.outcomes."""

    def __init__(self, folder, compile_every):
        self.folder = folder
        self.compile_every = compile_every
        self.outcomes = collections.Counter()
        self.slowest = (0, None)
        self._made = 0
        self._seeds = list(seeds())
        with open(ROOT / "tests/generator/golden/in/docs/tea.txt", "rb") as f:
            self._words = f.read()

    def run(self, seed, number, show=False):
        """One case; raises Wrong."""
        rng = random.Random("%s %d" % (seed, number))
        kinds = {self.grown: 8, self.edited: 5, self.bytes: 3, self.pdl: 4, self.docs: 4}
        kinds.update({self.imported: 2, self.tar: 2, self.compared: 3})
        kind = rng.choices(list(kinds), kinds.values())[0]
        started = time.process_time()
        try:
            outcome = kind(rng, show)
        except ProtocolError as e:
            check_refusal(str(e))
            outcome = "refused"
            if show:
                print(e)
        taken = time.process_time() - started
        self.slowest = max(self.slowest, (taken, number))
        if taken > MOST_SECONDS:
            raise Wrong("took %.1f seconds" % taken)
        self.outcomes["%s: %s" % (kind.__name__, outcome)] += 1

    # ---- kinds of cases: each makes something, or raises ProtocolError

    def grown(self, rng, show):
        """A protocol put together from odd names, most of it sound."""
        return self._generate(rng, json.dumps(Grower(rng).protocol()).encode(), b"", show)

    def edited(self, rng, show):
        """A sound one with some of its values replaced."""
        value = copy.deepcopy(rng.choice(self._seeds))
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            value = edit(rng, value)
        return self._generate(rng, json.dumps(value).encode(), b"", show)

    def bytes(self, rng, show):
        """The text of one with bytes replaced."""
        text = json.dumps(rng.choice(self._seeds[:4])).encode()
        return self._generate(rng, scramble(rng, text), b"", show)

    def docs(self, rng, show):
        """The words about one, with other words in them."""
        lines = self._words.split(b"\n")
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(lines))
            said = rng.choice(PROSE + NASTY).encode("utf-8", "surrogatepass")
            lines[at] = rng.choice(
                (lines[at] + said, lines[at] + b" " + said, b"  " + said, b"    " + said, said)
                + ((lines[at].split(b": ")[0] + b": " + said,) * 4)
            )
        words = b"\n".join(lines)
        words = scramble(rng, words) if rng.random() < 0.3 else words
        return self._generate(rng, json.dumps(self._seeds[0]).encode(), words, show)

    def pdl(self, rng, show):
        """The other notation."""
        lines = PDL.split("\n")
        for _ in range(rng.randint(0, 4)):
            at = rng.randrange(len(lines))
            words = lines[at].split(" ")
            words[rng.randrange(len(words))] = rng.choice(NAMES + NASTY + ["enum", "array", "of"])
            lines[at] = rng.choice(
                (" ".join(words), " " + lines[at], lines[at][2:], "include x.pdl")
            )
            lines.insert(rng.randrange(len(lines)), rng.choice(lines))
        text = "\n".join(lines).encode("utf-8", "surrogatepass")
        text = scramble(rng, text) if rng.random() < 0.3 else text
        if show:
            print(text)

        def read(name, at):
            if name == "p.pdl":
                return text
            if name == "more.pdl":
                return scramble(rng, MORE.encode()) if rng.random() < 0.1 else MORE.encode()
            raise ProtocolError(at, "%s: no such file" % name)

        value, place = pdl.parse("p.pdl", read)
        self._check(rng, model.build([(value, place)], "1"), show)
        return "made"

    def imported(self, rng, show):
        """What the importer keeps of a protocol, and writes."""
        value = copy.deepcopy(rng.choice(self._seeds))
        for _ in range(rng.randint(0, 2)):
            value = edit(rng, value)
        text = json.dumps(value)
        if show:
            print(text)
        value, _ = sources._from_json(text.encode(), "p.json")
        js, browser = import_protocol._split([import_protocol._facts(value)])
        out = os.path.join(self.folder, "imported")
        whole = {"js_protocol.json": js, "browser_protocol.json": browser}
        revision = rng.choice(["1", "r1234", "unknown"] * 20 + NASTY)
        import_protocol._store(whole, revision, out)
        left = sorted(os.listdir(out))
        if left != ["REVISION", "browser_protocol.json", "js_protocol.json"]:
            raise Wrong("the importer left %s" % left)
        for name, part in whole.items():
            with open(os.path.join(out, name), "rb") as f:
                if schema.parse(f.read(), At(name)) != part:
                    raise Wrong("%s is not what was to be written" % name)
        return "made"

    def compared(self, rng, show):
        """Two revisions, and what is said of the changes between them."""
        old = Grower(rng).protocol() if rng.random() < 0.7 else copy.deepcopy(rng.choice(self._seeds))
        new = copy.deepcopy(old)
        for _ in range(rng.choice((0, 1, 1, 2))):
            new = edit(rng, new)
        if show:
            print(json.dumps(old), json.dumps(new))
        models = []
        for value in (old, new):
            at = At("p.json")
            models.append(model.build([(schema.parse(json.dumps(value).encode(), at), at)], "1"))
        found = compat.compare(*models)
        if old == new and found:
            raise Wrong("changes between what is the same: %s" % found[0])
        if not re.match(r"[ -~\n]*\Z", changes.render("1", "2", found)):
            raise Wrong("changes that are no lines of ASCII")
        uses.program(surface.units(models[0]))
        return "made"

    def tar(self, rng, show):
        """An npm package."""
        path = os.path.join(self.folder, "case.tgz")
        with open(path, "wb") as f:
            f.write(package(rng, self._seeds[:4]))
        parts, revision = sources.read(path)
        model.build(parts, revision or "unknown")
        return "made"

    # ---- what is made

    def _generate(self, rng, text, words, show):
        if show:
            print(text, words)
        source = [(schema.parse(text, At("p.json")), At("p.json"))]
        builder, how = model.Builder(), rng.random()
        if how < 0.15:  # beside an installed library's
            teapot = schema.parse(json.dumps(self._seeds[1]).encode(), At("base.json"))
            base = builder.build([(teapot, At("base.json"))], "r-1.0")
            protocol = builder.build_on(base, source)
        else:
            protocol = builder.build(source, "r-1.0")
        if how > 0.8:
            domains = [d.name for d in protocol.domains]
            wanted = rng.sample(domains, min(len(domains), 2)) or [rng.choice(NASTY)]
            selection.select(protocol, wanted, "--domains")
        entries = {}
        docs.parse(words, "d.txt", entries)
        docs.attach(protocol, entries)
        self._check(rng, protocol, show)
        return "made"

    def _check(self, rng, protocol, show):
        files = render.render(protocol)
        check_code(protocol, files)
        if rng.random() < 0.05 and files != render.render(protocol):
            raise Wrong("not the same twice")
        if rng.random() < 0.3:
            check_pages(reference.render(protocol, files, self.folder))
        self._made += 1
        if self.compile_every and not protocol.base and (show or self._made % self.compile_every == 0):
            self._compile(files, self._made % (20 * self.compile_every) == 0)
            self.outcomes["compiled"] += 1

    def _compile(self, files, run):
        """All warnings are errors; every header, and all tables."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            for path, text in files.items():
                path = os.path.join(folder, path)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="ascii") as f:
                    f.write(text)
            options = [*STRICT, "-I%s/include" % folder, "-I%s" % (ROOT / "runtime/include")]
            tables = [os.path.join(folder, path) for path in files if path.endswith(".c")]
            dump = str(ROOT / "tests/generator/dump.c")
            if run:
                program = os.path.join(folder, "dump")
                _call(["gcc", *options, "-o", program, dump, *tables])
                for line in _call([program]).splitlines():
                    json.loads(line)
            else:
                _call(["gcc", *options, "-fsyntax-only", dump, *tables])


def _call(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise Wrong("%s: %s" % (os.path.basename(command[0]), done.stderr[:2000]))
    return done.stdout


def check_refusal(text):
    """A refusal is one line, and says where."""
    if not re.match(r"[ -~]{1,599}\Z", text):
        raise Wrong("a refusal that is no short line of ASCII: %r" % text[:2000])
    if not re.match(r"(?:%s)(?::\d+)?: " % "|".join(map(re.escape, FILES)), text):
        raise Wrong("a refusal without a place: %r" % text)


# ---- running ---------------------------------------------------------------


def main():
    """Exit status: 0 nothing found, 1 something."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--runs", type=int, default=0)
    p.add_argument("--seconds", type=float, default=0)
    p.add_argument("--seed", default="1")
    p.add_argument("--only", type=int)
    p.add_argument("--compile", type=int, default=100, metavar="N", help="one in N; 0: none")
    p.add_argument("--go-on", action="store_true", help="after a finding as well")
    args = p.parse_args()
    # Templates are the same every time: read them once.
    render.jinja2 = reference.jinja2 = _Jinja()
    end = time.monotonic() + args.seconds
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        fuzzer = Fuzzer(folder, args.compile)
        numbers = [args.only] if args.only is not None else _numbers(args.runs, end)
        for number in numbers:
            try:
                fuzzer.run(args.seed, number, args.only is not None)
            except Exception as e:
                what = "%s: %s" % (type(e).__name__, ascii(str(e))[:3000])
                print("seed %s, case %d: %s" % (args.seed, number, what), flush=True)
                found += 1
                if args.only is not None:
                    raise
                if not args.go_on:
                    break
    ran = sum(fuzzer.outcomes.values()) - fuzzer.outcomes["compiled"] + found
    print("%d cases, %d findings; the slowest took %.2f s (%s)" % (ran, found, *fuzzer.slowest))
    for outcome, count in sorted(fuzzer.outcomes.items()):
        print("  %7d %s" % (count, outcome))
    return 1 if found else 0


class _Jinja:
    """jinja2, but an environment for each folder, which keeps what it has read."""

    StrictUndefined = jinja2.StrictUndefined
    FileSystemLoader = str

    @staticmethod
    @functools.lru_cache(maxsize=None)
    def Environment(loader, **options):
        return jinja2.Environment(loader=jinja2.FileSystemLoader(loader), **options)


def _numbers(runs, end):
    number = 0
    while number < runs or time.monotonic() < end:
        yield number
        number += 1


if __name__ == "__main__":
    sys.exit(main())
