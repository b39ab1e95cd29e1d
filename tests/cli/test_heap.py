"""heap: snapshots are whole, or not there."""

import json
import os
import signal
import subprocess
import time

import pytest

from conftest import CDP, PATIENCE

SMALL = "setInterval(() => {}, 1000)"
LARGE = "globalThis.kept = Array.from({ length: 150000 }, (_, i) => ({ i, text: 'x' + i, list: [i] })); console.error('all there'); " + SMALL


@pytest.fixture
def start_large(start_node):
    """Starts a Node, and waits until it has all that it keeps."""
    def start():
        node = start_node(LARGE)
        node.wait_for("all there")
        return node

    return start


def listing(folder):
    return sorted(os.listdir(folder))


def check_snapshot(path):
    snapshot = json.loads(path.read_text())
    meta, nodes, edges = snapshot["snapshot"]["meta"], snapshot["nodes"], snapshot["edges"]
    width = len(meta["node_fields"])
    assert len(meta["edge_fields"]) == 3 and len(nodes) % width == 0 and len(edges) % 3 == 0
    assert sum(nodes[meta["node_fields"].index("edge_count")::width]) == len(edges) // 3
    assert all(to % width == 0 and 0 <= to < len(nodes) for to in edges[2::3])
    assert snapshot["snapshot"]["node_count"] == len(nodes) // width
    assert snapshot["snapshot"]["edge_count"] == len(edges) // 3
    return len(nodes) // width, len(edges) // 3


def test_snapshot(run, start_node, tmp_path):
    node, file = start_node(SMALL), tmp_path / "a.heapsnapshot"
    code, out, err = run("heap", "--json", "--gc", "-o", file, node.target)
    told = json.loads(out)
    assert (code, err) == (0, "") and (told["nodes"], told["edges"]) == check_snapshot(file)
    assert told["file"] == str(file) and told["bytes"] == file.stat().st_size and told["bytesPerSecond"] > 0
    assert file.stat().st_mode & 0o777 == 0o600
    code, out, err = run("heap", "-f", "-o", file, "--numeric", "--internals", node.target)
    assert (code, out) == (0, "") and f" {check_snapshot(file)[0]} nodes, " in err
    code, out, err = run("heap", "-q", "-o", "-", node.target)
    assert (code, err) == (0, "") and "nodes" in json.loads(out)
    code, out, err = run("heap", node.target, cwd=tmp_path)
    name, = set(listing(tmp_path)) - {"a.heapsnapshot"}
    assert code == 0 and name.startswith("Heap-") and name.endswith(".heapsnapshot")


def test_snapshot_at_a_programs_end(run, tmp_path):
    code, out, err = run("heap", "--gc", "-o", tmp_path / "a", "--", "node", "-e", "globalThis.leftover = { here: 1 }; console.log(1)")
    assert (code, out) == (0, "1\n") and "--gc does nothing any more" in err
    check_snapshot(tmp_path / "a")
    assert "leftover" in json.loads((tmp_path / "a").read_text())["strings"]


def test_progress_on_a_terminal(terminal, start_node, start_large, tmp_path):
    code, got = terminal("heap", "-o", tmp_path / "a", start_large().target)
    assert code == 0 and b"heap snapshot [" in got and b" MB/s" in got
    code, got = terminal("heap", "-q", "-o", tmp_path / "b", start_node(SMALL).target)
    assert (code, got) == (0, b"")


def peak(*words):
    """Memory of a run of cdp at its most, in kB."""
    process = subprocess.Popen([CDP, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss


def test_memory(start_large, tmp_path):
    """Besides what the command's libraries have mapped."""
    more = peak("heap", "-o", tmp_path / "a", start_large().target) - peak("version")
    assert (tmp_path / "a").stat().st_size > 20_000_000
    assert more < 8_000


@pytest.fixture
def taking(start, start_large, tmp_path):
    """A snapshot of which so many bytes are there."""
    def start_taking(bytes):
        node = start_large()
        program = start("heap", "-o", tmp_path / "a", node.target)
        deadline = time.monotonic() + PATIENCE
        while program.process.poll() is None and time.monotonic() < deadline:
            if any((tmp_path / name).stat().st_size >= bytes for name in listing(tmp_path) if name != "a"):
                break
            time.sleep(0.001)
        return program, node

    return start_taking


@pytest.mark.parametrize("bytes", [0, 1, 1_000_000, 5_000_000])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_leave_no_file(taking, tmp_path, bytes, number):
    program, _ = taking(bytes)
    program.process.send_signal(number)
    code, out, err = program.end()
    assert (code, out, listing(tmp_path)) == (128 + number, "", []) and err.endswith(f"cdp: {tmp_path}/a was not written\n")


@pytest.mark.parametrize("bytes", [0, 1, 1_000_000, 5_000_000])
def test_a_lost_peer_leaves_no_file(taking, tmp_path, bytes):
    program, node = taking(bytes)
    node.process.kill()
    code, out, err = program.end()
    assert (code, out, listing(tmp_path)) == (1, "", []) and err.endswith(f"cdp: {tmp_path}/a was not written\n")


def test_a_full_disk(start_large, tmp_path):
    script = ('mount -t tmpfs -o size=2m tmpfs "$1" || exit 77; shift; cd "$1"; shift; "$@"; '
              'echo "status $?"; ls -A; touch room && echo fits')
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", tmp_path, tmp_path, CDP, "heap", "-o", "a",
                           start_large().target], capture_output=True, text=True, timeout=PATIENCE)
    if "status" not in done.stdout:
        pytest.skip(f"no file system of our own: {done.stderr}")
    assert done.stdout == "status 1\nfits\n"
    assert done.stderr == "cdp: can't write a: No space left on device\n"
