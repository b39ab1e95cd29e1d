"""The debugger of Node's command line, `node inspect HOST:PORT`."""

import json

import pytest

from conftest import ENV, SCRIPTS
from files import check_profile, check_snapshot, objects_named
from process import Process

PROMPT = r"debug> $"


class Debugger(Process):
    """`node inspect`, attached; it stands where the program starts."""

    def __init__(self, target):
        super().__init__(["node", "inspect", target.address], cwd=SCRIPTS, env=ENV)

    def ask(self, line, answer=""):
        """Types a line; the match of what it has to print before it prompts again."""
        self.send(line)
        found = self.expect(answer)
        self.expect(PROMPT)
        return found

    def leave(self):
        self.send(".exit")
        assert self.wait() == 0


@pytest.fixture
def debug(target, processes):
    """debug(script): the program, which waits to be debugged, and its debugger."""

    def start(script, flag="--inspect-brk"):
        program = target(script, flag)
        debugger = Debugger(program)
        processes.append(debugger)
        debugger.expect(r"connecting to 127\.0\.0\.1:\d+ \.\.\. ok\n")
        if flag == "--inspect-brk":
            debugger.expect(rf"Break on start in {script}:\d+\n")
        debugger.expect(PROMPT)
        return program, debugger

    return start


def test_stops_on_start_and_lists(debug):
    program, debugger = debug("steps.js")
    debugger.ask("list(3)", r"> ?16 main\(\);\n")
    debugger.ask("scripts", r"\* \d+: steps\.js\n")
    debugger.leave()
    assert program.wait() == 0
    assert "total 6" in program.text["out"]


def test_breaks_at_a_line(debug):
    program, debugger = debug("steps.js")
    debugger.ask("sb(3)", r"> 3     const sum = a \+ b;\n")
    debugger.ask("breakpoints", r"#0 steps\.js:3\n")
    for _ in range(3):
        debugger.ask("cont", r"break in steps\.js:3\n")
        debugger.ask("bt", r"#0 add steps\.js:3:16\n"
                           r"#1 main steps\.js:10:16\n"
                           r"#2 \(anonymous\) steps\.js:16:0\n")
    debugger.ask("clearBreakpoint('steps.js', 3)")
    debugger.ask("breakpoints", r"No breakpoints yet\n")
    debugger.send("cont")
    program.expect(r"Waiting for the debugger to disconnect\.\.\.\n", "err")
    debugger.leave()
    assert program.wait() == 0


def test_breaks_in_a_script_and_on_a_condition(debug):
    program, debugger = debug("steps.js")
    debugger.ask("setBreakpoint('steps.js', 4, 'sum === 3')", r" 4     return sum;\n")
    debugger.ask("cont", r"break in steps\.js:4\n")
    debugger.ask("exec('a + \", \" + b + \", \" + sum')", r"'1, 2, 3'\n")
    debugger.leave()
    assert program.wait() == 0


def test_steps(debug):
    program, debugger = debug("steps.js")
    debugger.ask("step", r"break in steps\.js:8\n")
    debugger.ask("next", r"break in steps\.js:9\n")
    debugger.ask("next", r"break in steps\.js:9\n")
    debugger.ask("next", r"break in steps\.js:10\n")
    debugger.ask("step", r"break in steps\.js:3\n")
    debugger.ask("next", r"break in steps\.js:4\n")
    debugger.ask("out", r"break in steps\.js:(9|10)\n")
    debugger.leave()
    assert program.wait() == 0
    assert "total 6" in program.text["out"]


def test_evaluates_where_it_stands(debug):
    program, debugger = debug("steps.js")
    debugger.ask("sb(4)")
    debugger.ask("watch('a + sum')")
    debugger.ask("cont", r"break in steps\.js:4\nWatchers:\n  0: a \+ sum = 1\n")
    debugger.ask("cont", r"break in steps\.js:4\nWatchers:\n  0: a \+ sum = 4\n")
    debugger.ask("exec('({ a, b })')", r"\{ a: 1, b: 2 \}\n")
    debugger.ask("exec sum * 14", r"42\n")
    debugger.ask("exec('[...\"abc\"].map(c => c + c)')", r"\[ 'aa', 'bb', 'cc' \]\n")
    debugger.ask("exec('nowhere')", r"ReferenceError: nowhere is not defined\n")
    debugger.ask("exec('b = 20')", r"20\n")
    debugger.ask("unwatch('a + sum')")
    debugger.leave()
    assert program.wait() == 0


def test_breaks_on_exceptions(debug):
    program, debugger = debug("throws.js")
    debugger.ask("breakOnException")
    debugger.ask("cont", r"exception in throws\.js:4\n")
    debugger.ask("bt", r"#0 check throws\.js:4:8\n#1 \(anonymous\) throws\.js:9:4\n")
    debugger.ask("cont", r"exception in throws\.js:4\n")
    debugger.ask("bt", r"#0 check throws\.js:4:8\n#1 \(anonymous\) throws\.js:13:0\n")
    debugger.ask("breakOnNone")
    debugger.leave()
    assert program.wait() == 1
    assert "caught no number" in program.text["out"]
    assert "TypeError: no number" in program.text["err"]


def test_breaks_on_uncaught_exceptions(debug):
    program, debugger = debug("throws.js")
    debugger.ask("breakOnUncaught")
    debugger.ask("cont", r"exception in throws\.js:4\n")
    debugger.ask("exec('value')", r"\{ a: 7 \}\n")
    debugger.leave()
    assert program.wait() == 1


def test_saves_a_profile(debug, tmp_path):
    _, debugger = debug("service.js", "--inspect")
    path = tmp_path / "a.cpuprofile"
    debugger.ask("profile")
    debugger.ask("exec('knead(100)')", r"'dough'\n")
    debugger.ask("profileEnd", r"\[Profile \d+μs\]\n")
    debugger.ask(f"profiles[0].save({json.dumps(str(path))})", r"Saved profile to .*\n")
    profile = json.loads(path.read_text())
    check_profile(profile)
    assert "knead" in [node["callFrame"]["functionName"] for node in profile["nodes"]]
    debugger.leave()


def test_saves_a_heap_snapshot(debug, tmp_path):
    _, debugger = debug("service.js", "--inspect")
    path = tmp_path / "a.heapsnapshot"
    debugger.ask(f"takeHeapSnapshot({json.dumps(str(path))})", r"Wrote snapshot: .*\n")
    snapshot = json.loads(path.read_text())
    check_snapshot(snapshot)
    assert objects_named(snapshot, "Sandwich") == 1000
    debugger.leave()


def test_pauses_a_running_program(debug):
    _, debugger = debug("service.js", "--inspect")
    # (In Node, JavaScript goes on inside its timers.)
    debugger.ask("pause", r"break in (service\.js:30|node:internal/timers:\d+)\n")
    debugger.ask("cont")
    debugger.ask("exec('serve(3)')", r"14\n")
    debugger.leave()
