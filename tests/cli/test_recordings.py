"""profile, heap --sampling, coverage, trace: of Nodes that were there, and of those that are started."""

import gzip
import json
import os
import re
import signal
import subprocess
import time

import pytest

from conftest import CDP, PATIENCE

WORK = """
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) }
function never() { return 'x' }
globalThis.kept = []
function keep() { for (let i = 0; i < 5000; i++) kept.push({ i, text: 'x' + i }) }
"""
RUN = WORK + "for (let i = 0; i < 8; i++) { fib(22); keep() }\n"
SERVE = WORK + "setInterval(() => fib(26), 5)\nconsole.error('serving')\n"

JOBS = {"profile": "a.cpuprofile", "heap": "a.heapsnapshot", "heap --sampling": "a.heapprofile", "trace": "a.json", "coverage": "a.json"}


@pytest.fixture
def folder(tmp_path):
    """An empty folder beside one with two scripts: one that ends, and one that does not."""
    (tmp_path / "work.js").write_text(RUN)
    (tmp_path / "serve.js").write_text(SERVE)
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def listing(folder):
    return sorted(os.listdir(folder))


# ---- files --------------------------------------------------------------------------------------

def check_cpuprofile(path):
    profile = json.loads(path.read_text())
    ids = {node["id"] for node in profile["nodes"]}
    assert len(ids) == len(profile["nodes"]) and set(profile["samples"]) <= ids
    assert len(profile["samples"]) == len(profile["timeDeltas"]) > 0
    lasted = profile["endTime"] - profile["startTime"]
    assert abs(sum(profile["timeDeltas"]) - lasted) <= max(lasted / 100, 100_000)
    return profile


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def read_message(data):
    """(field, value) of a protobuf message."""
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        assert key & 7 in (0, 2), "no other is in a profile.proto"
        value, at = read_varint(data, at)
        if key & 7 == 2:
            value, at = data[at:at + value], at + value
        yield key >> 3, value


def check_pprof(path):
    """The names of its functions."""
    fields = list(read_message(gzip.decompress(path.read_bytes())))
    strings = [value.decode() for field, value in fields if field == 6]
    functions = [dict(read_message(value)) for field, value in fields if field == 5]
    locations = {dict(read_message(value))[1] for field, value in fields if field == 4}
    samples = [dict(read_message(value)) for field, value in fields if field == 2]
    assert strings[0] == "" and samples
    for sample in samples:
        stack, at = sample[1], 0
        while at < len(stack):
            location, at = read_varint(stack, at)
            assert location in locations
    return {strings[function[2]] for function in functions}


def check_collapsed(path):
    lines = path.read_text().splitlines()
    assert lines and all(re.fullmatch(r".+ \d+", line) for line in lines)
    return {name.split(" ")[0] for line in lines for name in line.rsplit(" ", 1)[0].split(";")}


# ---- profile ------------------------------------------------------------------------------------

def test_profile_of_a_run(run, folder):
    code, out, err = run("profile", "-o", "a.cpuprofile", "-o", "a.pb.gz", "-o", "a.folded", "-o", "a.html", "--interval=200",
                         "--top=3", "--", "node", "../work.js", cwd=folder)
    assert code == 0 and "fib" in out and len(out.splitlines()) == 4
    assert listing(folder) == ["a.cpuprofile", "a.folded", "a.html", "a.pb.gz"] and err.count(" samples, ") == 4
    assert all(os.stat(folder / name).st_mode & 0o777 == 0o600 for name in listing(folder))
    names = {node["callFrame"]["functionName"] for node in check_cpuprofile(folder / "a.cpuprofile")["nodes"]}
    assert "fib" in names & check_pprof(folder / "a.pb.gz") & check_collapsed(folder / "a.folded")
    assert "<html" in (folder / "a.html").read_text() and "fib" in (folder / "a.html").read_text()


def test_profile_for_some_time(run, node, folder):
    code, out, err = run("profile", "-t", "0.5", "--json", "--top=2", "-o", "a.json", "--format=cpuprofile", node.target, cwd=folder)
    told = json.loads(out)
    assert (code, err) == (0, "") and len(told["top"]) == 2 and told["top"][0]["functionName"] == "fib"
    profile = check_cpuprofile(folder / "a.json")
    assert told["samples"] == len(profile["samples"]) and told["seconds"] >= 0.5
    assert told["files"] == [{"name": "a.json", "format": "cpuprofile", "bytes": (folder / "a.json").stat().st_size}]


def test_usual_names(run, node, folder):
    for words, pattern in ((["profile"], r"CPU-\d{8}T\d{6}\.cpuprofile"),
                           (["profile", "--format=flame"], r"CPU-\d{8}T\d{6}\.html"),
                           (["heap", "--sampling"], r"Heap-\d{8}T\d{6}\.heapprofile"),
                           (["trace"], r"Trace-\d{8}T\d{6}\.json")):
        code, out, err = run(*words, "-t", "0.1", node.target, cwd=folder)
        name, = listing(folder)
        assert (code, out) == (0, "") and re.fullmatch(pattern, name) and err.startswith(name)
        (folder / name).unlink()
    assert run("profile", "-t", "0.1", "--top=1", "-q", node.target, cwd=folder)[0] == 0
    assert run("coverage", "-t", "0.1", node.target, cwd=folder)[0] == 0
    assert listing(folder) == []


@pytest.mark.parametrize("words, err", [
    (["profile", "-o", "a.svg"], "the extension of 'a.svg' tells no format; use --format"),
    (["profile", "-o", "-", "--top=3"], "stdout can't have both a file and --top"),
    (["coverage", "-o", "-", "--json"], "stdout can't have both a file and --json"),
    (["heap", "-o", "a", "-o", "b"], "a snapshot goes to one FILE"),
    (["heap", "--top=3"], "--top is for --sampling"), (["heap", "--sampling", "--numeric"], "--numeric is for snapshots"),
    (["trace", "-o", "a", "-o", "b"], "a trace goes to one FILE"),
])
def test_words_that_do_not_go_together(run, folder, words, err):
    code, out, said = run(*words, ":1", cwd=folder)
    assert (code, out) == (2, "") and said.startswith(f"cdp: {err}; see")
    assert listing(folder) == []


def test_what_exists_is_found_before_anything_is_recorded(run, folder):
    (folder / "b.html").write_text("mine")
    code, out, err = run("profile", "-o", "a.cpuprofile", "-o", "b.html", "--", "node", "../work.js", cwd=folder)
    assert (code, out) == (1, "") and "b.html exists; --force replaces it" in err
    assert listing(folder) == ["b.html"]


# ---- heap --sampling ----------------------------------------------------------------------------

def test_heap_sampling(run, folder):
    code, out, err = run("heap", "--sampling", "--interval=4096", "--top=40", "-o", "a.heapprofile", "-o", "a.pb.gz", "-o",
                         "a.txt", "-o", "a.html", "--", "node", "../work.js", cwd=folder)
    assert (code, listing(folder)) == (0, ["a.heapprofile", "a.html", "a.pb.gz", "a.txt"]) and "keep" in out, err
    names, nodes = set(), [json.loads((folder / "a.heapprofile").read_text())["head"]]
    for node in nodes:
        names.add(node["callFrame"]["functionName"])
        nodes += node["children"]
    assert "keep" in names & check_pprof(folder / "a.pb.gz") & check_collapsed(folder / "a.txt")


# ---- coverage -----------------------------------------------------------------------------------

def test_coverage_of_a_run(run, folder):
    code, out, err = run("coverage", "-o", "a.json", "-o", "a.info", "--", "node", "../work.js", cwd=folder)
    assert (code, err) == (0, "") and out.splitlines()[-1].split()[-1] == "all"
    script, = json.loads((folder / "a.json").read_text())["result"]
    counts = {f["functionName"]: f["ranges"][0]["count"] for f in script["functions"]}
    assert script["url"] == f"file://{folder.parent}/work.js" and counts["keep"] == 8 and counts["never"] == 0
    lines = (folder / "a.info").read_text().splitlines()
    hits = {int(n): int(hit) for n, hit in (line[3:].split(",") for line in lines if line.startswith("DA:"))}
    numbers = dict(line.split(":") for line in lines if line[:2] in ("LF", "LH", "FN") and line.count(":") == 1 and "," not in line)
    assert f"SF:{folder.parent}/work.js" in lines
    assert int(numbers["LF"]) == len(hits) and int(numbers["LH"]) == sum(hit > 0 for hit in hits.values())
    assert (hits[3], hits[5], int(numbers["FNF"]), int(numbers["FNH"])) == (0, 8, 3, 2)
    told = json.loads(run("coverage", "--json", "--", "node", "../work.js", cwd=folder)[1])
    assert told["all"]["lines"] == len(hits) and told["scripts"][0]["linesHit"] == int(numbers["LH"])


def test_which_scripts_count(run, folder):
    package = folder / "node_modules" / "p q"
    package.mkdir(parents=True)
    (package / "index.js").write_text("exports.x = 1\n")
    (folder / "a.js").write_text("require('./b.js'); require('p q'); eval('1')\n")
    (folder / "b.js").write_text("1\n")

    def names(*words):
        out = run("coverage", "--json", *words, "--", "node", "a.js", cwd=folder)[1]
        return sorted(script["name"] for script in json.loads(out)["scripts"])

    assert names() == ["a.js", "b.js"]
    assert names("--exclude", "b*") == ["a.js"]
    assert names("--include", "b.js", "--include", "*/p q/*") == ["b.js", "node_modules/p q/index.js"]
    assert names("--include", "*.js", "--exclude", "node*", "--exclude", "a.js") == ["b.js"]


@pytest.mark.parametrize("job", ["profile", "coverage", "trace", "heap"])
@pytest.mark.parametrize("script, status", [("process.exitCode = 3", 3), ("process.exit(4)", 4), ("throw new Error('no')", 1)])
def test_the_programs_exit_code(run, folder, job, script, status):
    (folder / "x.js").write_text(script)
    code, _, err = run(job, *([] if job == "coverage" else ["-o", "a.json"]), *(["--format=cpuprofile"] if job == "profile" else []),
                       "--", "node", "x.js", cwd=folder)
    assert code == status, err
    assert listing(folder) == ["x.js"] if job == "coverage" else json.loads((folder / "a.json").read_text())


# ---- trace --------------------------------------------------------------------------------------

def test_trace(run, node, folder):
    code, out, err = run("trace", "--list", node.target)
    assert (code, err) == (0, "") and {"node.perf", "v8"} <= set(out.splitlines())
    assert json.loads(run("trace", "--list", "--json", node.target)[1]) == out.splitlines()
    for words in ["-t", "0.3", node.target], ["--", "node", "../work.js"]:
        assert run("trace", "-f", "-c", "v8,node.bootstrap", "-o", "a.json", *words, cwd=folder)[0] == 0
        events = json.loads((folder / "a.json").read_text())["traceEvents"]
        assert events[-1]["cat"] == "__metadata"  # which comes last of all
    assert {"node,node.bootstrap"} < {event["cat"] for event in events}


@pytest.mark.parametrize("job", ["profile", "heap", "heap --sampling", "coverage"])
def test_a_script_of_cdp_run(run, folder, job):
    code, out, err = run(*job.split(), "-o", JOBS[job], "--", CDP, "run", "../work.js", cwd=folder)
    assert (code, listing(folder)) == (0, [JOBS[job]]) and json.loads((folder / JOBS[job]).read_text()), err


def test_what_traces_nothing(run, folder):
    code, out, err = run("trace", "-o", "a.json", "--", CDP, "run", "../work.js", cwd=folder)
    assert (code, out, listing(folder)) == (1, "", []) and "Tracing.start" in err


# ---- how recordings end -------------------------------------------------------------------------

@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("job", JOBS)
def test_a_signal_ends_the_recording_and_the_program(start, folder, job, number):
    program = start(*job.split(), "-o", JOBS[job], "--", "node", "../serve.js", cwd=folder)
    program.wait_for("serving")
    program.process.send_signal(number)
    code, _, err = program.end()
    assert code == (128 + number if job == "coverage" else 0), err
    assert listing(folder) == [JOBS[job]] and json.loads((folder / JOBS[job]).read_text())


def test_a_signal_at_any_moment(start, node, folder):
    for i in range(12):
        program = start("profile", "-o", "a.cpuprofile", node.target, cwd=folder)
        if i:  # before that, nobody listens to signals
            try:
                program.process.wait(0.02 * i)
            except subprocess.TimeoutExpired:
                pass
        program.process.send_signal(signal.SIGINT)
        code, _, err = program.end()
        if code == 0:
            check_cpuprofile(folder / "a.cpuprofile")
            (folder / "a.cpuprofile").unlink()
        else:
            assert code in (-signal.SIGINT, 128 + signal.SIGINT), err
        assert listing(folder) == []


@pytest.mark.parametrize("job", JOBS)
def test_the_program_is_killed(start, folder, node, job):
    limit = [] if job != "heap" else ["-t", "60"]
    program = start(*job.split(), *limit, "-o", JOBS[job], node.target, cwd=folder)
    node.wait_for_debugger()
    node.process.kill()
    code, out, err = program.end()
    assert (code, out, listing(folder)) == (1, "", []) and err.endswith(f"cdp: {JOBS[job]} was not written\n"), err


def test_two_signals_end_everything(start, folder):
    program = start("profile", "-o", "a.cpuprofile", "-o", "a.html", "--", "node", "-e",
                    "console.error('pid', process.pid); setInterval(() => {}, 1000)", cwd=folder)
    child = int(program.wait_for(r"pid (\d+)\n")[1])
    os.kill(child, signal.SIGSTOP)  # so that it does not answer
    program.process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        program.process.wait(0.5)
    program.process.send_signal(signal.SIGTERM)
    assert program.process.wait(PATIENCE) == 128 + signal.SIGTERM
    os.kill(child, signal.SIGCONT)
    assert program.end()[1] == "" and listing(folder) == []  # the child had our stdout, and is gone


def test_a_program_that_ends_while_it_is_watched(start, folder, node):
    program = start("profile", "-o", "a.cpuprofile", node.target, cwd=folder)
    while "v8:ProfEvntProc" not in node.threads():
        time.sleep(0.01)
    node.end()
    assert program.end()[0] == 0
    check_cpuprofile(folder / "a.cpuprofile")


# ---- Chromium -----------------------------------------------------------------------------------

@pytest.mark.parametrize("job", JOBS)
def test_chromium(run, folder, job):
    if subprocess.run(["sh", "-c", "command -v chromium"], stdout=subprocess.DEVNULL).returncode:
        pytest.skip("no chromium")
    (folder / "a.html").write_text(f"<title>busy</title><script>{WORK} setInterval(() => fib(26), 5)</script>")
    code, _, err = run(*job.split(), "-t", "1", "-o", JOBS[job], "--", "chromium", f"file://{folder}/a.html", cwd=folder)
    assert code == 0, err
    text = (folder / JOBS[job]).read_text()
    assert json.loads(text)
    if job == "profile":
        check_cpuprofile(folder / JOBS[job])
    assert job in ("heap", "trace", "heap --sampling") or "fib" in text
