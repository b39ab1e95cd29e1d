"""Targets that are started, or named by their process id: Node, if it is there."""

import re
import shutil
import signal
import subprocess

import pytest

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(not NODE, reason="no node")


@pytest.fixture
def script(tmp_path):
    file = tmp_path / "x.js"
    file.write_text("console.log('ran', process.argv.length); setTimeout(() => console.error('late'), 20)")
    return str(file)


@pytest.fixture
def idle():
    """A Node that nobody inspects, and that has started."""
    process = subprocess.Popen([NODE, "-e", "console.log('up'); setInterval(() => {}, 1000)"], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


def test_eval_comes_before_the_program(run, script):
    code, out, _ = run("eval", "typeof process", "--", NODE, script)
    assert (code, out) == (0, "object\n")


def test_promises_have_the_program_run(run, script):
    assert run("eval", "Promise.resolve(8)", "--", NODE, script)[:2] == (0, "ran 2\n8\n")
    code, out, err = run("eval", "Promise.reject(8)", "--", NODE, script)
    assert (code, out) == (1, "ran 2\n") and "Uncaught (in promise) 8\n" in err
    assert run("eval", "-r", "await 5", "--", NODE, script)[1].endswith("5\n")


def test_a_program_is_followed_to_its_end(run, script):
    code, out, err = run("console", "--", NODE, script, "a", "b")
    assert code == 0 and "late\n" in err
    ours = [line for line in out.splitlines() if "  file://" in line]  # the program's own come in between
    assert [re.sub(r"file://\S+:1:\d+", "PLACE", line) for line in ours] == ["ran 4  PLACE", "late  PLACE"]
    code, out, _ = run("events", "Runtime.executionContextCreated", "--", NODE, script)
    assert code == 0 and '{"method":"Runtime.executionContextCreated",' in out


def test_a_program_that_is_not_there(run):
    code, out, err = run("eval", "1", "--", "/nothing/node")
    assert (code, out) == (1, "") and err.startswith("cdp: ")


def test_a_process_by_its_id(run, idle):
    assert run("eval", str(idle.pid), "process.pid") == (0, f"{idle.pid}\n", "")
    assert run("eval", "process.pid", env={"CDP_TARGET": str(idle.pid)}) == (0, f"{idle.pid}\n", "")


def test_a_process_that_would_die_of_the_signal_is_left_alone(run):
    sleeper = subprocess.Popen(["sleep", "1000"])
    try:
        code, out, err = run("eval", str(sleeper.pid), "1")
        assert (code, out) == (1, "") and err.startswith("cdp: ")
        assert sleeper.poll() is None
    finally:
        sleeper.send_signal(signal.SIGKILL)
        sleeper.wait()
