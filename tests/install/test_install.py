"""What is installed is whole, fits together, and knows neither where it was built nor staged."""

import concurrent.futures
import os
import re
import subprocess
import sys

import pytest

from tree import PREFIX, ROOT, Tree, listing, make, run


def _files(tree):
    return sorted(p for p in tree.root.rglob("*") if p.is_file() and not p.is_symlink())


def _soname(library):
    return re.search(r"\(SONAME\).*\[(.*)\]", run("readelf", "-d", library))[1]


def _needed(program):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", program))


def test_no_file_names_where_it_was_built_or_staged(installed):
    wrong = [os.fsencode(path) for path in (ROOT, installed.stage, PREFIX)]
    for path in _files(installed):
        data = path.read_bytes()
        assert not any(w in data for w in wrong), path
    ours = [p for p in _files(installed) if p.parent.name in ("lib", "bin")]
    for program in ours:
        if program.read_bytes()[:4] == b"\x7fELF":
            found = re.findall(r"\(RUNPATH\).*\[(.*)\]", run("readelf", "-d", program))
            assert all(path.startswith("$ORIGIN/") for path in found), program


def test_the_revision_is_part_of_the_sonames(installed):
    revision = (ROOT / "protocol_json" / "REVISION").read_text()
    revision = re.search(r"\d{4,}", revision)[0]
    for library in installed.lib.glob("*.so"):
        soname = _soname(library)
        assert re.fullmatch(re.escape(library.name) + r"\.\d+\.%s(\.\w+)?" % revision, soname)
        assert os.readlink(library) == soname
    v8 = installed.lib / "libcdpkit-v8.so"
    if v8.exists():
        assert _soname(installed.lib / "libcdpkit.so") in _needed(v8)


def test_ldconfig_has_nothing_to_add(installed, tmp_path):
    run("cp", "-a", installed.lib, tmp_path)
    before = {p.name for p in (tmp_path / "lib").iterdir()}
    run("/sbin/ldconfig", "-n", tmp_path / "lib")
    assert {p.name for p in (tmp_path / "lib").iterdir()} == before


def test_pkg_config(installed):
    assert installed.pkg_config("--modversion", "cdpkit")
    assert installed.pkg_config("--variable=protocol_revision", "cdpkit")[0] in (
        ROOT / "protocol_json" / "REVISION"
    ).read_text()
    (protocol,) = installed.pkg_config("--variable=protocol", "cdpkit")
    assert os.path.samefile(protocol, installed.root / "share" / "cdpkit" / "protocol_json")
    (cdpgen,) = installed.pkg_config("--variable=cdpgen", "cdpkit")
    assert os.path.samefile(cdpgen, installed.root / "bin" / "cdpgen")
    static = installed.pkg_config("--libs", "--static", "cdpkit")
    assert {"-lcdpkit", "-luv", "-lssl", "-lcrypto", "-lcjson"} <= set(static)
    assert not {"-luv", "-lcjson"} & set(installed.pkg_config("--libs", "cdpkit"))
    sysroot = installed.pkg_config("--cflags", "cdpkit", PKG_CONFIG_SYSROOT_DIR=str(installed.root))
    assert os.path.samefile(sysroot[0][2:], installed.root / "include")


@pytest.mark.parametrize("static", [False, True], ids=["shared", "static"])
class TestPrograms:
    def test_c(self, installed, tmp_path, static):
        source = ROOT / "examples" / "domain.c"
        program = installed.build("cdpkit", tmp_path / "domain", source, static=static)
        assert "product: Teapot/4.18\n" in installed.run(program)
        self.check(installed, program, static, "libcdpkit")

    def test_cxx(self, installed, tmp_path, static):
        source = ROOT / "tests" / "install" / "pair.cc"
        cc = ("c++", "-std=c++17", "-Wall", "-Wextra", "-Werror")
        program = installed.build("cdpkit", tmp_path / "pair", source, static=static, cc=cc)
        assert installed.run(program) == "1 call\n"
        self.check(installed, program, static, "libcdpkit")

    def test_v8(self, installed, tmp_path, static):
        if not installed.v8:
            pytest.skip("no V8")
        source = ROOT / "examples" / "hello.c"
        program = installed.build("cdpkit-v8", tmp_path / "hello", source, static=static)
        assert installed.run(program) == "Array(3), the first is 14\n"
        self.check(installed, program, static, "libcdpkit-v8")

    @staticmethod
    def check(installed, program, static, library):
        soname = _soname(installed.lib / (library + ".so"))
        assert (soname in _needed(program)) == (not static)


@pytest.mark.parametrize("language, standard", [("c", "c11"), ("c++", "c++17")])
def test_headers_compile_alone(installed, language, standard):
    headers = sorted(p.name for p in (installed.root / "include" / "cdp").iterdir())
    flags = installed.pkg_config("--cflags", "cdpkit")
    flags += ["-std=" + standard, "-Wall", "-Wextra", "-Werror"]

    def alone(header):
        text = "#include <cdp/%s>\n" % header
        command = ["cc", "-x", language, *flags, "-fsyntax-only", "-"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        return header + done.stderr if done.returncode else None

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        assert not [said for said in pool.map(alone, headers) if said]
    assert {"cdp.h", "forward.h", "all.h", "runtime.h", "remote.h"} <= set(headers)


def test_the_command(installed):
    if not installed.v8:
        pytest.skip("no V8")
    cdp = installed.root / "bin" / "cdp"
    version = installed.pkg_config("--modversion", "cdpkit")[0]
    assert version in run(cdp, "--version")
    share = installed.root / "share"
    assert ".TH" in (share / "man" / "man1" / "cdp.1").read_text()
    for leaf in (
        "bash-completion/completions/cdp",
        "zsh/site-functions/_cdp",
        "fish/vendor_completions.d/cdp.fish",
    ):
        assert (share / leaf).stat().st_size > 100


def test_folders_of_ones_own(tmp_path):
    """As a distribution lays them out; and all of it goes again."""
    lib = PREFIX + "/lib/of-this-machine"
    folders = {"LIBDIR": lib, "INCLUDEDIR": "/opt/inc", "DATADIR": "/opt/data"}
    folders["BINDIR"] = PREFIX + "/b/in"
    make("install", tmp_path, **folders)
    stage = str(tmp_path)
    tree = Tree(tmp_path / PREFIX[1:], tmp_path)
    tree.env["PKG_CONFIG_PATH"] = stage + lib + "/pkgconfig"
    assert tree.pkg_config("--cflags", "cdpkit") == ["-I/opt/inc"]
    assert tree.pkg_config("--variable=protocol", "cdpkit") == ["/opt/data/cdpkit/protocol_json"]
    (flag,) = tree.pkg_config("--libs-only-L", "cdpkit")
    assert os.path.samefile(flag[2:], stage + lib)
    assert "--base" in run(stage + PREFIX + "/b/in/cdpgen", "--help", env=_python())
    if (tmp_path / lib[1:] / "libcdpkit-v8.so").exists():
        assert run(stage + PREFIX + "/b/in/cdp", "--version")
    for folder in ("/opt/inc/cdp", "/opt/data/cdpkit/generator", "/opt/data/man"):
        assert os.path.isdir(stage + folder)
    make("uninstall", tmp_path, **folders)
    assert listing(tmp_path) == {}


def _python():
    """A python3 that has jinja2, for cdpgen."""
    return dict(os.environ, PYTHON=sys.executable)
