"""What the command line may say, and what is told about it: help, the manual page, completions."""

import json
import re
import shutil
import subprocess

import pytest

from conftest import CDP

JOBS = re.findall(r"^  (\w+)  ", subprocess.run([CDP], capture_output=True, text=True).stdout, re.M)


@pytest.mark.parametrize("words, err", [
    (("evil",), "there is no command 'evil', did you mean 'eval'? See 'cdp help'"),
    (("eval",), "TARGET is missing; see 'cdp help eval'"),
    (("eval", "1"), "'1' is no TARGET, and CDP_TARGET is not set; see 'cdp help eval'"),
    (("eval", ":1", "2", "3"), "'3' is one word too many; see 'cdp help eval'"),
    (("eval", "--", "node"), "CODE is missing; see 'cdp help eval'"),
    (("eval", "1", "--"), "no program after --; see 'cdp help eval'"),
    (("eval", ":1", "1", "--", "node"),
     "':1' is a TARGET, and so is the program after --; see 'cdp help eval'"),
    (("eval", "--jsom"), "no option '--jsom'; --json is one; see 'cdp help eval'"),
    (("eval", "--zebra"), "no option '--zebra'; see 'cdp help eval'"),
    (("eval", "-Z"), "no option '-Z'; see 'cdp help eval'"),
    (("eval", "-qZ"), "no option '-qZ'; see 'cdp help eval'"),
    (("eval", "--json=1"), "--json takes no value; see 'cdp help eval'"),
    (("eval", "--timeout"), "--timeout takes a value, SECONDS; see 'cdp help eval'"),
    (("events", "-n"), "-n takes a value, N; see 'cdp help events'"),
    (("eval", "--color=blue"), "--color is one of auto|always|never, not 'blue'; see 'cdp help eval'"),
    (("eval", "--color="), "--color is one of auto|always|never, not ''; see 'cdp help eval'"),
    (("eval", "--color", "auto|always"),
     "--color is one of auto|always|never, not 'auto|always'; see 'cdp help eval'"),
    *((("eval", f"--timeout={text}"), f"--timeout takes seconds, at most a week, not '{text}'; see 'cdp help eval'")
      for text in ("", "x", "1x", "-1", "nan", "inf", "1e99", "0x", " 1")),
    *((("events", f"-n{text}"), f"--count takes a whole number, not '{text}'; see 'cdp help events'")
      for text in ("x", "1x", "-1", "1.5", "9" * 30)),
    (("completion", "tcsh"), "SHELL is bash, zsh or fish, not 'tcsh'; see 'cdp help completion'"),
    (("completion",), "SHELL is missing; see 'cdp help completion'"),
    (("version", "1"), "'1' is one word too many; see 'cdp help version'"),
    (("list", "4711"), "TARGET '4711' is a process; a port has a colon before it; see 'cdp help list'"),
    (("list", "--", "node"), "cdp list starts no program; see 'cdp help list'"),
])
def test_wrong_words_are_refused(run, words, err):
    assert run(*words, env={"CDP_TARGET": ""}) == (2, "", f"cdp: {err}\n")


@pytest.mark.parametrize("target, why", [
    (":0", "a port is 1 to 65535"),
    (":65536", "a port is 1 to 65535"),
    ("localhost:123456", "a port is 1 to 65535"),
    (":9229x", "a port is followed by nothing, /ID or @TEXT"),
    (":9229@", "no text follows the @"),
    ("@", "no text follows the @"),
    ("0", "no process has such a number"),
    ("12345678901", "no process has such a number"),
    *((text, "it is too long") for text in ("h" * 600 + ":1", ":1/" + "i" * 600, "ws://" + "i" * 600)),
], ids=lambda text: text[:20])
def test_wrong_targets_are_refused(run, target, why):
    assert run("eval", target, "1") == (2, "", f"cdp: TARGET '{target}': {why}; see 'cdp help eval'\n")
    assert run("eval", "1", env={"CDP_TARGET": target})[0] == 2


@pytest.mark.parametrize("target, reached", [
    (":1", "http://127.0.0.1:1"),
    (":1/", "http://127.0.0.1:1"),
    ("localhost:1", "http://localhost:1"),
    ("[::1]:1", "http://[::1]:1"),
    (":1@Title", "http://127.0.0.1:1"),
    ("http://127.0.0.1:1", "http://127.0.0.1:1"),
    ("http://127.0.0.1:1/", "http://127.0.0.1:1"),
    ("unix:nothing", "unix:nothing"),
])
def test_targets_are_reached_or_not(run, target, reached):
    code, out, err = run("eval", target, "1", env={"NO_COLOR": "1"})
    assert (code, out) == (1, "")
    assert err.startswith(f"cdp: {reached}"), err


def test_a_number_alone_is_a_process(run):
    free = 4194303  # beyond what Linux gives out by default
    assert run("eval", str(free), "1")[2] == f"cdp: there is no process {free}\n"
    code, _, err = run("eval", "65535", "1")
    if "there is no process" in err:
        assert (code, err) == (1, "cdp: there is no process 65535; a port has a colon before it\n")


def test_options_may_stand_anywhere(run, peer):
    for words in (["--json", peer.target, "'a'"], [peer.target, "--json", "'a'"], [peer.target, "'a'", "--json"],
                  ["-q", "--timeout", "9", peer.target, "'a'", "--json"], ["--timeout=9", "--json", peer.target, "'a'"]):
        assert run("eval", *words) == (0, '"a"\n', "")
    assert run("eval", peer.target, "-1")[:2] == (0, "-1\n")


def test_cdp_target_is_the_default(run, peer):
    env = {"CDP_TARGET": peer.target}
    assert run("eval", "1 + 1", env=env) == (0, "2\n", "")
    assert run("eval", "11", env=env) == (0, "11\n", "")  # CODE is needed, so it is no TARGET
    assert run("call", "Runtime.evaluate", '{"expression":"1"}', env=env)[0] == 0
    assert run("eval", peer.target, "1", env={"CDP_TARGET": ":1"}) == (0, "1\n", "")
    assert peer.target[1:] in run("list", env=env)[1]


# ---- what is told -------------------------------------------------------------------------------

def test_there_are_jobs():
    assert {"list", "eval", "call", "events", "console", "protocol", "run", "completion", "help", "version"} <= set(JOBS)


@pytest.mark.parametrize("job", [job for job in JOBS if job != "help"])  # that tells of the others
def test_help_tells_all_options(run, job):
    code, text, err = run("help", job)
    assert (code, err) == (0, "") and text.startswith(f"usage: cdp {job} [options]")
    assert run(job, "--help") == run(job, "-h") == (0, text, "")
    assert max(map(len, text.splitlines())) <= 80
    if job != "run":
        for option in ("--json", "--color", "--raw", "-q, --quiet", "-h, --help"):
            assert f" {option}" in text
    assert (" --timeout SECONDS" in text) == ("[TARGET]" in text)


def test_help_of_targets(run):
    code, text, _ = run("help", "targets")
    assert code == 0
    for form in ("PID", "[HOST]:PORT", "@TEXT", "ws://", "http://", "unix:FILE", "-- PROGRAM", "CDP_TARGET"):
        assert form in text


def test_version(run):
    assert re.fullmatch(r'\{"cdpkit":"\d+\.\d+\.\d+","protocol":"\d+"\}\n', run("version", "--json")[1])


def test_manual_page(run):
    code, page, err = run("help", "--man")
    assert (code, err) == (0, "")
    for job in JOBS:
        assert f"\n.SS {job}\n" in page
        for option in re.findall(r"--([a-z][\w-]+)", run("help", job)[1].split("\n\n", 1)[1]):
            assert "\\-\\-" + option.replace("-", "\\-") in page, option
    if shutil.which("man"):
        shown = subprocess.run(["man", "-l", "--warnings", "-"], input=page, capture_output=True, text=True)
        assert shown.returncode == 0 and "CDP_TARGET" in shown.stdout and not shown.stderr


def bash(script):
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.split()


def complete_in_bash(*words):
    return bash(f"""source <({CDP} completion bash); compopt() {{ :; }}
        COMP_WORDS=({" ".join(f"'{w}'" for w in words)}); COMP_CWORD={len(words) - 1}; _cdp
        printf '%s\\n' "${{COMPREPLY[@]}}" """)


def complete_in_fish(*words):
    line = " ".join(words)
    shown = subprocess.run(["fish", "--no-config", "-c", f"{CDP} completion fish | source; complete -C '{line}'"],
                           capture_output=True, text=True, check=True).stdout
    return [line.split("\t")[0] for line in shown.splitlines()]


@pytest.mark.parametrize("complete, shell", [(complete_in_bash, "bash"), (complete_in_fish, "fish")])
def test_shells_complete(complete, shell):
    if not shutil.which(shell):
        pytest.skip(f"no {shell}")
    assert sorted(complete("cdp", "")) == sorted(JOBS)
    assert complete("cdp", "ev") == ["eval", "events"]
    assert complete("cdp", "call", ":9229", "Runtime.ev") == ["Runtime.evaluate"]
    assert "Network.dataReceived" in complete("cdp", "events", "Network.d")
    assert "Network." in complete("cdp", "events", "Netw")
    assert "Network.CookieParam" in complete("cdp", "protocol", "Network.Coo")
    assert complete("cdp", "eval", "--js") == ["--json"]
    assert sorted(complete("cdp", "eval", "--color", "")) == ["always", "auto", "never"]
    assert complete("cdp", "help", "comp") == ["completion"]
    assert "--inspect-brk" in complete("cdp", "run", "--inspect")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_are_sound(run, shell, tmp_path):
    code, script, err = run("completion", shell)
    assert (code, err) == (0, "")
    for name in (*JOBS, "Runtime.evaluate", "Network.dataReceived", "--timeout" if shell != "fish" else "-l timeout"):
        assert name in script
    if shutil.which(shell):
        file = tmp_path / "script"
        file.write_text(script)
        assert subprocess.run([shell, "-n", file], capture_output=True).stderr == b""


# ---- cdp protocol -------------------------------------------------------------------------------

def test_protocol_tells_everything(run):
    whole = json.loads(run("protocol", "--json")[1])
    assert len(whole["domains"]) > 50
    names = {d["domain"] for d in whole["domains"]}
    assert {line.split()[0] for line in run("protocol")[1].splitlines()} == names
    for domain in whole["domains"]:
        assert json.loads(run("protocol", "--json", domain["domain"])[1]) == domain
    runtime = next(d for d in whole["domains"] if d["domain"] == "Runtime")
    evaluate = next(c for c in runtime["commands"] if c["name"] == "Runtime.evaluate")
    assert evaluate["parameters"][0] == {"name": "expression", "type": "string"}
    assert {"name": "silent", "optional": True, "type": "boolean"} in evaluate["parameters"]
    assert evaluate["returns"][0] == {"name": "result", "$ref": "Runtime.RemoteObject"}
    # Everything that is referred to is there.
    types = {t["name"] for d in whole["domains"] for t in d["types"]}
    refs = set(re.findall(r'"\$ref": "([\w.]+)"', json.dumps(whole)))
    assert refs and refs <= types


def test_protocol_tells_one_thing(run):
    code, out, err = run("protocol", "Runtime.evaluate")
    assert (code, err) == (0, "") and out.startswith("Runtime.evaluate  command\n\nparameters\n  expression ")
    assert re.search(r"\n  timeout +number  optional  experimental\n", out)
    assert run("call", "--describe", "Runtime.evaluate") == (0, out, "")
    assert run("call", "--describe", "Runtime.evaluate", "--json") == run("protocol", "Runtime.evaluate", "--json")
    assert run("protocol", "Network.") == run("protocol", "Network")
    assert "string" in run("protocol", "Runtime.RemoteObject")[1]
    assert "\n  Document\n" in run("protocol", "Network.ResourceType")[1]
    assert "\nparameters\n" in run("protocol", "Log.entryAdded")[1]


@pytest.mark.parametrize("name, err", [
    ("Runtime.evalaute", "there is no domain, command, event or type 'Runtime.evalaute', did you mean 'Runtime.evaluate'?"),
    ("runtime", "there is no domain, command, event or type 'runtime', did you mean 'Runtime'?"),
    ("", "there is no domain, command, event or type ''; see 'cdp protocol'"),
    ("x" * 1000, f"there is no domain, command, event or type '{'x' * 1000}'; see 'cdp protocol'"),
])
def test_protocol_suggests(run, name, err):
    assert run("protocol", name) == (2, "", f"cdp: {err}\n")


def test_protocol_search(run):
    found = run("protocol", "search", "COOKIE")[1]
    for name in ("Network.getCookies", "Network.CookieParam", "Storage.setCookies"):
        assert re.search(rf"^{name} ", found, re.M)
    assert re.search(r"^Page.captureScreenshot +command .*\bformat\b", run("protocol", "search", "format")[1], re.M)
    rows = json.loads(run("protocol", "search", "cookie", "--json")[1])
    assert {"name": "Network.setCookies", "kind": "command", "members": ["cookies"]} in rows
    assert run("protocol", "search", "xyzzy") == (1, "", "cdp: nothing in the protocol has 'xyzzy' in its name\n")
    assert run("protocol", "search")[0] == 2
