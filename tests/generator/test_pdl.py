"""PDL: what it means in JSON, and what is refused, with the line."""

import io
import json
import os
import tarfile

import pdl
import pytest
import schema
from errors import ProtocolError

TEA = """\
# Prose above everything.
version
  major 1
  minor 3

include domains/Sugar.pdl

# About the domain,
# in two lines.
experimental deprecated domain Tea
  depends on Runtime
  depends on Sugar

  # A number of leaves.
  type Leaves extends integer

  experimental type Colour extends string
    enum
      # A word of its own.
      green
      -0
        # odd, and fine
      2nd-flush

  deprecated type Pots extends array of Pot
  type Pot extends object
    properties
      # required
      Leaves leaves
      optional array of Sugar.Lump lumps
      array of binary pictures
      experimental deprecated optional binary optional
      optional enum state
          full
          empty
      any type

  type Anything extends object

  command brew
    redirect Kitchen
    parameters
      boolean   hot\x20
    returns
      number seconds
  experimental deprecated command stop
  event done
    parameters
      object detail
"""

SUGAR = "\ufeff# Pr\u00f6se\r\ndomain Sugar\r\n  type Lump extends any\r\n  event melted\r\n"

VALUE = {
    "version": {"major": "1", "minor": "3"},
    "domains": [
        {
            "domain": "Sugar",
            "types": [{"id": "Lump", "type": "any"}],
            "events": [{"name": "melted"}],
        },
        {
            "domain": "Tea",
            "experimental": True,
            "deprecated": True,
            "dependencies": ["Runtime", "Sugar"],
            "types": [
                {"id": "Leaves", "type": "integer"},
                {
                    "id": "Colour",
                    "experimental": True,
                    "type": "string",
                    "enum": ["green", "-0", "2nd-flush"],
                },
                {"id": "Pots", "deprecated": True, "type": "array", "items": {"$ref": "Pot"}},
                {
                    "id": "Pot",
                    "type": "object",
                    "properties": [
                        {"name": "leaves", "$ref": "Leaves"},
                        {
                            "name": "lumps",
                            "optional": True,
                            "type": "array",
                            "items": {"$ref": "Sugar.Lump"},
                        },
                        {"name": "pictures", "type": "array", "items": {"type": "binary"}},
                        {
                            "name": "optional",
                            "experimental": True,
                            "deprecated": True,
                            "optional": True,
                            "type": "binary",
                        },
                        {
                            "name": "state",
                            "optional": True,
                            "type": "string",
                            "enum": ["full", "empty"],
                        },
                        {"name": "type", "type": "any"},
                    ],
                },
                {"id": "Anything", "type": "object"},
            ],
            "commands": [
                {
                    "name": "brew",
                    "redirect": "Kitchen",
                    "parameters": [{"name": "hot", "type": "boolean"}],
                    "returns": [{"name": "seconds", "type": "number"}],
                },
                {"name": "stop", "experimental": True, "deprecated": True},
            ],
            "events": [{"name": "done", "parameters": [{"name": "detail", "type": "object"}]}],
        },
    ],
}


def parse(files):
    """As the importer does: parsed, and its form checked.  files: {name: text or bytes}"""

    def read(name, at):
        if name not in files:
            raise ProtocolError(at, "%s: not there" % name)
        return files[name].encode() if isinstance(files[name], str) else files[name]

    value, place = pdl.parse("p.pdl", read)
    schema.check_protocol(value, place)
    return value, place


def test_everything_there_is():
    value, place = parse({"p.pdl": TEA, "domains/Sugar.pdl": SUGAR})
    assert value == VALUE
    assert list(value) == ["version", "domains"]  # the order that JSON has
    tea = place["domains"][1]
    assert str(place) == "p.pdl:1"
    assert str(place["domains"][0]["types"][0]["id"]) == "domains/Sugar.pdl:3"
    assert str(tea["types"][1]["enum"][2]) == "p.pdl:23"
    assert str(tea["commands"][0]["returns"][0]["name"]) == "p.pdl:45"
    assert str(tea["nothing"][7]["like"]["it"]) == "p.pdl:10"


def test_nothing_at_all():
    assert parse({"p.pdl": ""})[0] == {"domains": []}
    assert parse({"p.pdl": "\n  \n# only prose"})[0] == {"domains": []}


def test_included_files_are_relative_to_the_file_that_includes():
    files = {
        "p.pdl": "include a/b.pdl\ninclude c.pdl",
        "a/b.pdl": "include c.pdl",
        "a/c.pdl": "domain A",
        "c.pdl": "domain C",
    }
    assert parse(files)[0] == {"domains": [{"domain": "A"}, {"domain": "C"}]}


def in_domain(*lines):
    return "domain A\n" + "\n".join("  " + line for line in lines)


BAD = [
    # lines
    ("domain A\n  \ttype", "p.pdl:2: unexpected '\\ttype' in a domain"),
    (b"domain A\n# \xff", "p.pdl:2: not UTF-8"),
    (" domain A", "p.pdl:1: indented by 1"),
    ("  # prose\n  domain A", "p.pdl:2: indented by 2"),
    ("domain A\n    command a\n   command b", "p.pdl:3: indented by 3"),
    ("domain A\n  command a\n command b", "p.pdl:3: indented by 1"),
    ("protocol", "p.pdl:1: unexpected 'protocol' in a file"),
    ("domain A B", "p.pdl:1: unexpected 'domain A B' in a file"),
    ("domain", "p.pdl:1: unexpected 'domain' in a file"),
    ("optional domain A", "p.pdl:1: unexpected 'optional domain A' in a file"),
    ("experimental", "p.pdl:1: only experimental"),
    ("experimental experimental domain A", "p.pdl:1: experimental twice"),
    ("domain A\n\x1b[31m\u202e", "p.pdl:2: unexpected '\\x1b[31m\\u202e' in a file"),
    ("x" * 100000, "p.pdl:1: unexpected '" + "x" * 79 + " in a file"),
    # the version
    ("version\n  major 1\n  micro 2", "p.pdl:3: unexpected 'micro 2' in a version"),
    ("version\n  major 1\n  major 2", "p.pdl:3: major twice"),
    ("version\nversion", "p.pdl:2: version twice"),
    ("version\n  major 1\n    minor 1", "p.pdl:3: nothing can belong to the line above"),
    # domains
    (in_domain("depends on"), "p.pdl:2: unexpected 'depends on' in a domain"),
    (in_domain("depends on B", "  C"), "p.pdl:3: nothing can belong"),
    (in_domain("experimental depends on B"), "p.pdl:2: unexpected 'depends on B' in a domain"),
    (in_domain("method a"), "p.pdl:2: unexpected 'method a' in a domain"),
    (in_domain("optional command a"), "p.pdl:2: unexpected 'optional command a' in a domain"),
    (in_domain("command"), "p.pdl:2: unexpected 'command' in a domain"),
    (in_domain("include b.pdl"), "p.pdl:2: unexpected 'include b.pdl' in a domain"),
    # types
    (in_domain("type T"), "p.pdl:2: a type is written: type NAME extends TYPE"),
    (in_domain("type T extends"), "p.pdl:2: a type is written"),
    (in_domain("type T expands string"), "p.pdl:2: a type is written"),
    (in_domain("type T extends array"), "p.pdl:2: 'array' is no type"),
    (in_domain("type T extends array of"), "p.pdl:2: 'array of' is no type"),
    (in_domain("type T extends array of array of any"), "p.pdl:2: 'array of array of any' is no"),
    (in_domain("type T extends enum", "  a"), "p.pdl:2: 'enum' is no type"),
    (in_domain("type T extends string", "  enum"), "p.pdl:2: empty enum"),
    (in_domain("type T extends string", "  enum", "    a b"), "p.pdl:4: unexpected 'a b' in an enum"),
    (in_domain("type T extends string", "  enum", "    a", "    b", "    a"), "p.pdl:6: 'a' twice"),
    (in_domain("type T extends string", "  enum", "    a", "      b"), "p.pdl:5: nothing can"),
    (in_domain("type T extends string", "  enum", "    a;b"), "p.pdl:4: 'a;b' is not an enum's"),
    (in_domain("type T extends string", "  enum", "    a", "  enum", "    b"), "p.pdl:5: enum twice"),
    (in_domain("type T extends integer", "  enum", "    a"), "p.pdl:2: an enum of what is no string"),
    (in_domain("type T extends string", "  properties", "    any a"), "p.pdl:2: properties of what"),
    (in_domain("type T extends object", "  parameters"), "p.pdl:3: unexpected 'parameters' in a type"),
    # members
    (in_domain("command a", "  parameters", "    b"), "p.pdl:4: a member is written: TYPE NAME"),
    (in_domain("command a", "  parameters", "    optional b"), "p.pdl:4: a member is written"),
    (in_domain("command a", "  parameters", "    optional"), "p.pdl:4: only optional"),
    (in_domain("command a", "  parameters", "    string b c"), "p.pdl:4: 'string b' is no type"),
    (in_domain("command a", "  parameters", "    any b", "      c"), "p.pdl:5: nothing can belong"),
    (in_domain("command a", "  parameters", "    A.B.C b"), "p.pdl:4: 'A.B.C' is no reference"),
    (in_domain("command a", "  parameters", "    enum b"), "p.pdl:4: empty enum"),
    (in_domain("command a", "  parameters", "    any b/c"), "p.pdl:4: 'b/c' is not a name"),
    # messages
    (in_domain("command a", "  redirect"), "p.pdl:3: unexpected 'redirect' in a command"),
    (in_domain("command a", "  redirect B", "  redirect C"), "p.pdl:4: redirect twice"),
    (in_domain("command a", "  redirect ../B"), "p.pdl:2: '../B' is not a name"),
    (in_domain("command a", "  returns", "  returns"), "p.pdl:4: returns twice"),
    (in_domain("event a", "  returns"), "p.pdl:3: unexpected 'returns' in an event"),
    (in_domain("event a", "  redirect B"), "p.pdl:3: unexpected 'redirect B' in an event"),
    (in_domain("event \u0430"), "p.pdl:2: '\\u0430' is not a name"),
    # included files
    ("include", "p.pdl:1: unexpected 'include' in a file"),
    ("include ../p.pdl", "p.pdl:1: '../p.pdl' is no path below this file's folder"),
    ("include a/../../p.pdl", "p.pdl:1: 'a/../../p.pdl' is no path"),
    ("include /etc/passwd", "p.pdl:1: '/etc/passwd' is no path"),
    ("include ./p.pdl", "p.pdl:1: './p.pdl' is no path"),
    ("include a//b.pdl", "p.pdl:1: 'a//b.pdl' is no path"),
    ("include a\\b.pdl", "p.pdl:1: 'a\\\\b.pdl' is no path"),
    ("include a\x00.pdl", "p.pdl:1: 'a\\x00.pdl' is no path"),
    ("include " + "x" * 201, "p.pdl:1: 'xxx"),
    ("include gone.pdl", "p.pdl:1: gone.pdl: not there"),
    ("include p.pdl", "p.pdl:1: p.pdl is included already"),
    ("include ok.pdl\ninclude ok.pdl", "p.pdl:2: ok.pdl is included already"),
    ("include a/loop.pdl", "a/loop.pdl:1: a/loop.pdl is included already"),
    ("include bad.pdl", "bad.pdl:2: unexpected 'x' in a file"),
    ("include ok.pdl\n  domain A", "p.pdl:2: nothing can belong to the line above"),
]


@pytest.mark.parametrize("text, message", BAD)
def test_refused(text, message):
    files = {"p.pdl": text, "ok.pdl": "", "a/loop.pdl": "include loop.pdl", "bad.pdl": "\nx"}
    with pytest.raises(ProtocolError) as e:
        parse(files)
    assert str(e.value).startswith(message), str(e.value)
    assert str(e.value).isascii() and str(e.value).isprintable() and len(str(e.value)) < 400


def test_included_too_deep():
    files = {"%d.pdl" % i: "include %d.pdl" % (i + 1) for i in range(2000)}
    files["p.pdl"] = "include 0.pdl"
    with pytest.raises(ProtocolError, match=r"\A7.pdl:1: files that include each other more than 8"):
        parse(files)


def test_long_files_take_no_stack():
    lines = ["domain A"] + [" " * (i + 1) + "command a%d" % i for i in range(3000)]
    with pytest.raises(ProtocolError, match="p.pdl:3: unexpected 'command a1' in a command"):
        parse({"p.pdl": "\n".join(lines)})
    assert len(parse({"p.pdl": in_domain("type T extends " + "x" * 100)})[0]["domains"]) == 1


# ---- where it comes from


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "package"
    (folder / "pdl" / "domains").mkdir(parents=True)
    (folder / "pdl" / "js_protocol.pdl").write_text("domain Runtime\n  type ScriptId extends string\n")
    (folder / "pdl" / "browser_protocol.pdl").write_text(TEA)
    (folder / "pdl" / "domains" / "Sugar.pdl").write_text(SUGAR)
    return folder


def stored(tmp_path, name):
    return json.loads((tmp_path / "out" / name).read_text())


def sugar(package, *lines):
    (package / "pdl" / "domains" / "Sugar.pdl").write_text("\n".join(lines))


def pack(package, path):
    with tarfile.open(path, "w:gz") as tar:
        tar.add(package, "package")
    return path


@pytest.mark.parametrize("how", ["folder", "pdl", "tgz"])
def test_a_package_without_json(run, package, tmp_path, how):
    sources = {"folder": package, "pdl": package / "pdl", "tgz": tmp_path / "p.tgz"}
    pack(package, tmp_path / "p.tgz")
    done = run(sources[how])
    assert (done.returncode, done.stderr) == (0, "")
    assert stored(tmp_path, "browser_protocol.json") == VALUE
    assert stored(tmp_path, "js_protocol.json")["domains"][0]["domain"] == "Runtime"


def test_pdl_is_read_where_it_is_whole(run, package, tmp_path):
    """JSON of the same package is there for the others, and for who wants it."""
    (package / "json").mkdir()
    for half in ("js", "browser"):
        (package / "json" / (half + "_protocol.json")).write_text('{"domains": []}')
    for source in (package, pack(package, tmp_path / "p.tgz")):
        assert run(source).returncode == 0
        assert stored(tmp_path, "browser_protocol.json") == VALUE
        assert run(source, "--form", "json").returncode == 0
        assert stored(tmp_path, "browser_protocol.json") == {"domains": []}
        assert run(source, "--form", "pdl").returncode == 0
        assert stored(tmp_path, "browser_protocol.json") == VALUE
    (package / "pdl" / "domains" / "Sugar.pdl").unlink()
    assert run(package).returncode == 0
    assert stored(tmp_path, "browser_protocol.json") == {"domains": []}
    assert run(package, "--form", "pdl").returncode == 1


def test_one_file_is_split(run, package, tmp_path):
    path = package / "pdl" / "whole.pdl"
    path.write_text("include js_protocol.pdl\n" + TEA)
    assert run(path).returncode == 0
    assert stored(tmp_path, "browser_protocol.json") == VALUE
    assert [d["domain"] for d in stored(tmp_path, "js_protocol.json")["domains"]] == ["Runtime"]


def test_no_pdl_to_read(run, package, tmp_path):
    (package / "pdl" / "js_protocol.pdl").unlink()
    done = run(package, "--form", "pdl")
    message = "import_protocol: package: $: no pdl/ with js_protocol and browser_protocol in it\n"
    assert (done.returncode, done.stderr) == (1, message)


def test_a_name_that_c_has_not(run, package, tmp_path):
    """What schema.py refuses is told with the line, too."""
    sugar(package, "", "domain ../x")
    done = run(package)
    message = "import_protocol: domains/Sugar.pdl:2: '../x' is not a name ([A-Za-z_][A-Za-z0-9_-]*)\n"
    assert (done.returncode, done.stderr) == (1, message)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "lines, message",
    [
        (["type Lump extends Gone"], "domains/Sugar.pdl:2: no type Sugar.Gone"),
        (
            ["type Lump extends any", "command go", "command Go"],
            "domains/Sugar.pdl:4: C name of Sugar.Go: cdp_sugar_go is that of Sugar.go already "
            "(domains/Sugar.pdl:3)",
        ),
        (
            ["type Lump extends any", "domain Tea"],
            "browser_protocol.pdl:10: domain of Tea: Tea is that of Tea already (domains/Sugar.pdl:3)",
        ),
    ],
)
def test_what_c_cannot_be_made_of(run, package, tmp_path, lines, message):
    """And so is what model.py does."""
    sugar(package, "domain Sugar", *(line if "domain" in line else "  " + line for line in lines))
    done = run(package)
    assert (done.returncode, done.stderr) == (1, "import_protocol: %s\n" % message)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("what", ["file", "folder", "out of it", "fifo", "device", "missing"])
def test_only_plain_files_are_included(run, package, tmp_path, what):
    domains = package / "pdl" / "domains"
    os.rename(domains / "Sugar.pdl", tmp_path / "Sugar.pdl")
    if what == "file":
        (domains / "Sugar.pdl").symlink_to(tmp_path / "Sugar.pdl")
    elif what == "folder":
        domains.rmdir()
        domains.symlink_to(tmp_path)
    elif what == "out of it":
        (package / "pdl" / "browser_protocol.pdl").write_text("include ../../Sugar.pdl")
    elif what == "fifo":
        os.mkfifo(domains / "Sugar.pdl")
    elif what == "device":
        (domains / "Sugar.pdl").symlink_to("/dev/zero")
    done = run(package)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and done.stderr.isascii()
    assert done.stderr.startswith("import_protocol: browser_protocol.pdl:"), done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_only_plain_files_of_a_package_are_included(run, package, tmp_path, kind):
    (package / "pdl" / "domains" / "Sugar.pdl").unlink()
    with tarfile.open(tmp_path / "p.tgz", "w:gz") as tar:
        tar.add(package, "package")
        link = tarfile.TarInfo("package/pdl/domains/Sugar.pdl")
        link.type = kind
        link.linkname = "package/pdl/js_protocol.pdl"
        tar.addfile(link, io.BytesIO())
    done = run(tmp_path / "p.tgz")
    assert done.returncode == 1
    place = "import_protocol: browser_protocol.pdl:6: pdl/domains/Sugar.pdl: no plain file"
    assert done.stderr.startswith(place), done.stderr
