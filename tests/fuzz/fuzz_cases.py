"""What fuzz_generator.py feeds: protocols, words, PDL and packages, sound, odd and broken."""

import copy
import gzip
import io
import json
import pathlib
import re
import tarfile

import schema

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Names that mean something to C, C++, the preprocessor, the templates or the file system.
NAMES = """
a b x R E D NONE BOOL INT LIST ENUM STRUCT NAME NAMES LENGTH FIELD TYPE WORD WORDS XX XY NULL EOF
TRUE true false bool int class new union linux unix i386 errno stdin assert offsetof sizeof names
fields types lists enums words commands events deps end self impl req params res cb data s r rc c d
i ev in out json why id err msg extra extra_ A AB ABC aBc URLs IDs setURLs NaN IFrame base64Encoded
x-y x_y x--y _x x_ __x__ con nul all cdp desc forward protocol value domain domains Domain
domain_impl serve serve_domain on onx on-x emit_x take_x expect_x cookie reply respond result send
async x_result x_params x_to_json to_json from_json x_from_json UNKNOWN unknown _UNKNOWN__
NEGATIVE_0 -0 0 2d -Infinity defined include define main __attribute__ __LINE__ _Bool _Generic
typeof asm L u8 R8 free open read
""".split()
NASTY = [
    "", " ", ".", "..", "../../etc/x", "/etc/passwd", "a/b", "a\\b", 'a;system("x")//', "*/", "/*",
    "??/", "a\nb", "a\rb", "a\0b", "a\x1b[31m", "\u202e", "\u00e9", "\U0001f600" * 128, "\ud800",
    "a" * 129, "a" * 10000, "-", "_", "--", "{{ 7 * 7 }}", "{% raw %}", "%s", "%n", "<script>",
    "$ref", "a.b.c", ".a", "a.", "__proto__", "true", "false",
]
PROSE = [
    "*/ int x; /*", "ends *", "/ begins", "a ??/ b", "a \\", "// line", "/*/",
    "<script>alert(1)</script>", "&lt;b&gt;", '" onclick="x', "{{ 7 * 7 }}", "{% include 'x' %}",
    "Runtime.evaluate", "cdp_tea_x", "x" * 300, "*" * 150 + "/", ("*/ " * 60).strip(), "?" * 120,
    "a-b " * 60 + "end", "\\" * 99,
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


def seeds():
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
                        "returns": [
                            {"name": "b", "type": "array", "minItems": 1, "items": {"type": "any"}}
                        ],
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
        if rng.random() < self._odd:
            return rng.choice(NAMES + NASTY)
        return rng.choice(("", "-")) + rng.choice(NAMES).lstrip("-")

    def _domain(self, name):
        rng = self._rng
        types = [self._type(t) for d, t in self._types if d == name]
        commands = [
            {"name": n, **self._fields("parameters"), **self._fields("returns"), **self._marks()}
            for n in self._some(self._name, 0, 4)
        ]
        events = [
            {"name": n, **self._fields("parameters"), **self._marks()}
            for n in self._some(self._name, 0, 3)
        ]
        if commands and rng.random() < 0.2:
            commands[0]["redirect"] = self._name()
        return {
            "domain": name,
            "types": types,
            "commands": commands,
            "events": events,
            **self._marks(),
        }

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
            {
                "name": n,
                **self._shape(0),
                **self._marks(),
                **({"optional": True} if optional or rng.random() < 0.5 else {}),
            }
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
        rng.choice(NASTY), rng.choice(NAMES), rng.choice(TYPES), rng.choice(PROSE), None,
        True, False, 0, -1, 1 << 64, 1.5, [], {}, [[]], {"$ref": "S"}, {"type": "string"},
        ["a", "a"], "A.S", "Runtime.V",
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
            b"", bytes([rng.randrange(256)]), piece * 2, b'"', b"{", b"]", b"\\u0000", b"\xff",
            b"\n", b"\r", b"*/", b"\x00", b"1" * 5000, b"1e999", b"[" * 2000,
            b"\xed\xa0\x80", b"  ", b"\t",
        ))
    return bytes(data)


def package(rng, seeds):
    """A package, or what is nearly one."""
    out = io.BytesIO()
    with tarfile.open(
        fileobj=out,
        mode="w",
        format=rng.choice((tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)),
    ) as tar:
        for half in ("js", "browser"):
            for _ in range(rng.choice((1, 1, 1, 1, 0, 2))):
                member = tarfile.TarInfo("package/json/%s_protocol.json" % half)
                data = json.dumps(rng.choice(seeds)).encode()
                if rng.random() < 0.1:
                    member.type = rng.choice(
                        (
                            tarfile.SYMTYPE,
                            tarfile.LNKTYPE,
                            tarfile.FIFOTYPE,
                            tarfile.DIRTYPE,
                            tarfile.CHRTYPE,
                        )
                    )
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
