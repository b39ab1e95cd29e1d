"""What reaches a terminal, and what a pipe gets."""

import json
import re

import pytest

# Built from numbers, so that this file holds none of them.
C0 = [chr(c) for c in range(0x20) if chr(c) not in "\n\t"]
BIDI = [chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)]
HOSTILE = [
    *C0, chr(0x7F), *(chr(c) for c in range(0x80, 0xA0)), *BIDI,
    chr(27) + "[31mred", chr(27) + "[2J" + chr(27) + "[H", chr(27) + "]0;title" + chr(7),
    chr(27) + "]52;c;cm0gLXJm" + chr(7), chr(27) + "P+q544e" + chr(27) + "\\", chr(27) + "[6n", chr(27) + "c",
    chr(0x9B) + "31m", chr(0x9D) + "52;c;eA==" + chr(0x9C), "100 %" + chr(13) + "0 %", "ab" + chr(8) * 2 + "cd",
    "nul" + chr(0) + "byte", "file" + chr(0x202E) + "gpj.exe", chr(0xD800), chr(0xDFFF) + "low", "x" + chr(0xDBFF),
    chr(27) * 5000, "\n\t" + chr(27), "caf" + chr(0xE9) + chr(27) + "[0m" + chr(0x1F600),
]


def is_harmful(char):
    code = ord(char)
    return (code < 0x20 and char not in "\n\t") or 0x7F <= code < 0xA0 or char in BIDI or 0xD800 <= code < 0xE000


def escaped(text):
    """What a terminal is to show."""
    return "".join(f"\\x{ord(c):02X}" if ord(c) < 0x20 and c not in "\n\t" else
                   f"\\u{ord(c):04X}" if is_harmful(c) else c for c in text)


def assert_harmless(shown):
    assert not [c for c in shown.decode() if is_harmful(c)], shown


def literal(text):
    return json.dumps(text)  # ASCII


def test_there_are_hostile_strings():
    assert len(HOSTILE) >= 40


def test_values_are_escaped_on_a_terminal(terminal, run, peer):
    for text in HOSTILE:
        code, shown = terminal("eval", peer.target, literal(text))
        assert (code, shown.decode()) == (0, escaped(text) + "\n"), repr(text)
        assert_harmless(shown)


def test_all_at_once_in_all_jobs(terminal, start, attach, tmp_path):
    nasty = "".join(HOSTILE)
    script = tmp_path / ("x" + chr(27) + "]0;t" + chr(7) + chr(0x202E) + "\n.js")
    script.write_text(f"const nasty = {literal(nasty)};\n"
                      "setTimeout(() => { console.log(nasty, { [nasty.slice(0, 40)]: nasty.slice(0, 40) }) }, 1);\n"
                      "setTimeout(() => { Promise.reject(nasty) }, 2);\n"
                      "setInterval(() => {}, 1000)\n")
    target = re.search(r":\d+/", start("run", "--inspect=0", script).url()[5:])[0][:-1]
    for words in (["list", target], ["list", "--json", target],
                  ["eval", target, "nasty"], ["eval", "--json", target, "nasty"], ["eval", target, "({ [nasty]: nasty })"],
                  ["eval", target, "throw nasty"], ["eval", target, "throw new Error(nasty)"],
                  ["eval", target, "throw Object.assign(new Error, { stack: nasty })"],
                  ["eval", target, "(function () { " + f"return {literal(nasty)}" + " })"],
                  ["eval", "--json", target, "throw nasty"],
                  ["call", target, "Runtime.evaluate", json.dumps({"expression": "nasty"})],
                  ["call", "--no-check", target, "Runtime." + chr(27) + "[1m"],
                  ["call", target, "Runtime.releaseObject", json.dumps({"objectId": "{" + nasty})],
                  ["console", "-n", "2", "-t", "60", target], ["console", "--json", "-n", "2", "-t", "60", target],
                  ["events", "-n", "2", "-t", "60", target, "Runtime."]):
        _, shown = terminal(*words)
        assert len(shown) > 10, words
        assert_harmless(shown)


@pytest.mark.parametrize("word", [b"\xff\xfe", b"\xc0\xaf", b"\xe2\x80", b"\xf4\x90\x80\x80", b"\xed\xa0\x80x", b"\x9b31m",
                                  b"\xf0\x80\x80\x9b", b"\xc2", b"a\xe2\x80\xae", b"\x1b[31m"])
def test_what_is_no_utf8_is_escaped(terminal, word):
    for words in (["protocol", word], ["eval", word], [word], ["eval", b"--" + word], ["eval", b"@" + word, b"1"]):
        code, shown = terminal(*words)
        assert code != 0
        assert_harmless(shown)


def test_pipes_get_text_unchanged(run, peer):
    for text in HOSTILE:
        if any(0xD800 <= ord(c) < 0xE000 for c in text):
            continue  # no UTF-8
        assert run("eval", peer.target, literal(text)) == (0, text + "\n", "")


def test_raw_is_raw(terminal, peer):
    assert terminal("eval", "--raw", peer.target, literal(chr(27) + "[1m")) == (0, b"\x1b[1m\n")


def test_json_on_a_terminal_stays_json(terminal, peer):
    text = "".join(c for c in HOSTILE if not any(0xD800 <= ord(x) < 0xE000 for x in c))
    code, shown = terminal("eval", "--json", peer.target, literal(text))
    assert code == 0 and json.loads(shown) == text


def test_colors(terminal, run):
    words = "protocol", "Runtime.evaluate"
    plain = run(*words)[1].encode()
    assert terminal(*words, env={"NO_COLOR": "1"}) == (0, plain)
    assert terminal(*words, env={"TERM": "dumb"}) == (0, plain)
    assert terminal(*words, "--color=never") == (0, plain)
    colored = terminal(*words)[1]
    assert colored != plain and re.sub(rb"\x1b\[\d*m", b"", colored) == plain
    assert terminal(*words, "--color=always", env={"NO_COLOR": "1"})[1] == colored
    assert run(*words, "--color=always")[1].encode() == colored
    assert terminal(*words, env={"NO_COLOR": ""})[1] == colored
