"""Reads PDL, the notation that the protocol is written in before it becomes JSON.

A file has a line for each thing, indented further than the line of what it belongs to:

    version
      major 1
      minor 3

    include domains/Page.pdl

    experimental domain Tea
      depends on Runtime

      # What stands behind a # is prose, and dropped.
      type Pot extends object
        properties
          optional array of Runtime.ScriptId scripts
          binary lid
          enum state
            full
            empty

      deprecated command pour
        redirect Kitchen
        parameters
          Pot pot
        returns
          number seconds

parse() makes the JSON value of it that schema.check_protocol() takes, and a place to go with it,
so that what is wrong further on is told with the line it came from.
"""

import re

import schema
from errors import Line, ProtocolError

MAX_DEPTH = 8  # files including each other
MAX_LINES = 100000  # of all files; today's have 18000

_MARKS = ("experimental", "deprecated")
_FIELD_MARKS = _MARKS + ("optional",)
# Only files beside or below the one that includes them.
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_INCLUDED = re.compile(r"(?=.{1,200}\Z)(?:%s/)*%s\Z" % (_NAME, _NAME))


class Place:
    """Where a value of parse() comes from: what errors.At is for JSON."""

    def __init__(self, value, line):
        self._value = value
        self._line = line

    def __getitem__(self, step):
        """The member or the item; what has no line of its own stands on its owner's."""
        try:
            value = self._value[step]
        except (KeyError, IndexError, TypeError):
            return self
        return Place(value, getattr(value, "line", self._line))

    def __str__(self):
        return str(self._line)


class _Object(schema.Object):
    """A JSON object, and the line that it began on."""

    def __init__(self, line):
        super().__init__(())
        self.line = line


class _Word(str):
    """A word of an enum, and its line."""

    line = None


class _Node:
    """A line, with the lines that belong to it."""

    def __init__(self, line, words):
        self.line = line
        self.words = words
        self.children = []
        self.marks = []

    def take_marks(self, known):
        """Moves words such as "experimental" off the front."""
        while self.words[0] in known:
            mark = self.words.pop(0)
            if mark in self.marks:
                self.refuse("%s twice" % mark)
            if not self.words:
                self.refuse("only %s" % mark)
            self.marks.append(mark)

    def is_(self, *pattern):
        """Do the words go like this?  None stands for any one."""
        return len(self.words) == len(pattern) and all(
            p in (None, w) for p, w in zip(pattern, self.words)
        )

    def refuse(self, why):
        raise ProtocolError(self.line, why)

    def not_expected(self, where):
        """What is to be said of a line that nothing else fits."""
        self.refuse("unexpected %s in %s" % (ascii(" ".join(self.words))[:80], where))

    def has_no_children(self):
        if self.children:
            self.children[0].refuse("nothing can belong to the line above")


def parse(name, read):
    """(value, place) of a file and those it includes; read(name, who asks) -> bytes of one."""
    value = _Object(Line(name, 1))
    domains = []
    _Files(value, domains, read).parse(name, value.line, 0)
    value["domains"] = domains
    return value, Place(value, value.line)


class _Files:
    """One file after the other, into one value."""

    def __init__(self, value, domains, read):
        self._value = value
        self._domains = domains
        self._read = read
        self._seen = set()
        self._lines = 0

    def parse(self, name, line, depth):
        """line: what asks for the file."""
        self._seen.add(name)
        data = self._read(name, line)
        self._lines += data.count(b"\n") + 1
        if self._lines > MAX_LINES:
            raise ProtocolError(line, "more than %d lines" % MAX_LINES)
        for node in _nodes(data, name):
            if node.is_("include", None):
                self._include(node, name, depth)
            elif node.is_("version"):
                _put(self._value, "version", _version(node), node)
            else:
                self._domains.append(_domain(node))

    def _include(self, node, name, depth):
        node.has_no_children()
        path = node.words[1]
        if not _INCLUDED.match(path):
            node.refuse("%s is no path below this file's folder" % ascii(path)[:80])
        folder, slash, _ = name.rpartition("/")
        path = folder + slash + path
        if path in self._seen:
            node.refuse("%s is included already" % path)
        if depth == MAX_DEPTH:
            node.refuse("files that include each other more than %d deep" % MAX_DEPTH)
        self.parse(path, node.line, depth + 1)


def _nodes(data, name):
    """The lines of a file that are not indented, each with those that belong to it."""
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as e:
        raise ProtocolError(Line(name, data.count(b"\n", 0, e.start) + 1), "not UTF-8") from None
    open_ = [(0, [])]  # how far lines may be indented, and whose children they are then
    for number, text in enumerate(lines, 1):
        text = text.rstrip(" \r")
        words = text.lstrip(" ")
        if not words or words.startswith("#"):
            continue
        node = _Node(Line(name, number), [w for w in words.split(" ") if w])
        indent = len(text) - len(words)
        if indent > open_[-1][0] and open_[-1][1]:
            open_.append((indent, open_[-1][1][-1].children))
        while indent < open_[-1][0]:
            open_.pop()
        if indent != open_[-1][0]:
            node.refuse("indented by %d" % indent)
        open_[-1][1].append(node)
    return open_[0][1]


def _put(value, key, what, node):
    if key in value:
        node.refuse("%s twice" % key)
    value[key] = what


def _version(node):
    version = _Object(node.line)
    for part in node.children:
        if not part.is_("major", None) and not part.is_("minor", None):
            part.not_expected("a version")
        part.has_no_children()
        _put(version, part.words[0], part.words[1], part)
    return version


def _begin(node, key):
    """The object that a line begins, with its marks; key: what its name goes by."""
    value = _Object(node.line)
    value[key] = node.words[1]
    value.update((mark, True) for mark in node.marks)
    return value


def _domain(node):
    node.take_marks(_MARKS)
    if not node.is_("domain", None):
        node.not_expected("a file")
    domain = _begin(node, "domain")
    for part in node.children:
        if part.is_("depends", "on", None):
            part.has_no_children()
            domain.setdefault("dependencies", []).append(part.words[2])
            continue
        part.take_marks(_MARKS)
        if part.words[0] == "type":
            domain.setdefault("types", []).append(_type(part))
        elif part.is_("command", None):
            command = _message(part, ("parameters", "returns"))
            domain.setdefault("commands", []).append(command)
        elif part.is_("event", None):
            domain.setdefault("events", []).append(_message(part, ("parameters",)))
        else:
            part.not_expected("a domain")
    return domain


def _type(node):
    if len(node.words) < 4 or node.words[2] != "extends":
        node.refuse("a type is written: type NAME extends TYPE")
    value = _begin(node, "id")
    value.update(_shape(node.words[3:], node))
    for part in node.children:
        if part.is_("enum"):
            _put(value, "enum", _words(part), part)
        elif part.is_("properties"):
            _put(value, "properties", _fields(part), part)
        else:
            part.not_expected("a type")
    return value


def _message(node, lists):
    value = _begin(node, "name")
    for part in node.children:
        if part.is_("redirect", None) and "returns" in lists:
            part.has_no_children()
            _put(value, "redirect", part.words[1], part)
        elif len(part.words) == 1 and part.words[0] in lists:
            _put(value, part.words[0], _fields(part), part)
        else:
            part.not_expected("a command" if "returns" in lists else "an event")
    return value


def _fields(node):
    return [_field(part) for part in node.children]


def _field(node):
    node.take_marks(_FIELD_MARKS)
    if len(node.words) < 2:
        node.refuse("a member is written: TYPE NAME")
    value = _Object(node.line)
    value["name"] = node.words[-1]
    value.update((mark, True) for mark in node.marks)
    shape = node.words[:-1]
    if shape == ["enum"]:
        value["type"] = "string"
        value["enum"] = _words(node)
    else:
        value.update(_shape(shape, node))
        node.has_no_children()
    return value


def _shape(words, node):
    """What the words "array of TYPE" or TYPE say."""
    is_array = words[:2] == ["array", "of"]
    item = words[2:] if is_array else words
    if len(item) != 1 or item[0] in ("array", "enum"):
        node.refuse("%s is no type" % ascii(" ".join(words))[:80])
    shape = {"type" if item[0] in schema.SCALARS else "$ref": item[0]}
    if not is_array:
        return shape
    items = _Object(node.line)
    items.update(shape)
    return {"type": "array", "items": items}


def _words(node):
    """The lines below an enum."""
    found = []
    for part in node.children:
        part.has_no_children()
        if len(part.words) != 1:
            part.not_expected("an enum")
        word = _Word(part.words[0])
        word.line = part.line
        found.append(word)
    return found
