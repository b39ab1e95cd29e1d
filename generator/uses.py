"""A program that uses every C name of a model so that it compiles only where each still is what it
was.  Made from the old revision and compiled with the new one's headers, it tells what breaks.

Each use has lines of its own, so the compilers' line numbers name the names.
"""

import os
import re
import shutil
import subprocess
import tempfile

import surface
from errors import ProtocolError

# C++ tells enums from numbers; C does not.
_C = ["-std=c11", "-Werror=incompatible-pointer-types"]
_CXX = ["-std=c++17", "-x", "c++"]
_COMPILERS = {
    "gcc": [["gcc", *_C], ["g++", *_CXX]],
    "clang": [["clang", *_C], ["clang++", *_CXX]],
}
_ALL_ERRORS = {
    "gcc": ["-fmax-errors=0", "-fno-diagnostics-show-caret"],
    "clang": ["-ferror-limit=0", "-fno-caret-diagnostics", "-fno-spell-checking"],
}
_QUIET = ["-fsyntax-only", "-Wno-deprecated-declarations"]
_ERROR = re.compile(r"(.*?):(\d+):(?:\d+:)? (?:fatal )?error: (.*)")
_NAME = re.compile(r"\b(?:cdp|CDP)_\w+")
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_RUNTIME = os.path.join(_ROOT, "runtime", "include")
_SECONDS = 300


def program(units):
    """(text, the C name that each of its lines uses)"""
    names = [name for unit in units for name in unit.all_names()]
    lines, owners = [], []
    for name in sorted(names, key=lambda n: n.form != "header"):  # these come first
        for line in _use(name, "use_%d" % len(owners)):
            lines.append(line)
            owners.append(name.symbol)
    return "\n".join(lines) + "\n", owners


def broken(units, headers):
    """Compiles with the headers ({path: text}) of another revision, by each compiler that there
    is: {"gcc": {C name: the first error about it}}"""
    text, owners = program(units)
    programs = {"gcc": _shortened(text, headers), "clang": text}
    found = {}
    with tempfile.TemporaryDirectory() as temp:
        for path, header in headers.items():
            _write(os.path.join(temp, path), header)
        for compiler in filter(shutil.which, _COMPILERS):
            names = found[compiler] = {}
            for command in filter(lambda c: shutil.which(c[0]), _COMPILERS[compiler]):
                # What has failed in C need not be tried in C++ again.
                lines = zip(programs[compiler].split("\n"), owners)
                left = ["" if owner in names else line for line, owner in lines]
                _write(os.path.join(temp, "uses.c"), "\n".join(left) + "\n")
                for line, message in _errors(command + _ALL_ERRORS[compiler], temp):
                    names.setdefault(owners[line - 1], message)
    if not found:
        raise ProtocolError("compilers", "none of %s is there" % ", ".join(_COMPILERS))
    return found


def _write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def _shortened(text, headers):
    """The same, but names that no header has are spelled "gone", which none has either: for each
    long one gcc would look through all others for one to suggest, for minutes altogether."""
    with open(os.path.join(_RUNTIME, "cdp", "cdp.h"), encoding="ascii") as f:
        known = set(_NAME.findall("\n".join([f.read(), *headers.values()])))
    return _NAME.sub(lambda m: m[0] if m[0] in known else "gone", text)


def _errors(command, folder):
    """[(line, message)] of uses.c"""
    done = subprocess.run(
        [*command, *_QUIET, "-I", _RUNTIME, "-I", "include", "uses.c"],
        cwd=folder,
        env=dict(os.environ, LC_ALL="C"),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=_SECONDS,
    )
    errors = [m.groups() for m in map(_ERROR.match, done.stderr.splitlines()) if m]
    for file, line, message in errors:
        if file != "uses.c":
            raise ProtocolError(file, "line %s does not compile: %s" % (line, ascii(message)))
    if done.returncode and not errors:
        raise ProtocolError(command[0], "failed: %s" % ascii(done.stderr.strip()[-200:]))
    return [(int(line), message) for _, line, message in errors]


# ---- one use


def _use(name, function):
    """The lines that use a name; function is a name for them."""
    if name.form == "header":
        return [
            "#if __has_include(%s)" % name.symbol,
            "#include %s" % name.symbol,
            "#else",
            "int %s = missing;" % function,
            "#endif",
        ]
    return ["void %s(%s) { %s }" % (function, *_USES[name.form](name))]


def _tag(name):
    return "{0} **a, struct {0} *b".format(name.symbol), "*a = b; (void)sizeof **a;"


def _enum(name):
    return "{0} **a, enum {0} *b".format(name.symbol), "*a = b;"


def _typedef(name):
    return name.symbol + " *a", _pointers("(*a)", name.type)


def _enumerator(name):
    return name.type + " *a", "*a = %s;" % name.symbol


def _function(name):
    return "void", "%s = %s; (void)a;" % (name.type.text("(*a)"), name.symbol)


def _callback(name):
    return name.symbol + " *a", "%s = a; (void)b;" % name.type.text("(*b)")


def _member(name):
    struct, member = name.symbol.split(".")
    if isinstance(name.type, surface.FunctionType):
        return struct + " *a", "%s = &a->%s; (void)b;" % (name.type.text("(**b)"), member)
    return struct + " *a", _pointers("a->" + member, name.type)


def _pointers(value, what, const=""):
    """Takes the address of value, and of all that it is made of, as pointers to these types."""
    if not isinstance(what, surface.ListType):
        return "{ %s%s *p = &%s; (void)p; }" % (const, what, value)
    named = _pointers(value, what.name, const) + " " if what.name else ""
    n = _pointers(value + ".n", "size_t", const)
    return named + n + " " + _pointers(value + ".items[0]", what.item, "const ")


_USES = {
    "tag": _tag,
    "enum": _enum,
    "typedef": _typedef,
    "enumerator": _enumerator,
    "function": _function,
    "callback": _callback,
    "member": _member,
}
