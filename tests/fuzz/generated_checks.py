"""What must hold of anything the generator makes, whatever it was given.

check_code() reads generated C as a compiler's first phases do, and knows every word that may be in
it: C's own, what the templates say, the library's prefixes, and what the model calls its names.
check_pages() reads the reference as a browser does.  Both raise Wrong.
"""

import functools
import html.parser
import os
import re

import names
import render

_KEYWORDS = frozenset(
    """
    auto bool break case char const continue default do double else enum extern false float for goto
    if inline int long register return short signed sizeof static struct switch true typedef union
    unsigned void volatile while
    """.split()
)
_TOKEN = re.compile(
    r"""(?P<space>[ \n]+)|(?P<splice>\\\n)|(?P<comment>/\*.*?\*/)
      |(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<word>[A-Za-z_]\w*)|(?P<number>\d\w*)
      |(?P<directive>\#\#?)|(?P<mark>[-{}()\[\]<>;:,.=*&|?!+])|(?P<slash>/(?![/*]))""",
    re.S | re.X,
)
_DIRECTIVES = frozenset("define else endif error if ifdef ifndef include pragma undef".split())
_INCLUDED = re.compile(r" *(?:<cdp/[a-z0-9_]+\.h>)\n")
_PATH = re.compile(r"(?:include/cdp/[a-z0-9_]+\.h|src/[a-z0-9_]+\.c|domains\.txt|INPUTS\.sha256)\Z")
_PAGE = re.compile(r"[a-z0-9_]+(?:\.h|\.domain)?\.html\Z|(?:names|search)\.js\Z|style\.css\Z")
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.S)


class Wrong(Exception):
    """Something was made that must not be."""


def check_code(protocol, files):
    """files: what render.render() made of protocol."""
    words, strings = _vocabulary(protocol)
    for path, text in files.items():
        if not _PATH.match(path):
            raise Wrong("a file outside of the known ones: %r" % path)
        if path.endswith((".h", ".c")):
            _check_file(path, text, words, strings)
    table = files.get("domains.txt", "").split("\n")[1:-1]
    for line in table:
        if not re.match(r"[\w-]+ [a-z0-9_]+\.h (?:all|part) \d+ \d+ \d+\Z", line, re.A):
            raise Wrong("domains.txt: %r" % line)


def _vocabulary(protocol):
    """(words, string literals) that may be in what is made of a protocol."""
    words, strings = _template_words() | {protocol.forward}, {protocol.revision, "C", '\\":', ""}
    for d in protocol.domains:
        words.update((d.symbol, d.file))
        texts = {d.name}
        for m in d.commands + d.events:
            texts.add(m.name)
            words.add(names.member(m.short))
        for s in d.structs:
            words.update(names.member(f.short) for f in s.fields)
            texts.update({s.short, s.name}, (f.short for f in s.fields))
        for e in d.enums:
            texts.update({e.short}, (w for w, _ in e.words))
        for item in d.structs + d.enums:
            stem = item.symbol[len("cdp_%s_" % d.symbol) :]
            words.update((stem, "T_" + stem, "F_" + stem, "E_" + stem, "W_" + stem))
        strings.update(texts)
        ids = {re.sub("[^A-Za-z0-9]", "_", text) for text in texts}
        words.update(ids, ("n_" + i for i in ids))
    return words, strings


@functools.lru_cache(maxsize=None)
def _template_words():
    """All that the templates say themselves, comments aside."""
    words = set(_KEYWORDS)
    for leaf in os.listdir(render.TEMPLATES):
        if leaf.endswith(".j2"):
            with open(os.path.join(render.TEMPLATES, leaf), encoding="ascii") as f:
                text = re.sub(r"/\*.*?\*/", "", _JINJA.sub(" ", f.read()), flags=re.S)
            words.update(re.findall(r"[A-Za-z_]\w*", text))
    kinds = "ANY BOOL BYTES ENUM INT LIST NUM OBJECT STR STRUCT".split()
    types = "bool cdp_value cdp_bytes int32_t double cdp_str CDP_LIST".split()
    return words | set(kinds) | set(types)


def _check_file(path, text, words, strings):
    def wrong(what, at):
        raise Wrong("%s:%d: %s" % (path, text.count("\n", 0, at) + 1, what))

    strange = re.search(r"[^\n -~]|\?\?[=/'()!<>-]", text)
    if strange:
        wrong("a character or a trigraph: %r" % strange[0], strange.start())
    at, depth = 0, 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if not token:
            wrong("no token: %r" % text[at : at + 40], at)
        kind, said = token.lastgroup, token[0]
        if kind == "comment" and "/*" in said[2:]:
            wrong("a comment in a comment", at)
        if kind == "string" and said[1:-1] not in strings and not _is_told(said):
            wrong("a string: %s" % said[:80], at)
        if kind == "word" and not _is_known(said, words):
            wrong("a word: %s" % said[:80], at)
        if kind == "mark":
            depth += (said in "{([") - (said in "})]")
            if depth < 0:
                wrong("more brackets closed than opened", at)
        at = token.end()
        if kind == "directive" and text.rfind("\n", 0, token.start()) == token.start() - 1:
            at = _check_directive(text, at, wrong)
    if depth:
        wrong("brackets left open", len(text))


def _check_directive(text, at, wrong):
    """at: behind the # that begins a line; where to go on."""
    name = re.compile(r"[a-z]*").match(text, at)
    if name[0] not in _DIRECTIVES:
        wrong("a directive: #%s" % name[0][:40], at)
    if name[0] == "include" and not _INCLUDED.match(text, name.end()):
        wrong("an #include", at)
    return name.end()


def _is_told(literal):
    """A literal that a template says."""
    return bool(
        re.match(
            r'"(?:-Wdeprecated-declarations|made by a cdpgen of another version: run it again'
            r"|generated for another <cdp/forward.h> \(revision [\w.-]{1,64}\): run cdpgen again)"
            r'"\Z',
            literal,
        )
    )


def _is_known(word, words):
    if word.startswith(("cdp_", "CDP_")) or word in words:
        return True
    numbered = re.match(r"(.*)_\d+\Z", word)  # a name of the pool that another had already
    return bool(numbered) and numbered[1] in words


# ---- pages -----------------------------------------------------------------

_TAGS = frozenset(
    """
    a b body br caption code dd details div dl dt footer h1 h2 h3 h4 head header html input kbd li
    link main meta nav p pre script section span summary table td th title tr ul
    """.split()
)
_ATTRIBUTES = frozenset(
    """
    aria-controls aria-current aria-expanded aria-label autocomplete charset class content defer
    hidden href id lang name placeholder rel role spellcheck src type
    """.split()
)
_VOID = frozenset("br input link meta".split())
_HREF = re.compile(r"(?:style\.css|[a-z0-9_]+(?:\.h|\.domain)?\.html)?(?:#[\w.%-]+)?\Z", re.A)


def check_pages(files):
    """files: what reference.render() made."""
    for path, text in files.items():
        if not _PAGE.match(path):
            raise Wrong("a page outside of the known ones: %r" % path)
        if path.endswith(".html"):
            page = _Page(path)
            page.feed(text)
            page.close()
            if page.open:
                raise Wrong("%s: <%s> is left open" % (path, page.open[-1]))
    if not re.match(r'/\*[^*]*\*/\nvar names = \{["\w\s{}:,.\->]*\};\n\Z', files["names.js"], re.A):
        raise Wrong("names.js has more than names")


class _Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self._path = path
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in _TAGS:
            raise Wrong("%s: <%s>" % (self._path, tag))
        for name, value in attrs:
            if name not in _ATTRIBUTES:
                raise Wrong("%s: <%s %s>" % (self._path, tag, name))
            if name == "href" and not _HREF.match(value):
                raise Wrong("%s: href %r" % (self._path, value))
            if name == "src" and value not in ("names.js", "search.js"):
                raise Wrong("%s: src %r" % (self._path, value))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise Wrong("%s: </%s> closes something else" % (self._path, tag))

    def handle_comment(self, data):
        if data != " Generated by cdpgen. ":
            raise Wrong("%s: a comment" % self._path)
