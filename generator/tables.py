"""The rows of one domain's tables: everything an index, a name in the pool, or an offset."""

import re

from errors import ProtocolError

# Offsets into the pool, and indexes, are 16 bits wide; 0xffff means none.
MAX_POOL = 65535
MAX_INDEX = 65534
MAX_NAME = 255
# The pool has `":` and a NUL after each name, and room to read 16 bytes at its end.
_AFTER_NAME = len('":') + 1
_AFTER_POOL = 16


class Pool:
    """Names, each once, in the order of their first use."""

    def __init__(self, domain):
        self.entries = []  # (identifier, text)
        self._ids = {}
        self._taken = set()
        self._size = _AFTER_POOL
        self._domain = domain

    def add(self, text, at):
        """The identifier that stands for text."""
        if text in self._ids:
            return self._ids[text]
        if len(text) > MAX_NAME:
            raise ProtocolError(at, "%s is longer than %d characters" % (text, MAX_NAME))
        self._size += len(text) + _AFTER_NAME
        if self._size > MAX_POOL:
            raise ProtocolError(at, "%s has more than %d bytes of names" % (self._domain, MAX_POOL))
        stem = re.sub("[^A-Za-z0-9]", "_", text)
        name, n = stem, 2
        while name in self._taken:
            name, n = "%s_%d" % (stem, n), n + 1
        self._taken.add(name)
        self._ids[text] = name
        self.entries.append((name, text))
        return name


class Tables:
    """What templates/tables.c.j2 shows of a domain."""

    def __init__(self, domain):
        self.domain = domain
        self.pool = Pool(domain.name)
        self.deps = {}  # symbol of another domain: its number, from 1 on
        self.lists = {}  # (C initialiser, comment): its number, from 0 on
        self.name = self.pool.add(domain.name, domain.at)
        self.commands = [self._command(c) for c in domain.commands]
        self.events = [self._event(e) for e in domain.events]
        self.types = [self._type(s) for s in domain.structs]
        self.enums = [self._enum(e) for e in domain.enums]
        self.prefix = "cdp_%s_" % domain.symbol
        self.flags = _flags(domain)
        for what, count in (
            ("types", len(self.types)),
            ("fields", sum(len(t["fields"]) for t in self.types)),
            ("lists", len(self.lists)),
            ("words", sum(len(e["words"]) for e in self.enums)),
            ("commands", len(self.commands)),
            ("events", len(self.events)),
        ):
            if count > MAX_INDEX:
                raise ProtocolError(domain.at, "%d %s, at most %d" % (count, what, MAX_INDEX))
        if len(self.deps) > 255:
            raise ProtocolError(domain.at, "refers to more than 255 domains")

    def _command(self, c):
        return {
            "name": self.pool.add(c.name, c.at),
            "flags": _flags(c),
            "params": _label("T", c.params),
            "result": _label("T", c.result),
        }

    def _event(self, e):
        return {
            "name": self.pool.add(e.name, e.at),
            "flags": _flags(e),
            "params": _label("T", e.params),
        }

    def _type(self, struct):
        required = sum(1 << i for i, f in enumerate(struct.fields) if f.required)
        whole = struct.short if struct.role == "type" else struct.name
        return {
            "label": _stem(struct),
            "shown": struct.short,
            "name": self.pool.add(whole, struct.at),
            # A message's name is in the pool with its domain in front.
            "skip": len(whole) - len(struct.short),
            "required": "0x%x" % required,
            "fields": [self._field(f) for f in struct.fields],
        }

    def _field(self, f):
        return {
            "member": f.symbol,
            "name": self.pool.add(f.short, f.at),
            "flags": _flags(f, f.required),
            "is": self._elem(f.shape, f.at),
            "comment": _foreign(f.shape, self.domain),
        }

    def _enum(self, enum):
        return {
            "label": _stem(enum),
            "name": self.pool.add(enum.short, enum.at),
            "flags": _flags(enum),
            "words": [self.pool.add(word, enum.at) for word, _ in enum.words],
        }

    def _elem(self, shape, at):
        """A cdp__elem, through the macros of the template."""
        if shape.kind == "LIST":
            row = (self._elem(shape.item, at), _foreign(shape.item, self.domain))
            return "LIST(%d)" % self.lists.setdefault(row, len(self.lists))
        if shape.target is None:
            return shape.kind
        other = shape.target.domain
        if other is self.domain:
            letter = "T" if shape.kind == "STRUCT" else "E"
            return "%s(0, %s)" % (shape.kind, _label(letter, shape.target))
        dep = self.deps.setdefault(other.symbol, len(self.deps) + 1)
        return "%s(%d, %d)" % (shape.kind, dep, shape.target.index)


def _stem(item):
    """A struct's or an enum's symbol without what the whole domain has in front."""
    return item.symbol[len("cdp_%s_" % item.domain.symbol) :]


def _label(letter, item):
    return "%s_%s" % (letter, _stem(item)) if item else "NONE"


def _flags(item, required=False):
    flags = ["R"] * required + ["E"] * item.experimental + ["D"] * item.deprecated
    return " | ".join(flags) or "0"


def _foreign(shape, domain):
    """The name of another domain's type, which its index does not tell."""
    other = shape.target is not None and shape.target.domain is not domain
    return shape.target.name if other else ""
