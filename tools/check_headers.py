#!/usr/bin/env python3
"""check_headers.py - compiles every public header alone.

With gcc and clang, as C11 and as C++11, 17 and 20, with warnings as errors.
Prints TAP: a case for each compiler and standard.
"""

import concurrent.futures
import glob
import os
import shutil
import subprocess
import sys

DIALECTS = [("gcc", "c", "c11"), ("clang", "c", "c11")] + [
    (compiler, "c++", std) for compiler in ("g++", "clang++") for std in ("c++11", "c++17", "c++20")
]
FLAGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wundef", "-Werror", "-fsyntax-only",
         "-Iruntime/include", "-Igenerated/include"]


def compile_alone(header, compiler, language, std):
    """None, or what the compiler said."""
    source = f"#include <cdp/{header}>\n#include <cdp/{header}>\nint main(void) {{ return 0; }}\n"
    done = subprocess.run([compiler, "-x", language, f"-std={std}", *FLAGS, "-"], input=source,
                          capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr


def main():
    headers = sorted(os.path.basename(path) for folder in ("runtime", "generated")
                     for path in glob.glob(f"{folder}/include/cdp/*.h"))
    dialects = [d for d in DIALECTS if shutil.which(d[0])]
    print(f"1..{len(dialects)}")
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, dialect in enumerate(dialects, 1):
            said = list(pool.map(lambda header, d=dialect: compile_alone(header, *d), headers))
            bad = [(header, text) for header, text in zip(headers, said) if text]
            failures += bool(bad)
            name = f"{len(headers)} headers alone, {dialect[0]} -std={dialect[2]}"
            print(f"{'not ok' if bad else 'ok'} {number} - {name}", flush=True)
            for header, text in bad:
                print(f"# <cdp/{header}>")
                print("".join(f"#   {line}\n" for line in text.splitlines()[:12]), end="")
    return failures


if __name__ == "__main__":
    sys.exit(main())
