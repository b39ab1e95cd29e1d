"""Only some domains: those that are wanted are whole; of the others what these refer to is left.

A wanted Runtime.evaluate leaves that one message of its domain.  What is left of a domain keeps
its order; its indexes are counted anew.
"""

import difflib

from errors import ProtocolError
from model import Struct


def select(protocol, wanted, at):
    """Takes out of the protocol what is not in wanted, names of domains and messages, or referred
    to from there; at is where wanted is from."""
    reached = _Reached()
    whole, messages = _find(protocol, wanted, at)
    for domain in protocol.domains:
        domain.whole = domain.name in whole
        if domain.whole:
            reached.add(*domain.structs, *domain.enums, *domain.aliases)
        else:
            domain.commands = [m for m in domain.commands if m.name in messages]
            domain.events = [m for m in domain.events if m.name in messages]
        for m in domain.commands + domain.events:
            reached.add(m.params, m.result)
    protocol.aliases = [a for a in protocol.aliases if a in reached]
    for domain in protocol.domains:
        domain.aliases = [a for a in domain.aliases if a in reached]
        domain.structs = [s for s in domain.structs if s in reached]
        domain.enums = [e for e in domain.enums if e in reached]
        for items in (domain.structs, domain.enums):
            for index, item in enumerate(items):
                item.index = index
    # Typedefs alone need neither a header nor tables.
    protocol.domains = [
        d for d in protocol.domains if d.whole or d.structs or d.enums or d.commands or d.events
    ]


def _find(protocol, wanted, at):
    """The names among wanted of domains, and of messages."""
    domains = {d.name for d in protocol.domains}
    messages = {m.name for d in protocol.domains for m in d.commands + d.events}
    for name in wanted:
        if name not in domains and name not in messages:
            near = difflib.get_close_matches(name, sorted(messages if "." in name else domains), 1)
            what = "command or event" if "." in name else "domain"
            hint = ", but there is %s" % near[0] if near else ""
            raise ProtocolError(at, "no %s %s%s" % (what, ascii(name)[:80], hint))
    return domains.intersection(wanted), messages.intersection(wanted)


class _Reached:
    """Structs, enums and aliases, with all that they are made of."""

    def __init__(self):
        self._ids = set()

    def __contains__(self, item):
        return id(item) in self._ids

    def add(self, *items):
        """Adds what is not None, and whatever it refers to."""
        todo = list(items)
        while todo:
            item = todo.pop()
            if item is None or item in self:
                continue
            self._ids.add(id(item))
            if isinstance(item, Struct):
                shapes = [f.shape for f in item.fields]
            else:
                shapes = [getattr(item, "shape", None)]  # an enum has none
            while shapes:
                shape = shapes.pop()
                if shape:
                    todo += [shape.target, shape.alias]
                    shapes.append(shape.item)
