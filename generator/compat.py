"""What an update of the protocol means to programs: the changes between two models.

Each change has one of four effects, its most severe one:

    breaks source   a C name is gone or has another type: what uses it no longer compiles
    breaks ABI      it compiles, but only to be right once it is compiled anew: enumerators have
                    other values, structs another layout, stubs another index into the tables
    wire only       no C type shows it: what must be set or may be absent, how peers spell a name,
                    who serves a command, what is experimental or deprecated
    additions       new C names

A name that others have moved for is an addition, and that they moved is a change of its own.
"""

import re
from dataclasses import dataclass
from typing import List

import surface

SOURCE, ABI, WIRE, ADDITION = "breaks source", "breaks ABI", "wire only", "additions"
EFFECTS = (SOURCE, ABI, WIRE, ADDITION)

_CAUSES = 8  # that are told of what moved a domain's tables
_BODIES = {"params": "parameters", "result": "a result", "payload": "members"}
_PLAIN = {
    "ANY": "any value",
    "BOOL": "a bool",
    "BYTES": "bytes",
    "INT": "an int",
    "NUM": "a number",
    "OBJECT": "an object",
    "STR": "text",
}
_FORMS = {
    "domain": "a domain",
    "struct": "a struct",
    "enum": "an enum",
    "typedef": "a typedef",
    "command": "a command",
    "event": "an event",
    "params": "a command's parameters",
    "result": "a command's result",
    "payload": "an event's members",
}


@dataclass
class Change:
    """name is the protocol's; symbols are all C names concerned, the unit's own first.  stem is
    how these begin in all of a struct's members, or all of an enum's words."""

    effect: str
    kind: str  # of the unit; or layout, values, indexes
    domain: str
    name: str
    what: str
    symbols: List[str]
    experimental: bool
    deprecated: bool
    stem: str = ""


def compare(old, new):
    """The changes from one model to another, by domain."""
    return _Comparison(old, new).changes()


class _Side:
    """A model and what is in it, by C name."""

    def __init__(self, protocol):
        self.domains = surface.units(protocol)
        self.units, self.names = {}, {}
        for domain in self.domains:
            for unit in domain.all_units():
                self.units[unit.symbol] = unit
                self.names.update((n.symbol, n) for n in unit.names)
        self.sent = _sent(protocol)

    def find(self, unit):
        """The unit that has that unit's place here."""
        found = self.units.get(unit.symbol)
        return found if found and found.kind == unit.kind else None


def _sent(protocol):
    """C names of the structs that the parameters of commands are made of."""
    todo = [m.params for d in protocol.domains for m in d.commands if m.params]
    sent = {s.symbol for s in todo}
    while todo:
        for f in todo.pop().fields:
            shape = f.shape
            while shape.kind == "LIST":
                shape = shape.item
            if shape.kind == "STRUCT" and shape.target.symbol not in sent:
                sent.add(shape.target.symbol)
                todo.append(shape.target)
    return sent


class _Comparison:
    def __init__(self, old, new):
        self._old, self._new = _Side(old), _Side(new)
        self._found = []
        self._marks = {}  # (experimental, deprecated) of units, by C name
        self._typedefs = {}  # those of another type, by C name: they explain members

    def changes(self):
        both = [(d, self._new.find(d)) for d in self._old.domains]
        for domain, other in both:
            for unit in domain.parts if other else []:
                if unit.kind == "typedef":
                    self._compare(unit, domain, _marks(other, (False, False)))
        for domain, other in both:
            self._compare(domain, domain, (False, False))
        for domain in self._new.domains:
            self._look_for_new(domain, domain, (False, False))
        for domain, other in both:
            if other:
                self._moved(domain, other)
        return sorted(self._found, key=lambda c: c.domain)

    def _add(self, effect, unit, domain, marks, what, symbols):
        change = Change(effect, unit.kind, domain.name, unit.name, what, symbols, *marks)
        if unit.kind == "member":
            change.stem = unit.symbol.split(".")[0]
        elif unit.kind == "word":
            change.stem = unit.item.symbol.upper()
        self._found.append(change)
        return change

    # ---- what was there before

    def _compare(self, unit, domain, above):
        other = self._new.find(unit)
        marks = self._marks[unit.symbol] = _marks(other or unit, above)
        if not other:
            symbols = self._broken(unit.all_names())
            if symbols:
                self._add(SOURCE, unit, domain, marks, self._fate(unit), symbols)
            return
        lost = [p for p in unit.parts if p.kind in _BODIES and not self._new.find(p)]
        self._compare_pair(unit, other, domain, marks, lost)
        for part in unit.parts:
            if part not in lost and not (unit is domain and part.kind == "typedef"):
                self._compare(part, domain, marks)

    def _compare_pair(self, unit, other, domain, marks, lost):
        """lost: the bodies that a message no longer has; their names are its own here."""
        symbols = self._broken(unit.names)
        for body in lost:
            symbols += self._broken(body.all_names())
        remarks = _remarks(unit, other)
        if not symbols:
            if remarks:
                self._add(WIRE, unit, domain, marks, "; ".join(remarks), [unit.symbol])
            return
        cause = self._typedefs.get(_typedef(unit, other))
        if cause and not remarks:
            cause.symbols += symbols
            return
        what = "; ".join([_difference(unit, other)] + remarks)
        change = self._add(SOURCE, unit, domain, marks, what, symbols)
        if unit.kind == "typedef":
            self._typedefs[unit.symbol] = change

    def _broken(self, names):
        """The C names of those that no longer are what they were."""
        return [n.symbol for n in names if not self._holds(n)]

    def _holds(self, name):
        other = self._new.names.get(name.symbol)
        return other and other.form == name.form and surface.fits(name.type, other.type)

    def _fate(self, unit):
        other = self._new.units.get(unit.symbol)
        return "gone" if other is None else "is %s now" % _FORMS[other.kind]

    # ---- what was not

    def _look_for_new(self, unit, domain, above, struct=None):
        other = self._old.find(unit)
        marks = _marks(unit, above)
        names = unit.names if other else unit.all_names()
        symbols = [n.symbol for n in names if n.symbol not in self._old.names]
        if symbols:
            effect, what = ADDITION, "new"
            if other:
                what = "has %s now" % ("commands" if unit.kind == "domain" else "a result")
            elif unit.kind in _BODIES:
                what = "new " + _BODIES[unit.kind]
            elif unit.kind in ("member", "typedef"):
                what = "new, %s" % _type(unit)
            if unit.kind == "member" and unit.item.required:
                what += ", required"
                if self._old.units.get(struct.symbol) and struct.symbol in self._new.sent:
                    effect = WIRE  # what is sent without it is refused
            self._add(effect, unit, domain, marks, what, symbols)
        if other:
            for part in unit.parts:
                self._look_for_new(part, domain, marks, unit)

    # ---- what only tables, offsets and values show

    def _moved(self, domain, other):
        pairs = [(u, self._new.find(u)) for u in domain.all_units()]
        pairs = [(u, v) for u, v in pairs if v]
        structs = [(u, v) for u, v in pairs if u.names[0].form == "tag"]
        for unit, now in pairs:
            if unit.kind == "enum":
                self._add_move("values", unit, domain, _values(unit, now))
        for unit, now in structs:
            self._add_move("layout", unit, domain, _layout(unit, now))
        self._add_move("indexes", domain, domain, _indexes(structs, domain, other))

    def _add_move(self, kind, unit, domain, moved):
        """moved: (what, C names), or nothing."""
        if moved:
            marks = self._marks.get(unit.symbol, (False, False))
            self._found.append(Change(ABI, kind, domain.name, unit.name, *moved, *marks))


def _marks(unit, above):
    """(experimental, deprecated), for itself or as part of what is."""
    return unit.item.experimental or above[0], unit.item.deprecated or above[1]


# ---- one and the same, before and after


def _difference(unit, other):
    """What breaks source there."""
    if unit.kind in ("member", "typedef"):
        return "was %s, is %s" % (_type(unit), _type(other))
    if unit.kind == "word":
        return "a word of %s now" % other.item.name
    before, after = ({p.kind for p in u.parts} & _BODIES.keys() for u in (unit, other))
    differ = ["has no %s any more" % _BODIES[k].replace("a ", "") for k in sorted(before - after)]
    differ += ["has %s now" % _BODIES[k] for k in sorted(after - before)]
    return "; ".join(differ) or "has no commands any more"


def _type(unit):
    """The C type, as it is declared."""
    return re.sub(r"\b(?:struct|enum) ", "", str(unit.names[0].type))


def _typedef(unit, other):
    """The typedef that a member has its type by, before and after."""
    found = None
    if unit.kind == "member":
        before, after = _alias(unit.item.shape), _alias(other.item.shape)
        if before and after and before.symbol == after.symbol:
            found = before.symbol
    return found


def _alias(shape):
    while shape.item and not shape.alias:
        shape = shape.item
    return shape.alias


def _remarks(unit, other):
    """What peers or readers notice, and compilers do not."""
    remarks = []
    if unit.wire != other.wire:
        remarks.append("spelled %s now" % other.wire)
    if unit.kind == "member":
        if unit.item.required != other.item.required:
            remarks.append("required now" if other.item.required else "may be absent now")
    if unit.kind in ("member", "typedef") and surface.fits(unit.names[0].type, other.names[0].type):
        before, after = _meaning(unit.item.shape), _meaning(other.item.shape)
        if before != after:
            remarks.append("was %s, is %s, which C does not tell apart" % (before, after))
    if unit.kind == "command" and unit.item.redirect != other.item.redirect:
        by = other.item.redirect
        remarks.append("served by %s now" % by if by else "served by its own domain now")
    if unit.kind not in _BODIES and unit.kind != "word":
        for mark in ("experimental", "deprecated"):
            if getattr(unit.item, mark) != getattr(other.item, mark):
                now = getattr(other.item, mark)
                remarks.append("%s now" % mark if now else "not %s any more" % mark)
    return remarks


def _meaning(shape):
    """What the protocol calls a type; C's names where it has one of its own."""
    if shape.alias:
        return shape.alias.symbol
    if shape.target:
        return shape.target.symbol
    if shape.item:
        return "a list of " + _meaning(shape.item)
    return _PLAIN[shape.kind]


# ---- what has moved


def _values(unit, now):
    """(what, C names), or nothing."""
    before, after = _places(unit.parts), _places(now.parts)
    moved = [w for w in before if after.get(w, before[w]) != before[w]]
    return moved and (_balance(before, after) or "reordered", [unit.symbol] + moved)


def _layout(unit, now):
    before, after = ({p.symbol: _room(p) for p in u.parts} for u in (unit, now))
    if list(before.items()) == list(after.items()):
        return None
    other = "retyped" if list(before) == list(after) else "reordered"
    return _balance(before, after) or other, [unit.symbol]


def _room(member):
    """Stands for how much of a struct it takes."""
    kind = member.item.shape.kind
    return kind if kind in ("STRUCT", "ENUM", "LIST") else member.names[0].type


def _indexes(structs, unit, now):
    what, symbols, cause = [], [], []
    for kind in ("command", "event"):
        before, after = (_places(p for p in d.parts if p.kind == kind) for d in (unit, now))
        moved = [s for s in before if after.get(s, before[s]) != before[s]]
        what += ["%d of %d %ss" % (len(moved), len(before), kind)] * bool(moved)
        symbols += moved
    moved = [u.symbol for u, v in structs if u.item.index != v.item.index]
    what += ["%d of %d structs" % (len(moved), len(structs))] * bool(moved)
    for sign, here, there in (("+", now, unit), ("-", unit, now)):
        known = {p.symbol for p in there.parts}
        kinds = ("command", "event", "struct")
        new = [p for p in here.parts if p.kind in kinds and p.symbol not in known]
        cause += [sign + p.name.split(".")[1] for p in new]
    if len(cause) > _CAUSES + 1:
        cause[_CAUSES:] = ["and %d more" % (len(cause) - _CAUSES)]
    text = ", ".join(what) + (" (%s)" % " ".join(cause) if cause else "")
    return what and (text, symbols + moved)


def _places(units):
    return {u.symbol: i for i, u in enumerate(units)}


def _balance(before, after):
    """+2 -1"""
    new, gone = len(after.keys() - before.keys()), len(before.keys() - after.keys())
    return " ".join(["+%d" % new] * bool(new) + ["-%d" % gone] * bool(gone))
