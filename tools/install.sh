#!/bin/sh
# install.sh - puts what was built where it is to be used from, or takes it away again.
#
#     tools/install.sh install|uninstall
#
# make calls it, with all that it needs to know in the environment.  Installed
# files find each other from where they lie: what is below PREFIX may be moved
# as a whole, and nothing names the folder it was built in.
# shellcheck disable=SC2153 # names of the environment's beside our own
set -eu
umask 022
kit=$DATADIR/cdpkit

# put MODE FOLDER FILE...
# make_file MODE FOLDER NAME COMMAND...: a file of what the command prints.
# link NAME FOLDER NEW-NAME
case $1 in
install)
    put()
    {
        mode=$1 folder=$DESTDIR$2
        shift 2
        install -d "$folder"
        install -m "$mode" "$@" "$folder"
    }
    make_file()
    {
        mode=$1 file=$DESTDIR$2/$3
        shift 3
        install -d "${file%/*}"
        "$@" >"$file"
        chmod "$mode" "$file"
    }
    link() { ln -sf "$1" "$DESTDIR$2/$3"; }
    ;;
uninstall)
    put()
    {
        folder=$DESTDIR$2
        shift 2
        for file; do
            rm -f "$folder/${file##*/}"
        done
    }
    make_file() { rm -f "$DESTDIR$2/$3"; }
    link() { rm -f "$DESTDIR$2/$3"; }
    ;;
esac

from_to() { realpath -sm --relative-to="$1" "$2"; }

# A folder as a .pc file names it.
in_prefix()
{
    case $1 in
    "$PREFIX"/*) echo "\${prefix}/${1#"$PREFIX"/}" ;;
    *) echo "$1" ;;
    esac
}

# Flags that link V8: one that set-up unpacked lies beside our libraries.
v8_libs()
{
    for flag in $V8_LIBS; do
        case ${V8_DIR:+$flag} in
        -L* | -Wl,-rpath,*) ;;
        *) printf '%s ' "$flag" ;;
        esac
    done
    [ -z "$V8_DIR" ] || printf '%s' "-L\${libdir}/cdpkit -Wl,-rpath,\${libdir}/cdpkit "
}

pc()
{
    case $LIBDIR in
    "$PREFIX"/*) top="\${pcfiledir}/$(from_to "$LIBDIR/pkgconfig" "$PREFIX")" ;;
    *) top=$PREFIX ;;
    esac
    sed -e "s|@PREFIX@|$top|; s|@BINDIR@|$(in_prefix "$BINDIR")|; s|@LIBDIR@|$(in_prefix "$LIBDIR")|" \
        -e "s|@INCLUDEDIR@|$(in_prefix "$INCLUDEDIR")|; s|@KIT@|$(in_prefix "$kit")|" \
        -e "s|@VERSION@|$VERSION|; s|@REVISION@|$REVISION|; s|@LIBS@|$LIBS|; s|@UV_LIBS@|$UV_LIBS|" \
        -e "s|@DOMAINS@|$CONTENT|; s|@V8_LIBS@|$(v8_libs)|" "$1"
}

launcher() { sed "s|@KIT@|$(from_to "$BINDIR" "$kit")|" tools/cdpgen.in; }

# shellcheck disable=SC2086
put 644 "$INCLUDEDIR/cdp" $HEADERS
for library in $LIBRARIES; do
    shared=$B/$library.so.$SOVERSION
    [ "$library" = libcdpkit ] || shared=$BUILT/$library.so.$SOVERSION
    put 644 "$LIBDIR" "$B/$library.a"
    put 755 "$LIBDIR" "$shared"
    link "$library.so.$SOVERSION" "$LIBDIR" "$library.so"
    make_file 644 "$LIBDIR/pkgconfig" "${library#lib}.pc" pc "tools/${library#lib}.pc.in"
done
if [ -n "$V8_DIR" ]; then
    for v8 in "$V8_DIR"/libnode.so.*; do
        put 755 "$LIBDIR/cdpkit" "$v8"
        link "${v8##*/}" "$LIBDIR/cdpkit" libnode.so
    done
fi
if [ -n "$CDP" ]; then
    put 755 "$BINDIR" "$BUILT/cdp"
    # The manual page and the completions are what the command says of itself.
    make_file 644 "$DATADIR/man/man1" cdp.1 "$CDP" help --man
    make_file 644 "$DATADIR/bash-completion/completions" cdp "$CDP" completion bash
    make_file 644 "$DATADIR/zsh/site-functions" _cdp "$CDP" completion zsh
    make_file 644 "$DATADIR/fish/vendor_completions.d" cdp.fish "$CDP" completion fish
fi
make_file 755 "$BINDIR" cdpgen launcher
put 644 "$kit/generator" generator/*.py
put 644 "$kit/generator/templates" generator/templates/*.j2
put 644 "$kit/generator/templates/reference" generator/templates/reference/*
# shellcheck disable=SC2086
put 644 "$kit/protocol_json" $PROTOCOL_FILES
make_file 644 "$kit/protocol_json" SELECTION echo "$CONTENT"
put 644 "$kit/protocol_json/docs" protocol_json/docs/*
if [ "$1" = uninstall ]; then # folders that are nobody else's
    for folder in "$kit/generator/templates/reference" "$kit/generator/templates" "$kit/generator" \
        "$kit/protocol_json/docs" "$kit/protocol_json" "$kit" "$INCLUDEDIR/cdp" "$LIBDIR/cdpkit"; do
        rmdir "$DESTDIR$folder" 2>/dev/null || true
    done
fi
