"""Reads our own C headers, as the reference shows them: comments, and what they are about.

No C parser: it relies on how these headers are written.  A declaration begins in the first column
and ends with a ; or, where it has a body, a } there.  Those without an empty line in between share
the comment above them.
"""

import re
from dataclasses import dataclass, field
from typing import List

_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_SECTION = re.compile(r"/\* ---- (.*?) -+ \*/\Z")
_ITEM = re.compile(r"\s*(?:\d+\.|-) ")
# What generated functions have in front.
_PREFIX = re.compile(r"(?:CDP_DEPRECATED |CDP_STUB |static inline )+")
_ENUMERATOR = re.compile(r"\b(CDP_[A-Z]\w*)\s*(?=[=,}])")


@dataclass
class Declaration:
    """Names that are not the library's own business, and their code without a body."""

    names: List[str]
    code: str
    kind: str  # function, C type, macro


@dataclass
class Item:
    """A comment, which may be empty, and declarations."""

    comment: str
    declarations: List[Declaration] = field(default_factory=list)


@dataclass
class Section:
    """Items below a line "---- title ----"."""

    title: str
    items: List[Item] = field(default_factory=list)


@dataclass
class Header:
    """A file: what its first comment says, and what it declares."""

    opening: str
    sections: List[Section]

    def declarations(self):
        """All of them."""
        return [d for s in self.sections for i in s.items for d in i.declarations]


def parse(text):
    """The Header that a file's text is."""
    return _Parser(text).parse()


def paragraphs(comment):
    """("text" or "code", string) of each paragraph, list item or piece of code of a comment."""
    parts, last = [], ""
    for line in comment.split("\n"):
        indent = len(line) - len(line.lstrip())
        if not line.strip():
            last = ""
        elif indent >= 4 and last != "item":
            if last == "code":
                parts[-1] = ("code", parts[-1][1] + "\n" + line[4:])
            else:
                parts.append(("code", line[4:]))
            last = "code"
        elif last in ("text", "item") and not _ITEM.match(line):
            parts[-1] = ("text", parts[-1][1] + " " + line.strip())
        else:
            parts.append(("text", line.strip()))
            last = "item" if _ITEM.match(line) else "text"
    return parts


class _Parser:
    def __init__(self, text):
        self._lines = text.split("\n")
        self._at = 0
        self._opening = None
        self._sections = [Section("")]
        self._comment = ""
        self._item = None

    def parse(self):
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if not line or line == "}" or line.startswith('extern "C"'):
                self._at += 1
                self._comment, self._item = "", None
            elif line.startswith("/*"):
                self._remark(self._take(lambda text: "*/" in text))
            elif line.startswith("#define"):
                code = self._take(lambda text: not text.endswith("\\"))
                self._declare(Declaration(_macros(code), code, "macro"))
            elif line.startswith("#"):
                self._at += 1
            else:
                self._declare(_declaration(self._take(_is_whole)))
        return Header(self._opening or "", [s for s in self._sections if s.items])

    def _take(self, is_whole):
        """Lines until they are something whole; conditions between them are left out."""
        text = ""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            if text and line.startswith("#if") and text.count("{") == text.count("}"):
                while not self._lines[self._at].startswith("#endif"):
                    self._at += 1
                self._at += 1
                continue
            text += ("\n" if text else "") + line
            if is_whole(text):
                break
        return text

    def _remark(self, text):
        section = _SECTION.match(text)
        lines = text[2:-2].strip("\n").split("\n")
        said = "\n".join(re.sub(r"^(?: \* ?| )?", "", line) for line in lines).strip("\n")
        if section:
            self._sections.append(Section(section[1]))
        elif self._opening is None and " - " in text.split("\n", 2)[1 if "\n" in text else 0]:
            self._opening = said
        elif "clang-format" not in text:
            self._comment, self._item = said.strip(), None

    def _declare(self, declaration):
        if not declaration.names:
            return
        if self._item is None:
            self._item = Item(self._comment)
            self._sections[-1].items.append(self._item)
        self._item.declarations.append(declaration)


def _is_whole(text):
    code = _COMMENT.sub("", text).rstrip()
    return code.count("{") == code.count("}") and code.endswith((";", "}"))


def _declaration(text):
    """What a piece of code declares."""
    code = _COMMENT.sub("", text)
    if "{" not in code or not re.match(r"(?:typedef|struct|enum|union)\b", code):
        function = re.search(r"\b(cdp_\w+)\(", code)
        if function and not code.startswith("typedef"):
            return Declaration(_public([function[1]]), _prototype(text), "function")
    named = re.search(r"\b(cdp_\w+)\(", code) if "{" not in code else None
    named = named or re.search(r"(cdp_\w+);\Z", code.rstrip()) or re.match(r"struct (\w+) \{", code)
    names = [named[1]] if named else []
    if re.match(r"(?:typedef )?enum\b", code):
        names += _ENUMERATOR.findall(code)
    return Declaration(_public(names), text if "{" in code else _one_line(text), "C type")


def _prototype(text):
    """A function on one line, without its body."""
    head = text.split("\n{", 1)
    code = _one_line(head[0]) + ";" * (len(head) > 1)
    return _PREFIX.sub("", code, count=1)


def _one_line(text):
    return " ".join(text.split()).replace("( ", "(").replace(" ;", ";")


def _macros(code):
    """A macro, and what it lists if it is a table of statuses."""
    name = re.match(r"#define (\w+)", code)[1]
    listed = ["CDP_" + word for word in re.findall(r"\bXX\((E[A-Z]+),", code)]
    # A name without a value is a guard against being included twice.
    return [] if code.split() == ["#define", name] else _public([name] + listed)


def _public(names):
    return [n for n in names if re.match(r"cdp_(?!_)|CDP_(?!_)", n)]
