"""Only some domains: what is left of a protocol, and the libraries that make builds of it."""

import fnmatch
import glob
import json
import os
import random
import re
import subprocess

import pytest

from conftest import HERE, ROOT, compile_c
from test_protocol import domains as all_domains

import model
import render
import schema
import selection
from errors import At, ProtocolError

# ---- made-up protocols -------------------------------------------------------


def struct(name, /, **fields):
    """fields: a reference, or a whole field"""
    values = [
        {"name": n, "optional": True, **(f if isinstance(f, dict) else {"$ref": f})}
        for n, f in fields.items()
    ]
    return {"id": name, "type": "object", "properties": values}


def command(name, /, **fields):
    return {"name": name, "parameters": struct("", **fields)["properties"]}


def items(reference):
    return {"type": "array", "items": {"$ref": reference}}


WORDS = {"type": "string", "enum": ["a", "b"]}
MADE_UP = [
    {
        "domain": "A",
        "types": [struct("Own", far="B.Ring"), {"id": "Name", "type": "string"}],
        "commands": [command("go", list="C.List", inline={"type": "array", "items": WORDS})],
        "events": [{"name": "gone", "parameters": struct("", mood="C.Mood")["properties"]}],
    },
    {
        "domain": "B",
        "types": [
            struct("First", first="First"),
            struct("Ring", ring="Ring", other="Other", name="A.Name"),
            struct("Other", back="C.Back"),
            {"id": "Left", "type": "integer"},
        ],
        "commands": [command("stop", ring="Ring")],
        "events": [{"name": "stopped"}],
    },
    {
        "domain": "C",
        "types": [
            {"id": "List", **items("Item")},
            struct("Unused", mood="Mood"),
            struct("Item", kind=WORDS, kinds=items("Kind"), nested=items("List")),
            {"id": "Kind", **WORDS},
            {"id": "Alone", **WORDS},
            struct("Back", ring="B.Ring", when="D.Time"),
            {"id": "Mood", **WORDS},
        ],
    },
    {"domain": "D", "types": [{"id": "Time", "$ref": "Clock"}, {"id": "Clock", "type": "number"}]},
    {"domain": "E", "types": [struct("Nothing", n="A.Own")], "commands": [{"name": "x"}]},
]


def left(*wanted, domains=None):
    """{domain: names of what it still has}, without those that have nothing left."""
    at = At("p.json")
    text = json.dumps({"domains": domains or MADE_UP})
    protocol = model.build([(schema.parse(text.encode(), at), at)], "1")
    selection.select(protocol, wanted, "--domains")
    have = {}
    for d in protocol.domains:
        assert [s.index for s in d.structs] == list(range(len(d.structs)))
        have[d.name] = [m.short for m in d.commands + d.events]
        have[d.name] += [s.short for s in d.structs if s.role == "type"]
        have[d.name] += [e.short for e in d.enums]
    have["typedefs"] = [a.name for a in protocol.aliases]
    assert render.render(protocol)
    return have


def test_a_domain_is_whole_and_of_others_what_it_refers_to_is_there():
    assert left("A") == {
        "A": ["go", "gone", "Own", "go.inline"],
        "B": ["Ring", "Other"],
        "C": ["Item", "Back", "Kind", "Mood", "Item.kind"],
        "typedefs": ["A.Name", "C.List", "D.Clock", "D.Time"],
    }


def test_domains_in_a_ring():
    assert left("B") == {
        "B": ["stop", "stopped", "First", "Ring", "Other"],
        "C": ["Back"],
        "typedefs": ["A.Name", "B.Left", "D.Clock", "D.Time"],
    }


def test_a_domain_of_typedefs():
    assert left("D") == {"D": [], "typedefs": ["D.Clock", "D.Time"]}


def test_an_enum_alone():
    domains = [MADE_UP[2], {"domain": "F", "commands": [command("x", kind="C.Kind")]}]
    assert left("F", domains=[*domains, MADE_UP[1], MADE_UP[0], MADE_UP[3]]) == {
        "C": ["Kind"],
        "F": ["x"],
        "typedefs": [],
    }


def test_single_commands_and_events():
    assert left("A.gone", "B.stopped") == {
        "A": ["gone"],
        "B": ["stopped"],
        "C": ["Mood"],
        "typedefs": [],
    }
    assert left("A.go")["A"] == ["go", "go.inline"]
    assert left("A.go", "A") == left("A")


def test_everything():
    everything = left("A", "B", "C", "D", "E")
    assert len(everything) == 6 and everything["C"][-2:] == ["Mood", "Item.kind"]


@pytest.mark.parametrize(
    "wanted, message",
    [
        ("F", "--domains: no domain 'F'"),
        ("", "--domains: no domain ''"),
        ("A.Own", "--domains: no command or event 'A.Own'"),
        ("A.goes", "--domains: no command or event 'A.goes', but there is A.gone"),
    ],
)
def test_what_there_is_not(wanted, message):
    with pytest.raises(ProtocolError) as e:
        left("A", wanted)
    assert str(e.value) == message


def test_more_sources(cdpgen, tmp_path):
    """--domains is about the first; errors name the file, with its folder if need be."""
    (tmp_path / "mine").mkdir()
    mine = tmp_path / "mine" / "p.json"
    tea = {"domain": "Tea", "types": [struct("Pot", item="C.Item")]}
    mine.write_text(json.dumps({"domains": [tea]}))
    for more in (mine, mine.parent):
        done = cdpgen({"domains": MADE_UP}, "--in", more, "--domains", "D")
        assert (done.returncode, done.stderr) == (0, "")
        listed = (cdpgen.out / "domains.txt").read_text().splitlines()[1:]
        assert listed == ["C c.h part 0 0 3", "D d.h all 0 0 2", "Tea tea.h all 0 0 1"]
    for wrong, message in (
        (struct("Pot", item="C.Gone"), "$.domains[0].types[0].properties[0].$ref: no type C.Gone"),
        (struct("Pot", item=7), "$.domains[0].types[0].properties[0].$ref: not a string"),
    ):
        mine.write_text(json.dumps({"domains": [{"domain": "Tea", "types": [wrong]}]}))
        done = cdpgen({"domains": MADE_UP}, "--in", mine)
        assert (done.returncode, done.stderr) == (1, "%s: %s\n" % (mine, message))
    mine.write_text(json.dumps({"domains": [{"domain": "A"}]}))
    done = cdpgen({"domains": MADE_UP}, "--in", mine)
    assert done.returncode == 1
    assert done.stderr.startswith("%s: $.domains[0].domain: " % mine)


# ---- the real one --------------------------------------------------------------


def real():
    files = sorted((ROOT / "protocol_json").glob("*.json"))
    return model.build([(schema.read(f, f.name), At(f.name)) for f in files], "1")


def dump(protocol, folder):
    """[domain as tests/generator/dump.c has it]; compiles everything that was generated."""
    for path, text in render.render(protocol).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    program, include = folder / "dump", "-I%s" % (folder / "include")
    sources = sorted((folder / "src").glob("*.c"))
    compile_c("gcc", ["-std=c11", "-O0", "-o", program, include], HERE / "dump.c", *sources)
    done = subprocess.run([program], capture_output=True, text=True, check=True)
    return {d["domain"]: d for d in map(json.loads, done.stdout.splitlines())}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return dump(real(), tmp_path_factory.mktemp("whole"))


class Closure:
    """What a set of domains leads to, straight from the JSON."""

    def __init__(self, wanted):
        self.types = {(d["domain"], t["id"]): t for d in all_domains() for t in d.get("types", [])}
        self.reached = set()
        for d in all_domains():
            if d["domain"] in wanted:
                self.reached |= {(d["domain"], t["id"]) for t in d.get("types", [])}
                self.walk(d["domain"], d)

    def walk(self, domain, value):
        if isinstance(value, list):
            for v in value:
                self.walk(domain, v)
        elif isinstance(value, dict):
            if "$ref" in value:
                name = value["$ref"] if "." in value["$ref"] else domain + "." + value["$ref"]
                found = tuple(name.split("."))
                if found not in self.reached:
                    self.reached.add(found)
                    self.walk(found[0], self.types[found])
            self.walk(domain, list(value.values()))

    def names(self, domain, of):
        """The domain's types that are reached and are such."""
        known = [t for (d, _), t in self.types.items() if d == domain]
        return [t["id"] for t in known if (domain, t["id"]) in self.reached and of(t)]


def one_after_another(part, everything):
    """Is part what is left of everything?"""
    rest = iter(everything)
    return all(any(p == item for item in rest) for p in part)


def check(wanted, whole, folder):
    protocol = real()
    selection.select(protocol, wanted, "--domains")
    have, closure = dump(protocol, folder), Closure(wanted)
    assert have.keys() >= set(wanted)
    for name, domain in have.items():
        if name in wanted:
            assert domain == whole[name]
            continue
        assert domain["commands"] == domain["events"] == []
        assert one_after_another(domain["types"], whole[name]["types"])
        assert one_after_another(domain["enums"], whole[name]["enums"])
        structs = closure.names(name, lambda t: t.get("properties"))
        assert [t["type"] for t in domain["types"]] == structs
        enums = [e["name"] for e in domain["enums"] if "." not in e["name"]]
        assert enums == closure.names(name, lambda t: "enum" in t)
    simple = {name for name, t in closure.types.items() if not ("enum" in t or t.get("properties"))}
    assert {tuple(a.name.split(".")) for a in protocol.aliases} == simple & closure.reached
    missing = {d for d, _ in closure.reached - simple} - have.keys()
    assert not missing


NAMES = sorted(d["domain"] for d in all_domains())


@pytest.mark.parametrize("name", NAMES)
def test_each_domain_alone(name, whole, tmp_path):
    check([name], whole, tmp_path)


@pytest.mark.parametrize("seed", range(4))
def test_some_domains(seed, whole, tmp_path):
    check(random.Random(seed).sample(NAMES, 2 + 4 * seed), whole, tmp_path)


def test_some_messages(whole, tmp_path):
    wanted = {"Page.navigate", "Page.printToPDF", "Runtime.consoleAPICalled"}
    protocol = real()
    selection.select(protocol, wanted, "--domains")
    have = dump(protocol, tmp_path)
    assert have.keys() == {"Page", "Runtime"}
    for name, domain in have.items():
        for key in ("commands", "events"):
            assert domain[key] == [m for m in whole[name][key] if m["name"] in wanted]
        assert one_after_another(domain["types"], whole[name]["types"])
        assert len(domain["types"]) < len(whole[name]["types"]) / 2


# ---- make ------------------------------------------------------------------------


class Build:
    """make in a folder of its own, which shares with the tree's what set-up downloaded."""

    def __init__(self, folder):
        self.folder = folder / "b"
        self.selected = self.folder / "selected"
        self.folder.mkdir()
        deps = ROOT / os.environ.get("B", "build") / "deps"
        if deps.is_dir():
            (self.folder / "deps").symlink_to(deps)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}

    def __call__(self, *arguments, code=0):
        fixed = ["B=%s" % self.folder, "V8=no", "SETUP=no", "CFLAGS=-O0", "V=", "LDFLAGS="]
        done = subprocess.run(
            ["make", *fixed, *arguments], cwd=ROOT, env=self.env, capture_output=True, text=True
        )
        assert done.returncode == code, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout + done.stderr

    def library(self):
        return self.selected / "libcdpkit.so"

    def exports(self):
        nm = ["nm", "-D", "--defined-only", "-P", self.library()]
        shown = subprocess.run(nm, capture_output=True, text=True, check=True).stdout
        return [line.split()[0] for line in shown.splitlines()]

    def domains(self):
        """Those whose tables the library exports."""
        prefix = "cdp__domain_"
        return sorted(s[len(prefix) :] for s in self.exports() if s.startswith(prefix))

    def soname(self):
        shown = subprocess.run(
            ["readelf", "-d", self.library()], capture_output=True, text=True, check=True
        ).stdout
        return re.search(r"SONAME.*\[(.*)\]", shown).group(1)


def compiled(output):
    """The objects that were made."""
    return {os.path.basename(path) for path in re.findall(r"^ *CC +(\S+)\.o$", output, re.M)}


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    return Build(tmp_path_factory.mktemp("build"))


def test_make(make, tmp_path):
    libraries = [str(make.selected / "libcdpkit.a"), str(make.library())]
    mine = ["PROTOCOL=%s" % (HERE / "selected.json")]

    # Two domains, and one of our own that refers to a third.
    said = make("DOMAINS=Runtime Profiler", *mine, *libraries)
    assert {"runtime", "profiler", "greeting", "session", "ws"} <= compiled(said)
    assert not {"page", "har", "follow", "host"} & compiled(said)
    assert make.domains() == ["debugger", "dom", "greeting", "profiler", "runtime"]
    name = make.soname()
    assert re.fullmatch(r"libcdpkit\.so\.\d+\.\d+\.[0-9a-f]{8}", name)

    # Exported is what the list says, but for what is left out.
    listed = (ROOT / "tests" / "exports.txt").read_text()
    patterns = [line for line in listed.splitlines() if line and line[0] != "#"]
    found = {p: fnmatch.filter(make.exports(), p) for p in patterns}
    assert sum(map(len, found.values())) == len(make.exports())
    headers = [ROOT / "runtime" / "include" / "cdp" / h for h in ("report.h", "targets.h")]
    out = "".join(h.read_text() for h in headers)
    assert all(re.search(r"\b%s\(" % p, out) for p in patterns if not found[p])

    # A program of ours, with the static library and with the shared one.
    flags = ["-I%s" % (ROOT / "runtime" / "include"), "-I%s" % (make.selected / "bindings/include")]
    flags += ["-std=c11", "-L%s" % make.selected, "-Wl,-rpath,%s" % make.selected]
    program = tmp_path / "selected"
    for library in (libraries[0], "-lcdpkit"):
        options = [*flags, "-o", program, HERE / "selected.c", library]
        compile_c("gcc", options, *"-lcjson -luv -lssl -lcrypto -lm -pthread".split())
        done = subprocess.run([program], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (0, "hello, object: number 42\n")
    run = lambda: subprocess.run([program], capture_output=True, text=True, timeout=60).returncode

    # Others: only what is about domains is made anew, and the program does not run.
    said = make("DOMAINS=Runtime", *libraries)
    assert compiled(said) == {"protocol", "runtime"}
    assert make.domains() == ["runtime"]
    assert make.soname() != name and run() == 127

    # Back again, whatever the order, and nothing is left to do.
    make("DOMAINS=Profiler,Runtime", *mine, *libraries)
    assert make.soname() == name and run() == 0
    assert compiled(make("DOMAINS=Runtime Profiler", *mine, *libraries)) == set()

    # A file that has changed.
    changed = tmp_path / "selected.json"
    text = (HERE / "selected.json").read_text()
    changed.write_text(text)
    mine = ["PROTOCOL=%s" % changed]
    make("DOMAINS=Runtime Profiler", *mine, *libraries)
    assert make.soname() == name
    changed.write_text(text.replace("punctuation", "question"))
    said = make("DOMAINS=Runtime Profiler", *mine, *libraries)
    assert compiled(said) == set(make.domains())
    assert make.soname() != name and run() == 127

    # It says what is in it; what is installed is that too.
    said = make("DOMAINS=Runtime Profiler", *mine, "size")
    assert re.search(r"^libcdpkit\.a +[\d,]+ +[\d,]+ +[\d,]+ +[\d,]+$", said, re.M)
    assert "3 domains, types of 2 more: 33 commands, 11 events, " in said
    make("DOMAINS=Runtime Profiler", *mine, "install", "DESTDIR=%s" % (tmp_path / "root"))
    root = tmp_path / "root" / "usr" / "local"
    headers = sorted(path.stem for path in (root / "include" / "cdp").iterdir())
    assert headers == sorted(
        "all cdp debugger desc dom forward greeting profiler record remote runtime value".split()
    )
    pc = (root / "lib" / "pkgconfig" / "cdpkit.pc").read_text()
    assert "\ndomains=Greeting Profiler Runtime\n" in pc


def test_make_says_what_is_wrong(make, tmp_path):
    said = make("DOMAINS=Runtime Profilr", code=2)
    assert "\n--domains: no domain 'Profilr', but there is Profiler\n" in "\n" + said
    said = make("PROTOCOL=nowhere.json", code=2)
    assert "'nowhere.json'" in said
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"domains": [{"domain": "Runtime"}]}')
    said = make("PROTOCOL=%s" % wrong, code=2)
    assert "wrong.json: $.domains[0].domain: " in said
    said = make("DOMAINS=Runtime", "test", code=2)
    assert "make test takes neither DOMAINS nor PROTOCOL" in said


def test_what_is_left_out():
    """Nothing, of the whole protocol; parts with their headers, of some domains."""
    files = [glob.glob(str(ROOT / g)) for g in ("runtime/*/*.c", "runtime/include/cdp/*.h")]
    files = [os.path.relpath(path, ROOT) for paths in files for path in paths]

    def left_out(*options):
        command = ["tools/left_out.py", *options, *files]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout

    assert left_out("generated/domains.txt").split() == []
    assert left_out("--why", "generated/domains.txt") == ""
    some = HERE / "selected.txt"
    out = left_out(some).split()
    assert {"runtime/include/cdp/report.h", "runtime/report/har.c"} <= set(out)
    assert not {"runtime/include/cdp/targets.h", "runtime/targets/follow.c"} & set(out)
    why = left_out("--why", some)
    assert "left out: runtime/report, which needs HeapProfiler, Network, Page, Profiler\n" in why
