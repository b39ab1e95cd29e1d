"""What is installed, and programs built from it with pkg-config alone."""

import os
import pathlib
import re
import shlex
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PREFIX = "/opt/cdpkit-under-test"  # nothing may ever be there
BUILD = os.environ.get("B", "build")
PATIENCE = 300  # seconds; everything ends much earlier
# What a make that runs the tests hands down is not for others.
for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
    os.environ.pop(name, None)


def run(*command, **options):
    """What it prints; it must succeed."""
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=PATIENCE, **options
    )
    assert done.returncode == 0, "%s\n%s" % (shlex.join(map(str, command)), done.stderr)
    return done.stdout


def make(target, stage, **variables):
    words = ["%s=%s" % item for item in {"PREFIX": PREFIX, "DESTDIR": stage, **variables}.items()]
    return run("make", "-C", ROOT, "SETUP=no", target, *words)


def listing(folder):
    """{path: mode, size, target, time} of the files below a folder, but for what is being built."""
    found = {}
    for path, folders, files in os.walk(folder):
        if pathlib.Path(path) == ROOT:
            folders[:] = [f for f in folders if f not in (".git", BUILD.split("/")[0])]
        for name in files:
            file = os.path.join(path, name)
            about = os.lstat(file)
            link = os.readlink(file) if os.path.islink(file) else ""
            key = os.path.relpath(file, folder)
            found[key] = (about.st_mode, about.st_size, link, about.st_mtime_ns)
    return found


class Tree:
    """Where it is installed, and the staging folder that was made for that."""

    def __init__(self, root, stage):
        self.root = root
        self.stage = stage
        self.lib = root / "lib"
        self.env = dict(os.environ, PKG_CONFIG_PATH=str(self.lib / "pkgconfig"))
        self.env.pop("PKG_CONFIG_SYSROOT_DIR", None)
        self.env["LD_LIBRARY_PATH"] = str(self.lib)  # as ldconfig would have it
        self.v8 = (self.lib / "libcdpkit-v8.a").exists()

    def pkg_config(self, *options, **env):
        return run("pkg-config", *options, env=dict(self.env, **env)).split()

    def build(self, module, out, *sources, static=False, cc=("cc", "-std=c11")):
        flags = self.pkg_config("--cflags", module)
        libs = self.pkg_config("--libs", *["--static"] * static, module)
        if static:  # the archives, where both kinds are installed
            libs = [re.sub("^-l(cdpkit.*)", r"-l:lib\1.a", flag) for flag in libs]
        run(*cc, "-O2", *flags, *sources, "-o", out, *libs, env=self.env)
        return out

    def run(self, *command):
        return run(*command, env=self.env)
