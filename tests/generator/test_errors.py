"""Everything the generator refuses: one line, with the place, exit 1, and nothing written."""

import json

import pytest


def domain(**more):
    return {"domains": [{"domain": "A", **more}]}


def types(*entries):
    return domain(types=list(entries))


def struct(*fields, name="S"):
    return types({"id": name, "type": "object", "properties": list(fields)})


def field(name="x", **more):
    return {"name": name, **(more or {"type": "string"})}


def enum(*words):
    return types({"id": "E", "type": "string", "enum": list(words)})


def command(name="c", **more):
    return domain(commands=[{"name": name, **more}])


TYPE = "$.domains[0].types[0]"
FIRST = TYPE + ".properties[0]"

FORM = [
    # not JSON
    ("", "$", "not JSON"),
    ("{", "$", "not JSON"),
    ('{"domains": [NaN]}', "$", "not JSON"),
    (b'{"domains": "\xff"}', "$", "not UTF-8 at byte 13"),
    ('{"domains": [], "domains": []}', "$", "key 'domains' twice"),
    ('{"domains": [{"domain": "A", "types": [], "types": []}]}', "$.domains[0]", "'types' twice"),
    ("[" * 100000, "$", "nested too deep"),
    # not a protocol
    ([], "$", "not an object"),
    ({}, "$", "protocol without domains"),
    ({"domains": {}}, "$.domains", "not an array"),
    ({"domains": [1]}, "$.domains[0]", "not an object"),
    ({"domains": [], "x": 1}, "$", "unknown key 'x' in a protocol"),
    ({"version": {"major": []}, "domains": []}, "$.version.major", "not a string"),
    ({"domains": [{}]}, "$.domains[0]", "domain without domain"),
    (domain(typos=[]), "$.domains[0]", "unknown key 'typos' in a domain"),
    (domain(types={}), "$.domains[0].types", "not an array"),
    (domain(experimental=1), "$.domains[0].experimental", "neither true nor false"),
    (types({"type": "string"}), TYPE, "type without id"),
    (types({"id": 7, "type": "string"}), TYPE + ".id", "not a string"),
    (command(returns=[{"type": "string"}]), "$.domains[0].commands[0].returns[0]", "without name"),
    (command(redirects="B"), "$.domains[0].commands[0]", "unknown key 'redirects' in a command"),
    (domain(events=[{"name": "e", "returns": []}]), "$.domains[0].events[0]", "unknown key"),
    # types
    (types({"id": "T"}), TYPE, "needs either type or $ref"),
    (types({"id": "T", "type": "string", "$ref": "U"}), TYPE, "needs either type or $ref"),
    (types({"id": "T", "type": "float"}), TYPE + ".type", "unknown type 'float'"),
    (types({"id": "T", "type": ["string"]}), TYPE + ".type", "not a string"),
    (types({"id": "T", "type": "array"}), TYPE, "items belong to an array"),
    (types({"id": "T", "type": "string", "items": {}}), TYPE, "items belong to an array"),
    (types({"id": "T", "type": "array", "items": []}), TYPE + ".items", "not an object"),
    (types({"id": "T", "type": "string", "properties": [field()]}), TYPE, "no object"),
    (struct(field(type="integer", enum=["a"])), FIRST + ".enum", "an enum of what is no string"),
    (struct(field(type="string", optional="yes")), FIRST + ".optional", "neither true nor false"),
    (struct(*[field("f%d" % i) for i in range(65)]), TYPE + ".properties", "65 fields, at most 64"),
    (struct(field(type="string", optional="True")), FIRST + ".optional", "neither true nor false"),
    (struct(field(type="$ref")), FIRST + ".type", "unknown type '$ref'"),
    (struct(field(**{"type": "object", "$ref": "S"})), FIRST, "needs either type or $ref"),
    (struct(field(type="string", properties=[])), FIRST + ".properties", "no object"),
    (struct(field(type="object", properties=[{}])), FIRST + ".properties[0]", "without name"),
    (
        types({"id": "T", "type": "array", "items": {"type": "object", "properties": [{"name": ""}]}}),
        TYPE + ".items.properties[0].name",
        "'' is not a name",
    ),
    # enums
    (enum(), TYPE + ".enum", "empty enum"),
    (enum("a", 1), TYPE + ".enum[1]", "not a string"),
    (enum("a", "b", "a"), TYPE + ".enum[2]", "'a' twice in one enum"),
    (enum(*["w%d" % i for i in range(10001)]), TYPE + ".enum", "10001 words, at most 10000"),
]

REFERENCES = [
    (struct(field(**{"$ref": "Gone"})), FIRST + ".$ref", "no type A.Gone"),
    (struct(field(**{"$ref": "B.Gone"})), FIRST + ".$ref", "no type B.Gone"),
    (struct(field(**{"$ref": "A.B.C"})), FIRST + ".$ref", "'A.B.C' is no reference"),
    (struct(field(**{"$ref": ""})), FIRST + ".$ref", "'' is not a name"),
    (command(parameters=[field(**{"$ref": "c"})]), "parameters[0].$ref", "no type A.c"),
    (types({"id": "T", "$ref": "T"}), TYPE, "A.T is made of itself"),
    (types({"id": "T", "type": "array", "items": {"$ref": "T"}}), TYPE, "A.T is made of itself"),
    (
        types({"id": "T", "$ref": "U"}, {"id": "U", "type": "array", "items": {"$ref": "T"}}),
        TYPE,
        "A.T is made of itself",
    ),
    (struct(field(**{"$ref": "S"})), TYPE, "A.S requires a A.S"),
    (
        types(
            {"id": "S", "type": "object", "properties": [field(**{"$ref": "U"})]},
            {"id": "T", "type": "object", "properties": [field(**{"$ref": "S"})]},
            {"id": "U", "$ref": "T"},
        ),
        TYPE,
        "A.S requires a A.S",
    ),
]


def _twice(*names, key="commands"):
    return domain(**{key: [{"name": n} for n in names]})


CLASHES = [
    ({"domains": [{"domain": "A"}, {"domain": "A"}]}, "$.domains[1].domain", "is that of A"),
    ({"domains": [{"domain": "FooBar"}, {"domain": "Foo_bar"}]}, ".domain", "file of Foo_bar"),
    ({"domains": [{"domain": "Foo"}, {"domain": "foo"}]}, "$.domains[1].domain", "file of foo"),
    (
        {"domains": [{"domain": "Value"}, {"domain": "ValueDomain"}]},
        "$.domains[1].domain",
        "value_domain",
    ),
    (_twice("go", "go"), "$.domains[0].commands[1].name", "message of A.go"),
    (_twice("go", "go", key="events"), "$.domains[0].events[1].name", "message of A.go"),
    (_twice("goURL", "goUrl"), "$.domains[0].commands[1]", "cdp_a_go_url"),
    (_twice("go", "goSend"), "$.domains[0].commands[1]", "cdp_a_go_send"),
    (_twice("serve"), "$.domains[0].commands[0]", "cdp_a_serve"),
    (
        domain(commands=[{"name": "onE"}], events=[{"name": "e"}]),
        "$.domains[0].events[0]",
        "cdp_a_on_e",
    ),
    (
        domain(types=[{"id": "Go", "type": "string"}], commands=[{"name": "go"}]),
        "$.domains[0].commands[0]",
        "cdp_a_go is that of A.Go already (p.json: $.domains[0].types[0])",
    ),
    (
        types({"id": "T", "type": "string"}, {"id": "T", "type": "string"}),
        "$.domains[0].types[1].id",
        "A.T twice",
    ),
    (
        types({"id": "FooX", "type": "string"}, {"id": "foo-x", "type": "string"}),
        "$.domains[0].types[1]",
        "cdp_a_foo_x",
    ),
    (struct(field("a"), field("a")), TYPE + ".properties[1].name", "field of A.S.a"),
    (struct(field("aB"), field("a_b")), TYPE + ".properties[1].name", "member of A.S.a_b"),
    (struct(field("Foo"), field("foo")), TYPE + ".properties[1].name", "member of A.S.foo"),
    (enum("a-b", "a_b"), TYPE + ".enum[1]", "CDP_A_E_A_B"),
    (enum("Foo", "foo"), TYPE + ".enum[1]", "CDP_A_E_FOO"),
    (enum("-0", "negative-0"), TYPE + ".enum[1]", "CDP_A_E_NEGATIVE_0"),
    (
        domain(
            types=[{"id": "C_x", "type": "string"}],
            commands=[{"name": "c", "parameters": [field(type="string", enum=["w"])]}],
        ),
        "$.domains[0].commands[0].parameters[0]",
        "cdp_a_c_x",
    ),
    ({"domains": [{"domain": "Call", "commands": [{"name": "async"}]}]}, "commands[0]", "own"),
]

HOSTILE_NAMES = [
    "../../etc/x",
    "/etc/passwd",
    "a/b",
    ".",
    "",
    "-",
    "_",
    "__",
    "1a",
    "a b",
    "a.b",
    'a;system("x")//',
    "a*/b",
    "a??/b",
    "a\\",
    "a\nb",
    "a\x00b",
    "a\x1b[31m",
    "\u0430",
    "na\u00efve",
    "\ud800",
    "\u202ea",
    "x" * 129,
    "x" * 10000,
]


def _refused(cdpgen, protocol, path, message):
    done = cdpgen(protocol)
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.isascii()
    assert all(c.isprintable() or c == "\n" for c in done.stderr)
    assert len(done.stderr) < 600
    if done.stderr != "cdpgen: the protocol is nested too deep\n":
        assert done.stderr.startswith("p.json: $")
        assert path in done.stderr
        assert message in done.stderr
    assert not cdpgen.out.exists()


@pytest.mark.parametrize("protocol, path, message", FORM)
def test_form(cdpgen, protocol, path, message):
    _refused(cdpgen, protocol, path, message)


@pytest.mark.parametrize("protocol, path, message", REFERENCES)
def test_references(cdpgen, protocol, path, message):
    _refused(cdpgen, protocol, path, message)


@pytest.mark.parametrize("protocol, path, message", CLASHES)
def test_clashes(cdpgen, protocol, path, message):
    _refused(cdpgen, protocol, path, message)


@pytest.mark.parametrize(
    "mine, message",
    [
        ({"domain": "A"}, "$.domains[0].domain: domain of A: A is that of A already (a.json: "),
        ({"domain": "a"}, "$.domains[0].domain: file of a: a is that of A already (a.json: "),
        (
            {"domain": "B", "types": [{"id": "T", "$ref": "A.No"}]},
            "$.domains[0].types[0].$ref: no type A.No",
        ),
    ],
)
def test_a_file_of_ones_own(cdpgen, tmp_path, mine, message):
    """Every *.json of the folder counts; where two do not go together, both are named."""
    folder = tmp_path / "several"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(types({"id": "T", "type": "string"})))
    (folder / "mine.json").write_text(json.dumps({"domains": [mine]}))
    done = cdpgen.on(folder)
    assert done.returncode == 1 and done.stderr.startswith("mine.json: " + message), done.stderr
    mine = {"domain": "B", "commands": [{"name": "c", "parameters": [field(**{"$ref": "A.T"})]}]}
    (folder / "mine.json").write_text(json.dumps({"domains": [mine]}))
    assert cdpgen.on(folder).returncode == 0
    assert "cdp_a_t x; /* required */" in cdpgen.header("b")


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_are_refused_everywhere(name):
    """In process: each of the places a name can stand in."""
    import model
    import schema
    from errors import At, ProtocolError

    places = {
        "$.domains[0].domain": {"domains": [{"domain": name}]},
        TYPE + ".id": types({"id": name, "type": "string"}),
        FIRST + ".name": struct(field(name)),
        "$.domains[0].commands[0].name": command(name),
        "$.domains[0].commands[0].redirect": command(redirect=name),
        "$.domains[0].events[0].name": domain(events=[{"name": name}]),
        TYPE + ".enum[0]": enum(name),
    }
    if name == "1a":  # fine as a word
        del places[TYPE + ".enum[0]"]
    for path, protocol in places.items():
        data = json.dumps(protocol).encode()
        with pytest.raises(ProtocolError) as e:
            model.build([(schema.parse(data, At("p.json")), At("p.json"))], "1")
        assert str(e.value).startswith("p.json: %s: " % path)
        assert str(e.value).isascii() and str(e.value).isprintable()


def test_hostile_name_on_the_command_line(cdpgen):
    _refused(cdpgen, {"domains": [{"domain": "../../etc/x"}]}, "$.domains[0].domain", "not a name")


def test_hostile_descriptions_do_not_reach_the_output(cdpgen):
    prose = '*/ ??/ \\\n"; #include </etc/passwd> \u202e \x00 % {{ 7*7 }}'
    protocol = struct(field(type="string", description=prose))
    protocol["domains"][0]["description"] = prose
    assert cdpgen(protocol).returncode == 0
    for name in ("include/cdp/a.h", "include/cdp/forward.h", "src/a.c"):
        text = (cdpgen.out / name).read_text()
        assert text.isascii()
        for part in ("??", "passwd", "7*7", "49"):
            assert part not in text


def test_name_pool_too_big(cdpgen):
    words = ["w%s%d" % ("x" * 100, i) for i in range(1000)]
    _refused(cdpgen, enum(*words), TYPE, "A has more than 65535 bytes of names")


def test_name_too_long_for_the_tables(cdpgen):
    long = "x" * 128
    protocol = {"domains": [{"domain": long, "commands": [{"name": long}]}]}
    _refused(cdpgen, protocol, "$.domains[0].commands[0]", "longer than 255 characters")


def test_longest_names(cdpgen):
    protocol = {"domains": [{"domain": "x" * 126, "commands": [{"name": "y" * 128}]}]}
    assert cdpgen(protocol).returncode == 0


def test_nested_too_deep(cdpgen):
    items = {"type": "string"}
    for _ in range(400):
        items = {"type": "array", "items": items}
    done = cdpgen(types({"id": "T", **items}))
    assert "Traceback" not in done.stderr and done.returncode in (0, 1)


def test_sources_that_are_not_there(cdpgen, tmp_path):
    done = cdpgen.on(tmp_path / "gone")
    assert (done.returncode, done.stderr) == (1, "gone: $: No such file or directory\n")
    (tmp_path / "empty").mkdir()
    done = cdpgen.on(tmp_path / "empty")
    assert (done.returncode, done.stderr) == (1, "empty: $: no *.json in it\n")


def test_hostile_revision(cdpgen, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "REVISION").write_text('1"; system("x')
    done = cdpgen({"domains": []})
    assert done.returncode == 1 and done.stderr.startswith("REVISION: $: ")


def test_same_domain_in_two_files(cdpgen, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "q.json").write_text('{"domains": [{"domain": "A"}]}')
    done = cdpgen({"domains": [{"domain": "A"}]})
    assert done.returncode == 1
    assert done.stderr.startswith("q.json: $.domains[0].domain: domain of A: A is that of A")
    assert "(p.json: $.domains[0].domain)" in done.stderr


@pytest.mark.parametrize(
    "protocol",
    [
        struct(field(optional=True, **{"$ref": "S"})),  # a tree of optional parents
        struct(field(type="array", items={"$ref": "S"})),  # a list may be empty
        struct(*[field("f%d" % i) for i in range(64)]),
        enum(*["w%d" % i for i in range(5000)]),
        enum("-0", "0", "Infinity", "-Infinity", "2g"),
        command(redirect="Nowhere", handlers=["browser"], **{"async": True}),
        {"version": {"major": "1", "minor": "3"}, "domains": []},
        {"version": {"major": 1, "minor": 3}, "domains": [{"domain": "A"}]},
        domain(dependencies=["Nowhere"], hidden=True),
        struct(field(type="object", exported=True, properties=[field()])),
        command(error={"$ref": "Nowhere"}, Description="Prose."),
        types({"id": "Q", "type": "array", "minItems": 8, "items": {"type": "number"}}),
    ],
)
def test_not_refused(cdpgen, protocol):
    done = cdpgen(protocol)
    assert (done.returncode, done.stderr) == (0, "")
