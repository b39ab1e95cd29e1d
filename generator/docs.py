"""What the protocol's names mean, in our own words: protocol_json/docs/*.txt.

A file is a series of entries.  An entry begins with a name of the protocol, all that belongs to it
is indented by two blanks, and a line that goes on by four:

    Runtime.evaluate
      Evaluates a script in a context, and tells its value or what it threw.

      A second paragraph.
      Errors: -32000 "Cannot find context with specified id".
      Since: Node 8.
      Node: how it differs there.
      Chromium: how it differs there.
      .expression: JavaScript; a parameter, or the member of a type or an event.
      .timeout: Milliseconds,
        on a second line.
      ->result: The value; a member of the reply.
      =word: One of an enum's words.

There is one for each domain, in a sentence.  Of the domains in COMPLETE everything has words.
"""

import os
import re
from dataclasses import dataclass, field
from typing import Dict, List

import schema
from errors import Line, ProtocolError

COMPLETE = ("Console", "Debugger", "HeapProfiler", "Network", "Profiler", "Runtime", "Schema")
LABELS = ("Errors", "Since", "Node", "Chromium")

_NAME = re.compile(r"[A-Za-z][\w-]*(?:\.[A-Za-z][\w-]*)?\Z")
_PART = re.compile(r"(\.|->|=)(\S+): (\S.*)\Z")
_LABEL = re.compile(r"(%s): (\S.*)\Z" % "|".join(LABELS))


@dataclass
class Words:
    """The text about one thing, and where it stands."""

    at: Line
    text: str = ""


@dataclass
class Entry(Words):
    """text is the first paragraph; members by the mark and the name they begin with: "->result"."""

    more: List[str] = field(default_factory=list)  # further paragraphs
    labels: Dict[str, str] = field(default_factory=dict)
    parts: Dict[str, Words] = field(default_factory=dict)

    def paragraphs(self):
        """All of its text, but the labels and the members."""
        return [self.text] * bool(self.text) + self.more


def read(paths):
    """{name: Entry} of files."""
    entries = {}
    for path in paths:
        file = os.path.basename(path)
        parse(schema.read_bytes(path, Line(file, 1)), file, entries)
    return entries


def files(folder):
    """The paths of all *.txt in folder, which may be missing, sorted."""
    if not os.path.isdir(folder):
        return []
    return [os.path.join(folder, f) for f in sorted(os.listdir(folder)) if f.endswith(".txt")]


def parse(data, file, entries):
    """Adds what a file says to entries."""
    try:
        lines = data.decode("ascii").split("\n")
    except UnicodeDecodeError as e:
        at = Line(file, data.count(b"\n", 0, e.start) + 1)
        raise ProtocolError(at, "not ASCII") from None
    _Parser(file, entries).parse(lines)


class _Parser:
    """Line by line; _add appends to whatever the last line belonged to."""

    def __init__(self, file, entries):
        self._file = file
        self._entries = entries
        self._entry = None
        self._add = None  # what takes a line that goes on
        self._gap = False  # an empty line came before

    def parse(self, lines):
        for number, line in enumerate(lines, 1):
            at = Line(self._file, number)
            text = line.strip()
            if not text:
                self._gap = True
                continue
            indent = len(line) - len(line.lstrip(" "))
            if any(not c.isprintable() for c in line) or line != line.rstrip():
                raise ProtocolError(at, "a tab, or blanks at the end")
            if indent == 0:
                self._begin(text, at)
            elif self._entry is None:
                raise ProtocolError(at, "a text without a name above it")
            elif indent == 2:
                self._line(text, at)
            elif indent == 4 and self._add and not self._gap:
                self._add(" " + text)
            else:
                raise ProtocolError(at, "indented by %d" % indent)
            self._gap = False

    def _begin(self, name, at):
        if not _NAME.match(name):
            raise ProtocolError(at, "%s is no name" % ascii(name)[:80])
        if name in self._entries:
            raise ProtocolError(at, "%s twice (%s)" % (name, self._entries[name].at))
        self._entry = self._entries[name] = Entry(at)
        self._add = None

    def _line(self, text, at):
        entry = self._entry
        part, label = _PART.match(text), _LABEL.match(text)
        if part:
            key = part[1] + part[2]
            if key in entry.parts:
                raise ProtocolError(at, "%s twice" % key)
            words = entry.parts[key] = Words(at, part[3])
            self._add = lambda more: setattr(words, "text", words.text + more)
        elif label:
            if label[1] in entry.labels:
                raise ProtocolError(at, "%s twice" % label[1])
            entry.labels[label[1]] = label[2]
            self._add = lambda more, key=label[1]: self._append(entry.labels, key, more)
        elif entry.parts or entry.labels:
            raise ProtocolError(at, "a sentence after the members: %s" % ascii(text)[:80])
        elif not entry.text:
            entry.text = text
            self._add = None
        elif self._gap:
            entry.more.append(text)
            self._add = None
        elif entry.more:
            entry.more[-1] += " " + text
        else:
            entry.text += " " + text

    @staticmethod
    def _append(into, key, more):
        into[key] += more


# ---- the words and the protocol ---------------------------------------------


def attach(protocol, entries):
    """Gives each item of the protocol its words."""
    for domain in protocol.domains:
        types = [s for s in domain.structs if s.role == "type"]
        messages = domain.commands + domain.events
        for item in [domain] + domain.aliases + types + domain.enums + messages:
            item.doc = entries.get(item.name)
        for struct in domain.structs:
            parts = entries[struct.name].parts if struct.name in entries else {}
            mark = "->" if struct.role == "result" else "."
            for f in struct.fields:
                f.doc = parts.get(mark + f.short)


def check(protocol, entries):
    """What is wrong, line by line: names the protocol has not, and in COMPLETE what lacks words."""
    wrong, known = [], set()
    for domain in protocol.domains:
        _check_entry(domain.name, set(), entries, known, wrong)
        for name, parts in _items(domain):
            if domain.name in COMPLETE or name in entries:
                _check_entry(name, parts, entries, known, wrong)
    for name in sorted(entries.keys() - known):
        wrong.append("%s: the protocol has no %s" % (entries[name].at, name))
    return wrong


def _check_entry(name, parts, entries, known, wrong):
    known.add(name)
    entry = entries.get(name)
    if entry is None:
        wrong.append("no words about %s" % name)
        return
    if not entry.text:
        wrong.append("%s: no sentence about %s" % (entry.at, name))
    complete = name.split(".")[0] in COMPLETE
    for key in sorted(parts - entry.parts.keys()):
        if complete and not key.startswith("="):
            wrong.append("%s: no words about %s of %s" % (entry.at, key, name))
    for key in sorted(entry.parts.keys() - parts):
        wrong.append("%s: %s has no %s" % (entry.parts[key].at, name, key))


def _items(domain):
    """(name, marked names of its members) of each command, event and type."""
    items = {alias.name: set() for alias in domain.aliases}
    for struct in domain.structs:
        if struct.role == "type":
            items[struct.name] = _marked(".", struct)
    for enum in domain.enums:
        if "." not in enum.short:  # others are a member's
            items[enum.name] = {"=" + word for word, _ in enum.words}
    for m in domain.commands:
        items[m.name] = _marked(".", m.params) | _marked("->", m.result)
    for m in domain.events:
        items[m.name] = _marked(".", m.params)
    return items.items()


def _marked(mark, struct):
    return {mark + f.short for f in struct.fields} if struct else set()
