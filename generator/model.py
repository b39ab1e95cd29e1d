"""The protocol, resolved: what every name refers to, and what it is called in C.

Files are merged, domains sorted; inside a domain everything keeps the protocol's order.  References
are followed through aliases to what the codec sees; the alias itself stays for the C declaration.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any, List, Optional

import names
import schema
from errors import ProtocolError

MAX_NAMES = 100000  # of types, messages, members and words; today's has 7600
MAX_ALIASES = 32  # each of which is another

_KINDS = {
    "any": "ANY",
    "binary": "BYTES",
    "boolean": "BOOL",
    "integer": "INT",
    "number": "NUM",
    "object": "OBJECT",
    "string": "STR",
}


@dataclass
class Shape:
    """What a value is.  kind is a cdp__kind without its prefix."""

    kind: str
    target: Any = None  # the Struct or the Enum
    item: Optional["Shape"] = None  # of a list
    alias: Optional["Alias"] = None  # the typedef it was reached through

    def spelled(self):
        """The same text for what is the same in memory."""
        inner = self.item.spelled() if self.item else self.target.symbol if self.target else ""
        return "%s(%s)" % (self.kind, inner)


@dataclass
class Item:
    """Anything the protocol names: what it says besides the form."""

    name: str  # the protocol's, qualified: "Runtime.evaluate"
    symbol: str  # the C name, or its stem
    at: Any
    experimental: bool
    deprecated: bool
    doc: Any = field(default=None, init=False)  # docs.Words, where there are any


@dataclass
class Alias(Item):
    """A type that is a typedef in C."""

    shape: Shape = None


@dataclass
class Enum(Item):
    """A string that is one of some words."""

    domain: "Domain" = None
    short: str = ""  # "RemoteObject.type"
    index: int = 0  # among the enums of its domain's tables
    words: List[tuple] = field(default_factory=list)  # (word, enumerator)


@dataclass
class Field(Item):
    """A member of a struct."""

    short: str = ""  # "expression"
    shape: Shape = None
    required: bool = True


@dataclass
class Struct(Item):
    """A type, or the parameters or results of a message."""

    domain: "Domain" = None
    short: str = ""  # "RemoteObject"; "evaluate"
    role: str = "type"  # or params, result, event
    index: int = 0  # among the types of its domain's tables
    fields: List[Field] = field(default_factory=list)


@dataclass
class Message(Item):
    """A command (params, result) or an event (params)."""

    short: str = ""  # "evaluate"
    snake: str = ""
    params: Optional[Struct] = None
    result: Optional[Struct] = None
    redirect: Optional[str] = None
    slot: str = ""  # a command's member in the table of handlers


@dataclass
class Domain(Item):
    """Everything of one domain.  symbol is "runtime"."""

    file: str = ""  # stem of its header and source
    guard: str = ""  # its header's macro
    whole: bool = True  # or only what others refer to
    aliases: List[Alias] = field(default_factory=list)
    structs: List[Struct] = field(default_factory=list)
    enums: List[Enum] = field(default_factory=list)
    commands: List[Message] = field(default_factory=list)
    events: List[Message] = field(default_factory=list)


@dataclass
class Protocol:
    """All domains, sorted, and all aliases, each after those it is made of."""

    revision: str
    domains: List[Domain]
    aliases: List[Alias]
    base: Optional["Protocol"] = None  # a library's, which may be referred to and is not made again
    forward: str = "forward"  # stem of the header with all names
    guard: str = "CDP_FORWARD_H"  # its macro

    def fingerprint(self):
        """32 bits that differ where structs, enums, or indexes in tables do."""
        lines = []
        for d in self.domains:
            lines.append("domain %s" % d.name)
            for s in d.structs:
                lines.append("struct %s" % s.symbol)
                lines += ["%s %s %d" % (f.name, f.shape.spelled(), f.required) for f in s.fields]
            lines += ["enum %s %s" % (e.symbol, " ".join(w for w, _ in e.words)) for e in d.enums]
            lines += ["message %s" % m.name for m in d.commands + d.events]
        return int(hashlib.sha256("\n".join(lines).encode()).hexdigest()[:8], 16)


def build(sources, revision):
    """sources: (JSON value, At) of each file -> Protocol"""
    return Builder().build(sources, revision)


class Builder:
    """Builds one protocol, and then maybe another on top of it, which shares its C names."""

    def __init__(self):
        self._symbols = names.symbols()
        self._files = names.Registry("file")
        self._domains = names.Registry("domain")
        self._types = {}  # "Runtime.RemoteObject" -> Struct, Enum, or a pending _Alias
        self._aliases = []
        self._names = 0
        self._depth = 0  # of aliases that are being resolved

    def build(self, sources, revision):
        """Three passes: declare all domains, resolve aliases, then fill in the members."""
        raw = [d for value, at in sources for d in schema.check_protocol(value, at)]
        for value, at in raw:
            self._domains.claim(value["domain"], value["domain"], at["domain"])
        raw.sort(key=lambda d: d[0]["domain"])
        domains = [self._domain(value, at) for value, at in raw]
        todo = list(zip(domains, raw))
        for domain, (value, at) in todo:
            self._declare_types(domain, value, at)
        for known in list(self._types.values()):
            if isinstance(known, _Alias):
                self._resolve(known)
        for domain, (value, at) in todo:
            self._fill_types(domain, value, at)
            self._messages(domain, value, at)
        _check_possible([s for domain in domains for s in domain.structs])
        return Protocol(revision, domains, self._aliases)

    def build_on(self, base, sources):
        """Domains beside those of base, which was built before; they may refer to what is in it."""
        left = {x.name for d in base.domains for x in d.structs + d.enums} | {
            a.name for a in base.aliases
        }
        self._types = {name: known for name, known in self._types.items() if name in left}
        self._aliases = []
        protocol = self.build(sources, base.revision)
        if not protocol.domains:
            raise ProtocolError(sources[0][1]["domains"], "no domain of your own")
        protocol.base = base
        # Its header of names must not be the library's, nor that of other such domains.
        first = protocol.domains[0]
        protocol.forward = first.symbol + "_forward"
        protocol.guard = "CDP_%s_H" % protocol.forward.upper()
        self._files.claim(protocol.forward, first.name, first.at["domain"])
        self._claim(protocol.guard, first)
        return protocol

    def _count(self, values, at):
        """Bounds what is made of all files together."""
        self._names += len(values)
        if self._names > MAX_NAMES:
            raise ProtocolError(at, "more than %d names in all" % MAX_NAMES)

    # ---- domains and types

    def _domain(self, value, at):
        name = value["domain"]
        snake = names.snake(name)
        file = names.domain_file(snake)
        self._files.claim(file, name, at["domain"])
        domain = Domain(**_item(name, snake, value, at), file=file)
        domain.guard = "CDP_%s_H" % file.upper()
        self._claim("cdp__domain_" + snake, domain)
        self._claim(domain.guard, domain)
        if value.get("commands"):
            for suffix in ("serve", "domain_impl"):
                self._claim("cdp_%s_%s" % (snake, suffix), domain)
        return domain

    def _declare_types(self, domain, value, at):
        self._count(value.get("types", []), at["types"])
        for i, t in enumerate(value.get("types", [])):
            place = at["types"][i]
            name = "%s.%s" % (domain.name, t["id"])
            if name in self._types:
                raise ProtocolError(place["id"], "%s twice" % name)
            item = _item(name, "cdp_%s_%s" % (domain.symbol, names.snake(t["id"])), t, place)
            if t.get("properties"):
                known = Struct(**item, domain=domain, short=t["id"])
                self._add_struct(domain, known)
            elif "enum" in t:
                known = self._enum(domain, t["enum"], item, t["id"])
            else:
                known = _Alias(Alias(**item), domain, t)
                self._claim(known.alias.symbol, known.alias)
            self._types[name] = known

    def _fill_types(self, domain, value, at):
        for i, t in enumerate(value.get("types", [])):
            known = self._types["%s.%s" % (domain.name, t["id"])]
            if isinstance(known, Struct):
                self._fields(known, t["properties"], at["types"][i]["properties"], known.symbol)

    def _enum(self, domain, words, item, short):
        enum = Enum(**item, domain=domain, short=short)
        self._count(words, enum.at["enum"])
        self._claim(enum.symbol, enum)
        prefix = enum.symbol.upper() + "_"
        self._claim(prefix + "_UNKNOWN", enum)
        for i, word in enumerate(words):
            symbol = prefix + names.enumerator(word)
            place = enum.at["enum"][i]
            self._symbols.claim(symbol, "%s's %s" % (enum.name, ascii(word)), place)
            enum.words.append((word, symbol))
        enum.index = len(domain.enums)
        domain.enums.append(enum)
        return enum

    # ---- references

    def _resolve(self, pending):
        """The alias behind pending, with its shape; aliases end up in dependency order."""
        alias = pending.alias
        if alias.shape is None:
            if pending.busy:
                raise ProtocolError(alias.at, "%s is made of itself" % alias.name)
            if self._depth == MAX_ALIASES:
                raise ProtocolError(alias.at, "more than %d types one after the other" % MAX_ALIASES)
            pending.busy = True
            self._depth += 1
            alias.shape = self._shape(
                pending.domain, pending.json, alias.at, alias.symbol + "_item", alias.name
            )
            self._depth -= 1
            self._aliases.append(alias)
            pending.domain.aliases.append(alias)
        return alias

    def _refer(self, domain, text, at):
        name = text if "." in text else "%s.%s" % (domain.name, text)
        known = self._types.get(name)
        if known is None:
            raise ProtocolError(at, "no type %s" % name)
        if isinstance(known, Struct):
            return Shape("STRUCT", known)
        if isinstance(known, Enum):
            return Shape("ENUM", known)
        alias = self._resolve(known)
        shape = alias.shape
        return Shape(shape.kind, shape.target, shape.item, alias)

    def _shape(self, domain, value, at, symbol, name):
        """symbol and name are for an enum that has none of its own."""
        if "$ref" in value:
            return self._refer(domain, value["$ref"], at["$ref"])
        if value["type"] == "array":
            item = self._shape(domain, value["items"], at["items"], symbol, name)
            return Shape("LIST", item=item)
        if "enum" in value:
            item = _item(name, symbol, value, at)
            short = name.split(".", 1)[1]
            return Shape("ENUM", self._enum(domain, value["enum"], item, short))
        return Shape(_KINDS[value["type"]])

    # ---- members

    def _fields(self, struct, values, at, stem):
        """stem: what the names of inline enums begin with."""
        self._count(values, at)
        members = names.Registry("member")
        seen = names.Registry("field")
        for i, value in enumerate(values):
            name = value["name"]
            member = names.member(name)
            qualified = "%s.%s" % (struct.name, name)
            seen.claim(name, qualified, at[i]["name"])
            members.claim(member, qualified, at[i]["name"])
            symbol = "%s_%s" % (stem, names.snake(name))
            shape = self._shape(struct.domain, value, at[i], symbol, qualified)
            f = Field(**_item(qualified, member, value, at[i]), short=name, shape=shape)
            f.required = not value.get("optional", False)
            struct.fields.append(f)

    def _messages(self, domain, value, at):
        for key in ("commands", "events"):
            self._count(value.get(key, []), at[key])
        seen = names.Registry("message")
        for i, c in enumerate(value.get("commands", [])):
            m = self._message(domain, c, at["commands"][i], seen)
            m.params = self._struct(domain, m, c.get("parameters"), "parameters", "params", "")
            m.result = self._struct(domain, m, c.get("returns"), "returns", "result", "_result")
            m.redirect = c.get("redirect")
            domain.commands.append(m)
            for suffix in ("", "_cb", "_async", "_cookie", "_send", "_reply"):
                self._claim(m.symbol + suffix, m)
            if m.result:
                self._claim(m.symbol + "_respond", m)
        for i, e in enumerate(value.get("events", [])):
            m = self._message(domain, e, at["events"][i], seen)
            m.params = self._struct(domain, m, e.get("parameters"), "parameters", "event", "_event")
            domain.events.append(m)
            for verb in ("on_%s", "on_%s_cb", "expect_%s", "take_%s", "emit_%s"):
                self._claim("cdp_%s_%s" % (domain.symbol, verb % m.snake), m)

    def _message(self, domain, value, at, seen):
        name = "%s.%s" % (domain.name, value["name"])
        seen.claim(value["name"], name, at["name"])
        snake = names.snake(value["name"])
        item = _item(name, "cdp_%s_%s" % (domain.symbol, snake), value, at)
        slot = names.member(value["name"])
        return Message(**item, short=value["name"], snake=snake, slot=slot)

    def _struct(self, domain, message, values, key, role, enums):
        """The struct of a message's parameters or results, if it has any."""
        if not values:
            return None
        struct = Struct(
            message.name,
            "%s_%s" % (message.symbol, role),
            message.at[key],
            message.experimental,
            message.deprecated,
            domain=domain,
            short=message.short,
            role=role,
        )
        self._add_struct(domain, struct)
        self._fields(struct, values, message.at[key], message.symbol + enums)
        return struct

    def _add_struct(self, domain, struct):
        for suffix in ("", "_to_json", "_from_json"):
            self._claim(struct.symbol + suffix, struct)
        struct.index = len(domain.structs)
        domain.structs.append(struct)

    def _claim(self, symbol, item):
        self._symbols.claim(symbol, item.name, item.at)


@dataclass
class _Alias:
    """An alias on its way to its shape."""

    alias: Alias
    domain: Domain
    json: dict
    busy: bool = False


def _item(name, symbol, value, at):
    """The members of Item."""
    return {
        "name": name,
        "symbol": symbol,
        "at": at,
        "experimental": value.get("experimental", False),
        "deprecated": value.get("deprecated", False),
    }


def _check_possible(structs):
    """Refuses a struct that requires a value of its own type: none could ever be built."""
    done, above = set(), set()  # ids; above are those that led to here
    for first in structs:
        todo = [(first, _required(first))] if id(first) not in done else []
        while todo:
            struct, required = todo[-1]
            above.add(id(struct))
            for other in required:
                if id(other) in above:
                    raise ProtocolError(other.at, "%s requires a %s" % (other.name, other.name))
                if id(other) not in done:
                    todo.append((other, _required(other)))
                    break
            else:
                todo.pop()
                done.add(id(struct))
                above.remove(id(struct))


def _required(struct):
    """The structs that a value of this one always has in it."""
    return (f.shape.target for f in struct.fields if f.required and f.shape.kind == "STRUCT")
