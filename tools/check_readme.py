#!/usr/bin/env python3
"""Checks that the README shows what there is: its programs are the files that they say they are,
what it says they print is what they print, and the make targets it names exist."""

import pathlib
import re
import subprocess
import sys

README = pathlib.Path("README.md").read_text()


def main():
    wrong = []
    shown = re.findall(r"```c\n(/\* (\w+\.c) .*?)```\n\n```console\n\$ (\S+)\n(.*?)```", README, re.S)
    for code, name, program, output in shown:
        if code != pathlib.Path("examples", name).read_text():
            wrong.append("%s is not what the README shows" % name)
        printed = subprocess.run([program], capture_output=True, text=True, check=False).stdout
        if printed != output:
            wrong.append("%s prints %r, the README says %r" % (program, printed, output))
    if not shown:
        wrong.append("the README shows no program")
    makefile = pathlib.Path("Makefile").read_text()
    for target in re.findall(r"`make ([a-z-]+)", README):
        if not re.search(r"^([\w -]+ )?%s( [\w -]+)?:" % target, makefile, re.M):
            wrong.append("make %s does not exist" % target)
    print("\n".join(wrong))
    return 1 if wrong else 0


sys.exit(main())
