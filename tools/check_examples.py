#!/usr/bin/env python3
"""Runs every example, and looks at what the demonstration leaves behind: TAP on stdout.

    check_examples.py FOLDER        where the programs are
"""

import http.server
import json
import pathlib
import subprocess
import sys
import tempfile
import threading

CONSOLE_JS = "console.log('hi', 1); setTimeout(() => { throw new TypeError('late') }, 5)"


def run(*command, code=0, stdin=""):
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code, "exit code %d\n%s" % (done.returncode, done.stderr)
    return done.stdout


def console(folder, temp):
    script = temp / "late.js"
    script.write_text(CONSOLE_JS)
    out = run(folder / "console", script, code=1)  # as Node exits after an uncaught exception
    assert "log: hi 1" in out, out
    assert "TypeError: late" in out, out


def demo(folder, temp):
    out = run(folder / "demo", "examples/workload.js", temp)
    assert "noSuchThing() throws ReferenceError" in out, out
    files = {p.name: json.loads(p.read_text()) for p in temp.glob("workload.*")}

    profile = files["workload.cpuprofile"]
    names = {n["callFrame"]["functionName"] for n in profile["nodes"]}
    assert {"rank", "search", "round"} <= names, names
    assert len(profile["samples"]) == len(profile["timeDeltas"]) > 100

    snapshot = files["workload.heapsnapshot"]
    meta = snapshot["snapshot"]
    fields = len(meta["meta"]["node_fields"])
    assert len(snapshot["nodes"]) == meta["node_count"] * fields
    assert "Book" in snapshot["strings"]

    heap = files["workload.heapprofile"]
    assert heap["head"]["children"] and heap["samples"]

    functions = {
        f["functionName"]: f["ranges"][0]["count"]
        for script in files["workload.coverage.json"]["result"]
        if script["url"].endswith("workload.js")
        for f in script["functions"]
    }
    assert functions["run"] == 1 and functions["get"] == 200, functions


DEBUGGED_JS = """function sum(list) {
  let total = 0;
  for (const n of list) {
    total += n;
  }
  return total;
}
console.log("sum", sum([3, 4, 5]));
null.x;
"""

DEBUGGER_SAYS = """breakpoint 1 at app.js:4
#0 sum at app.js:4
   4 >     total += n;
#0 sum at app.js:4
#1 (top level) at app.js:8
n = 4
list = Array(3)
total = 3
34
#0 sum at app.js:3
   3 >   for (const n of list) {
#0 (top level) at app.js:8
   8 > console.log("sum", sum([3, 4, 5]));
sum 12
uncaught: TypeError: Cannot read properties of null (reading 'x')
    at FOLDER/app.js:9:6
#0 (top level) at app.js:9
   9 > null.x;
the program has ended
the program has ended
"""


def debugger(folder, temp):
    script = (temp / "app.js").resolve()
    script.write_text(DEBUGGED_JS)
    commands = "break app.js:4 if n === 4|run|bt|locals|print total * 10 + n|next|finish|c|c|bt"
    out = run(folder / "debugger", script, stdin=commands.replace("|", "\n"))
    assert out == DEBUGGER_SAYS.replace("FOLDER", str(script.parent)), out


BUSY_JS = "function busy() { for (const end = Date.now() + 20; Date.now() < end;); } setInterval(busy, 25); console.log('up')"

COVERED_JS = """function used() { return 1 }
function unused() {
  return 2
}
used()
"""

WORKERS_JS = """const { Worker, isMainThread } = require("worker_threads");
if (isMainThread) new Worker(__filename);
else console.log("hello");
"""

PAGE = b"""<body>A page<img src="/picture.png">
<script>
  const x = new XMLHttpRequest();
  x.open("GET", "/hello", false); // so that it is part of loading
  x.send();
  document.body.append(" ", x.responseText);
</script>"""


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = PAGE if self.path == "/" else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def node(folder, temp):
    """What needs a Node."""
    busy = subprocess.Popen(["node", "--no-turbo-inlining", "-e", BUSY_JS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        busy.stdout.readline()  # from now on it handles SIGUSR1
        out = run(folder / "attach", str(busy.pid), "1")
        assert "busy" in out, out
    finally:
        busy.kill()
        busy.wait()

    script = (temp / "covered.js").resolve()
    script.write_text(COVERED_JS)
    out = run(folder / "coverage", script)
    assert "SF:%s\n" % script in out and "FNDA:1,used\nFNDA:0,unused\n" in out, out
    assert "DA:3,0\n" in out and "DA:5,1\n" in out, out

    script = temp / "workers.js"
    script.write_text(WORKERS_JS)
    out = run(folder / "workers", script).splitlines()
    assert out.index("+ [worker 1], a worker") < out.index("[worker 1]: hello") < out.index("- [worker 1]"), out
    assert out[-1] == "the program has ended", out


def chromium(folder, temp):
    """What needs a Chromium."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    site = "http://127.0.0.1:%d/" % server.server_port
    try:
        run(folder / "screenshot", site, temp / "page.png", temp / "page.pdf")
        assert (temp / "page.png").read_bytes().startswith(b"\x89PNG")
        assert (temp / "page.pdf").read_bytes().startswith(b"%PDF")

        out = run(folder / "intercept", site, "picture")
        assert "refused %spicture.png\n" % site in out and "A page hello from the debugger" in out, out

        log = json.loads(run(folder / "har", site))["log"]
        seen = {e["request"]["url"]: e["response"]["status"] for e in log["entries"]}
        assert seen[site] == 200 and seen[site + "picture.png"] == 404, seen
    finally:
        server.shutdown()


def others(folder, _temp):
    assert "Array(3)" in run(folder / "hello")
    assert "'Browser.crash' wasn't found" in run(folder / "domain")
    out = run(folder / "pipelined")
    assert "328350" in out and "third: canceled" in out and "second: timed out" in out, out
    out = run(folder / "teapot")
    assert "the pot is empty" in out and "V8 is here" in out, out
    assert "were told: 999000" in run(folder / "thousand")
    assert "is two" in run(folder / "untyped")
    assert "hottest: busy" in run(folder / "embed")


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    checks = [console, demo, debugger, node, chromium, others]
    print("1..%d" % len(checks))
    for i, check in enumerate(checks, 1):
        with tempfile.TemporaryDirectory() as temp:
            try:
                check(folder, pathlib.Path(temp))
                print("ok %d - example %s" % (i, check.__name__))
            except Exception as e:  # pylint: disable=broad-except
                print("not ok %d - example %s" % (i, check.__name__))
                print("\n".join("# " + line for line in repr(e).split("\\n")))


main()
