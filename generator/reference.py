"""The reference: HTML of the protocol and of the library's own headers, {file: text}.

What a page shows is made here, of the model, the words and the generated headers; templates only
place it.
"""

import os

import cheader
import spelling
from docs import LABELS
from links import Names
from render import environment

_TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates", "reference")
_COPIED = ("style.css", "search.js")
# Only for generated code.
_NO_READERS = ("desc.h",)

_KINDS = {
    "ANY": "any",
    "BOOL": "boolean",
    "BYTES": "binary",
    "INT": "integer",
    "NUM": "number",
    "OBJECT": "object",
    "STR": "string",
}
_CALLS = ("", "_async", "_cb", "_send", "_cookie", "_reply", "_respond")
_EVENTS = ("on_%s", "on_%s_cb", "expect_%s", "take_%s", "emit_%s")


def render(protocol, generated, headers):
    """generated: what render.render() made; headers: the folder of those written by hand."""
    env = environment(_TEMPLATES, escape=True)
    return _Reference(protocol, generated, headers).render(env)


def page(domain):
    """A domain's page."""
    return "%s.html" % ("index.domain" if domain.file == "index" else domain.file)


class _Reference:
    def __init__(self, protocol, generated, headers):
        self._protocol = protocol
        self._names = Names()
        self._code = {}  # C name -> Declaration, of generated headers
        self._used = {}  # type -> {item: name of the first member that has it}
        self._headers = _read_headers(headers)
        for path, text in generated.items():
            if path.endswith(".h"):
                for declaration in cheader.parse(text).declarations():
                    self._code.update((name, declaration) for name in declaration.names)
        for domain in protocol.domains:
            self._name_domain(domain)
        for leaf, header in self._headers:
            self._names.add(leaf + ".html", "header", leaf)
            for d in header.declarations():
                for name in d.names:
                    self._names.add(leaf + ".html", "constant" if name.isupper() else d.kind, name)

    def render(self, env):
        """Every page, and what pages need."""
        domains = _sorted(self._domain(d) for d in self._protocol.domains)
        headers = [self._header(leaf, header) for leaf, header in self._headers]
        revision = self._protocol.revision
        common = {"domains": domains, "headers": headers, "revision": revision}
        files = {"index.html": env.get_template("index.html.j2").render(common)}
        for name, items in (("domain", domains), ("header", headers)):
            template = env.get_template(name + ".html.j2")
            for item in items:
                files[item["page"]] = template.render(common, **{name: item})
        for leaf in _COPIED:
            with open(os.path.join(_TEMPLATES, leaf), encoding="ascii") as f:
                files[leaf] = f.read()
        files["names.js"] = self._names.script()
        return files

    # ---- what has a name, and where

    def _name_domain(self, domain):
        def add(kind, name):
            self._names.add(page(domain), kind, name)

        add("domain", domain.name)
        add("header", domain.file + ".h")
        for kind, items in (("command", domain.commands), ("event", domain.events)):
            for m in items:
                add(kind, m.name)
        for item in domain.aliases + domain.enums + domain.structs:
            if item.name.count(".") == 1 and getattr(item, "role", "type") == "type":
                add("type", item.name)
        for name in self._c_names(domain):
            add(self._code[name].kind, name)
        for enum in domain.enums:
            for _, symbol in enum.words:
                add("constant", symbol)
        for struct in domain.structs:
            for f in struct.fields:
                add("member", _member_id(struct, f))
                self._use(f.shape, struct.name, _member_id(struct, f))
        for alias in domain.aliases:
            self._use(alias.shape, alias.name, alias.name)

    def _c_names(self, domain):
        """All that its header and forward.h declare for a domain."""
        names = [n for c in domain.commands for n in self._existing(c.symbol, _CALLS)]
        names += [n for e in domain.events for n in self._event_names(domain, e)]
        names += [n for s in domain.structs for n in [s.symbol] + _json_names(s)]
        names += [item.symbol for item in domain.aliases + domain.enums]
        return names + self._serving_names(domain)

    def _existing(self, stem, suffixes):
        return [stem + s for s in suffixes if stem + s in self._code]

    @staticmethod
    def _event_names(domain, event):
        return ["cdp_%s_%s" % (domain.symbol, verb % event.snake) for verb in _EVENTS]

    def _serving_names(self, domain):
        return self._existing("cdp_%s_" % domain.symbol, ("serve", "domain_impl"))

    def _use(self, shape, user, place):
        while shape.item and not shape.alias:
            shape = shape.item
        known = shape.alias or shape.target
        if known and known.name != user:
            self._used.setdefault(known.name, {}).setdefault(user, place)

    # ---- a domain's page

    def _domain(self, domain):
        types = [self._type(s) for s in domain.structs if s.role == "type"]
        lists = {e.name: e for e in domain.enums}  # of words, where the type is an alias
        types += [self._alias(a, lists.pop(a.name, None)) for a in domain.aliases]
        types += [self._enum(e) for e in lists.values() if "." not in e.short]
        return {
            **self._item(domain),
            "page": page(domain),
            "header": domain.file + ".h",
            "groups": [
                ("Commands", _sorted(self._command(c) for c in domain.commands)),
                ("Events", _sorted(self._event(domain, e) for e in domain.events)),
                ("Types", _sorted(types)),
            ],
            "serving": self._codes(self._serving_names(domain)),
        }

    def _item(self, item, code=(), more=(), structs=()):
        """What everything has that the protocol names.

        more: C names that are folded away, with those that turn structs into JSON and back.
        """
        labels = item.doc.labels if item.doc else {}
        return {
            "name": item.name,
            "short": _short(item),
            "href": self._names.href(item.name),
            "badges": _badges(item),
            "paragraphs": [self._text(item, t) for t in _paragraphs(item)],
            "labels": [(n, self._text(item, labels[n])) for n in LABELS if n in labels],
            "served_by": self._names.link(getattr(item, "redirect", None) or ""),
            "code": self._codes(code),
            "more": self._codes([*more, *(n for s in structs for n in _json_names(s))]),
            "more_title": _more_title(more, structs),
            "used": [(user, self._names.href(place)) for user, place in self._users(item)],
            "blocks": [],
            "enum": None,
        }

    def _text(self, item, sentence):
        return self._names.text(sentence, item.name.split(".")[0])

    def _users(self, item):
        return sorted(self._used.get(item.name, {}).items())

    def _codes(self, names):
        return [self._declaration(self._code[n], [n]) for n in names]

    def _declaration(self, d, names):
        """Code, and whether it has lines of its own."""
        return {"text": self._names.code(d.code, names), "lines": "\n" in d.code}

    def _command(self, c):
        calls = self._existing(c.symbol, _CALLS)
        structs = [s for s in (c.params, c.result) if s]
        item = self._item(c, calls[:1], calls[1:], structs)
        for title, struct in (("Parameters", c.params), ("Result", c.result)):
            if struct:
                item["blocks"].append(self._block(title, struct))
        return item

    def _event(self, domain, e):
        names = self._event_names(domain, e)
        item = self._item(e, names[:1], names[1:], [e.params] if e.params else [])
        if e.params:
            item["blocks"].append(self._block("Members", e.params))
        return item

    def _type(self, struct):
        item = self._item(struct, structs=[struct])
        item["blocks"].append(self._block("Members", struct))
        return item

    def _enum(self, enum):
        item = self._item(enum)
        item["enum"] = self._words(enum)
        return item

    def _alias(self, alias, enum):
        item = self._item(alias, [alias.symbol])
        item["enum"] = enum and self._words(enum)
        return item

    def _block(self, title, struct):
        return {
            "title": title,
            "symbol": struct.symbol,
            "members": [self._member(struct, f) for f in struct.fields],
        }

    def _member(self, struct, f):
        enum = _inline_enum(f)
        return {
            "name": f.short,
            "id": _member_id(struct, f),
            "type": self._shape(f.shape, struct.domain),
            "code": self._names.code(spelling.declaration(f).replace(" CDP_DEPRECATED", "")),
            "badges": ["required" if f.required else "optional"] + _badges(f),
            "text": self._text(f, f.doc.text if f.doc else ""),
            "enum": enum and self._words(enum),
        }

    def _words(self, enum):
        def text(word):
            part = enum.doc and enum.doc.parts.get("=" + word)
            return self._text(enum, part.text if part else "")

        words = [{"word": w, "symbol": symbol, "text": text(w)} for w, symbol in enum.words]
        return {"symbol": enum.symbol, "words": words}

    def _shape(self, shape, domain):
        """A type as the protocol names it, from inside a domain."""
        known = shape.alias or shape.target
        if known and "." not in _short(known):  # else it is only this member's
            own = known.name.startswith(domain.name + ".")
            return self._names.link(known.name, _short(known) if own else known.name)
        if shape.kind == "LIST":
            return "array of " + self._shape(shape.item, domain)
        return _KINDS.get(shape.kind, "string")

    # ---- a header's page

    def _header(self, leaf, header):
        opening = cheader.paragraphs(header.opening)
        title = opening[0][1].split(" - ", 1)[-1] if opening else ""
        return {
            "name": leaf,
            "page": leaf + ".html",
            "about": self._names.text(title),
            "opening": self._paragraphs(opening[1:]),
            "sections": [
                {
                    "title": section.title,
                    "id": "section-%d" % i,
                    "declared": [self._declared(item) for item in section.items],
                }
                for i, section in enumerate(header.sections)
            ],
        }

    def _declared(self, item):
        return {
            "names": [d.names[0] for d in item.declarations],
            "codes": [self._declaration(d, d.names) for d in item.declarations],
            "paragraphs": self._paragraphs(cheader.paragraphs(item.comment)),
        }

    def _paragraphs(self, parts):
        return [(kind, self._names.text(text)) for kind, text in parts]


def _read_headers(folder):
    """(name, Header) of each header in a folder, which may be missing."""
    found = []
    for leaf in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        if leaf.endswith(".h") and leaf not in _NO_READERS:
            with open(os.path.join(folder, leaf), encoding="utf-8") as f:
                found.append((leaf, cheader.parse(f.read())))
    return found


def _short(item):
    """A name without its domain."""
    return item.name.split(".", 1)[-1]


def _sorted(items):
    return sorted(items, key=lambda item: item["short"].lower())


def _paragraphs(item):
    return item.doc.paragraphs() if item.doc else []


def _badges(item):
    return ["experimental"] * item.experimental + ["deprecated"] * item.deprecated


def _member_id(struct, f):
    mark = "->" if struct.role == "result" else "."
    return struct.name + mark + f.short


def _json_names(struct):
    return [struct.symbol + "_to_json", struct.symbol + "_from_json"]


def _more_title(more, structs):
    """What is folded away: the verbs, and JSON."""
    verbs = ("async", "send", "reply", "respond", "expect", "take", "emit")
    shown = [v for v in verbs if any("_%s" % v in n for n in more)]
    return ", ".join(shown + ["JSON"] * bool(structs))


def _inline_enum(f):
    """The enum that only this member has."""
    shape = f.shape
    while shape.item and not shape.alias:
        shape = shape.item
    own = shape.kind == "ENUM" and not shape.alias and "." in shape.target.short
    return shape.target if own else None
