"""What the generator's tests share: running it, and compiling what it made."""

import json
import pathlib
import subprocess
import sys

import pytest

sys.dont_write_bytecode = True

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "generator"))

WARNINGS = (
    "-Wall -Wextra -Wpedantic -Wshadow -Wwrite-strings -Wcast-qual -Wvla -Wundef -Werror"
).split()
C_WARNINGS = ["-Wstrict-prototypes", "-Wmissing-prototypes"]
INCLUDES = ["-I%s" % (ROOT / "runtime" / "include")]


@pytest.fixture
def cdpgen(tmp_path):
    """Runs the command line on a protocol (JSON value, text or bytes); returns a Run."""

    class Run:
        out = tmp_path / "out"

        def __call__(self, protocol, *options):
            source = tmp_path / "in"
            source.mkdir(exist_ok=True)
            if not isinstance(protocol, (str, bytes)):
                protocol = json.dumps(protocol)
            if isinstance(protocol, str):
                protocol = protocol.encode()
            (source / "p.json").write_bytes(protocol)
            return self.on(source, *options)

        def on(self, source, *options):
            return subprocess.run(
                ["/usr/bin/python3", ROOT / "generator" / "cdpgen.py"]
                + ["--in", source, "--out", self.out, *options],
                capture_output=True,
                text=True,
                timeout=60,
            )

        def header(self, name):
            return (self.out / "include" / "cdp" / (name + ".h")).read_text()

        def source(self, name):
            return (self.out / "src" / (name + ".c")).read_text()

    return Run()


@pytest.fixture
def run(tmp_path):
    """Runs import_protocol.py; what it makes is in tmp_path / "out"."""

    def run(*args):
        command = ["/usr/bin/python3", ROOT / "generator" / "import_protocol.py"]
        return subprocess.run(
            [*command, *args, "--out", tmp_path / "out"], capture_output=True, text=True, timeout=60
        )

    return run


@pytest.fixture
def place(tmp_path, capsys, monkeypatch):
    """A Place for the programs' main()s, which run in this process."""
    from place import Place

    place = Place(tmp_path, capsys)
    monkeypatch.setattr("tempfile.tempdir", str(place.temp))
    return place


def compile_c(compiler, options, *sources):
    """Runs a compiler, all warnings errors, and shows what it said when it failed."""
    done = subprocess.run(
        [compiler, *options, *WARNINGS, *INCLUDES, *map(str, sources)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[:4000]


def snapshot(folder):
    """{path: (content, inode)} of all files below folder"""
    files = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    return {str(p.relative_to(folder)): (p.read_bytes(), p.stat().st_ino) for p in files}
