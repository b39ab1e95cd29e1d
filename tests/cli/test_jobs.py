"""list, eval, call, events, console: on a program of `cdp run`."""

import json
import re
import signal
import subprocess

import pytest


# ---- list ---------------------------------------------------------------------------------------

def test_list(run, peer):
    target_id = peer.url().rsplit("/", 1)[1]
    code, out, err = run("list", peer.target)
    assert (code, err) == (0, "")
    assert out.split()[:2] == [f"127.0.0.1{peer.target}/{target_id}", "node"]
    assert run("eval", out.split()[0], "6 * 7") == (0, "42\n", "")  # what it says can be used
    entry, = json.loads(run("list", "--json", f"http://localhost{peer.target}")[1])
    assert entry["id"] == target_id and entry["webSocketDebuggerUrl"].endswith(target_id)
    code, out, err = run("list", ":1")
    assert (code, out) == (1, "") and "refused" in err


# ---- eval ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("code, out, as_json", [
    ("6 * 7", "42", "42"), ("-0", "-0", '"-0"'), ("0/0", "NaN", '"NaN"'), ("12n", "12n", '"12n"'), ("true", "true", "true"),
    ("null", "null", "null"), ("undefined", "undefined", "null"), ("'caf\xe9'", "caf\xe9", '"caf\xe9"'), ("''", "", '""'),
    ("[1, , 'x']", '[1,null,"x"]', '[1,null,"x"]'), ("({ a: { b: [{}] } })", '{"a":{"b":[{}]}}', '{"a":{"b":[{}]}}'),
    ("Promise.resolve('later')", "later", '"later"'), ("x => x", "x => x", '"x => x"'), ("Symbol('s')", "Symbol(s)", '"Symbol(s)"'),
    ("/a/g", "/a/g", '"/a/g"'), ("new Map([[1, 'x']])", "Map(1) {1 => x}", '"Map(1)"'),
    ("(o => { o.o = o; return o })({})", "{o: Object}", '"Object"'),
])
def test_values(run, peer, code, out, as_json):
    assert run("eval", peer.target, code) == (0, out + "\n", "")
    status, said, err = run("eval", "--json", peer.target, code)
    assert (status, json.loads(said), err) == (0, json.loads(as_json), "")


@pytest.mark.parametrize("code, err", [
    ("throw new TypeError('no')", "Uncaught TypeError: no\n    at <anonymous>:1:7\n"),
    ("\nthrow 'no'", "Uncaught no"), ("throw { a: 1 }", "Uncaught {a: 1}"), ("Promise.reject(7)", "Uncaught (in promise) 7"),
    ("1 +", "Uncaught SyntaxError: Unexpected end of input"), ("throw undefined", "Uncaught undefined"),
])
def test_exceptions(run, peer, code, err):
    status, out, said = run("eval", peer.target, code)
    assert (status, out) == (1, "") and said.startswith(err) and said.endswith("\n")
    status, out, said = run("eval", "--json", peer.target, code)
    assert (status, said) == (1, "") and "exceptionId" in json.loads(out)["exceptionDetails"]


def test_options_of_eval(run, start, peer):
    assert run("eval", "--no-await", peer.target, "Promise.resolve(1)")[1].startswith("Promise")
    for _ in range(2):
        assert run("eval", "--repl", peer.target, "let again = await 5; again") == (0, "5\n", "")
    program = start("eval", peer.target, "-", stdin=subprocess.PIPE)
    program.process.stdin.write(b"1 + /* " + b"x" * 200_000 + b" */ 1")
    assert program.end() == (0, "2\n", "")


def test_a_signal_ends_an_evaluation(start, attach, peer):
    frontend = attach(peer.url())
    frontend.call("Runtime.enable")
    program = start("eval", peer.target, "console.log('here'); new Promise(() => {})")
    frontend.event("Runtime.consoleAPICalled")
    program.process.send_signal(signal.SIGINT)
    assert program.end() == (128 + signal.SIGINT, "", "cdp: interrupted\n")


# ---- call ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("method, params, err", [
    ("Runtime.evalaute", "{}", "there is no command 'Runtime.evalaute', did you mean 'Runtime.evaluate'?"),
    ("Network.dataReceived", "{}", "there is no command 'Network.dataReceived'"),
    ("Runtime.evaluate", None, "Runtime.evaluate: params lacks 'expression'"),
    ("Runtime.evaluate", "[]", "Runtime.evaluate: params is an array, and must be an object"),
    ("Runtime.evaluate", '{"expresion":"1"}', "Runtime.evaluate: params has no member 'expresion', did you mean 'expression'?"),
    ("Runtime.evaluate", '{"expression":1}', "Runtime.evaluate: params.expression is a number, and must be a string"),
    ("Runtime.evaluate", '{"expression":null}', "Runtime.evaluate: params.expression is null, and must be a string"),
    ("Runtime.evaluate", '{"expression":"1","contextId":1.5}',
     "Runtime.evaluate: params.contextId is a number, and must be an integer of 32 bits"),
    ("Runtime.evaluate", '{"expression":"1","contextId":2147483648}',
     "Runtime.evaluate: params.contextId is a number, and must be an integer of 32 bits"),
    ("Runtime.evaluate", '{"expression":"1","serializationOptions":{"serialization":"deap"}}',
     "Runtime.evaluate: params.serializationOptions.serialization is 'deap', and must be one of deep, json, idOnly"),
    ("Runtime.callFunctionOn", '{"functionDeclaration":"f","arguments":[{},{"value":1},{"valeu":1}]}',
     "Runtime.callFunctionOn: params.arguments.2 has no member 'valeu', did you mean 'value'?"),
    ("Runtime.callFunctionOn", '{"functionDeclaration":"f","arguments":{}}',
     "Runtime.callFunctionOn: params.arguments is an object, and must be an array"),
    ("Network.setCookies", '{"cookies":[{"name":"a"}]}', "Network.setCookies: params.cookies.0 lacks 'value'"),
    ("Debugger.stepOut", '{"x":1}', "Debugger.stepOut: params has no member 'x'"),
    ("Runtime.evaluate", "", "the parameters are no JSON, near ''"),
    ("Runtime.evaluate", "{'a':1}", "the parameters are no JSON, near '{'a':1}'"),
])
def test_params_are_checked(run, method, params, err):
    code, out, said = run("call", ":1", method, *([] if params is None else [params]))
    assert (code, out) == (2, "") and said.startswith(f"cdp: {err}"), said


def test_calls(run, start, peer):
    out = run("call", peer.target, "Runtime.evaluate", '{"expression":"[1]","returnByValue":true}')[1]
    assert json.loads(out)["result"]["value"] == [1]
    assert run("call", peer.target, "Runtime.enable") == (0, "{}\n", "")
    program = start("call", peer.target, "Runtime.evaluate", "-", stdin=subprocess.PIPE)
    program.process.stdin.write(b'{"expression":"7"}')
    assert json.loads(program.end()[1])["result"]["value"] == 7
    code, out, err = run("call", "--no-check", peer.target, "No.such", '{"a":1}')
    assert (code, out, err) == (1, "", "cdp: No.such: 'No.such' wasn't found\n")
    assert run("call", "--no-check", peer.target, "Runtime.evaluate", '{"expression":1}')[0] == 1


# ---- events and console -------------------------------------------------------------------------

def test_events(run, peer):
    out = run("events", "-n", "1", peer.target, "Runtime.consoleAPICalled", "Debugger.")[1]
    assert json.loads(out)["method"] == "Debugger.scriptParsed"
    assert run("events", "-t", "0.1", peer.target, "*") == (0, "", "")
    for name, err in (("Runtime.consoleApiCalled", "did you mean 'Runtime.consoleAPICalled'?"),
                      ("Runtme.", "there is no domain 'Runtme', did you mean 'Runtime'?"), ("Runtime", "there is no event")):
        code, out, said = run("events", peer.target, name)
        assert (code, out) == (2, "") and err in said


def test_console(run, start):
    program = start("run", "--inspect-wait=0", "-e", "console.log('a', 1, { b: [2] }); console.error('bad');\n"
                    "setTimeout(() => { Promise.reject(new Error('nobody')) }); setInterval(() => {}, 1000)")
    target = re.search(r":\d+", program.url()[5:])[0]
    follower = start("console", "-n", "3", target)
    program.wait_for("Debugger attached")
    run("call", target, "Runtime.runIfWaitingForDebugger")
    code, out, err = follower.end()
    assert (code, err) == (0, "")
    assert re.match(r"a 1 (Object|\{b: Array\(1\)\})  \[eval\]:1:9\nbad  \[eval\]:1:\d+\nUncaught \(in promise\) Error: nobody\n", out)


def test_console_as_json(run, peer):
    run("eval", peer.target, "console.log('a'); console.error('b')")
    events = run("console", "--json", "-n", "2", peer.target)[1].splitlines()
    assert [json.loads(e)["params"]["type"] for e in events] == ["log", "error"]


def test_following_ends(start, attach, peer):
    frontend = attach(peer.url())
    for words in (["events", peer.target, "Runtime."], ["console", peer.target]):
        for number in signal.SIGINT, signal.SIGTERM:
            program = start(*words)
            frontend.call("Runtime.evaluate", expression="console.log('x')")
            assert program.process.stdout.readline()  # it follows
            program.process.send_signal(number)
            code, _, err = program.end()
            assert (code, err) == (0, "")
    program = start("console", peer.target)
    assert program.process.stdout.readline()
    peer.process.kill()
    code, _, err = program.end()
    assert code == 1 and err.startswith("cdp: ")


def test_following_ends_when_nobody_reads(start, peer, attach):
    program = start("console", peer.target)
    frontend = attach(peer.url())
    frontend.call("Runtime.evaluate", expression="setInterval(console.log, 1, 'x')")
    assert program.process.stdout.readline()
    program.process.stdout.close()
    assert program.process.wait(60) == 1
    assert program.process.stderr.read() == b""
