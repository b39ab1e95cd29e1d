"""Reads protocol files and checks their form, before anything is made of what they say.

After check_protocol() every value has the JSON type that model.py relies on, every name fits its
grammar, and no key is one that this generator does not know.  Two spellings of old revisions it
turns into today's: "experimental": "true", and "type": "$ref" beside a $ref.  An object may have
its "properties" where it is used, as until 2016; model.py takes it for any object.
"""

import json
import os
import re
import stat

from errors import At, ProtocolError
from names import check_identifier, check_word

MAX_BYTES = 16 << 20  # of one file
MAX_DOMAINS = 1000
MAX_WORDS = 10000
MAX_FIELDS = 64
MAX_DEPTH = 8  # arrays, and objects without a name, in each other

SCALARS = ("any", "binary", "boolean", "integer", "number", "object", "string")

# Keys that say nothing about the wire are known and ignored, and so are those of 2013 to 2018:
# Description (once), handlers, hidden, exported, async, error, minItems, maxItems.
PROSE = ("description", "Description")
_NOTES = {*PROSE, "experimental", "deprecated", "optional", "hidden", "exported"}
_SHAPE = {"type", "$ref", "items", "enum", "properties", "minItems", "maxItems"}
_KEYS = {
    "protocol": {"version", "domains"},
    "version": {"major", "minor"},
    "domain": _NOTES | {"domain", "dependencies", "types", "commands", "events", "availability"},
    "type": _NOTES | _SHAPE | {"id"},
    "command": _NOTES | {"name", "parameters", "returns", "redirect", "handlers", "async", "error"},
    "event": _NOTES | {"name", "parameters", "handlers"},
    "field": _NOTES | _SHAPE | {"name"},
    "item": _NOTES | _SHAPE,
}
# What is in them, alone or in a list, is text or a number all the same.
_IGNORED = frozenset(
    "availability dependencies handlers hidden exported async minItems maxItems".split()
)
_VERSION = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_REFERENCE = re.compile(r"(?:([^.]*)\.)?([^.]*)\Z")


class Object(dict):
    """A JSON object that remembers which keys came twice."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self.twice = None
        if len(self) != len(pairs):
            seen = set()
            self.twice = next(k for k, _ in pairs if k in seen or seen.add(k))


def read(path, shown):
    """The JSON value of a file; shown is what messages call it."""
    return parse(read_bytes(path, At(shown)), At(shown))


def read_bytes(path, at):
    """What is in a plain file; others might never end, or never begin."""
    try:
        with open(path, "rb", opener=lambda p, flags: os.open(p, flags | os.O_NONBLOCK)) as f:
            if not stat.S_ISREG(os.fstat(f.fileno()).st_mode):
                raise ProtocolError(at, "not a plain file")
            data = f.read(MAX_BYTES + 1)
    except OSError as e:
        raise ProtocolError(at, e.strerror or "cannot be read") from None
    if len(data) > MAX_BYTES:
        raise ProtocolError(at, "more than %d bytes" % MAX_BYTES)
    return data


def parse(data, at):
    """Bytes -> the JSON value; at is where they are from."""
    try:
        text = data.decode("utf-8-sig")
        return json.loads(text, object_pairs_hook=Object, parse_constant=_no_constant)
    except UnicodeDecodeError as e:
        raise ProtocolError(at, "not UTF-8 at byte %d" % e.start) from None
    except RecursionError:
        raise ProtocolError(at, "nested too deep") from None
    except ValueError as e:
        raise ProtocolError(at, "not JSON: %s" % str(e).replace("\n", " ")) from None


def _no_constant(name):
    raise ValueError(name)


def check_protocol(value, at):
    """Checks a whole protocol file; returns its domains as (object, place)."""
    _object(value, at, "protocol", required=("domains",))
    if "version" in value:
        version = _object(value["version"], at["version"], "version")
        for key in version:
            if not isinstance(version[key], (str, int)) or isinstance(version[key], bool):
                raise ProtocolError(at["version"][key], "not a string")
            if not _VERSION.match(str(version[key])):
                raise ProtocolError(at["version"][key], "not a number")
    count = len(_list(value["domains"], at["domains"]))
    if count > MAX_DOMAINS:
        raise ProtocolError(at["domains"], "%d domains, at most %d" % (count, MAX_DOMAINS))
    return list(_each(value, "domains", at, _domain))


def check_revision(text, at):
    """Refuses what no revision is called."""
    if not _VERSION.match(text):
        raise ProtocolError(at, "%s is no revision" % ascii(text)[:80])


def _domain(value, at):
    _object(value, at, "domain", required=("domain",))
    check_identifier(_string(value, "domain", at), at["domain"])
    for key, check in (("types", _type), ("commands", _command), ("events", _event)):
        for _ in _each(value, key, at, check):
            pass


def _type(value, at):
    _object(value, at, "type", required=("id",))
    check_identifier(_string(value, "id", at), at["id"])
    _shape(value, at)


def _command(value, at):
    _object(value, at, "command", required=("name",))
    check_identifier(_string(value, "name", at), at["name"])
    _fields(value, "parameters", at)
    _fields(value, "returns", at)
    if "redirect" in value:
        check_identifier(_string(value, "redirect", at), at["redirect"])
    if "error" in value:
        _object(value["error"], at["error"], "item")
        _shape(value["error"], at["error"])


def _event(value, at):
    _object(value, at, "event", required=("name",))
    check_identifier(_string(value, "name", at), at["name"])
    _fields(value, "parameters", at)


def _fields(value, key, at, depth=0):
    def field(value, at):
        _object(value, at, "field", required=("name",))
        check_identifier(_string(value, "name", at), at["name"])
        _shape(value, at, depth)

    count = sum(1 for _ in _each(value, key, at, field))
    if count > MAX_FIELDS:
        raise ProtocolError(at[key], "%d fields, at most %d" % (count, MAX_FIELDS))


def _shape(value, at, depth=0):
    """What says a value's type: type or $ref, and what goes with it."""
    if depth > MAX_DEPTH:
        raise ProtocolError(at, "nested more than %d deep" % MAX_DEPTH)
    if "$ref" in value and value.get("type") == "$ref":
        del value["type"]
    if ("type" in value) == ("$ref" in value):
        raise ProtocolError(at, "needs either type or $ref")
    if "$ref" in value:
        _reference(_string(value, "$ref", at), at["$ref"])
    kind = _string(value, "type", at) if "type" in value else None
    if kind is not None and kind != "array" and kind not in SCALARS:
        raise ProtocolError(at["type"], "unknown type %s" % ascii(kind)[:80])
    if ("items" in value) != (kind == "array"):
        raise ProtocolError(at, "items belong to an array, and an array needs them")
    if kind == "array":
        _object(value["items"], at["items"], "item")
        _shape(value["items"], at["items"], depth + 1)
    if "properties" in value and kind != "object":
        raise ProtocolError(at["properties"], "properties of what is no object")
    _fields(value, "properties", at, depth + 1)
    if "enum" in value:
        if kind != "string":
            raise ProtocolError(at["enum"], "an enum of what is no string")
        _words(value["enum"], at["enum"])


def _words(value, at):
    _list(value, at)
    if not value:
        raise ProtocolError(at, "empty enum")
    if len(value) > MAX_WORDS:
        raise ProtocolError(at, "enum of %d words, at most %d" % (len(value), MAX_WORDS))
    seen = set()
    for i, word in enumerate(value):
        if not isinstance(word, str):
            raise ProtocolError(at[i], "not a string")
        check_word(word, at[i])
        if word in seen:
            raise ProtocolError(at[i], "%s twice in one enum" % ascii(word))
        seen.add(word)


def _reference(text, at):
    match = _REFERENCE.match(text)
    if not match:
        raise ProtocolError(at, "%s is no reference" % ascii(text)[:80])
    for part in match.groups():
        if part is not None:
            check_identifier(part, at)


def _object(value, at, what, required=()):
    if not isinstance(value, dict):
        raise ProtocolError(at, "not an object")
    if value.twice is not None:
        raise ProtocolError(at, "key %s twice" % ascii(value.twice)[:80])
    for key in value:
        if key not in _KEYS[what]:
            raise ProtocolError(at, "unknown key %s in a %s" % (ascii(key)[:80], what))
    for key in required:
        if key not in value:
            raise ProtocolError(at, "%s without %s" % (what, key))
    for key in ("experimental", "deprecated", "optional"):
        if value.get(key) in ("true", "false"):
            value[key] = value[key] == "true"
        if key in value and not isinstance(value[key], bool):
            raise ProtocolError(at[key], "neither true nor false")
    for key in value:
        if key in PROSE:
            _string(value, key, at)
        if key in _IGNORED:
            _plain(value[key], at[key])
    return value


def _plain(value, at):
    """What is ignored is not nested, either, and can be written again."""
    for part in value if isinstance(value, list) else [value]:
        if not isinstance(part, (str, int)) or isinstance(part, str) and not part.isascii():
            raise ProtocolError(at, "neither words nor numbers")


def _list(value, at):
    if not isinstance(value, list):
        raise ProtocolError(at, "not an array")
    return value


def _string(value, key, at):
    if not isinstance(value[key], str):
        raise ProtocolError(at[key], "not a string")
    return value[key]


def _each(value, key, at, check):
    """Checks each object in a list that may be absent; yields it with its place."""
    for i, item in enumerate(_list(value.get(key, []), at[key])):
        check(item, at[key][i])
        yield item, at[key][i]
