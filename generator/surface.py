"""What a program sees of a model: every C name, with its type, below what the protocol calls it.

Typedefs of plain values are seen through, as compilers do: a member that was a cdp_str and is a
cdp_network_request_id has not changed.  A list is a struct without a name, so there a typedef is
a type of its own.  Types with a tag are spelled with it, lest a typedef passes for them.
"""

from dataclasses import dataclass, field
from typing import Any, List, Optional

import spelling

_TAGS = {"STRUCT": "struct ", "ENUM": "enum "}


@dataclass(frozen=True)
class ListType:
    """CDP_LIST(item), or the typedef of one."""

    name: Optional[str]
    item: Any  # ListType or text

    def __str__(self):
        return self.name or "CDP_LIST(%s)" % self.item


@dataclass(frozen=True)
class FunctionType:
    """declarator goes between the two: "(*f)" say."""

    result: str
    params: tuple

    def __str__(self):
        return self.text("(*)")

    def text(self, declarator):
        return "%s %s(%s)" % (self.result, declarator, ", ".join(self.params) or "void")


@dataclass
class Name:
    """A C name.  type says what it is; of members and slots, what they are in their struct."""

    symbol: str  # "cdp_runtime_evaluate", "cdp_dom_node.node_id", "<cdp/dom.h>"
    form: str  # header, tag (a struct's), enum, typedef, enumerator, function, callback, member
    type: Any = None


@dataclass
class Unit:
    """What the protocol has one name for.  It goes by its first C name in the C API."""

    # domain; struct, enum, typedef; command, event and their params, result, payload; member, word
    kind: str
    name: str  # "Page.navigate", "Page.navigate.url", "Page.navigate->frameId", "Page.Type=alert"
    item: Any  # what the model has of it; a word's is its enum
    names: List[Name]
    wire: str = ""  # as peers spell it, if they do
    parts: List["Unit"] = field(default_factory=list)

    @property
    def symbol(self):
        return self.names[0].symbol

    def all_names(self):
        """Its names and those of its parts."""
        yield from self.names
        for part in self.parts:
            yield from part.all_names()

    def all_units(self):
        """It and its parts, and theirs."""
        yield self
        for part in self.parts:
            yield from part.all_units()


def units(protocol):
    """The domains of a model as units."""
    return [_domain(d) for d in protocol.domains]


def fits(old, new):
    """Whether what was written for the type old compiles with new."""
    if not isinstance(old, ListType) or not isinstance(new, ListType):
        return old == new
    return old.name in (None, new.name) and fits(old.item, new.item)


# ---- domains and their types


def _domain(domain):
    header = Name("<cdp/%s.h>" % domain.file, "header")
    unit = Unit("domain", domain.name, domain, [header], domain.name)
    if domain.commands:
        impl = "cdp_%s_domain_impl" % domain.symbol
        unit.names += [
            Name(impl, "tag"),
            _function("cdp_%s_serve" % domain.symbol, "const struct %s *" % impl, "void *"),
        ]
    unit.parts += [_enum(e) for e in domain.enums if "." not in e.short]
    for alias in domain.aliases:
        name = Name(alias.symbol, "typedef", _value(alias.shape))
        unit.parts.append(Unit("typedef", alias.name, alias, [name]))
    for struct in domain.structs:
        if struct.role == "type":
            unit.parts.append(_struct("struct", struct, "."))
    unit.parts += [_command(m, domain) for m in domain.commands]
    unit.parts += [_event(m, domain) for m in domain.events]
    return unit


def _enum(enum):
    symbol = enum.symbol
    what = "enum " + symbol
    unknown = Name(symbol.upper() + "__UNKNOWN", "enumerator", what)
    unit = Unit("enum", enum.name, enum, [Name(symbol, "enum"), unknown])
    for word, enumerator in enum.words:
        name = Name(enumerator, "enumerator", what)
        unit.parts.append(Unit("word", "%s=%s" % (enum.name, word), enum, [name], word))
    return unit


def _struct(kind, struct, mark):
    symbol = struct.symbol
    to_json = FunctionType("int", ("const struct %s *" % symbol, "cdp_str **"))
    from_json = FunctionType("int", ("cdp_str", "struct %s **" % symbol, "cdp_str **"))
    names = [
        Name(symbol, "tag"),
        Name(symbol + "_to_json", "function", to_json),
        Name(symbol + "_from_json", "function", from_json),
    ]
    unit = Unit(kind, struct.name, struct, names)
    for f in struct.fields:
        wire = f.name.rsplit(".", 1)[1]
        name = Name("%s.%s" % (symbol, f.symbol), "member", _member(f))
        member = Unit("member", struct.name + mark + wire, f, [name], wire)
        member.parts += _inline_enum(f)
        unit.parts.append(member)
    return unit


def _inline_enum(f):
    """The enum that only this member has, if it has one."""
    shape = f.shape
    while shape.kind == "LIST" and not shape.alias:
        shape = shape.item
    enum = shape.target if shape.kind == "ENUM" else None
    return [_enum(enum)] if enum and enum.name == f.name else []


# ---- messages


def _function(symbol, *params):
    return Name(symbol, "function", FunctionType("int", ("cdp_session *",) + params))


def _command(m, domain):
    symbol = m.symbol
    params = ("const struct %s *" % m.params.symbol,) if m.params else ()
    out = ("struct %s **" % m.result.symbol,) if m.result else ()
    reply = ("const struct %s *" % m.result.symbol,) if m.result else ()
    cookie = "struct %s_cookie" % symbol
    callback = FunctionType("void", ("cdp_session *", "const cdp_error *") + reply + ("void *",))
    send = FunctionType(cookie, ("cdp_session *",) + params)
    later = FunctionType("uint32_t", ("cdp_session *",) + params + (str(callback), "void *"))
    names = [
        _function(symbol, *params, *out),
        Name(symbol + "_async", "function", later),
        Name(symbol + "_cb", "callback", callback),
        Name(symbol + "_send", "function", send),
        _function(symbol + "_reply", cookie, *out),
        Name(symbol + "_cookie", "tag"),
    ]
    if m.result:
        respond = FunctionType("int", ("cdp_request *",) + reply)
        names.append(Name(symbol + "_respond", "function", respond))
    slot = FunctionType("int", ("cdp_request *",) + params + ("void *",))
    names.append(Name("cdp_%s_domain_impl.%s" % (domain.symbol, m.slot), "member", slot))
    known = Unit("command", m.name, m, names, m.short)
    if m.params:
        known.parts.append(_struct("params", m.params, "."))
    if m.result:
        known.parts.append(_struct("result", m.result, "->"))
    return known


def _event(m, domain):
    stem = "cdp_%s_%%s_%s" % (domain.symbol, m.snake)
    body = ("const struct %s *" % m.params.symbol,) if m.params else ()
    out = ("struct %s **" % m.params.symbol,) if m.params else ()
    callback = FunctionType("void", ("cdp_session *",) + body + ("void *",))
    on = FunctionType("uint32_t", ("cdp_session *", str(callback), "void *"))
    names = [
        Name(stem % "on", "function", on),
        Name(stem % "on" + "_cb", "callback", callback),
        Name(stem % "expect", "function", FunctionType("uint32_t", ("cdp_session *",))),
        _function(stem % "take", "uint32_t", *out),
        _function(stem % "emit", *body),
    ]
    known = Unit("event", m.name, m, names, m.short)
    if m.params:
        known.parts.append(_struct("payload", m.params, "."))
    return known


# ---- values


def _value(shape):
    if shape.kind != "LIST":
        return _TAGS.get(shape.kind, "") + spelling.plain_type(shape)
    alias = shape.alias
    while alias and alias.shape.alias:
        alias = alias.shape.alias
    return ListType(alias.symbol if alias else None, _value(shape.item))


def _member(f):
    """As spelling.declaration() has it, without typedefs."""
    kind = f.shape.kind
    if kind == "STRUCT":
        return "const %s *" % _value(f.shape)
    if not f.required and kind in spelling.OPTIONAL:
        return spelling.OPTIONAL[kind]
    return _value(f.shape)
