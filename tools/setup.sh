#!/bin/sh
# setup.sh - finds what a level of the build needs, and installs what is missing.
#
#     tools/setup.sh build|generate|test|clients|history|bench|lint
#
# make calls this by itself, once for each level, and reads the result from
# build/setup-LEVEL.mk.  Where nothing is missing nothing is installed and no
# root is needed.  What is missing comes from Debian's packages; without root
# (or sudo without a password) or without apt, the packages are named instead.
# Everything is looked for by use, not by package name, so other systems work
# too once the same things are there.
#
# A V8 of your own: V8_CFLAGS="-isystem .../include" V8_LIBS="-L... -lnode".
# No V8 at all: V8=no, which leaves libcdpkit alone.  SETUP=no installs nothing.
set -eu
cd "$(dirname "$0")/.."
umask 022

level=${1:-build}
mkdir -p "${B:=build}"
B=$(cd "$B" && pwd)
deps=$B/deps
log=$B/setup.log
: "${CC:=cc}" "${CXX:=c++}"

# One at a time, for make -j.
if command -v flock >/dev/null 2>&1; then
    exec 9>"$B/setup.lock"
    flock 9
fi

say() { echo "setup: $*"; }

fail()
{
    say "$*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# ---- packages --------------------------------------------------------------

if [ "$(id -u)" = 0 ]; then
    as_root=
elif have sudo && sudo -n true 2>/dev/null; then
    as_root='sudo -n'
else
    as_root=no
fi

can_install()
{
    [ "${SETUP:-yes}" != no ] && [ "$as_root" != no ] && have apt-get
}

# Runs apt-get, and once more with fresh lists if that fails: they may be empty
# or name versions that are gone.
apt()
{
    if ! "$@" >>"$log" 2>&1; then
        if [ -z "${updated:-}" ] && can_install; then
            updated=yes
            say "refreshing the package lists"
            apt_get update >>"$log" 2>&1 || true
            "$@" >>"$log" 2>&1
            return
        fi
        return 1
    fi
}

apt_get()
{
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"
}

install_packages()
{
    apt apt_get install --no-install-recommends --no-remove "$@"
}

# wants PACKAGE TEST...: notes the package if the test fails.
missing=
wants()
{
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}

install_missing()
{
    [ -n "$missing" ] || return 0
    can_install || fail "missing:$missing (Debian's names). Install them and type make again."
    say "installing$missing"
    # shellcheck disable=SC2086
    install_packages $missing || {
        tail -n 15 "$log" >&2
        fail "apt could not install:$missing (see $log)"
    }
    missing=
}

# ---- things to look for ----------------------------------------------------

has_header() { echo "#include <$1>" | $CC -E -x c - >/dev/null 2>&1; }

# Compiler and linker flags of a library: by pkg-config, or the given ones.
flags_of() # PC-MODULE --cflags|--libs FALLBACK
{
    if have pkg-config && pkg-config --exists "$1"; then
        pkg-config "$2" "$1"
    else
        echo "$3"
    fi
}

has_uv() { pkg-config --exists libuv || has_header uv.h; }
has_wslay() { has_header wslay/wslay.h; }
has_openssl() { pkg-config --exists openssl || has_header openssl/ssl.h; }
has_cjson() { pkg-config --exists libcjson || has_header cjson/cJSON.h; }
has_cmocka()
{
    pkg-config --exists cmocka ||
        printf '#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <setjmp.h>\n#include <cmocka.h>\n' |
        $CC -E -x c - >/dev/null 2>&1
}

# The first python3 that can import all of the modules.
python_with()
{
    for py in ${PYTHON:+"$PYTHON"} python3 /usr/bin/python3; do
        "$py" -c "import sys, $1; assert sys.version_info >= (3, 9); print(sys.executable)" 2>/dev/null && return 0
    done
    return 1
}

# ---- V8 --------------------------------------------------------------------

# Is there a V8 with its inspector that a program can be linked to?
try_v8() # CFLAGS LIBS
{
    printf '#include <v8-inspector.h>\n#include <v8.h>\nint main() { return v8::V8::GetVersion()[0] == 0; }\n' >"$B/try_v8.cc"
    # shellcheck disable=SC2086
    $CXX -std=c++17 $1 -o "$B/try_v8" "$B/try_v8.cc" $2 >>"$log" 2>&1 && "$B/try_v8" >>"$log" 2>&1
    rc=$?
    rm -f "$B/try_v8" "$B/try_v8.cc"
    return $rc
}

# Where the V8 of a system or of an unpacked package is: its root folder.
find_v8() # ROOT, or nothing for the system's
{
    inc=$1/usr/include/nodejs/deps/v8/include
    lib=$(find "$1"/usr/lib -maxdepth 2 -name libnode.so 2>/dev/null | head -n 1)
    [ -e "$inc/v8-inspector.h" ] && [ -n "$lib" ] || return 1
    lib=$(dirname "$lib")
    v8_version=$(sed -n 's/#define V8_\(MAJOR\|MINOR\)_VERSION //p' "$inc/v8-version.h" | tr '\n' ' ')
    v8_cflags="-isystem $inc"
    # From 13 on V8's headers are C++20.
    [ "${v8_version%% *}" -lt 13 ] || v8_cflags="$v8_cflags -std=c++20"
    if [ -n "$1" ]; then
        v8_libs="-L$lib -Wl,-rpath,$lib -lnode"
    else
        v8_libs=-lnode
    fi
    try_v8 "$v8_cflags" "$v8_libs"
}

candidate() { apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p'; }

# Fetches packages into a folder and unpacks them there; needs no root.
unpack() # FOLDER PACKAGE...
{
    dir=$1
    shift
    rm -rf "$dir.new"
    mkdir -p "$dir.new/deb"
    chmod 777 "$dir.new/deb" # apt fetches as a user of its own
    (cd "$dir.new/deb" && apt apt-get -q download "$@") || return 1
    for deb in "$dir.new"/deb/*.deb; do
        dpkg-deb -x "$deb" "$dir.new" || return 1
    done
    rm -rf "$dir.new/deb" "$dir"
    mv "$dir.new" "$dir"
}

# The packages that one depends on, as far as their names begin with a pattern.
depends() # PACKAGE PATTERN
{
    apt-cache show --no-all-versions "$1" | sed -n 's/^Depends: //p' | tr ',|' '\n' |
        sed 's/^ *//; s/[ (:].*//' | grep -E "^($2)" | sort -u
}

setup_v8()
{
    if [ "${V8:-yes}" = no ]; then
        return 0
    elif [ -n "${V8_CFLAGS:-}${V8_LIBS:-}" ]; then
        v8_cflags=${V8_CFLAGS:-}
        v8_libs=${V8_LIBS:--lnode}
        try_v8 "$v8_cflags" "$v8_libs" ||
            say "warning: no program links with V8_CFLAGS and V8_LIBS as given (see $log)"
        return 0
    fi
    if find_v8 "" || find_v8 "$deps/v8"; then
        return 0
    fi

    no_v8="missing: V8 with its inspector (Debian's libnode-dev). Set V8_CFLAGS and V8_LIBS, or V8=no."
    if [ "${SETUP:-yes}" = no ] || ! have apt-get; then
        fail "$no_v8"
    fi
    if [ -z "$(candidate libnode-dev)" ] && can_install; then
        updated=yes
        say "refreshing the package lists"
        apt_get update >>"$log" 2>&1 || true
    fi

    # apt refuses where the nodejs of another source is installed: then unpack
    # the packages and use them where they are.
    if can_install && apt_get install -s --no-remove --no-install-recommends libnode-dev >>"$log" 2>&1; then
        say "installing libnode-dev (V8)"
        install_packages libnode-dev || true
    fi
    find_v8 "" && return 0

    node=$(depends libnode-dev 'libnode[0-9]' || true)
    [ -n "$node" ] || fail "$no_v8"
    say "unpacking libnode-dev and $node (V8) into ${deps#"$PWD"/}/v8"
    for package in $(depends "$node" 'lib|zlib'); do
        wants "$package" dpkg -s "$package"
    done
    install_missing
    unpack "$deps/v8" libnode-dev "$node" || fail "could not fetch libnode-dev and $node (see $log)"
    find_v8 "$deps/v8" || fail "no program links with the V8 in $deps/v8 (see $log)"
}

# ---- llhttp ----------------------------------------------------------------

# Debian ships its C code, to be compiled in.  A libnode brings one of its own, of another version,
# so that all its names get a prefix: cdp_llhttp.h.
setup_llhttp()
{
    llhttp=$deps/llhttp
    [ -e "$llhttp/cdp_llhttp.h" ] && return 0
    share=
    for root in "" "$deps/node-llhttp"; do
        [ -e "$root/usr/share/llhttp/llhttp.c" ] && share=$root/usr/share
    done
    if [ -z "$share" ]; then
        if [ "${SETUP:-yes}" = no ] || ! have apt-get; then
            fail "missing: llhttp's C code (Debian's node-llhttp)"
        fi
        say "unpacking node-llhttp into ${deps#"$PWD"/}"
        unpack "$deps/node-llhttp" node-llhttp || fail "could not fetch node-llhttp (see $log)"
        share=$deps/node-llhttp/usr/share
    fi
    mkdir -p "$llhttp"
    cp "$share"/llhttp/*.c "$share/include/llhttp/llhttp.h" "$llhttp"
    # shellcheck disable=SC2016
    sed -n 's/.*\b\(llhttp_[a-z_0-9]*\)(.*/#define \1 cdp__\1/p' "$llhttp"/*.c "$llhttp/llhttp.h" | sort -u >"$llhttp/names"
    { cat "$llhttp/names" && echo '#include "llhttp.h"'; } >"$llhttp/cdp_llhttp.h.new"
    mv "$llhttp/cdp_llhttp.h.new" "$llhttp/cdp_llhttp.h"
}

# ---- Node with the same V8, to measure against -----------------------------

setup_node18()
{
    run=$deps/node18/run-node
    "$run" -e 0 >/dev/null 2>&1 && return 0
    have apt-get || fail "missing: Debian's nodejs, to measure against"
    version=$(candidate libnode-dev)
    say "unpacking nodejs $version into ${deps#"$PWD"/}/node18"
    node=$(depends libnode-dev 'libnode[0-9]')
    # shellcheck disable=SC2046
    unpack "$deps/node18" "nodejs=$version" "$node=$version" $(depends "$node" node-) node-xtend ||
        fail "could not fetch nodejs $version (see $log)"
    lib=$(dirname "$(find "$deps/node18/usr/lib" -name 'libnode.so.*' | head -n 1)")
    $CC -O2 -fPIC -shared -DROOT="\"$deps/node18\"" -o "$deps/node18/preload.so" tools/node_preload.c -ldl
    cat >"$run" <<END
#!/bin/sh
LD_LIBRARY_PATH='$lib' LD_PRELOAD='$deps/node18/preload.so' exec '$deps/node18/usr/bin/node' "\$@"
END
    chmod +x "$run"
    "$run" -e 'console.log("setup: node", process.version, "with V8", process.versions.v8)' ||
        fail "the unpacked node does not run"
}

# ---- clients to test the inspector with, and peers to test clients with -----

has_fonts() { fc-list | grep -q .; }

# As FROM/package-lock.json pins them.
setup_npm() # WHAT FROM FOLDER
{
    cmp -s "$2/package-lock.json" "$3/package-lock.json" && [ -e "$3/node_modules/.package-lock.json" ] && return 0
    [ "${SETUP:-yes}" != no ] || fail "missing: $1 (from npm, as $2/package-lock.json says)"
    say "installing $1 into ${3#"$PWD"/}"
    mkdir -p "$3"
    cp "$2/package.json" "$2/package-lock.json" "$3"
    (cd "$3" && npm ci --ignore-scripts --no-audit --no-fund) >>"$log" 2>&1 ||
        fail "npm could not install $1 (see $log)"
}

# "18=FILE 20=FILE ...": Node, for the processors that npm's packages are made for.
find_nodes() # FOLDER
{
    for node in "$1"/node_modules/node-*/bin/node; do
        version=${node#"$1"/node_modules/node-}
        "$node" -e 0 >/dev/null 2>&1 && echo "${version%%-*}=$node"
    done | tr '\n' ' '
}

# ---- levels ----------------------------------------------------------------

: >>"$log"
mk=$B/setup-$level.mk

case $level in
build)
    wants gcc have "$CC"
    [ "${V8:-yes}" = no ] || wants g++ have "$CXX"
    wants make have make
    wants pkg-config have pkg-config
    install_missing
    wants libuv1-dev has_uv
    wants libcjson-dev has_cjson
    wants libssl-dev has_openssl
    install_missing
    setup_llhttp
    v8_cflags=''
    v8_libs=''
    setup_v8
    cat >"$mk.new" <<END
# Written by tools/setup.sh.
UV_CFLAGS := $(flags_of libuv --cflags '')
UV_LIBS := $(flags_of libuv --libs -luv)
CJSON_CFLAGS := $(flags_of libcjson --cflags -I/usr/include/cjson)
CJSON_LIBS := $(flags_of libcjson --libs -lcjson)
OPENSSL_CFLAGS := $(flags_of openssl --cflags '')
OPENSSL_LIBS := $(flags_of openssl --libs '-lssl -lcrypto')
V8 ?= ${V8:-yes}
V8_CFLAGS ?= $v8_cflags
V8_LIBS ?= $v8_libs
END
    ;;
generate)
    wants python3 have python3
    wants python3-jinja2 python_with jinja2
    install_missing
    cat >"$mk.new" <<END
# Written by tools/setup.sh.
PYTHON := $(python_with jinja2 || fail "no python3 that has jinja2")
END
    ;;
test)
    wants python3 have python3
    wants 'python3-jinja2 python3-pytest' python_with jinja2,pytest
    wants libcmocka-dev has_cmocka
    wants libwslay-dev has_wslay
    wants clang have clang
    install_missing
    cat >"$mk.new" <<END
# Written by tools/setup.sh.
PYTHON := $(python_with jinja2,pytest || fail "no python3 that has jinja2 and pytest")
CMOCKA_CFLAGS := $(flags_of cmocka --cflags '')
CMOCKA_LIBS := $(flags_of cmocka --libs -lcmocka)
END
    ;;
clients)
    wants nodejs have node
    wants npm have npm
    wants chromium have chromium
    wants 'fontconfig fonts-dejavu-core' has_fonts
    install_missing
    setup_npm chrome-remote-interface tests/clients "$deps/npm"
    setup_npm 'Node 18, 20, 22 and 24' tests/remote "$deps/nodes"
    nodes=$(find_nodes "$deps/nodes")
    [ -n "$nodes" ] || say "no other Node for this machine: only its own is tested against"
    cat >"$mk.new" <<END
# Written by tools/setup.sh.
NODE_MODULES := $deps/npm/node_modules
NODES := $nodes
END
    ;;
history)
    wants python3 have python3
    wants npm have npm
    install_missing
    if [ "${SETUP:-yes}" != no ]; then
        say "fetching revisions of the protocol into ${deps#"$PWD"/}/protocols"
        tools/fetch_protocols.py --sample || fail "npm has not all of tests/history/versions.txt"
    fi
    echo '# Written by tools/setup.sh.' >"$mk.new"
    ;;
bench)
    wants python3 have python3
    wants nodejs have node
    wants npm have npm
    wants chromium have chromium
    install_missing
    setup_node18
    setup_npm 'chrome-remote-interface and puppeteer-core' bench "$deps/npm-bench"
    cat >"$mk.new" <<END
# Written by tools/setup.sh.
NODE18 := $deps/node18/run-node
BENCH_MODULES := $deps/npm-bench/node_modules
END
    ;;
lint)
    wants python3 have python3
    wants libcmocka-dev has_cmocka
    wants libwslay-dev has_wslay
    wants clang have clang
    wants clang-format have clang-format
    wants clang-tidy have clang-tidy
    wants cppcheck have cppcheck
    install_missing
    cat >"$mk.new" <<END
# Written by tools/setup.sh.
CMOCKA_CFLAGS := $(flags_of cmocka --cflags '')
CMOCKA_LIBS := $(flags_of cmocka --libs -lcmocka)
END
    ;;
*)
    fail "levels are build, generate, test, clients, history, bench and lint"
    ;;
esac

mv "$mk.new" "$mk"
