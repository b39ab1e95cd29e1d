"""The pinned protocol, and what was generated from it."""

import collections
import json
import re
import subprocess

import pytest

from conftest import HERE, INCLUDES, ROOT, compile_c

GENERATED = ROOT / "generated"
HEADERS = GENERATED / "include" / "cdp"
FILES = ("browser_protocol.json", "js_protocol.json", "node_protocol.json", "teapot.json")
REVISION = (ROOT / "protocol_json" / "REVISION").read_text().strip()
counted = pytest.mark.skipif(REVISION != "1734725", reason="counted in another revision")
KINDS = "boolean integer number string binary any object enum struct array".split()


def domains():
    for name in FILES:
        yield from json.loads((ROOT / "protocol_json" / name).read_text())["domains"]


def walk(value):
    yield value
    if isinstance(value, (list, dict)):
        for v in value.values() if isinstance(value, dict) else value:
            yield from walk(v)


@pytest.fixture(scope="module")
def dumped(tmp_path_factory):
    """The tables, as a program sees them."""
    program = tmp_path_factory.mktemp("dump") / "dump"
    sources = sorted((GENERATED / "src").glob("*.c"))
    include = "-I%s" % (GENERATED / "include")
    compile_c("gcc", ["-std=c11", "-O0", "-o", program, include], HERE / "dump.c", *sources)
    done = subprocess.run([program], capture_output=True, text=True, check=True)
    assert done.stderr == REVISION + "\n"
    return [json.loads(line) for line in done.stdout.splitlines()]


class Expected:
    """The same, straight from the JSON, by other means than the generator's."""

    def __init__(self):
        self.types = {}
        for d in domains():
            for t in d.get("types", []):
                self.types[d["domain"], t["id"]] = t

    def flags(self, value, required=False):
        return (
            required + 2 * value.get("experimental", False) + 4 * value.get("deprecated", False)
        )

    def shape(self, domain, value, owner):
        if "$ref" in value:
            parts = value["$ref"].split(".")
            domain, name = parts if len(parts) == 2 else (domain, parts[0])
            target = self.types[domain, name]
            if target.get("properties"):
                return {"kind": KINDS.index("struct"), "domain": domain, "to": name}
            return self.shape(domain, target, name)
        if "enum" in value:
            return {"kind": KINDS.index("enum"), "domain": domain, "to": owner}
        if value["type"] == "array":
            return {"kind": 9, "item": self.shape(domain, value["items"], owner)}
        return {"kind": KINDS.index(value["type"])}

    def struct(self, domain, name, values):
        if not values:
            return None
        return {
            "type": name,
            "fields": [
                {
                    "name": f["name"],
                    "flags": self.flags(f, not f.get("optional", False)),
                    "is": self.shape(domain, f, "%s.%s" % (name, f["name"])),
                }
                for f in values
            ],
        }

    def domain(self, d):
        name = d["domain"]

        def message(m, *parts):
            out = {"name": "%s.%s" % (name, m["name"]), "flags": self.flags(m)}
            for key, source in parts:
                out[key] = self.struct(name, m["name"], m.get(source))
            return out

        both = (("params", "parameters"), ("result", "returns"))
        return {
            "domain": name,
            "flags": self.flags(d),
            "types": [
                self.struct(name, t["id"], t["properties"])
                for t in d.get("types", [])
                if t.get("properties")
            ],
            "commands": [message(c, *both) for c in d.get("commands", [])],
            "events": [message(e, both[0]) for e in d.get("events", [])],
        }


def test_tables_say_what_the_protocol_says(dumped):
    expected = Expected()
    whole = sorted((expected.domain(d) for d in domains()), key=lambda d: d["domain"].encode())
    assert [d["domain"] for d in dumped] == [d["domain"] for d in whole]
    for got, want in zip(dumped, whole):
        got["types"] = got["types"][: len(want["types"])]  # those of messages come after
        enums = got.pop("enums")
        assert got == want
        got["enums"] = enums


def test_enums_say_what_the_protocol_says(dumped):
    want = collections.Counter(
        (d["domain"], tuple(v["enum"]))
        for d in domains()
        for v in walk(d)
        if isinstance(v, dict) and isinstance(v.get("enum"), list)
    )
    got = collections.Counter((d["domain"], tuple(e["words"])) for d in dumped for e in d["enums"])
    assert got == want


def test_enumerators_follow_the_words(dumped):
    """The nth enumerator is the nth word, for all enums."""
    blocks = re.findall(r"\ntypedef enum (\w+) \{\n(.*?)\n\} \1;", code("forward"), re.S)
    want = [e["words"] for d in dumped for e in d["enums"]]
    assert len(blocks) == len(want)
    for (name, block), words in zip(blocks, want):
        lines = [line.strip(" ,") for line in block.split("\n")]
        assert lines[0].endswith("__UNKNOWN = -1") and lines[1].endswith(" = 1"), name
        assert len(lines) == len(words) + 1
        for line, word in zip(lines[1:], words):
            ending = re.sub("[^A-Za-z0-9]", "", word).upper()
            assert line.split(" ")[0].replace("_", "").endswith(ending)


def test_nothing_but_facts_is_kept():
    for name in FILES:
        text = (ROOT / "protocol_json" / name).read_text()
        assert '"description":' not in text
        assert text.isascii()
    assert not any("description" in v for v in walk(list(domains())) if isinstance(v, dict))


def test_no_prose_in_the_output():
    for path in [*HEADERS.iterdir(), *(GENERATED / "src").iterdir()]:
        text = path.read_text()
        assert text.isascii() and "??" not in text and "\t" not in text
        assert not re.search(r"[ \t]$", text, re.M), path


@counted
def test_counts(dumped):
    """Of revision 1734725, the domains only Node 24 has, and the one that is an example."""
    assert len(dumped) == 59 + 3 + 1
    assert sum(len(d["commands"]) for d in dumped) == 677 + 10 + 2
    assert sum(len(d["events"]) for d in dumped) == 232 + 7 + 1
    assert sum(len(d.get("types", [])) for d in domains()) == 611 + 4 + 2


@counted
def test_binary():
    """PDL says it in 46 places; the description of 25 of them tells it in JSON."""
    assert sum(v == "binary" for v in walk(list(domains()))) == 46
    assert "cdp_bytes data;" in code("page")
    assert "cdp_bytes bytecode;" in code("debugger")


@counted
def test_redirects():
    """A redirected command is still sent under its own name."""
    assert sum("redirect" in c for d in domains() for c in d.get("commands", [])) == 15
    text = (HEADERS / "page.h").read_text()
    assert " Page.setDeviceMetricsOverride (served by Emulation; " in text
    assert "int cdp_page_set_device_metrics_override(" in text


def code(header):
    """A header without its comments, which move with the words."""
    text = (HEADERS / (header + ".h")).read_text()
    return re.sub(r"[ \n]*/\*.*?\*/", "", text, flags=re.S)


@pytest.mark.parametrize(
    "header, line",
    [
        # names
        ("debugger", "const cdp_runtime_remote_object *this_;"),
        ("security", "int cdp_security_set_override_certificate_errors("),
        ("runtime", "int cdp_runtime_get_isolate_id("),
        ("runtime", "uint32_t cdp_runtime_on_console_api_called("),
        ("network", "cdp_network_set_blocked_urls("),
        ("forward", "CDP_DEBUGGER_BREAK_LOCATION_TYPE_RETURN"),
        ("forward", "CDP_CACHE_STORAGE_CACHED_RESPONSE_TYPE_DEFAULT"),
        ("forward", "CDP_NETWORK_CONNECTION_TYPE_CELLULAR2G"),
        # the same id in several domains
        ("forward", "typedef cdp_str cdp_fetch_request_id;"),
        ("forward", "typedef cdp_str cdp_network_request_id;"),
        ("forward", "typedef struct cdp_debugger_call_frame cdp_debugger_call_frame;"),
        ("forward", "typedef struct cdp_runtime_call_frame cdp_runtime_call_frame;"),
        # inline enums: of a type, of parameters, of results, of events
        ("forward", "CDP_RUNTIME_REMOTE_OBJECT_TYPE__UNKNOWN = -1,"),
        ("forward", "CDP_PAGE_CAPTURE_SCREENSHOT_FORMAT_WEBP"),
        ("forward", "} cdp_debugger_set_script_source_result_status;"),
        ("forward", "CDP_RUNTIME_CONSOLE_API_CALLED_EVENT_TYPE_ERROR"),
        # aliases
        ("forward", "typedef double cdp_runtime_timestamp;"),
        ("forward", "typedef double cdp_input_time_since_epoch;"),
        ("forward", "typedef CDP_LIST(double) cdp_dom_quad;"),
        ("forward", "typedef int32_t cdp_runtime_execution_context_id;"),
        ("forward", "typedef cdp_value cdp_network_headers;"),
        ("runtime", "cdp_opt_int context_id;"),
        # any, bare objects, and arrays of them
        ("runtime", "cdp_value value;"),
        ("accessibility", "cdp_value value;"),
        ("tracing", "CDP_LIST(cdp_value) value;"),
        ("dom", "CDP_LIST(cdp_value) shape;"),
        # recursive types
        ("runtime", "const cdp_runtime_object_preview *value;"),
        ("runtime", "const cdp_runtime_stack_trace *parent;"),
        ("heap_profiler", "CDP_LIST(cdp_heap_profiler_sampling_heap_profile_node) children;"),
        ("profiler", "CDP_LIST(int32_t) children;"),
        # required after optional; required and deprecated
        ("indexed_db", "cdp_str database_name;"),
        ("debugger", "cdp_str url CDP_DEPRECATED;"),
        # domains in rings; only Node's
        ("page", "cdp_network_loader_id loader_id;"),
        ("node_worker", "struct cdp_node_worker_worker_info {"),
        ("inspector_domain", "uint32_t cdp_inspector_on_detached("),
    ],
)
def test_c(header, line):
    assert line in code(header)


def test_no_empty_structs():
    for path in HEADERS.iterdir():
        assert "{\n    const cdp__extra *extra_;\n" not in path.read_text()


def test_extra_is_last_everywhere():
    for path in HEADERS.iterdir():
        text = path.read_text()
        structs = len(re.findall(r"^struct \w+ \{$", text, re.M))
        assert text.count("    const cdp__extra *extra_;\n};\n") == structs


def test_up_to_date(cdpgen):
    """The committed files are what the generator makes."""
    cdpgen.out = GENERATED
    done = cdpgen.on(ROOT / "protocol_json", "--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_inputs_are_as_make_compares_them():
    lines = (GENERATED / "INPUTS.sha256").read_text().splitlines()
    names = [line.split("  ")[1] for line in lines]
    assert names == sorted(names)
    folders = (
        "protocol_json/*.json",
        "protocol_json/REVISION",
        "generator/*.py",
        "generator/templates/*.j2",
        "protocol_json/docs/*.txt",
    )
    found = [str(p.relative_to(ROOT)) for g in folders for p in ROOT.glob(g)]
    assert names == sorted(found)


# ---- compilers


def test_each_header_compiles_alone(tmp_path):
    units = []
    for header in sorted(HEADERS.glob("*.h")):
        unit = tmp_path / (header.stem + ".c")
        unit.write_text("#include <cdp/%s>\n" % header.name)
        units.append(unit)
    include = "-I%s" % (GENERATED / "include")
    compile_c("gcc", ["-std=c11", "-fsyntax-only", include], *units)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("standard", ["c11", "gnu17", "c++11", "c++17", "c++20"])
def test_all_headers_compile(compiler, standard, tmp_path):
    unit = tmp_path / "unit.c"
    unit.write_text("#include <cdp/all.h>\n")
    language = "c++" if "++" in standard else "c"
    options = ["-x", language, "-std=" + standard, "-fsyntax-only", "-Wcast-function-type"]
    compile_c(compiler, [*options, "-I%s" % (GENERATED / "include")], unit)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_tables_need_no_relocations(compiler, tmp_path):
    """Only the cdp__domain structs, and the list of them, hold addresses."""
    for stem in ("runtime", "page", "audits"):
        out = tmp_path / (stem + ".o")
        include = "-I%s" % (GENERATED / "include")
        options = ["-std=c11", "-O2", "-fPIC", "-c", "-o", out, include]
        compile_c(compiler, options, GENERATED / "src" / (stem + ".c"))
        shown = subprocess.run(["readelf", "-rW", out], capture_output=True, text=True, check=True)
        assert len(re.findall("R_[A-Z0-9_]+", shown.stdout)) < 30
        sizes = subprocess.run(["size", out], capture_output=True, text=True, check=True)
        data = int(sizes.stdout.split("\n")[1].split()[1])
        assert data < 500  # .data.rel.ro


def test_stubs_may_be_functions_of_their_own(tmp_path):
    """CDP_STUB is the user's to set."""
    unit = tmp_path / "unit.c"
    unit.write_text("#define CDP_STUB __attribute__((weak))\n#include <cdp/runtime.h>\n")
    done = subprocess.run(
        ["gcc", "-std=c11", "-c", "-o", tmp_path / "x.o", *INCLUDES]
        + ["-I%s" % (GENERATED / "include"), unit],
        capture_output=True,
    )
    assert done.returncode == 0
