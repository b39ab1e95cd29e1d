"""The changes of an update as text, for those who have a program: protocol_json/CHANGES."""

import itertools
import textwrap

import compat

_WIDTH = 100
_HEADINGS = {
    compat.SOURCE: "What uses these no longer compiles.",
    compat.ABI: """\
Values, offsets and indexes have moved: what uses these has to be compiled anew, and is right then.
(Libraries of another revision have another soname: no program meets them unprepared.)""",
    compat.WIRE: """\
No type of C shows these. What is required has to be set, or sending it is CDP_EINVAL; what may be
absent reads as NULL or 0 then; of what is deprecated compilers warn.""",
    compat.ADDITION: "New names.",
}
_STATES = ("stable", "deprecated", "experimental")
_MOVES = {
    "values": "enums with other values",
    "layout": "structs of another layout",
    "indexes": "other places in the tables",
}
_NOTES = """\
Names are the protocol's, with C's below them. Domain.command.x is a parameter (or a member of a
type or an event), Domain.command->x a member of the result, Domain.Type=x one of an enum's words. A
C name that begins with _ or . continues the one before it. +2 -1: two new, one gone."""


def render(old, new, changes, remarks=()):
    """old, new: revisions; remarks: sentences about the update."""
    lines = ["Protocol %s -> %s" % (old, new), ""]
    for remark in remarks:
        lines += textwrap.wrap(remark, _WIDTH)
    lines += [""] * bool(remarks)
    lines += _counts(changes) + ["", _NOTES]
    for effect in compat.EFFECTS:
        these = [c for c in changes if c.effect == effect]
        lines += ["", "", effect.upper(), ""]
        lines += _HEADINGS[effect].split("\n") if these else ["None."]
        if effect == compat.ABI:
            lines += _moves(these)
        else:
            for state in _STATES:
                lines += _part(state, [c for c in these if _state(c) == state])
    return "\n".join(lines) + "\n"


def _state(change):
    if change.experimental:
        return "experimental"
    return "deprecated" if change.deprecated else "stable"


def _counts(changes):
    rows = [["", "all", *_STATES]]
    for effect in compat.EFFECTS:
        these = [c for c in changes if c.effect == effect]
        count = [str(sum(_state(c) == state for c in these)) for state in _STATES]
        rows.append([effect, str(len(these)), *count])
    return [("%-16s%6s%10s%14s%16s" % tuple(row)).rstrip() for row in rows]


def _part(state, changes):
    """What is stable, deprecated or experimental of an effect."""
    lines = ["", "--- %s ---" % state] if changes else []
    for domain, groups in itertools.groupby(_groups(changes), key=lambda group: group[0].domain):
        lines += ["", domain]
        for group in groups:
            lines += _entry(group)
    return lines


def _groups(changes):
    """Changes that are one entry: of one owner, or whatever has changed in one way."""
    groups = {}
    for i, c in enumerate(changes):
        key = (c.domain, c.kind, c.what)
        if c.kind not in ("member", "word"):
            key += (i,)
        elif c.what == "gone" or c.what.startswith("new"):
            key += (_owner(c.name),)
        groups.setdefault(key, []).append(c)
    return groups.values()


def _owner(name):
    """What a member or a word belongs to."""
    return name[: -len(_leaf(name))]


def _leaf(name):
    """->x, =x or .x"""
    for mark in ("=", "->"):
        if mark in name:
            return mark + name.split(mark)[1]
    return "." + name.rsplit(".", 1)[1]


def _entry(group):
    first = group[0]
    names, symbols = [first.name], _symbols(first)
    for before, c in zip(group, group[1:]):
        names.append(_leaf(c.name) if _owner(before.name) == _owner(c.name) else c.name)
        stem = len(c.stem) if before.stem == c.stem else 0
        symbols += [s[stem:] for s in _symbols(c)]
    title = "%s: %s" % (", ".join(names), first.what)
    if len(group) > 1 and _owner(first.name) != _owner(group[-1].name):
        title = "%s: %s" % (first.what, ", ".join(names))
    return _wrapped(title, "  ", "    ") + _wrapped(", ".join(symbols), "      ", "      ")


def _symbols(change):
    """The C names; of what comes or goes as a whole only the first."""
    more = len(change.symbols) - 1
    if more and change.what in ("gone", "new"):
        call = "()" if change.kind in ("command", "event") else ""
        return ["%s%s and its %d other names" % (change.symbols[0], call, more)]
    return list(change.symbols)


def _moves(changes):
    lines = []
    for (domain, kind), these in itertools.groupby(changes, key=lambda c: (c.domain, c.kind)):
        these = list(these)
        if kind == "indexes":
            text = these[0].what
        else:
            text = ", ".join("%s (%s)" % (c.symbols[0], c.what) for c in these)
        lines += ["", domain] if domain not in lines else []
        lines += _wrapped("%s: %s" % (_MOVES[kind], text), "  ", "    ")
    return lines


def _wrapped(text, first, rest):
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
