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
import gzip
import io
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tarfile
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "generator"), str(pathlib.Path(__file__).resolve().parent)]

import jinja2

import docs
import import_protocol
import model
import pdl
import reference
import render
import schema
import selection
import sources
from errors import At, ProtocolError
from generated_checks import Wrong, check_code, check_pages

FILES = ("p.json", "p.pdl", "more.pdl", "d.txt", "--domains", "case.tgz", "REVISION", "package.json",
         "--revision", "js_protocol.json", "browser_protocol.json", "js_protocol.pdl", "browser_protocol.pdl")
MOST_SECONDS = 60  # that one case may take: far more than any does

# Names that mean something to C, C++, the preprocessor, the templates or the file system.
NAMES = """
a b x R E D NONE BOOL INT LIST ENUM STRUCT NAME NAMES LENGTH FIELD TYPE WORD WORDS XX XY NULL EOF TRUE
true false bool int class new union linux unix i386 errno stdin assert offsetof sizeof names fields
types lists enums words commands events deps end self impl req params res cb data s r rc c d i ev in
out json why id err msg extra extra_ A AB ABC aBc URLs IDs setURLs NaN IFrame base64Encoded x-y x_y
x--y _x x_ __x__ con nul all cdp desc forward protocol value domain domains Domain domain_impl serve
serve_domain on onx on-x emit_x take_x expect_x cookie reply respond result send async x_result
x_params x_to_json to_json from_json x_from_json UNKNOWN unknown _UNKNOWN__ NEGATIVE_0 -0 0 2d -Infinity
defined include define main __attribute__ __LINE__ _Bool _Generic typeof asm L u8 R8 free open read
""".split()
NASTY = [
    "", " ", ".", "..", "../../etc/x", "/etc/passwd", "a/b", "a\\b", 'a;system("x")//', "*/", "/*",
    "??/", "a\nb", "a\rb", "a\0b", "a\x1b[31m", "\u202e", "\u00e9", "\U0001f600" * 128, "\ud800",
    "a" * 129, "a" * 10000, "-", "_", "--", "{{ 7 * 7 }}", "{% raw %}", "%s", "%n", "<script>", "$ref",
    "a.b.c", ".a", "a.", "__proto__", "true", "false",
]
PROSE = [
    "*/ int x; /*", "ends *", "/ begins", "a ??/ b", "a \\", "// line", "/*/", "<script>alert(1)</script>",
    "&lt;b&gt;", '" onclick="x', "{{ 7 * 7 }}", "{% include 'x' %}", "Runtime.evaluate", "cdp_tea_x",
    "x" * 300, "*" * 150 + "/", ("*/ " * 60).strip(), "?" * 120, "a-b " * 60 + "end", "\\" * 99,
    "-> = . :", "http://x/*/y", "#define X", "CDP_OK",
]
KEYS = sorted(set().union(*schema._KEYS.values())) + ["x", "", "__class__", "domain\0"]
TYPES = sorted(schema.SCALARS) + ["array", "$ref", "float", "String", ""]

PDL = """
version
  major 1
  minor 3

include more.pdl

experimental domain Tea
  depends on Runtime

  # prose
  type Pot extends object
    properties
      optional array of Lid lids
      binary lid
      optional enum state
        full
        empty
      any x
  type Lid extends string
    enum
      round
      -0
  type Many extends array of Pot

  deprecated command pour
    redirect Kitchen
    parameters
      Pot pot
    returns
      number seconds
  event boiled
    parameters
      Lid lid
"""
MORE = "domain Kitchen\n  command enable\n  event done\n"


class Fuzzer:
    """Cases, each of a seed and a number; what they came to is counted in self.outcomes."""

    def __init__(self, folder, compile_every):
        self.folder = folder
        self.compile_every = compile_every
        self.outcomes = collections.Counter()
        self.slowest = (0, None)
        self._made = 0
        self._seeds = list(_seeds())
        with open(ROOT / "tests/generator/golden/in/docs/tea.txt", "rb") as f:
            self._words = f.read()

    def run(self, seed, number, show=False):
        """One case; raises Wrong."""
        rng = random.Random("%s %d" % (seed, number))
        kinds = (self.grown, self.edited, self.bytes, self.pdl, self.docs, self.imported, self.tar)
        kind = rng.choices(kinds, (8, 5, 3, 4, 4, 2, 2))[0]
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
            lines[at] = rng.choice((" ".join(words), " " + lines[at], lines[at][2:], "include x.pdl"))
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
        parts = [import_protocol._facts(sources._from_json(text.encode(), "p.json"))]
        js, browser = import_protocol._split(parts)
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

    def tar(self, rng, show):
        """An npm package."""
        path = os.path.join(self.folder, "case.tgz")
        with open(path, "wb") as f:
            f.write(package(rng, self._seeds[:4]))
        parts, revision = sources.read(path)
        model.build([(part, At("p.json")) for part in parts], revision or "unknown")
        return "made"

    # ---- what is made

    def _generate(self, rng, text, words, show):
        if show:
            print(text, words)
        protocol = model.build([(schema.parse(text, At("p.json")), At("p.json"))], "r-1.0")
        schema_names = [d.name for d in protocol.domains]
        if rng.random() < 0.2:
            wanted = rng.sample(schema_names, min(len(schema_names), 2)) or [rng.choice(NASTY)]
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
        if self.compile_every and (show or self._made % self.compile_every == 0):
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
            options = "-std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wwrite-strings -Wcast-qual".split()
            options += "-Wvla -Wundef -Wstrict-prototypes -Wmissing-prototypes -Werror -O0".split()
            options += ["-I%s/include" % folder, "-I%s" % (ROOT / "runtime/include")]
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


# ---- making cases ----------------------------------------------------------


def _seeds():
    """Protocols that are sound: small ones first, then real domains with what they refer to."""
    for path in ("tests/generator/golden/in/made_up.json", "protocol_json/teapot.json"):
        with open(ROOT / path, encoding="utf-8") as f:
            yield json.load(f)
    yield {
        "version": {"major": "1", "minor": "0"},
        "domains": [
            {
                "domain": "Runtime",
                "hidden": True,
                "types": [{"id": "V", "type": "string", "enum": ["Infinity", "NaN", "-0"]}],
                "commands": [
                    {
                        "name": "evaluate",
                        "handlers": ["browser"],
                        "async": True,
                        "parameters": [{"name": "a", "$ref": "V", "optional": "true"}],
                        "returns": [{"name": "b", "type": "array", "minItems": 1, "items": {"type": "any"}}],
                    }
                ],
            }
        ],
    }
    yield {"domains": [{"domain": "A", "types": [{"id": "S", "type": "object", "properties": [
        {"name": "s", "$ref": "S", "optional": True}]}], "commands": [{"name": "c"}]}]}
    whole = {}
    for name in ("js_protocol", "browser_protocol", "node_protocol"):
        with open(ROOT / "protocol_json" / (name + ".json"), encoding="utf-8") as f:
            whole.update((d["domain"], d) for d in json.load(f)["domains"])
    for name in sorted(whole):
        found, todo = {}, [name]
        while todo:
            name = todo.pop()
            if name not in found:
                found[name] = whole[name]
                todo += set(re.findall(r'"\$ref": "([A-Za-z]+)\.', json.dumps(whole[name])))
        value = {"domains": list(found.values())}
        if len(json.dumps(value)) < 12000:
            yield value


class Grower:
    """Puts a protocol together, mostly by the rules."""

    def __init__(self, rng):
        self._rng = rng
        self._types = []
        self._odd = rng.choice((0, 0, 0, 0.02))

    def protocol(self):
        """The JSON value."""
        names = self._some(self._name, 1, 3)
        for name in names:
            self._types += [(name, t) for t in self._some(self._name, 0, 5)]
        return {"domains": [self._domain(name) for name in names]}

    def _some(self, make, least, most):
        return list(dict.fromkeys(make() for _ in range(self._rng.randint(least, most))))

    def _name(self):
        rng = self._rng
        if rng.random() < self._odd:
            return rng.choice(NASTY)
        name = rng.choice(NAMES)
        while rng.random() < 0.3:
            name += rng.choice(("", "-", "_", "A", "s")) + rng.choice(NAMES)
        if rng.random() < 0.04:
            name = (name + rng.choice("aA-_9")) * 128
        return name.lstrip("-0123456789")[: rng.choice((128, 128, 60, 40))] or "y"

    def _word(self):
        rng = self._rng
        return rng.choice(NAMES + NASTY) if rng.random() < self._odd else rng.choice(("", "-")) + rng.choice(NAMES).lstrip("-")

    def _domain(self, name):
        rng = self._rng
        types = [self._type(t) for d, t in self._types if d == name]
        commands = [
            {"name": n, **self._fields("parameters"), **self._fields("returns"), **self._marks()}
            for n in self._some(self._name, 0, 4)
        ]
        events = [{"name": n, **self._fields("parameters"), **self._marks()} for n in self._some(self._name, 0, 3)]
        if commands and rng.random() < 0.2:
            commands[0]["redirect"] = self._name()
        return {"domain": name, "types": types, "commands": commands, "events": events, **self._marks()}

    def _marks(self):
        marks = {"experimental": True, "deprecated": True, "description": self._rng.choice(PROSE)}
        return {k: v for k, v in marks.items() if self._rng.random() < 0.2}

    def _type(self, name):
        shape = self._shape(0)
        if "$ref" not in shape and self._rng.random() < 0.5:
            shape = {"type": "object", **self._fields("properties", optional=True)}
        return {"id": name, **shape, **self._marks()}

    def _fields(self, key, optional=False):
        rng = self._rng
        if rng.random() < 0.3:
            return {}
        most = 64 if rng.random() < 0.02 else 5
        fields = [
            {"name": n, **self._shape(0), **self._marks(), **({"optional": True} if optional or rng.random() < 0.5 else {})}
            for n in self._some(self._name, 1, most)
        ]
        return {key: fields}

    def _shape(self, depth):
        rng, kind = self._rng, self._rng.random()
        if kind < 0.25 and self._types:
            domain, name = rng.choice(self._types)
            return {"$ref": "%s.%s" % (domain, name) if "." not in name else name}
        if kind < 0.4 and depth < 3:
            return {"type": "array", "items": self._shape(depth + 1)}
        if kind < 0.55:
            return {"type": "string", "enum": self._some(self._word, 1, rng.choice((4, 4, 30)))}
        return {"type": rng.choice(sorted(schema.SCALARS))}


def edit(rng, value):
    """A copy of a JSON value with one place in it changed."""
    places = list(_places(value)) if isinstance(value, (dict, list)) else []
    holder, key = rng.choice(places) if places else (None, None)
    if holder is None:
        return odd(rng)
    how = rng.random()
    if how < 0.5:
        holder[key] = odd(rng)
    elif how < 0.6 and isinstance(holder, dict):
        holder[rng.choice(KEYS)] = holder.pop(key)
    elif how < 0.7:
        del holder[key]
    elif how < 0.8 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif isinstance(holder, dict):
        holder[rng.choice(KEYS)] = rng.choice((odd(rng), copy.deepcopy(holder[key])))
    else:
        for _ in range(rng.choice((1, 10, 200))):
            holder[key] = rng.choice(({"type": "array", "items": holder[key]}, [holder[key]]))
    return value


def _places(value):
    """(holder, key) of everything inside a value."""
    todo = [value]
    while todo:
        holder = todo.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            yield holder, key
            if isinstance(holder[key], (dict, list)):
                todo.append(holder[key])


def odd(rng):
    """A value that fits nowhere, or just somewhere else."""
    return rng.choice((
        rng.choice(NASTY), rng.choice(NAMES), rng.choice(TYPES), rng.choice(PROSE), None, True, False,
        0, -1, 1 << 64, 1.5, [], {}, [[]], {"$ref": "S"}, {"type": "string"}, ["a", "a"], "A.S", "Runtime.V",
        {"name": "x", "type": "any"}, [rng.choice(NAMES)] * 3, ["w%d" % i for i in range(70)],
    ))


def scramble(rng, data):
    """Bytes with some replaced, cut out, doubled or put elsewhere."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice((0, 1, 1, 4, 60)))
        piece = data[at:end]
        data[at:end] = rng.choice((
            b"", bytes([rng.randrange(256)]), piece * 2, b'"', b"{", b"]", b"\\u0000", b"\xff", b"\n", b"\r",
            b"*/", b"\x00", b"1" * 5000, b"1e999", b"[" * 2000, b"\xed\xa0\x80", b"  ", b"\t",
        ))
    return bytes(data)


def package(rng, seeds):
    """A package, or what is nearly one."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=rng.choice((tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT))) as tar:
        for half in ("js", "browser"):
            for _ in range(rng.choice((1, 1, 1, 1, 0, 2))):
                member = tarfile.TarInfo("package/json/%s_protocol.json" % half)
                data = json.dumps(rng.choice(seeds)).encode()
                if rng.random() < 0.1:
                    member.type = rng.choice((tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE))
                    member.linkname = "../../etc/passwd"
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        version = json.dumps({"version": rng.choice(["0.0.123", 1, None, [[]]] + NASTY)}).encode()
        member = tarfile.TarInfo(rng.choice(("package/package.json", "package/../x", "/x")))
        member.size = len(version)
        tar.addfile(member, io.BytesIO(version))
    data = out.getvalue()
    if rng.random() < 0.5:
        data = scramble(rng, data)
    data = gzip.compress(data, compresslevel=1, mtime=0)
    return scramble(rng, data) if rng.random() < 0.3 else data


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
    found, number = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        fuzzer = Fuzzer(folder, args.compile)
        numbers = [args.only] if args.only is not None else _numbers(args.runs, end)
        for number in numbers:
            try:
                fuzzer.run(args.seed, number, args.only is not None)
            except Exception as e:
                print("seed %s, case %d: %s: %s" % (args.seed, number, type(e).__name__, ascii(str(e))[:3000]))
                found += 1
                if args.only is not None:
                    raise
                if not args.go_on:
                    break
    print("%d cases, %d findings; the slowest took %.2f s (%s)" % (number + 1, found, *fuzzer.slowest))
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
