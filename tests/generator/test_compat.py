"""What an update changes: each kind of change by hand, and as compilers see it.

Each case is a domain before and after.  All of them are one protocol, compiled once.
"""

import json
import re
import shutil
import subprocess

import pytest

import compat
import model
import render
import schema
import surface
import uses
from conftest import ROOT, compile_c
from errors import At

SOURCE, ABI, WIRE, NEW = compat.EFFECTS
STR, INT, NUM = {"type": "string"}, {"type": "integer"}, {"type": "number"}
WORDS = {"type": "string", "enum": ["a", "b"]}


def ref(name):
    return {"$ref": name}


def many(item):
    return {"type": "array", "items": item}


def optional(value):
    return dict(value, optional=True)


def required(value):
    return {k: v for k, v in value.items() if k != "optional"}


def fields(members):
    return [dict(value, name=name) for name, value in members.items()]


def struct(name, **members):
    return {"id": name, "type": "object", "properties": fields(members)}


def named(name, value):
    return dict(value, id=name)


def types(*values):
    return {"types": list(values)}


def member(value, *others):
    """A type T with m, and what else there is."""
    return types(struct("T", z=STR, m=optional(value)), *others)


def must(value, *others):
    return types(struct("T", z=STR, m=required(value)), *others)


def command(name="c", params=None, returns=None, **more):
    c = dict(more, name=name)
    c.update({"parameters": fields(params)} if params else {})
    c.update({"returns": fields(returns)} if returns else {})
    return c


def commands(*values):
    return {"commands": list(values)}


def event(name="e", **members):
    return {"name": name, "parameters": fields(members)} if members else {"name": name}


def events(*values):
    return {"events": list(values)}


def words(*values):
    return types({"id": "E", "type": "string", "enum": list(values)})


A, B = struct("A", x=STR), struct("B", x=STR)
QUAD = {"id": "Q", **many(NUM)}

# (what happens, before, after, what is said: (effect, name, what))
CASES = [
    ("nothing", member(INT), member(INT), []),
    # values
    ("int to number", member(INT), member(NUM), [(SOURCE, ".T.m", "was cdp_opt_int, is cdp_opt_num"), (ABI, ".T", "retyped")]),
    ("number to int", must(NUM), must(INT), [(SOURCE, ".T.m", "was double, is int32_t"), (ABI, ".T", "retyped")]),
    ("text to number", must(STR), must(NUM), [(SOURCE, ".T.m", "was cdp_str, is double"), (ABI, ".T", "retyped")]),
    ("text to bytes", must(STR), must({"type": "binary"}), [(SOURCE, ".T.m", "was cdp_str, is cdp_bytes"), (ABI, ".T", "retyped")]),
    ("any to object", must({"type": "any"}), must({"type": "object"}), [(WIRE, ".T.m", "was any value, is an object, which C does not tell apart")]),
    ("text to struct", must(STR, A), must(ref("A"), A), [(SOURCE, ".T.m", "was cdp_str, is const cdp_%_a *"), (ABI, ".T", "retyped")]),
    ("another struct", must(ref("A"), A, B), must(ref("B"), A, B), [(SOURCE, ".T.m", "was const cdp_%_a *, is const cdp_%_b *")]),
    ("text to words", must(STR), must(WORDS), [(SOURCE, ".T.m", "was cdp_str, is cdp_%_t_m"), (ABI, ".T", "retyped"), (NEW, ".T.m", "new")]),
    ("words to text", must(WORDS), must(STR), [(SOURCE, ".T.m", "was cdp_%_t_m, is cdp_str"), (SOURCE, ".T.m", "gone"), (ABI, ".T", "retyped")]),
    ("int to words", must(INT), must(WORDS), [(SOURCE, ".T.m", "was int32_t, is cdp_%_t_m"), (ABI, ".T", "retyped"), (NEW, ".T.m", "new")]),
    # lists
    ("struct to list", must(ref("A"), A), must(many(ref("A")), A), [(SOURCE, ".T.m", "was const cdp_%_a *, is CDP_LIST(cdp_%_a)"), (ABI, ".T", "retyped")]),
    ("other items", must(many(INT)), must(many(NUM)), [(SOURCE, ".T.m", "was CDP_LIST(int32_t), is CDP_LIST(double)")]),
    ("other items of items", must(many(many(INT))), must(many(many(STR))), [(SOURCE, ".T.m", "was CDP_LIST(CDP_LIST(int32_t)), is CDP_LIST(CDP_LIST(cdp_str))")]),
    ("list gets a name", must(many(NUM), QUAD), must(ref("Q"), QUAD), [(WIRE, ".T.m", "was a list of a number, is cdp_%_q, which C does not tell apart")]),
    ("list loses its name", must(ref("Q"), QUAD), must(many(NUM), QUAD), [(SOURCE, ".T.m", "was cdp_%_q, is CDP_LIST(double)")]),
    ("named list of other items", must(ref("Q"), QUAD), must(ref("Q"), {"id": "Q", **many(INT)}), [(SOURCE, ".Q", "was CDP_LIST(double), is CDP_LIST(int32_t)")]),
    # typedefs
    ("text gets a name", must(STR, named("S", STR)), must(ref("S"), named("S", STR)), [(WIRE, ".T.m", "was text, is cdp_%_s, which C does not tell apart")]),
    ("a typedef is gone", must(ref("S"), named("S", STR)), must(STR), [(SOURCE, ".S", "gone"), (WIRE, ".T.m", "was cdp_%_s, is text, which C does not tell apart")]),
    ("a typedef of something else", must(ref("S"), named("S", STR)), must(ref("S"), named("S", NUM)), [(SOURCE, ".S", "was cdp_str, is double"), (ABI, ".T", "retyped")]),
    ("a typedef becomes words", must(ref("S"), named("S", STR)), must(ref("S"), named("S", WORDS)), [(SOURCE, ".S", "is an enum now"), (SOURCE, ".T.m", "was cdp_str, is cdp_%_s"), (ABI, ".T", "retyped"), (NEW, ".S", "new")]),
    ("words become a typedef", must(ref("S"), named("S", WORDS)), must(ref("S"), named("S", STR)), [(SOURCE, ".S", "is a typedef now"), (SOURCE, ".T.m", "was cdp_%_s, is cdp_str"), (ABI, ".T", "retyped")]),
    ("a struct of a list becomes a typedef", must(many(ref("A")), A), must(many(ref("A")), named("A", {"type": "object"})), [(SOURCE, ".A", "is a typedef now"), (SOURCE, ".T.m", "was CDP_LIST(cdp_%_a), is CDP_LIST(cdp_value)")]),
    ("a struct becomes a typedef", types(A), types(named("A", {"type": "object"})), [(SOURCE, ".A", "is a typedef now")]),
    # optional and required
    ("scalar required now", member(INT), must(INT), [(SOURCE, ".T.m", "was cdp_opt_int, is int32_t; required now"), (ABI, ".T", "retyped")]),
    ("scalar optional now", must(NUM), member(NUM), [(SOURCE, ".T.m", "was double, is cdp_opt_num; may be absent now"), (ABI, ".T", "retyped")]),
    ("text required now", member(STR), must(STR), [(WIRE, ".T.m", "required now")]),
    ("struct optional now", must(ref("A"), A), member(ref("A"), A), [(WIRE, ".T.m", "may be absent now")]),
    ("list required now", member(many(INT)), must(many(INT)), [(WIRE, ".T.m", "required now")]),
    ("words required now", member(WORDS), must(WORDS), [(WIRE, ".T.m", "required now")]),
    # members
    ("a member is gone", member(INT), types(struct("T", z=STR)), [(SOURCE, ".T.m", "gone"), (ABI, ".T", "-1")]),
    ("a member of words is gone", must(WORDS), types(struct("T", z=STR)), [(SOURCE, ".T.m", "gone"), (ABI, ".T", "-1")]),
    ("a new member", types(struct("T", z=STR)), member(INT), [(NEW, ".T.m", "new, cdp_opt_int"), (ABI, ".T", "+1")]),
    ("a member renamed", member(INT), types(struct("T", z=STR, n=optional(INT))), [(SOURCE, ".T.m", "gone"), (NEW, ".T.n", "new, cdp_opt_int"), (ABI, ".T", "+1 -1")]),
    ("members swapped", types(struct("T", a=STR, b=STR)), types(struct("T", b=STR, a=STR)), [(ABI, ".T", "reordered")]),
    ("a member respelled", types(struct("T", someURL=STR)), types(struct("T", someUrl=STR)), [(WIRE, ".T.someURL", "spelled someUrl now")]),
    ("deprecated and of another type", member(INT), member(dict(NUM, deprecated=True)), [(SOURCE, ".T.m", "was cdp_opt_int, is cdp_opt_num; deprecated now"), (ABI, ".T", "retyped")]),
    # words
    ("a word gone", words("a", "b", "c"), words("a", "b"), [(SOURCE, ".E=c", "gone")]),
    ("a word gone before others", words("a", "b", "c"), words("b", "c"), [(SOURCE, ".E=a", "gone"), (ABI, ".E", "-1")]),
    ("a new word", words("a", "b"), words("a", "b", "c"), [(NEW, ".E=c", "new")]),
    ("a new word before others", words("a", "b"), words("c", "a", "b"), [(NEW, ".E=c", "new"), (ABI, ".E", "+1")]),
    ("words swapped", words("a", "b"), words("b", "a"), [(ABI, ".E", "reordered")]),
    ("a word respelled", words("oneTwo"), words("one-two"), [(WIRE, ".E=oneTwo", "spelled one-two now")]),
    ("words get a type", must(WORDS), must(ref("TM"), named("TM", WORDS)), [(SOURCE, ".T.m", "was cdp_%_t_m, is cdp_%_tm"), (SOURCE, ".T.m", "gone"), (NEW, ".TM", "new")]),
    ("words get a type of the same C name", must(WORDS), must(ref("tM"), named("tM", WORDS)), []),
    ("a word changes hands", types(named("E", {"type": "string", "enum": ["x", "f-a"]}), named("EF", {"type": "string", "enum": ["b"]})),
     types(named("E", {"type": "string", "enum": ["x"]}), named("e-f", {"type": "string", "enum": ["b", "a"]})),
     [(SOURCE, ".E=f-a", "a word of @.e-f now; spelled a now"), (SOURCE, ".EF", "gone"), (NEW, ".e-f", "new")]),
    # commands
    ("parameters now", commands(command()), commands(command(params={"x": optional(INT)})), [(SOURCE, ".c", "has parameters now"), (NEW, ".c", "new parameters")]),
    ("no parameters any more", commands(command(params={"x": INT})), commands(command()), [(SOURCE, ".c", "has no parameters any more")]),
    ("a result now", commands(command()), commands(command(returns={"x": INT})), [(SOURCE, ".c", "has a result now"), (NEW, ".c", "has a result now"), (NEW, ".c", "new a result")]),
    ("no result any more", commands(command(returns={"x": INT})), commands(command()), [(SOURCE, ".c", "has no result any more")]),
    ("a new parameter", commands(command(params={"x": INT})), commands(command(params={"x": INT, "y": optional(WORDS)})), [(NEW, ".c.y", "new, cdp_%_c_y"), (ABI, ".c", "+1")]),
    ("a new parameter that must be set", commands(command(params={"x": INT})), commands(command(params={"x": INT, "y": STR})), [(WIRE, ".c.y", "new, cdp_str, required"), (ABI, ".c", "+1")]),
    ("a new member to be sent", {**types(A), **commands(command(params={"x": many(ref("A"))}))}, {**types(struct("A", x=STR, y=INT)), **commands(command(params={"x": many(ref("A"))}))}, [(WIRE, ".A.y", "new, int32_t, required"), (ABI, ".A", "+1")]),
    ("a new member of a result", commands(command(returns={"x": INT})), commands(command(returns={"x": INT, "y": STR})), [(NEW, ".c->y", "new, cdp_str, required"), (ABI, ".c", "+1")]),
    ("a result of another type", commands(command(returns={"x": INT})), commands(command(returns={"x": STR})), [(SOURCE, ".c->x", "was int32_t, is cdp_str"), (ABI, ".c", "retyped")]),
    ("a command gone", commands(command("b"), command("c", {"x": INT}, {"x": INT})), commands(command("b")), [(SOURCE, ".c", "gone")]),
    ("a new command", commands(command("b")), commands(command("b"), command("c", {"x": INT}, {"x": INT})), [(NEW, ".c", "new")]),
    ("a new command before others", commands(command("b")), commands(command("a"), command("b")), [(NEW, ".a", "new"), (ABI, "", "1 of 1 commands (+a)")]),
    ("a new type before others", types(B), types(A, B), [(NEW, ".A", "new"), (ABI, "", "1 of 1 structs (+A)")]),
    ("a command respelled", commands(command("getURL")), commands(command("getUrl")), [(WIRE, ".getURL", "spelled getUrl now")]),
    ("served elsewhere", commands(command()), commands(command(redirect="Other")), [(WIRE, ".c", "served by Other now")]),
    ("served there again", commands(command(redirect="Other")), commands(command()), [(WIRE, ".c", "served by its own domain now")]),
    ("no commands any more", {**commands(command()), **events(event())}, events(event()), [(SOURCE, "", "has no commands any more"), (SOURCE, ".c", "gone")]),
    ("commands now", events(event()), {**commands(command()), **events(event())}, [(NEW, "", "has commands now"), (NEW, ".c", "new")]),
    # events
    ("an event has members now", events(event()), events(event(x=INT)), [(SOURCE, ".e", "has members now"), (NEW, ".e", "new members")]),
    ("an event has no members any more", events(event(x=INT)), events(event()), [(SOURCE, ".e", "has no members any more")]),
    ("an event gone", events(event("d"), event("e", x=WORDS)), events(event("d")), [(SOURCE, ".e", "gone")]),
    ("an event gone before others", events(event("d"), event("e")), events(event("e")), [(SOURCE, ".d", "gone"), (ABI, "", "1 of 2 events (-d)")]),
    # domains and marks
    ("a domain gone", {**types(A, named("S", STR)), **commands(command())}, None, [(SOURCE, "", "gone")]),
    ("a new domain", None, types(A), [(NEW, "", "new")]),
    ("experimental no more", dict(types(A), experimental=True), types(A), [(WIRE, "", "not experimental any more")]),
    ("deprecated now", commands(command()), commands(command(deprecated=True)), [(WIRE, ".c", "deprecated now")]),
    ("a member deprecated", member(INT), member(dict(INT, deprecated=True)), [(WIRE, ".T.m", "deprecated now")]),
    ("a type experimental", types(A), types(dict(A, experimental=True)), [(WIRE, ".A", "experimental now")]),
]  # fmt: skip



def name_of(case):
    """The domain of a case, by number: Caseab is the one of index 1."""
    return "Case" + "".join("abcdefghij"[int(digit)] for digit in "%02d" % case)


def build(domains):
    """The model of domains, {name: value}."""
    values = [dict(value, domain=name) for name, value in domains.items() if value is not None]
    text = json.dumps({"domains": values})
    return model.build([(schema.parse(text.encode(), At("p.json")), At("p.json"))], "1")


def compiled(old, new):
    """{compiler: what of old does not compile with the headers of new}"""
    files = render.render(new)
    headers = {path: text for path, text in files.items() if path.startswith("include/")}
    return {name: set(found) for name, found in uses.broken(surface.units(old), headers).items()}


@pytest.fixture(scope="module")
def both():
    return [build({name_of(i): case[side] for i, case in enumerate(CASES)}) for side in (1, 2)]


@pytest.fixture(scope="module")
def found(both):
    return compat.compare(*both)


@pytest.mark.parametrize("case", range(len(CASES)), ids=[c[0] for c in CASES])
def test_what_is_said(found, case):
    domain = name_of(case)
    said = [(c.effect, c.name, c.what) for c in found if c.domain == domain]
    expected = []
    for effect, name, what in CASES[case][3]:
        what = what.replace("%", domain.lower()).replace("@", domain)
        expected.append((effect, domain + name, what))
    assert sorted(said) == sorted(expected)


def test_what_breaks_is_what_does_not_compile(both, found):
    said = [symbol for c in found if c.effect == SOURCE for symbol in c.symbols]
    assert len(said) == len(set(said))
    seen = compiled(*both)
    assert seen.keys() == set(filter(shutil.which, ("gcc", "clang")))
    for names in seen.values():
        assert names == set(said)


def test_what_is_new_is_what_there_was_not(both, found):
    said = [symbol for c in found if c.what.startswith("new") for symbol in c.symbols]
    said += [symbol for c in found if c.effect == NEW and "has " in c.what for symbol in c.symbols]
    before, after = ({n.symbol for u in surface.units(m) for n in u.all_names()} for m in both)
    assert sorted(said) == sorted(after - before)


def facts(protocol, names, folder):
    """{C name: what compiled programs have of it}: values, sizes and offsets; stubs' indexes."""
    indexes = {}
    for path, text in render.render(protocol).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
        for stub in text.split("CDP_STUB ")[1:]:
            index = re.search(r"&cdp__domain_\w+, (\d+)", stub)
            if index:
                indexes[re.search(r"(\w+)\(", stub).group(1)] = index.group(1)
    lines = ["#include <cdp/all.h>", "#include <stdio.h>", "int main(void) {"]
    for name in names:
        value = {"tag": "sizeof(%s)", "enumerator": "(size_t)%s"}.get(name.form, "offsetof(%s)")
        value %= name.symbol.replace(".", ", ")
        lines.append('printf("%s %%zu\\n", %s);' % (name.symbol, value))
    (folder / "facts.c").write_text("\n".join(lines + ["return 0; }", ""]))
    include = "-I%s" % (folder / "include")
    options = ["-std=c11", "-DCDP_NO_DEPRECATED", include, "-o", folder / "facts"]
    compile_c("gcc", options, folder / "facts.c")
    done = subprocess.run([folder / "facts"], capture_output=True, text=True, check=True)
    return indexes, dict(line.split() for line in done.stdout.splitlines())


def test_what_has_moved_is_said(both, found, tmp_path):
    broken = {symbol for c in found if c.effect == SOURCE for symbol in c.symbols}
    before, after = ([u for d in surface.units(m) for u in d.all_units()] for m in both)
    still = {n.symbol for u in after for n in u.names} - broken
    names = [n for u in before for n in u.names if n.symbol in still]
    fixed = [n for n in names if n.form in ("tag", "enumerator", "member")]
    fixed = [n for n in fixed if "_domain_impl" not in n.symbol]  # seen by programs alone
    was, now = (facts(m, fixed, tmp_path / folder) for m, folder in zip(both, ("was", "now")))
    said = {"values": set(), "layout": set(), "indexes": set()}
    for c in found:
        said.get(c.kind, set()).update(c.symbols)

    moved = {s for s in was[1] if was[1][s] != now[1][s]}
    assert {s for s in moved if s.isupper()} == {s for s in said["values"] if s.isupper()}
    assert {s.split(".")[0] for s in moved if not s.isupper()} <= said["layout"]

    units = {n.symbol: u.symbol for u in before for n in u.names}
    moved = {s for s in was[0] if was[0][s] != now[0].get(s, was[0][s])}
    assert {units[s] for s in moved - broken} == said["indexes"]


def test_every_name_is_used():
    """The program uses all that the headers of today declare, and compiles with them."""
    folder = ROOT / "protocol_json"
    paths = sorted(folder.glob("*.json"))
    protocol = model.build([(schema.read(p, p.name), At(p.name)) for p in paths], "1")
    assert compiled(protocol, protocol) == {c: set() for c in ("gcc", "clang") if shutil.which(c)}
    known = {n.symbol for u in surface.units(protocol) for n in u.all_names()}
    known |= {s.split(".")[0] for s in known}
    own = set(re.findall(r"\b(?:cdp|CDP)_\w+", (ROOT / "runtime/include/cdp/cdp.h").read_text()))
    for path, text in render.render(protocol).items():
        if path.startswith("include/"):
            text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
            declared = set(re.findall(r"\bcdp_[a-z]\w*|\bCDP_\w+", text)) - own
            guard = "CDP_%s_H" % path.rsplit("/", 1)[1][:-2].upper()
            assert declared - known - {"CDP_PROTOCOL_ID"} == {guard}
