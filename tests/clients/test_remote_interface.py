"""The npm package chrome-remote-interface, which most scripts use."""

import re

import pytest

from conftest import HERE


def cases(file):
    """Names of a driver's cases."""
    return re.findall(r"^    async (\w+)\(", (HERE / file).read_text(), re.MULTILINE)


@pytest.mark.parametrize("case", cases("remote_interface.js"))
def test_service(case, target, drive):
    drive("remote_interface.js", case, target("service.js"))


@pytest.mark.parametrize("case, flag", [("breaksOnStart", "--inspect-brk"), ("waits", "--inspect-wait")])
def test_start(case, flag, target, drive):
    program = target("steps.js", flag)
    drive("start.js", case, program)
    assert program.wait() == 0
    assert "Debugger attached." in program.text["err"]
    assert "Waiting for the debugger to disconnect..." in program.text["err"]
