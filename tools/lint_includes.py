#!/usr/bin/env python3
"""lint_includes.py - who may include whom.

    core        libc and itself              bridge      core, and cJSON
    net         core, and libraries          v8          core; libuv in host files; V8 in C++
    targets, report: core, and the domains' headers
    inspector   core, net, v8, and libuv     cli, examples: public headers; bench: core, v8 too
    an example with a protocol of its own: the headers made of the *.json beside it
    public headers: C's headers and each other (inspector_network.h, report.h: generated ones too)
    generated headers: cdp.h, forward.h and each other; sources: desc.h and their own header
"""

import glob
import os
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)

C_STD = set("""assert ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign
    stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath time uchar wchar
    wctype""".split())
POSIX = set("""arpa/inet dirent dlfcn fcntl fnmatch ftw netinet/in netinet/tcp poll pthread sched semaphore strings
    sys/eventfd sys/mman sys/prctl sys/random sys/resource sys/socket sys/stat sys/time sys/types sys/un
    sys/wait unistd""".split())
SIMD = {"immintrin", "emmintrin", "smmintrin", "tmmintrin", "arm_neon"}
HAND_PUBLIC = {os.path.basename(p) for p in glob.glob("runtime/include/cdp/*.h")}
GENERATED = {os.path.basename(p) for p in glob.glob("generated/include/cdp/*.h")} - HAND_PUBLIC
V8_PUBLIC = {"v8.h", "host.h", "inspector.h", "inspector_network.h"}  # what libcdpkit itself must not know of

is_c = lambda name: name[:-2] in C_STD and name.endswith(".h")
is_libc = lambda name: name.endswith(".h") and name[:-2] in C_STD | POSIX | SIMD
is_cxx = lambda name: re.fullmatch(r"[a-z_]+", name) is not None
is_cjson = lambda name: name in ("cJSON.h", "cjson/cJSON.h")
is_v8 = lambda name: re.match(r"(v8[\w-]*\.h|libplatform/|cppgc/)", name) is not None
is_uv = lambda name: name == "uv.h" or name.startswith("uv/")


def public(name, but=frozenset()):
    """<cdp/...>, hand-written, of the lower library unless but says otherwise."""
    return name.startswith("cdp/") and name[4:] in HAND_PUBLIC - but


def any_public(name):
    return name.startswith("cdp/") and name[4:] in HAND_PUBLIC | GENERATED


def quoted_from(path, *folders):
    """Is the quoted include a file of those parts of the runtime?"""
    here = os.path.dirname(path)

    def test(name):
        for base in (here, "runtime", "runtime/core"):
            found = os.path.normpath(os.path.join(base, name))
            if os.path.exists(found):
                return any(found.startswith(f"runtime/{f}/") for f in folders)
        return False

    return test


def allowed(path):
    """Tests for the angled and for the quoted includes of a file; None: not our business."""
    part = path.split("/")
    base = os.path.basename(path)
    cxx = path.endswith((".cc", ".hh"))
    nothing = lambda name: False
    if path.startswith("runtime/include/"):
        typed = base in ("inspector_network.h", "report.h")
        return lambda n: is_c(n) or public(n) or (typed and any_public(n)), nothing
    if path.startswith("generated/include/"):
        return lambda n: is_c(n) or any_public(n), nothing
    if path.startswith("generated/src/"):
        # protocol.c lists every domain and may name every header.
        own = "cdp/" + base[:-2] + ".h"
        return (lambda n: is_c(n) or n in ("cdp/desc.h", own) or (base == "protocol.c" and any_public(n)),
                nothing)
    if part[0] in ("cli", "examples", "bench"):
        here, inside = quoted_here(path), quoted_from(path, "core", "v8")
        quoted = (lambda n: here(n) or inside(n)) if part[0] == "bench" else here
        own = {f"cdp/{os.path.basename(p)[:-5]}.h" for p in glob.glob(os.path.dirname(path) + "/*.json")}
        return (lambda n: is_libc(n) or any_public(n) or n in own or is_cjson(n) or is_uv(n) or
                (cxx and (is_cxx(n) or is_v8(n)))), quoted
    if part[0] != "runtime":
        return None
    if part[1] == "core":
        return lambda n: is_libc(n) or public(n, V8_PUBLIC), quoted_from(path, "core")
    if part[1] == "bridge":
        return (lambda n: is_libc(n) or is_cjson(n) or public(n, V8_PUBLIC),
                quoted_from(path, "core", "bridge"))
    if part[1] == "v8":
        host = base.startswith("host")
        return (lambda n: is_libc(n) or any_public(n) or (host and is_uv(n)) or
                (cxx and (is_cxx(n) or is_v8(n))) or (base == "host_v8.h" and is_v8(n)),
                quoted_from(path, "core", "v8"))
    if part[1] in ("targets", "report"):
        return (lambda n: is_libc(n) or (any_public(n) and n[4:] not in V8_PUBLIC),
                quoted_from(path, "core", part[1]))
    if part[1] == "net":
        return (lambda n: is_libc(n) or is_uv(n) or public(n, V8_PUBLIC) or
                n == "cdp_llhttp.h" or n.startswith("openssl/"), quoted_from(path, "core", "net"))
    if part[1] == "inspector":
        return (lambda n: is_libc(n) or is_uv(n) or any_public(n),
                quoted_from(path, "core", "net", "v8", "inspector"))
    return nothing, nothing


def quoted_here(path):
    here = os.path.dirname(path)
    return lambda name: "/" not in name and os.path.exists(os.path.join(here, name))


def main():
    bad = 0
    files = [p for d in ("runtime", "generated", "cli", "examples", "bench")
             for p in glob.glob(f"{d}/**/*", recursive=True) if p.endswith((".c", ".h", ".cc", ".hh"))]
    for path in sorted(files):
        tests = allowed(path)
        if not tests:
            continue
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for match in INCLUDE.finditer(text):
            angled, name = match[1] == "<", match[2]
            if not tests[0 if angled else 1](name):
                line = text.count("\n", 0, match.start(2)) + 1
                print(f"{path}:{line}: may not include {name}", file=sys.stderr)
                bad += 1
    print(f"includes: {len(files)} files, {bad} forbidden includes")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
