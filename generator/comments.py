"""The comments in headers: what names mean, and what declarations do not show.

No words end a comment: all of them pass _safe().
"""

import re
import textwrap

import spelling
from docs import LABELS

WIDTH = 100

# Between what would end a comment, would look like the start of another, or be a trigraph.
_UNSAFE = re.compile(r"(?<=\*)(?=/)|(?<=/)(?=\*)|(?<=\?)(?=\?)")
_ABOUT_KINDS = {"ANY": "any value", "OBJECT": "an object"}


def title(item):
    """A name of the protocol, and what it says about it in passing."""
    notes = []
    if getattr(item, "redirect", None):
        notes.append("served by %s" % item.redirect)
    if not getattr(item, "whole", True):
        notes.append("not all of it")
    if item.experimental:
        notes.append("experimental")
    if item.deprecated:
        notes.append("deprecated")
    return item.name + (" (%s)" % "; ".join(notes) if notes else "")


def item(item):
    """The comment above anything that has a name in the protocol."""
    paragraphs = _paragraphs(item)
    first = ": ".join([title(item)] + paragraphs[:1])
    return block([first] + paragraphs[1:], _labels(item))


def domain(item):
    """The lines of a header's first comment that are about its domain."""
    lines = _lines(_paragraphs(item), _labels(item), WIDTH - len(" * "))
    return [" *" + (line and " " + line) for line in lines + [""] * bool(lines)]


def alias(alias):
    """What a typedef stands for."""
    about = " ".join(_paragraphs(alias) + _labels(alias))
    about = about or _ABOUT_KINDS.get(alias.shape.kind, "")
    return ": ".join([title(alias)] + [about] * bool(about))


def member(field):
    """What a member's declaration does not show."""
    shape = field.shape
    inner = shape.item if shape.kind == "LIST" else shape
    notes = ["required"] if field.required else []
    if spelling.is_optional_scalar(field) and shape.alias:
        notes.append(shape.alias.symbol)
    if inner.kind == "OBJECT" and not inner.alias:
        notes.append("an object")
    if inner.kind == "ANY" and not inner.alias and not field.doc:
        notes.append("any value")
    if field.experimental:
        notes.append("experimental")
    return ". ".join(filter(None, ["; ".join(notes), _words(field)]))


def _words(field):
    """What a member means; failing that, what its type says first of a number, which is its unit."""
    alias = field.shape.alias
    if field.doc:
        return _safe(field.doc.text)
    if alias and alias.doc and field.shape.kind == "NUM":
        return _safe(re.split(r"(?<=\.) ", alias.doc.text, maxsplit=1)[0])
    return ""


def enumerator(enum, word):
    """What one of an enum's words means."""
    part = enum.doc and enum.doc.parts.get("=" + word)
    return _safe(part.text) if part else ""


def block(paragraphs, labels=(), indent=0):
    """A comment that is as many lines as it takes, each indented but the first."""
    start = "\n" + " " * indent
    one_line = len(paragraphs) == 1 and not labels
    if one_line and indent + len(paragraphs[0]) <= WIDTH - len("/*  */"):
        return "/* %s */" % paragraphs[0]
    if one_line:
        lines = _lines(paragraphs, labels, WIDTH - indent - len(" *  */"))
        return "/* %s */" % (start + " * ").join(lines)
    lines = _lines(paragraphs, labels, WIDTH - indent - len(" * "))
    return "/*" + "".join(start + " *" + (line and " " + line) for line in lines) + start + " */"


def _paragraphs(item):
    return [_safe(text) for text in item.doc.paragraphs()] if item.doc else []


def _labels(item):
    labels = item.doc.labels if item.doc else {}
    return ["%s: %s" % (label, _safe(labels[label])) for label in LABELS if label in labels]


def _safe(text):
    return _UNSAFE.sub(" ", text)


def _lines(paragraphs, labels, width):
    """Paragraphs with an empty line between them, and the labels as the last of them."""
    lines = []
    for text in paragraphs:
        lines += [""] * bool(lines) + textwrap.wrap(text, width, break_on_hyphens=False)
    lines += [""] * bool(lines and labels)
    for text in labels:
        lines += textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False)
    return lines
