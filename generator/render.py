"""The model through the templates: {relative path: text}."""

import os
import re
from collections import Counter

import jinja2

import comments
import spelling
from comments import WIDTH
from tables import Tables

TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")


def environment(folder, escape):
    """How templates are read: what they leave out is an error, and their own lines leave no trace.
    escape: for HTML."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=escape,
    )


def render(protocol):
    """Every generated file but the list of inputs."""
    env = environment(TEMPLATES, escape=False)
    env.filters.update(
        alias_note=comments.alias,
        comment=comments.item,
        declaration=spelling.declaration,
        lines=comments.domain,
        member_note=comments.member,
        title=comments.title,
        value_type=spelling.plain_type,
        word_note=comments.enumerator,
    )
    env.globals["protocol"] = protocol
    header = env.get_template("domain.h.j2")
    source = env.get_template("tables.c.j2")
    once = {"include/cdp/%s.h" % protocol.forward: "forward.h.j2"}
    if not protocol.base:
        once.update({"include/cdp/all.h": "all.h.j2", "src/protocol.c": "protocol.c.j2"})
    files = {path: env.get_template(template).render() for path, template in once.items()}
    for domain in protocol.domains:
        text = source.render(domain=domain, table=Tables(domain))
        files["src/%s.c" % domain.file] = text
        files["include/cdp/%s.h" % domain.file] = header.render(domain=domain)
    files = {path: fold(text) for path, text in files.items()}
    if not protocol.base:
        files["domains.txt"] = _summary(protocol)
    return files


def _summary(protocol):
    """What there is, for programs that are not C's."""
    lines = ["# Domain, header, all of it or a part; how many commands, events and types."]
    types = [a.name for a in protocol.aliases]
    for d in protocol.domains:
        types += [s.name for s in d.structs if s.role == "type"]
        types += [e.name for e in d.enums if "." not in e.short]  # others are a member's
    counts = Counter(name.split(".")[0] for name in types)
    for d in protocol.domains:
        row = (d.name, d.file, "all" if d.whole else "part", len(d.commands), len(d.events))
        lines.append("%s %s.h %s %d %d %d" % (*row, counts[d.name]))
    return "\n".join(lines) + "\n"


def fold(text):
    """Breaks what is wider than WIDTH, so that templates need not care."""
    if len(max(text.splitlines(), key=len)) <= WIDTH:
        return text
    lines = text.splitlines(True)
    return "".join(map(_fold_line, lines, [""] + lines))


def _fold_line(line, before):
    if len(line) <= WIDTH + 1 or "\\\n" in line + before:  # a macro of more lines
        return line
    note = re.match(r"( *)(\S.*) /\* (.*) \*/\n\Z", line)
    if note:  # the comment goes above what it is about
        indent, code, text = note.groups()
        comment = comments.block([text], indent=len(indent))
        return indent + comment + "\n" + _fold_line(indent + code + "\n", "")
    if line.startswith("#"):
        return line
    head = re.match(r"(?:CDP_|typedef |    int \(\*).*\(", line)
    if head:
        return _fold_parameters(line, head.group())
    indent = len(line) - len(line.lstrip())
    line = re.sub(r"\((\d+), ", "(\\1,\0", line)  # STRUCT(0, T_x) stays in one piece
    return _fold_at(line, ", ", indent + 4).replace("\0", " ")


def _fold_parameters(line, head):
    """A prototype: its parameters under each other's first, or else a step in."""
    parameters = line[len(head) :].rstrip("\n")
    start = ""
    if len(head) > WIDTH:  # the return type gets a line of its own
        start, head = head.rsplit(" ", 1)
        start += "\n"
    widest = max(len(p) for p in parameters.split(", ")) + 1
    if len(head) + widest <= WIDTH:
        return start + _fold_at(head + parameters + "\n", ", ", len(head))
    step = len(head) - len(head.lstrip()) + 8
    return start + head + "\n" + _fold_at(" " * step + parameters + "\n", ", ", step)


def _fold_at(line, separator, hang):
    """Breaks as late as possible after separators; failing that, at any space."""
    done = ""
    while len(line) > WIDTH + 1:
        at = line.rfind(separator, hang + 1, WIDTH)
        if at < 0:
            at = line.rfind(" ", hang + 1, WIDTH) - len(separator.rstrip())
        if at < 0:
            break
        at += len(separator.rstrip())
        done += line[:at] + "\n"
        line = " " * hang + line[at + 1 :]
    return done + line
