"""Domains beside an installed library's: only they are made, and fit that library alone."""

import json
import re
import subprocess

import pytest

from conftest import C_WARNINGS, INCLUDES, ROOT, compile_c, snapshot

BASE = ROOT / "protocol_json"
CUP = {"name": "cup", "$ref": "Runtime.RemoteObject"}
IDS = {"name": "ids", "type": "array", "items": {"$ref": "Runtime.ScriptId"}}
KIND = {"name": "kind", "optional": True, "$ref": "Network.ResourceType"}


def own(name="Barista", **more):
    ready = {"name": "ready", "parameters": [CUP, IDS, KIND]}
    return {"domain": name, **(more or {"events": [ready]})}


@pytest.fixture
def on_base(cdpgen):
    def run(*domains, base=BASE, options=()):
        return cdpgen({"domains": list(domains)}, "--base", base, *options)

    return run


def test_only_what_is_ones_own(on_base, cdpgen):
    assert on_base(own(), own("Zoo")).returncode == 0
    assert set(snapshot(cdpgen.out)) == {
        "include/cdp/barista.h",
        "include/cdp/barista_forward.h",
        "include/cdp/zoo.h",
        "src/barista.c",
        "src/zoo.c",
    }
    before = snapshot(cdpgen.out)
    assert on_base(own(), own("Zoo")).returncode == 0
    assert snapshot(cdpgen.out) == before
    assert on_base(own(), own("Zoo"), options=["--check"]).returncode == 0


@pytest.mark.parametrize("standard", ["c11", "c++11", "c++20"])
def test_compiles_beside_the_librarys(on_base, cdpgen, tmp_path, standard):
    assert on_base(own()).returncode == 0
    unit = tmp_path / "unit.c"
    unit.write_text("#include <cdp/barista.h>\n#include <cdp/all.h>\nextern int unit; int unit;\n")
    folders = ["-I%s" % (cdpgen.out / "include"), "-I%s" % (ROOT / "generated" / "include")]
    options = ["-fsyntax-only", "-std=" + standard, *folders]
    compile_c("gcc", [*options, "-x", "c++" if "++" in standard else "c"], unit)
    if standard == "c11":
        compile_c("gcc", [*options, *C_WARNINGS], cdpgen.out / "src" / "barista.c")


def _other_base(folder, change):
    """The protocol with something changed, and the headers made from it."""
    folder.mkdir()
    (folder / "REVISION").write_text("7\n")
    for path in BASE.glob("*.json"):
        value = json.loads(path.read_text())
        for domain in value["domains"]:
            change(domain)
        (folder / path.name).write_text(json.dumps(value))
    return folder


def _new_type(domain):
    if domain["domain"] == "Log":
        new = {"id": "New", "type": "object", "properties": [{"name": "x", "type": "any"}]}
        domain["types"].insert(0, new)


def _less_stable(domain):
    domain["experimental"] = True


@pytest.mark.parametrize("change, fits", [(_new_type, False), (_less_stable, True)])
def test_does_not_compile_against_another_library(on_base, cdpgen, tmp_path, change, fits):
    assert on_base(own(), base=_other_base(tmp_path / "base", change)).returncode == 0
    folders = ["-I%s" % (cdpgen.out / "include"), "-I%s" % (ROOT / "generated" / "include")]
    done = subprocess.run(
        ["gcc", "-fsyntax-only", *INCLUDES, *folders, cdpgen.out / "src" / "barista.c"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode == 0) == fits
    assert fits or (
        'error: #error "generated for another <cdp/forward.h> (revision 7): run cdpgen again"'
        in done.stderr
    )


def test_of_a_selection_there_is_only_that(on_base, cdpgen, tmp_path):
    base = _other_base(tmp_path / "base", lambda domain: None)
    (base / "SELECTION").write_text("Runtime\nPage.navigate\n")
    done = on_base(own(), base=base)
    assert done.returncode == 1 and done.stderr.endswith("no type Network.ResourceType\n")
    ready = {"name": "ready", "parameters": [CUP, {"name": "frame", "$ref": "Page.FrameId"}]}
    assert on_base(own(events=[ready]), base=base).returncode == 0
    selected = tmp_path / "selected"
    made = cdpgen.on(BASE, "--domains", "Runtime,Page.navigate", "--out", selected)
    assert made.returncode == 0
    folders = ["-I%s" % (cdpgen.out / "include"), "-I%s" % (selected / "include")]
    compile_c("gcc", ["-fsyntax-only", "-std=c11", *folders], cdpgen.out / "src" / "barista.c")


HEAP = own(
    "Heap",
    types=[{"id": "ProfilerSampling", "type": "object", "properties": [CUP]}],
    commands=[{"name": "profilerEnable"}],
)
REFUSED = [
    (
        own("Runtime"),
        r"p\.json: \$\.domains\[0\]\.domain: domain of Runtime: Runtime is that of Runtime already "
        r"\(js_protocol\.json: \$\.domains\[\d+\]\.domain\)",
    ),
    (
        own("runtime"),
        r"p\.json: \$\.domains\[0\]\.domain: file of runtime: runtime is that of Runtime already "
        r"\(js_protocol\.json: .*\)",
    ),
    (own("DOM"), r"p\.json: .*: domain of DOM: .* \(browser_protocol\.json: .*\)"),
    (
        HEAP,
        r"p\.json: \$\.domains\[0\]\.commands\[0\]: C name of Heap\.profilerEnable: "
        r"cdp_heap_profiler_enable is that of HeapProfiler\.enable already \(js_protocol.*\)",
    ),
    (
        own("Host", commands=[{"name": "new"}]),
        r"p\.json: .*: C name of Host\.new: cdp_host_new is the library's own",
    ),
    (
        own(types=[{"id": "T", "$ref": "Runtime.Gone"}]),
        r"p\.json: .*\.\$ref: no type Runtime\.Gone",
    ),
]


@pytest.mark.parametrize("domain, expected", REFUSED)
def test_refused(on_base, cdpgen, domain, expected):
    done = on_base(domain)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(expected + "\n", done.stderr), done.stderr
    assert not cdpgen.out.exists()


def test_nothing_to_do_is_refused(on_base):
    done = on_base()
    assert (done.returncode, done.stderr) == (1, "p.json: $.domains: no domain of your own\n")


def test_options_that_make_no_sense(on_base):
    done = subprocess.run(
        ["/usr/bin/python3", ROOT / "generator" / "cdpgen.py", "--base", BASE],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and "--base needs --in, and --out or --docs" in done.stderr
    done = on_base(own(), options=["--domains", "Runtime"])
    assert done.returncode == 2 and "--domains is about a library" in done.stderr


def test_a_selection_that_makes_no_sense(on_base, tmp_path):
    base = _other_base(tmp_path / "base", lambda domain: None)
    (base / "SELECTION").write_bytes(b"Runtime \xff\n")
    done = on_base(own(), base=base)
    assert done.returncode == 1
    assert done.stderr.startswith("SELECTION: $: no domain '\\ufffd'")
