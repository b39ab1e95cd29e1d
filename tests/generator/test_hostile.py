"""Input that means harm: refused in one line that says where, and nothing touched but the output.

Every test runs in a folder that is looked at before and after: what is in it besides the output
folder stays as it was, and no temporary file is left anywhere.
"""

import json
import os
import re
import shutil
import subprocess

import pytest

import cdpgen as generator
import import_protocol as importer
from conftest import C_WARNINGS, ROOT, compile_c
from place import state

GOOD = {"domains": [{"domain": "Tea", "commands": [{"name": "pour"}]}]}
BYTES = json.dumps(GOOD).encode()


# ---- names and values ------------------------------------------------------


def tea(**more):
    return {"domains": [{"domain": "Tea", **more}]}


def pot(*fields):
    return tea(types=[{"id": "Pot", "type": "object", "properties": list(fields)}])


def lid(*words):
    return tea(types=[{"id": "Lid", "type": "string", "enum": list(words)}])


def called(name):
    return tea(commands=[{"name": name}])


NO_NAMES = {
    "path": "../../etc/x",
    "C": 'a;system("x")//',
    "comment": "*/",
    "trigraph": "a??/",
    "newline": "a\nb",
    "NUL": "a\0b",
    "Latin": "caf\u00e9",
    "Cyrillic": "\u0430",
    "surrogate": "\ud800",
    "override": "\u202ea",
    "escape": "a\x1b[2J",
    "backslash": "a\\",
    "macro": "a##b",
    "template": "{{ 7 * 7 }}",
    "emoji": "\U0001f600" * 128,
    "10 kB": "x" * 10000,
}
T = "$.domains[0].types[0]"
VALUES = {
    "enum of 10^6": (lid(*("w%d" % i for i in range(10**6))), T + ".enum: enum of 1000000 words"),
    "words equal in C": (
        lid("0", "-0", "negative-0"),
        T + ".enum[2]: C name of Tea.Lid's 'negative-0'",
    ),
    "Foo and foo": (
        pot({"name": "Foo", "type": "any"}, {"name": "foo", "type": "any"}),
        T + ".properties[1].name: member of",
    ),
    "made of itself": (
        tea(types=[{"id": "A", "$ref": "B"}, {"id": "B", "$ref": "A"}]),
        T + ": Tea.A is made of itself",
    ),
    "requires itself": (pot({"name": "p", "$ref": "Pot"}), T + ": Tea.Pot requires a Tea.Pot"),
    "no such type": (pot({"name": "p", "$ref": "Cup"}), T + ".properties[0].$ref: no type Tea.Cup"),
    "a path for a type": (
        pot({"name": "p", "$ref": "../Cup"}),
        T + ".properties[0].$ref: '../Cup' is no reference",
    ),
    "unknown type": (
        pot({"name": "p", "type": "int; x"}),
        T + ".properties[0].type: unknown type 'int; x'",
    ),
    "redirect": (
        tea(commands=[{"name": "c", "redirect": "../x"}]),
        "$.domains[0].commands[0].redirect: '../x' is not a name",
    ),
    "command twice": (
        tea(commands=[{"name": "c"}, {"name": "c"}]),
        "$.domains[0].commands[1].name: message of Tea.c",
    ),
    "key twice": (
        '{"domains": [{"domain": "A", "domain": "B"}]}',
        "$.domains[0]: key 'domain' twice",
    ),
    "key of 10 kB": (tea(**{"k" * 10000: 1}), "$.domains[0]: unknown key 'kkkkk"),
    "key of a class": (tea(__class__=1), "$.domains[0]: unknown key '__class__'"),
    "number of 10 kB": ('{"domains": [], "version": {"major": %s}}' % ("9" * 10000), "$: not JSON"),
    "no number": ('{"domains": [], "version": {"major": 1e999}}', "$.version.major: not a string"),
    "version": ({"version": {"major": "1\n2"}, "domains": []}, "$.version.major: not a number"),
    "description": (tea(description=["*/"]), "$.domains[0].description: not a string"),
    "handlers": (
        tea(events=[{"name": "e", "handlers": [["x"]]}]),
        "$.domains[0].events[0].handlers: neither words",
    ),
    "availability": (
        tea(availability={"a": {}}),
        "$.domains[0].availability: neither words nor numbers",
    ),
    "dependencies": (
        tea(dependencies=["\u202e"]),
        "$.domains[0].dependencies: neither words nor numbers",
    ),
    "brackets": ("[" * 10**6, "$: nested too deep"),
    "objects": ('{"domains":' * 10**5, "$: nested too deep"),
    "UTF-16": (json.dumps(GOOD).encode("utf-16"), "$: not UTF-8 at byte 0"),
    "null": ("null", "$: not an object"),
    "cut short": (BYTES[:-2], "$: not JSON"),
    "two values": (BYTES + BYTES, "$: not JSON"),
    "10^4 domains": (
        {"domains": [{"domain": "D%d" % i} for i in range(10**4)]},
        "$.domains: 10000 domains, at most 1000",
    ),
    "65 members": (
        pot(*({"name": "p%d" % i, "type": "any"} for i in range(65))),
        T + ".properties: 65 fields, at most 64",
    ),
    "types without end": (
        tea(types=[{"id": "T%d" % i, "$ref": "T%d" % (i + 1)} for i in range(10**4)]),
        "$.domains[0].types[32]: more than 32 types one after the other",
    ),
    "names of 128, twice": (
        pot({"name": "Y-" + "x" * 126, "type": "any"}, {"name": "y_" + "x" * 126, "type": "any"}),
        T + ".properties[1].name: member of Tea.Pot.y_xxxx",
    ),
}


def _arrays(depth):
    shape = {"type": "any"}
    for _ in range(depth):
        shape = {"type": "array", "items": shape}
    return tea(types=[{"id": "A", **shape}])


@pytest.mark.parametrize("name", NO_NAMES.values(), ids=NO_NAMES)
def test_names(place, name):
    where = {
        "$.domains[0].domain": {"domains": [{"domain": name}]},
        "$.domains[0].commands[0].name": called(name),
        T + ".enum[0]": lid(name),
        T + ".properties[0].$ref": pot({"name": "p", "$ref": name}),
    }
    for path, protocol in where.items():
        place.put("p.json", protocol)
        place.refused(place.generate(), "p.json: %s: " % path)
        assert not place.out.exists()
        done = place.run(importer.main, place.input / "p.json")
        place.refused(done, "p.json: %s: " % path, "import_protocol: ")
        assert not place.out.exists()


@pytest.mark.parametrize("protocol, message", VALUES.values(), ids=VALUES)
def test_values(place, protocol, message):
    place.put("p.json", protocol)
    place.refused(place.generate(), "p.json: " + message)
    assert not place.out.exists()


def test_arrays_in_arrays(place):
    place.put("p.json", _arrays(8))
    assert place.generate() == (0, "")
    place.put("p.json", _arrays(9))
    place.refused(place.generate(), "p.json: %s%s: nested more than 8 deep" % (T, ".items" * 9))


def test_too_many_bytes(place, monkeypatch):
    monkeypatch.setattr("schema.MAX_BYTES", 1000)
    place.put("p.json", BYTES + b" " * (1000 - len(BYTES)))
    assert place.generate() == (0, "")
    place.put("p.json", BYTES + b" " * (1001 - len(BYTES)))
    place.refused(place.generate(), "p.json: $: more than 1000 bytes")


def test_too_many_names(place, monkeypatch):
    """Of all files together, and of all kinds."""
    place.put("p.json", pot({"name": "p", "type": "string", "enum": ["a", "b"]}))
    place.put(
        "q.json",
        {"domains": [{"domain": "Urn", "commands": [{"name": "c"}], "events": [{"name": "e"}]}]},
    )
    monkeypatch.setattr("model.MAX_NAMES", 6)
    assert place.generate() == (0, "")
    monkeypatch.setattr("model.MAX_NAMES", 5)
    place.refused(place.generate(), "q.json: $.domains[0].events: more than 5 names in all")


def test_too_many_lines(place):
    place.put("p.pdl", "include q.pdl\ninclude r.pdl\n")
    place.put("q.pdl", "#\n" * 50000)
    place.put("r.pdl", "#\n" * 50000)
    done = place.run(importer.main, place.input / "p.pdl")
    place.refused(done, "p.pdl:2: more than 100000 lines", "import_protocol: ")


# Names that are sound, and mean something to C, the preprocessor or the templates.
ODD = """
    D E R NONE BOOL INT NUM STR BYTES ANY OBJECT ENUM STRUCT LIST NAME NAMES LENGTH FIELD TYPE WORD
    XX NULL true false bool linux unix errno int class this assert names fields types end self impl
    req res s r rc cb data extra extra_ _X x__y 2d -0 0 -Infinity NaN __attribute__ define EOF
""".split()


def test_odd_names(place, tmp_path):
    """All of them at once, in every place, through the compiler, by way of both programs."""
    names = [n for n in ODD if re.match("[A-Za-z_]", n) and n not in ("extra_", "R")]
    low = list({re.sub("[-_]+", "_", n).strip("_").lower(): n for n in names}.values())
    fields = [{"name": n, "type": "any"} for n in low]
    words = list({n.upper().strip("_"): n for n in ODD if n != "extra_"}.values())
    lines = {
        "types": [{"id": "T-" + n, "type": "string", "enum": words} for n in low[:3]],
        "commands": [{"name": n, "parameters": fields, "returns": fields} for n in low],
        "events": [{"name": "e-" + n, "parameters": fields} for n in low],
    }
    longest = "Xy" * 40
    place.put("p.json", {"domains": [{"domain": "Tea", **lines}, {"domain": longest, **lines}]})
    assert place.generate() == (0, "")
    options = ["-std=c11", "-fsyntax-only", *C_WARNINGS, "-I%s" % (place.out / "include")]
    compile_c("gcc", options, *(place.out / "src").glob("*.c"))
    first = {p: s[3] for p, s in state(place.out).items()}
    shutil.rmtree(place.out)
    place.run(importer.main, place.input / "p.json")
    shutil.rmtree(place.input)
    place.out.rename(place.input)
    assert place.generate() == (0, "")
    again = {p: s[3] for p, s in state(place.out).items()}
    assert again.keys() == first.keys()
    assert all(again[p] == first[p] for p in first if p.endswith(("tea.c", "tea.h", "forward.h")))


def test_a_struct_may_have_itself(place):
    place.put("p.json", pot({"name": "p", "$ref": "Pot", "optional": True}))
    assert place.generate() == (0, "")


@pytest.mark.parametrize(
    "prose",
    ["*/ int x;", "??/", "a \\", "/*", "\u202e", "\ud800", "x" * 10**6],
)
def test_descriptions(place, prose):
    """None gets into anything, nor does one keep the importer from writing."""
    protocol = pot({"name": "p", "type": "any", "description": prose})
    protocol["domains"][0]["description"] = prose
    place.put("p.json", protocol)
    assert place.generate() == (0, "")
    assert place.run(importer.main, place.input / "p.json") == (0, "")
    for path, (_, _, _, content) in state(place.out).items():
        assert content is None or content.isascii() and len(content) < 10000, path
        assert content is None or b"int x" not in content and b"??" not in content


# ---- words -----------------------------------------------------------------

NO_WORDS = {
    "tab": (b"Tea\n  A\tb.\n", "d.txt:2: a tab, or blanks at the end"),
    "blank": (b"Tea \n", "d.txt:1: a tab, or blanks at the end"),
    "NUL": (b"Tea\n  A\0b.\n", "d.txt:2: a tab"),
    "escape": (b"Tea\n  A\x1b[2J.\n", "d.txt:2: a tab"),
    "not ASCII": (b"Tea\n\n  Caf\xc3\xa9.\n", "d.txt:3: not ASCII"),
    "path": (b"../../etc/x\n  A.\n", "d.txt:1: '../../etc/x' is no name"),
    "twice": (b"Tea\n  A.\nTea\n  B.\n", "d.txt:3: Tea twice (d.txt:1)"),
    "nobody's": (b"  A.\n", "d.txt:1: a text without a name above it"),
    "long name": (b"T" * 10000 + b";\n", "d.txt:1: 'TTTT"),
    "long part": (b"Tea\n  .%s: A.\n  .%s: A.\n" % ((b"p" * 9999,) * 2), "d.txt:3: .pppp"),
    "indented": (b"Tea\n" + b" " * 9999 + b"A.\n", "d.txt:2: indented by 9999"),
}


@pytest.mark.parametrize("words, message", NO_WORDS.values(), ids=NO_WORDS)
def test_words(place, words, message):
    place.put("p.json", GOOD)
    place.put("docs/d.txt", words)
    place.refused(place.generate(), message)
    assert not place.out.exists()


@pytest.mark.parametrize(
    "words",
    [
        "*/ int x;",
        "*//",
        "/*/",
        "?" * 20 + "/",
        "a \\",
        "\\",
        "#error",
        "*" * 200 + "/",
        "</script><b>",
        '" x="',
    ],
)
def test_words_stay_words(place, words):
    protocol = pot({"name": "p", "type": "any"})
    protocol["domains"][0].update(commands=[{"name": "pour"}])
    place.put("p.json", protocol)
    text = "Tea\n  {0}\n\n  {0}\n  Node: {0}\nTea.Pot\n  {0}\n  .p: {0}\nTea.pour\n  {0}\n".format(
        words
    )
    place.put("docs/d.txt", text)
    assert place.generate() == (0, "")
    unit = place.path / "unit.c"
    unit.write_text("#include <cdp/all.h>\nextern int unit; int unit;\n")
    compile_c(
        "gcc",
        ["-std=c11", "-fsyntax-only", "-Wtrigraphs", "-I%s" % (place.out / "include")],
        unit,
    )
    shutil.rmtree(place.out)
    assert generator.main(["--in", str(place.input), "--docs", str(place.out)]) == 0
    page = (place.out / "tea.html").read_text()
    assert page.count("<script") == 2 and "<b>" not in page and '" x=' not in page


# ---- files and folders -----------------------------------------------------


def _hold(place, what):
    """Something in the place of the header that is to be made."""
    folder = place.out / "include" / "cdp"
    folder.mkdir(parents=True)
    what(folder / "tea.h")


IN_THE_WAY = {
    "folder": (lambda p: p.mkdir(), "include/cdp/tea.h: is there already, and is no file"),
    "FIFO": (os.mkfifo, "include/cdp/tea.h: is there already, and is no file"),
    "someone's": (
        lambda p: p.write_text("mine"),
        "include/cdp/tea.h: is there already, and not made by cdpgen",
    ),
    "someone's, empty": (
        lambda p: p.write_text(""),
        "include/cdp/tea.h: is there already, and not made by cdpgen",
    ),
}


@pytest.mark.parametrize("what, message", IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_in_the_way(place, what, message):
    """Nothing is written unless all can be."""
    _hold(place, what)
    before = state(place.out)
    place.put("p.json", GOOD)
    place.refused(place.generate(), message)
    after = state(place.out)
    assert [p for p in after if p not in before] in ([], [str(place.out / "src")])
    assert all(after[p] == before[p] for p in before)


@pytest.mark.parametrize("name", ["include", "include/cdp", "src"])
@pytest.mark.parametrize("target", ["folder", "file", "nowhere"])
def test_a_link_for_a_folder(place, name, target):
    there = place.path / "there"
    there.mkdir()
    (there / "file").write_text("untouched")
    path = place.out / name
    path.parent.mkdir(parents=True)
    path.symlink_to({"folder": there, "file": there / "file", "nowhere": there / "no"}[target])
    place.put("p.json", GOOD)
    place.refused(place.generate(), "cdpgen: [Errno ")
    assert os.listdir(there) == ["file"]


@pytest.mark.parametrize("leaf", ["include/cdp/tea.h", "src/tea.c", "domains.txt", "INPUTS.sha256"])
def test_a_link_for_a_file_is_replaced(place, leaf):
    path = place.out / leaf
    path.parent.mkdir(parents=True)
    path.symlink_to(place.path / "etc" / "passwd")
    place.put("p.json", GOOD)
    assert place.generate() == (0, "")
    assert not path.is_symlink()


def test_a_hard_link_is_not_written_through(place):
    place.put("p.json", GOOD)
    assert place.generate() == (0, "")
    header = place.out / "include" / "cdp" / "tea.h"
    other = place.path / "etc" / "other"
    other.write_bytes(header.read_bytes() + b"more")
    header.unlink()
    os.link(other, header)
    status, _ = generator.main(["--in", str(place.input), "--out", str(place.out)]), None
    assert status == 0 and other.read_bytes().endswith(b"more")


def test_only_what_is_ours_is_taken_away(place):
    place.put("p.json", GOOD)
    assert place.generate() == (0, "")
    source = place.out / "src"
    (source / "gone.c").write_text("/* Generated by cdpgen.  Do not edit. */\n")
    (source / "mine.c").write_text("int x;\n")
    (source / "mine.txt").write_text("/* Generated by cdpgen.  Do not edit. */\n")
    (source / "link.c").symlink_to(source / "gone.c")
    (source / "folder.c").mkdir()
    os.mkfifo(source / "fifo.c")
    assert place.generate() == (0, "")
    left = set(os.listdir(source))
    assert left == {"protocol.c", "tea.c", "mine.c", "mine.txt", "link.c", "folder.c", "fifo.c"}


@pytest.mark.parametrize("out", ["etc/passwd", "etc/passwd/x", "/proc/nowhere/x", "/dev/null"])
def test_no_folder_to_write_to(place, out):
    place.put("p.json", GOOD)
    place.out = place.path / out
    status = generator.main(["--in", str(place.input), "--out", str(place.out)])
    err = place._capsys.readouterr().err
    place.refused((status, err), "cdpgen: [Errno ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(place):
    place.put("p.json", GOOD)
    assert place.generate() == (0, "")
    (place.out / "src").chmod(0o500)
    place.put("p.json", called("other"))
    place.refused(place.generate(), "cdpgen: [Errno 13]")
    (place.out / "src").chmod(0o700)


def test_the_disk_is_full(place, monkeypatch):
    """What cannot be finished is not begun, and leaves no temporary file."""

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    place.put("p.json", GOOD)
    with monkeypatch.context() as m:
        m.setattr("os.rename", full)
        place.refused(place.generate(), "cdpgen: [Errno 28] No space left on device")
        done = place.run(importer.main, place.input / "p.json")
        place.refused(done, "[Errno 28] No space left on device", "import_protocol: ")
    assert place.generate() == (0, "")


NO_FILES = {
    "newline": "p\n.json",
    "escape": "p\x1b[2J.json",
    "override": "p\u202e.json",
    "no UTF-8": "p\udcff.json",
    "long": "p" * 240 + ".json",
    "format": "%s%n{0}.json",
}


@pytest.mark.parametrize("name", NO_FILES.values(), ids=NO_FILES)
def test_names_of_files(place, name):
    path = os.path.join(place.input, name)
    for what, message in ((None, "$: "), (b"[]", "$: not an object"), (BYTES, None)):
        if what is not None:
            with open(path, "wb") as f:
                f.write(what)
        for done in (
            place.run(importer.main, path),
            place.run(generator.main, "--in", path),
            place.generate(),
        ):
            if message:
                place.refused(done, done[1][:1])
                assert message in done[1]
            else:
                assert done == (0, "")
    listed = (place.out / "INPUTS.sha256").read_text()
    assert re.match(r"(?:[0-9a-f]{64}  [ -~]+\n)+\Z", listed)


@pytest.mark.parametrize("what", ["REVISION", "docs", "p.json"])
def test_a_folder_for_a_file(place, what):
    place.put("q.json", GOOD)
    (place.input / what).mkdir()
    if what == "docs":
        (place.input / what / "d.txt").mkdir()
    place.refused(place.generate(), {"docs": "d.txt:1: "}.get(what, what + ": $: "))


@pytest.mark.parametrize("what", ["p.json", "REVISION", "docs/d.txt"])
@pytest.mark.parametrize("kind", ["FIFO", "device", "loop"])
def test_what_is_no_plain_file(place, what, kind):
    """None is waited for."""
    path = place.input / what
    place.put("q.json", GOOD)
    path.parent.mkdir(exist_ok=True)
    if kind == "FIFO":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else path)
    message = {"docs/d.txt": "d.txt:1: "}.get(what, what + ": $: ")
    why = "Too many levels" if kind == "loop" else "not a plain file"
    place.refused(place.generate(), message + why)
    assert not place.out.exists()


@pytest.mark.parametrize(
    "revision",
    ['1"; x', "../x", "", "1\n2", "\u00e9", "\0", "x" * 65, "{{ 7 }}", "??/"],
)
def test_revisions(place, revision):
    place.put("p.json", GOOD)
    if "\0" not in revision:
        done = place.run(importer.main, place.input / "p.json", "--revision=" + revision)
        if revision:  # none is as if there were no option
            place.refused(done, "--revision: $: ", "import_protocol: ")
            assert not place.out.exists()
    place.put("REVISION", revision + "\n")
    place.refused(place.generate(), "REVISION: $: ")


@pytest.mark.parametrize(
    "wanted",
    ["", ",", "Tee", "../x", "Tea\n", "\u202e", "x" * 200, "Tea.pour.x", "%s", "Tea,Tee"],
)
def test_domains(place, wanted):
    place.put("p.json", GOOD)
    place.refused(place.generate("--domains=" + wanted), "--domains: no ")
    assert not place.out.exists()


@pytest.mark.skipif(not shutil.which("strace"), reason="there is no strace")
@pytest.mark.parametrize("program", ["cdpgen", "import_protocol"])
def test_nothing_else_is_written(place, program):
    """Every call of the kernel's that changes files, with where its descriptors are."""
    source = ROOT / "protocol_json"
    given = ["--in", source] if program == "cdpgen" else [source]
    calls = "open,openat,creat,truncate,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir"
    calls += ",mkdirat,link,linkat,symlink,symlinkat,chmod,fchmodat"
    log = place.temp / "log"
    command = [
        "strace",
        "-f",
        "-y",
        "-s",
        "4096",
        "-e",
        "trace=" + calls,
        "-o",
        log,
        "/usr/bin/python3",
    ]
    command += [ROOT / "generator" / (program + ".py"), *given, "--out", place.out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if "ptrace" in done.stderr:
        pytest.skip("strace may not look")
    assert done.returncode == 0, done.stderr
    written = 0
    for line in log.read_text().splitlines():
        call = re.match(r"\d+ +(\w+)\((.*)\) += [0-9]", line)
        if not call or (
            call[1].startswith("open") and not re.search("O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", line)
        ):
            continue
        at = re.match(r'(?:AT_FDCWD(?:<[^>]*>)?, |\d+<([^>]*)>, )?"([^"]*)"', call[2])
        path = os.path.join(at[1] or "", at[2])
        assert path.startswith(str(place.out)), line
        written += 1
    assert written >= 3
