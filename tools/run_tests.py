#!/usr/bin/env python3
"""run_tests.py - runs test programs and sums up.

    run_tests.py [-j N] [--timeout S] [--logs DIR] SUITE...

A suite is one of
    tap:COMMAND             a program that prints TAP, such as cmocka's
    pytest:COMMAND          a pytest run
    check:NAME:COMMAND      one case, which passes if the command exits with 0

Output of suites that fail is shown (up to SHOWN lines), that of all is kept in --logs.
A program that crashes, hangs, leaks or runs fewer cases than it announced counts
as a failed case.  The last line is "N passed, N failed".
"""

import argparse
import concurrent.futures
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

SHOWN = 200
SANITIZER = 99  # exit code of a program that AddressSanitizer or LeakSanitizer complained about
ENV = dict(
    os.environ,
    CMOCKA_MESSAGE_OUTPUT="TAP",
    ASAN_OPTIONS=f"exitcode={SANITIZER}:detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1",
    UBSAN_OPTIONS="print_stacktrace=1",
    PYTHONDONTWRITEBYTECODE="1",
)
CASE = re.compile(r"^(not )?ok\b([^#]*)(?:#\s*(skip|todo))?", re.IGNORECASE)
PLAN = re.compile(r"^1\.\.(\d+)")


class Result:
    """What one suite came to."""

    def __init__(self, name, log):
        self.name = name
        self.log = log
        self.passed = self.skipped = 0
        self.failed = []  # names of cases
        self.output = ""
        self.seconds = 0.0


def run(command, timeout, log):
    """Runs a command; (exit code or what went wrong, stdout, all output)."""
    out_path, err_path = log + ".out", log + ".err"
    with open(out_path, "wb") as out, open(err_path, "wb") as err:
        try:
            process = subprocess.Popen(shlex.split(command), stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=err, env=ENV, start_new_session=True)
        except OSError as e:
            return str(e), "", str(e)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            code = f"still running after {timeout} s"
        try:  # whatever it left behind, too
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    if isinstance(code, int) and code < 0:
        code = f"killed by {signal.Signals(-code).name}"
    texts = []
    for path in out_path, err_path:
        with open(path, encoding="utf-8", errors="replace") as f:
            texts.append(f.read())
    return code, texts[0], "".join(texts)


def run_tap(command, timeout, log):
    result = Result(command, log)
    code, out, result.output = run(command, timeout, log)
    planned = seen = 0
    for line in out.splitlines():
        if plan := PLAN.match(line):
            planned += int(plan[1])
        elif case := CASE.match(line):
            seen += 1
            name = re.sub(r"^\s*\d*\s*-?\s*", "", case[2]).strip()
            if case[3]:
                result.skipped += 1
            elif case[1]:
                result.failed.append(name)
            else:
                result.passed += 1
    if seen < planned:
        result.failed.append(f"{planned - seen} of {planned} cases did not run")
    elif planned == 0:
        result.failed.append("announced no cases")
    if code == SANITIZER:
        result.failed.append("the sanitizer complains")
    elif code != 0 and (isinstance(code, str) or not result.failed):
        result.failed.append(f"exit: {code}")
    return result


def run_pytest(command, timeout, log):
    result = Result(command.split()[-1], log)
    report = log + ".xml"
    if os.path.exists(report):
        os.unlink(report)
    code, _, result.output = run(f"{command} -q --junitxml={shlex.quote(report)}", timeout, log)
    try:
        cases = list(ET.parse(report).getroot().iter("testcase"))
    except (OSError, ET.ParseError):
        cases = []
    for case in cases:
        if case.find("failure") is not None or case.find("error") is not None:
            result.failed.append(f"{case.get('classname')}.{case.get('name')}")
        elif case.find("skipped") is not None:
            result.skipped += 1
        else:
            result.passed += 1
    if code != 0 and not result.failed:  # no tests at all is 5
        result.failed.append(f"exit: {code}")
    return result


def run_check(spec, timeout, log):
    name, command = spec.split(":", 1)
    result = Result(name, log)
    code, _, result.output = run(command, timeout, log)
    if code == 0:
        result.passed = 1
    else:
        result.failed.append(f"exit: {code}")
    return result


def run_suite(spec, options):
    kind, what = spec.split(":", 1)
    log = os.path.join(options.logs, re.sub(r"[^\w.-]+", "_", what)[-100:])
    start = time.monotonic()
    runner = {"tap": run_tap, "pytest": run_pytest, "check": run_check}[kind]
    result = runner(what, options.timeout, log)
    result.seconds = time.monotonic() - start
    return result


def show(result):
    skipped = f", {result.skipped} skipped" if result.skipped else ""
    print(f"{'FAILED' if result.failed else 'ok':6} {result.name}: {result.passed} passed, "
          f"{len(result.failed)} failed{skipped} ({result.seconds:.1f} s)")
    if result.failed:
        lines = result.output.splitlines()
        print("".join(f"    | {line}\n" for line in lines[:SHOWN]), end="")
        if len(lines) > SHOWN:
            print(f"    | ... and {len(lines) - SHOWN} lines more, in {result.log}.out and .err")
        for case in result.failed:
            print(f"    failed: {case}")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-j", type=int, default=min(4, os.cpu_count() or 1))
    parser.add_argument("--timeout", type=int, default=600)
    parser.add_argument("--logs", default="build/test-logs")
    parser.add_argument("suites", nargs="+")
    options = parser.parse_args()
    os.makedirs(options.logs, exist_ok=True)

    results = []
    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        for future in concurrent.futures.as_completed(
                [pool.submit(run_suite, spec, options) for spec in options.suites]):
            results.append(future.result())
            show(results[-1])

    failed = [f"{r.name}: {case}" for r in results for case in r.failed]
    if failed:
        print("\nfailed cases:")
        for name in failed:
            print(f"    {name}")
    if skipped := sum(r.skipped for r in results):
        print(f"{skipped} skipped")
    print(f"{sum(r.passed for r in results)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
