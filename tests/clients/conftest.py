"""What the tests with real clients share: the program that is inspected, and clients.

CDP_TARGET is the command that runs a script and takes Node's inspector flags: "node" (the
default), which these tests have to pass as well, or "build/cdp run".
"""

import json
import os
import pathlib
import shlex
import sys

import pytest

sys.dont_write_bytecode = True

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SCRIPTS = HERE / "scripts"
sys.path.insert(0, str(HERE))

from process import Process  # noqa: E402

COMMAND = shlex.split(os.environ.get("CDP_TARGET", "node"))
IS_NODE = os.path.basename(COMMAND[0]).startswith("node")
ENV = {"NODE_PATH": str(ROOT / "build/deps/npm/node_modules"), **os.environ}


class Target(Process):
    """A program with an open inspector."""

    def __init__(self, script, flag="--inspect", *options):
        super().__init__([*COMMAND, f"{flag}=127.0.0.1:0", *options, SCRIPTS / script], cwd=ROOT)
        try:
            found = self.expect(r"Debugger listening on (ws://(127\.0\.0\.1:(\d+))/\S+)\n", "err")
        except AssertionError:
            self.end()
            raise
        self.url, self.address, self.port = found[1], found[2], int(found[3])


@pytest.fixture
def processes():
    """Those that are to be ended with the test."""
    started = []
    yield started
    for process in reversed(started):
        process.end()


@pytest.fixture
def target(processes):
    """target(script, flag, option...): the script, inspected."""

    def start(*args):
        processes.append(Target(*args))
        return processes[-1]

    return start


@pytest.fixture
def drive(processes):
    """drive(file, case, target, ...): runs a case of a driver, which exits with 0 if all is well."""

    def run(file, case, target, **more):
        options = {"port": target.port, "url": target.url, "node": IS_NODE, **more}
        driver = Process(["node", HERE / file, case, json.dumps(options)], env=ENV)
        processes.append(driver)
        code = driver.wait()
        assert code == 0, driver.text["out"] + driver.text["err"] + "--- target\n" + target.text["err"]

    return run
