"""cdp run, as a user has it."""

import json
import re
import signal
import socket
import urllib.request

import pytest

TRY = ("const tried = f => { try { return f() } catch (e) "
       "{ return [e.constructor.name, e.code, e.message].join('|') } };")


# ---- words --------------------------------------------------------------------------------------

def test_help_tells_what_there_is(run):
    for words in (), ("help",), ("--help",), ("-h",), ("help", "help"):
        code, out, err = run(*words)
        assert (code, err) == (0, "")
        assert "usage: cdp COMMAND" in out and "\n  run " in out
    for words in ("help", "run"), ("run", "--help"), ("run", "--inspect", "-h", "x.js"):
        code, out, err = run(*words)
        assert (code, err) == (0, "")
        assert "usage: cdp run" in out and "--inspect-brk" in out
    assert re.fullmatch(r"cdpkit \d+\.\d+\.\d+\n", run("version")[1])
    assert run("--version") == run("version")


@pytest.mark.parametrize("words, code, err", [
    (("nope",), 2, "cdp: there is no command 'nope'; see 'cdp help'\n"),
    (("help", "nope"), 2, "cdp: there is no command 'nope'; see 'cdp help'\n"),
    (("run",), 2, "cdp: no script to run; see 'cdp help run'\n"),
    (("run", "--"), 2, "cdp: no script to run; see 'cdp help run'\n"),
    (("run", "nofile.js"), 1, "cdp: can't run nofile.js: No such file or directory\n"),
    (("run", "--nope", "x.js"), 9, "cdp: bad option: --nope\n"),
    (("run", "-e"), 9, "cdp: -e requires an argument\n"),
    (("run", "--inspect=1", "x.js"), 9, "cdp: must be 0 or in range 1024 to 65535.\n"),
    (("run", "--inspect-port"), 9, "cdp: --inspect-port requires an argument\n"),
    (("run", "--inspect=127.0.0.1:abc", "x.js"), 9, "cdp: the port in 127.0.0.1:abc must be a number\n"),
    (("run", "-e", "1", "--debug-brk"), 9,
     "cdp: [DEP0062]: --debug-brk is no longer a flag; it is --inspect-brk now\n"),
])
def test_wrong_words_are_refused(run, words, code, err):
    assert run(*words) == (code, "", err)


def test_the_rest_belongs_to_the_script(run, tmp_path):
    script = tmp_path / "s.js"
    script.write_text("console.log(JSON.stringify(process.argv.slice(1)))")
    for words, argv in [
        (["s.js"], [str(script)]),
        (["s.js", "--inspect=1", "-e", "\xe9"], [str(script), "--inspect=1", "-e", "\xe9"]),
        (["--", "s.js", "--", "a"], [str(script), "--", "a"]),
        (["--inspect-port", "0", "s.js"], [str(script)]),
    ]:
        assert run("run", *words, cwd=tmp_path) == (0, json.dumps(argv, ensure_ascii=False,
                                                                  separators=(",", ":")) + "\n", "")
    code = "console.log(JSON.stringify(process.argv.slice(1)))"
    assert run("run", "-e", code, "--inspect-port=0", "--", "--x", "y")[1] == '["--x","y"]\n'
    assert run("run", "--eval", code, "a")[1] == '["a"]\n'


# ---- exit codes ---------------------------------------------------------------------------------

@pytest.mark.parametrize("code, status, out", [
    ("console.log(1)", 0, "1\n"),
    ("setTimeout(() => console.log(2), 1)", 0, "2\n"),
    ("process.exit(7); console.log('no')", 7, ""),
    ("console.log(3); setTimeout(() => process.exit(4)); setTimeout(() => console.log('no'), 50)", 4, "3\n"),
    ("process.exit()", 0, ""),
])
def test_scripts_end(run, code, status, out):
    assert run("run", "-e", code) == (status, out, "")


@pytest.mark.parametrize("code, err", [
    ("\nthrow new TypeError('no')", "[eval]:2\nthrow new TypeError('no')\n^\n\nTypeError: no\n    at [eval]:2:7\n"),
    ("setTimeout(() => { throw new Error('late') })", "Error: late\n    at "),
    ("Promise.reject(new Error('nobody'))", "Error: nobody\n    at "),
    ("var x = ;", "SyntaxError: Unexpected token ';'"),
])
def test_uncaught_errors_are_printed(run, code, err):
    status, out, printed = run("run", "-e", code)
    assert (status, out) == (1, "")
    assert err in printed


# ---- the inspector -------------------------------------------------------------------------------

def test_inspect_listens_before_the_script(run):
    code, out, err = run("run", "--inspect=0", "-e", "console.log(inspector.url())")
    assert code == 0
    assert err.startswith(f"Debugger listening on {out}For help, see: ")
    assert re.fullmatch(r"ws://127.0.0.1:\d+/[0-9a-f-]{36}\n", out)


def test_publish_uid(run):
    code, out, err = run("run", "--inspect=0", "--inspect-publish-uid=http", "-e",
                         "console.log(typeof inspector.url())")
    assert (code, out, err) == (0, "string\n", "")


def test_targets_name_the_script(start, tmp_path):
    (tmp_path / "s.js").write_text("setInterval(() => {}, 1000)")
    program = start("run", "--inspect=0", "s.js", cwd=tmp_path)
    url = program.url()
    with urllib.request.urlopen(re.sub("ws://(.*)/.*", r"http://\1/json/list", url)) as answer:
        target, = json.load(answer)
    assert target["webSocketDebuggerUrl"] == url
    assert target["title"] == "s.js"
    assert target["url"] == f"file://{tmp_path}/s.js"


def test_inspect_wait(start, attach):
    program = start("run", "--inspect-wait=0", "-e", "console.log('ran')")
    frontend = attach(program.url())
    assert frontend.call("Runtime.evaluate", expression="typeof inspector.open")["result"]["value"] == "function"
    frontend.call("Runtime.runIfWaitingForDebugger")
    program.wait_for("Waiting for the debugger to disconnect")
    frontend.close()
    code, out, _ = program.end()
    assert (code, out) == (0, "ran\n")


def test_inspect_brk(start, attach):
    program = start("run", "--inspect-brk=0", "-e", "const x = 1;\nconsole.log(x)")
    frontend = attach(program.url())
    frontend.call("Runtime.enable")
    frontend.call("Debugger.enable")
    frontend.call("Runtime.runIfWaitingForDebugger")
    paused = frontend.event("Debugger.paused")
    assert paused["reason"] == "Break on start"
    assert paused["callFrames"][0]["location"]["lineNumber"] == 0
    assert frontend.event("Debugger.scriptParsed")["url"] == "[eval]"
    frontend.call("Debugger.resume")
    frontend.event("Runtime.consoleAPICalled")
    frontend.event("Runtime.executionContextDestroyed")
    frontend.close()
    assert program.end()[:2] == (0, "1\n")


@pytest.mark.parametrize("code, status, err", [
    ("throw new Error('x')", 1, "Error: x"),
    ("setTimeout(() => { throw new Error('y') })", 1, "Error: y"),
    ("setTimeout(() => process.exit(6))", 6, ""),
])
def test_exit_codes_survive_the_wait(start, attach, code, status, err):
    program = start("run", "--inspect-wait=0", "-e", code)
    frontend = attach(program.url())
    frontend.call("Runtime.enable")
    frontend.call("Runtime.runIfWaitingForDebugger")
    frontend.event("Runtime.executionContextDestroyed")
    program.wait_for("Waiting for the debugger to disconnect")
    frontend.close()
    returned, out, printed = program.end()
    assert (returned, out) == (status, "")
    assert err in printed


def test_a_front_end_ends_the_program(start, attach):
    program = start("run", "--inspect=0", "-e", "setInterval(() => {}, 1000)")
    frontend = attach(program.url())
    frontend.send("Runtime.evaluate", expression="process.exit(8)")
    program.wait_for("Waiting for the debugger to disconnect")
    frontend.close()
    assert program.end()[0] == 8


def test_sigusr1(start, attach):
    script = "console.error('ready'); setInterval(() => {}, 1000)"
    program = start("run", "--inspect-port=0", "-e", script)
    program.wait_for("ready")
    program.process.send_signal(signal.SIGUSR1)
    frontend = attach(program.url())
    assert frontend.call("Runtime.evaluate", expression="6 * 7")["result"]["value"] == 42
    program = start("run", "--disable-sigusr1", "-e", script)
    program.wait_for("ready")
    program.process.send_signal(signal.SIGUSR1)
    assert program.end()[0] == -signal.SIGUSR1


def test_a_taken_port_stops_nothing(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = run("run", f"--inspect={port}", "-e", "console.log(inspector.url())")
        assert (code, out) == (0, "undefined\n")
        assert err == f"Starting inspector on 127.0.0.1:{port} failed: address already in use\n"
        assert run("run", f"--inspect-brk={port}", "-e", "process.exit(3)")[0] == 3


# ---- the script's own inspector ------------------------------------------------------------------

def test_keys(run):
    _, out, _ = run("run", "-e", "console.log(Object.keys(inspector).sort().join(),"
                    "Object.keys(inspector.console).length, Object.keys(inspector.Network).length)")
    assert out == "Network,NetworkResources,close,console,open,url,waitForDebugger 23 9\n"


def test_open_and_close(run):
    script = TRY + """
        console.log(inspector.url());
        console.log(tried(() => inspector.waitForDebugger()));
        console.log(tried(() => inspector.open(65536)));
        inspector.open(0);
        console.log(inspector.url());
        console.log(tried(() => inspector.open(0)));
        inspector.close();
        inspector.close();
        console.log(inspector.url());
        inspector.open(0, 'localhost');
        console.log(inspector.url());
        inspector.close()"""
    code, out, err = run("run", "-e", script)
    lines = out.splitlines()
    assert code == 0
    assert lines[0] == lines[5] == "undefined"
    assert lines[1] == "Error|ERR_INSPECTOR_NOT_ACTIVE|Inspector is not active"
    assert lines[2] == ('RangeError|ERR_OUT_OF_RANGE|The value of "port" is out of range. '
                        'It must be >= 0 && <= 65535. Received 65536')
    assert lines[3].startswith("ws://127.0.0.1:") and lines[6].startswith("ws://localhost:")
    assert lines[4] == ("Error|ERR_INSPECTOR_ALREADY_ACTIVATED|Inspector is already activated. Close it "
                        "with inspector.close() before activating it again.")
    assert err.count("Debugger listening on ") == 2


def test_open_waits_when_asked(start, attach):
    program = start("run", "-e", "inspector.open(0, undefined, true); console.log('ran'); process.exit(5)")
    frontend = attach(program.url())
    frontend.call("Runtime.runIfWaitingForDebugger")
    program.wait_for("Waiting for the debugger to disconnect")
    frontend.close()
    assert program.end()[:2] == (5, "ran\n")


def test_console_is_heard_and_not_printed(start, attach):
    script = "for (const name in inspector.console) inspector.console[name]('x', { a: [1] })"
    program = start("run", "--inspect-wait=0", "-e", script)
    frontend = attach(program.url())
    frontend.call("Runtime.enable")
    frontend.call("Runtime.runIfWaitingForDebugger")
    event = frontend.event("Runtime.consoleAPICalled")
    assert event["type"] == "debug"
    assert event["args"][0]["value"] == "x" and event["args"][1]["type"] == "object"
    program.wait_for("Waiting for the debugger to disconnect")
    frontend.close()
    code, out, err = program.end()
    assert (code, out) == (0, "")
    assert all(line.startswith(("Debugger ", "For help", "Waiting ")) for line in err.splitlines()), err


NETWORK = TRY + """
    console.log(tried(() => inspector.Network.requestWillBeSent({ requestId: 'q', timestamp: 1, wallTime: 2,
        request: { url: 'http://example.com/', method: 'GET' } })));
    console.log(tried(() => inspector.Network.loadingFinished()));
    console.log(tried(() => inspector.NetworkResources.put(1)));
    // Last, as the front-end leaves once it has these.
    inspector.Network.requestWillBeSent({ requestId: 'r', timestamp: 1, wallTime: 2,
        request: { url: 'http://example.com/', method: 'GET', headers: { A: 'b' } } });
    inspector.Network.responseReceived({ requestId: 'r', timestamp: 1, type: 'Fetch',
        response: { url: 'http://example.com/', status: 200, statusText: 'OK', headers: {} } });
    inspector.Network.dataReceived({ requestId: 'r', timestamp: 1, dataLength: 4, encodedDataLength: 4,
        data: new Uint8Array([1, 2, 254, 255]) });
    inspector.Network.loadingFinished({ requestId: 'r', timestamp: 3 });"""


def test_network_events(start, attach):
    program = start("run", "--inspect-wait=0", "--experimental-network-inspection", "-e", NETWORK)
    frontend = attach(program.url())
    frontend.call("Network.enable")
    frontend.call("Runtime.runIfWaitingForDebugger")
    assert frontend.event("Network.requestWillBeSent")["request"]["headers"] == {"A": "b"}
    frontend.event("Network.loadingFinished")
    body = frontend.call("Network.getResponseBody", requestId="r")
    assert body == {"body": "AQL+/w==", "base64Encoded": True}
    frontend.close()
    _, out, _ = program.end()
    assert out.splitlines() == [
        "TypeError||Missing request.headers in event",
        'TypeError|ERR_INVALID_ARG_TYPE|The "params" argument must be of type object.',
        'TypeError|ERR_INVALID_ARG_TYPE|The "url" argument must be of type string.',
    ]


def test_network_events_need_their_flag(run):
    _, out, err = run("run", "-e", NETWORK)
    assert out.splitlines()[0] == "undefined"
    assert err == ""
