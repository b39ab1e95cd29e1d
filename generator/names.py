"""Every C name: how one is made from the protocol's names, and that no two are the same.

The protocol's names are camelCase with acronyms inside (consoleAPICalled, setBlockedURLs); C's are
snake_case.  Two protocol names may come out as one C name; that is refused, never patched up.
"""

import re

from errors import ProtocolError
from reserved import C_NAMES, HEADERS

# Longest name the protocol may use for anything; real ones stay below 80.
MAX_NAME = 128

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
# Words of enums are data rather than names: "2d", "-0" and "-Infinity" were all in use.
_WORD = re.compile(r"-?[A-Za-z0-9_][A-Za-z0-9_-]*\Z")

# Spellings whose capitals do not show where the words end.
_SPELLINGS = [
    (re.compile(r"(?<![A-Z])IFrame"), "Iframe"),
    (re.compile(r"NaN"), "Nan"),
]
_PLURAL = re.compile(r"([A-Z]{2,})s(?![a-z])")  # URLs, IDs
_BREAKS = [
    re.compile(r"([A-Z]+)([A-Z][a-z])"),  # DOM|Debugger
    re.compile(r"([a-z])([A-Z])"),  # get|Isolate
    re.compile(r"([0-9])([A-Z][a-z])"),  # base64|Encoded, but Non2XX
]

# What a struct member cannot be called: keywords of C and C++, and macros that a plain member
# access or a call through a member would trip over.
_TAKEN = frozenset(
    """
    alignas alignof and and_eq asm atomic_cancel atomic_commit atomic_noexcept auto bitand bitor
    bool break case catch char char8_t char16_t char32_t class co_await co_return co_yield compl
    concept const const_cast consteval constexpr constinit continue decltype default delete do
    double dynamic_cast else enum explicit export extern false float for friend goto if inline int
    long mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected
    public reflexpr register reinterpret_cast requires restrict return short signed sizeof static
    static_assert static_cast struct switch synchronized template this thread_local throw true try
    typedef typeid typename typeof typeof_unqual union unsigned using virtual void volatile
    wchar_t while xor xor_eq
    assert complex errno i386 imaginary linux noreturn offsetof setjmp stderr stdin stdout unix
    extra_
    """.split()
)

def check_identifier(name, at):
    """Refuses what is not a name that may appear in C and in file names."""
    if len(name) > MAX_NAME:
        raise ProtocolError(at, "name of %d characters, at most %d" % (len(name), MAX_NAME))
    if not _IDENTIFIER.match(name):
        raise ProtocolError(at, "%s is not a name ([A-Za-z_][A-Za-z0-9_-]*)" % ascii(name))
    if not snake(name):
        raise ProtocolError(at, "%s has no letters" % ascii(name))


def check_word(word, at):
    """Refuses what is not a word that an enumerator can be named after."""
    if len(word) > MAX_NAME:
        raise ProtocolError(at, "word of %d characters, at most %d" % (len(word), MAX_NAME))
    if not _WORD.match(word) or not snake(word):
        raise ProtocolError(at, "%s is not an enum's word" % ascii(word))


def snake(name):
    """consoleAPICalled -> console_api_called"""
    for pattern, spelling in _SPELLINGS:
        name = pattern.sub(spelling, name)
    name = _PLURAL.sub(lambda m: m.group(1).capitalize() + "s", name)
    for pattern in _BREAKS:
        name = pattern.sub(r"\1_\2", name)
    # Two underscores in a row are reserved, in C++ and by this library.
    return re.sub(r"[-_]+", "_", name).strip("_").lower()


def member(name):
    """The member of a C struct: a keyword gets an underscore."""
    name = snake(name)
    if name[0].isdigit():  # "_2d"
        name = "_" + name
    return name + "_" if name in _TAKEN else name


def enumerator(word):
    """The last part of an enumerator: console-api -> CONSOLE_API, -0 -> NEGATIVE_0"""
    negative = "NEGATIVE_" if word.startswith("-") else ""
    return negative + snake(word).upper()


def domain_file(snake_name):
    """The stem of a domain's header and source; not that of one which is there anyway."""
    return snake_name + "_domain" if snake_name in HEADERS else snake_name


class Registry:
    """Who has which name, in one of C's name spaces."""

    def __init__(self, what, reserved=frozenset()):
        self._what = what
        self._reserved = reserved
        self._owners = {}

    def claim(self, name, owner, at):
        """Takes name for owner, "Runtime.evaluate" say; a second taker is an error."""
        if name in self._reserved:
            raise ProtocolError(at, "%s of %s: %s is the library's own" % (self._what, owner, name))
        if name in self._owners:
            other = self._owners[name]
            raise ProtocolError(
                at, "%s of %s: %s is that of %s already (%s)" % (self._what, owner, name, *other)
            )
        self._owners[name] = (owner, at)


def symbols():
    """A registry for everything at file scope: types, functions, enumerators."""
    return Registry("C name", C_NAMES)
