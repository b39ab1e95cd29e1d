"""A place where hostile input is given to the generator's programs, and what it may touch."""

import json
import os
import re
import stat

import cdpgen as generator


def state(folder):
    """{path: all that can be seen of it}, of what is below a folder."""
    found = {}
    for top, folders, files in os.walk(folder):
        for leaf in folders + files:
            path = os.path.join(top, leaf)
            s = os.lstat(path)
            content = open(path, "rb").read() if stat.S_ISREG(s.st_mode) else None
            found[path] = (s.st_mode, s.st_ino, s.st_mtime_ns * (content is not None), content)
    return found


class Place:
    """A folder with an input, an output, a temporary folder, and someone else's files."""

    def __init__(self, path, capsys):
        self.path, self._capsys = path, capsys
        self.input, self.out, self.temp = path / "in", path / "out", path / "temp"
        for folder in (self.input, self.temp, path / "etc"):
            folder.mkdir()
        (path / "etc" / "passwd").write_text("untouched")
        (path / "include").mkdir()
        (path / "include" / "tea.h").write_text("untouched")

    def put(self, name, what):
        """An input file: bytes, text, or a JSON value."""
        if isinstance(what, str):
            what = what.encode("utf-8", "surrogatepass")
        path = self.input / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(what if isinstance(what, bytes) else json.dumps(what).encode())
        return path

    def run(self, main, *args):
        """(exit status, what it said), of one of the two programs."""
        before = self._others()
        status = main([*map(str, args), "--out", str(self.out)])
        out, err = self._capsys.readouterr()
        assert out == "" and self._others() == before
        assert not os.listdir(self.temp)
        assert not [p for p in state(self.out) if os.path.basename(p).startswith(".")]
        return status, err

    def _others(self):
        return {p: s for p, s in state(self.path).items() if not p.startswith(str(self.out))}

    def generate(self, *args):
        return self.run(generator.main, "--in", self.input, *args)

    def refused(self, done, message, prefix=""):
        """done: of run(); message: how the line begins."""
        status, err = done
        assert status == 1
        assert re.match(r"[ -~]{1,599}\n\Z", err), err
        assert err.startswith(prefix + message), err
