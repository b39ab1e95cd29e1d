"""Words: how they are written, whether they fit the protocol, and what they become in headers."""

import json
import re
import subprocess

import pytest

from conftest import HERE, compile_c

import docs
import model
import schema
from errors import At, ProtocolError

GOLDEN = HERE / "golden"


def parse(text):
    entries = {}
    docs.parse(text.encode("latin-1"), "w.txt", entries)
    return entries


# ---- how they are written


def test_an_entry():
    text = """
A.c
  One sentence.
  It goes on.

  More of it,
  on two lines.

  And more.
  Errors: none
    to speak of.
  Since: today.
  Node: differs.
  Chromium: differs too.
  .x: A member,
    on two lines.
  .odd-name: Another: with a colon.
  ->x: A result.
  =-0: A word.
B
  Another.
"""
    entries = parse(text)
    a = entries["A.c"]
    assert list(entries) == ["A.c", "B"]
    assert str(a.at) == "w.txt:2"
    assert a.text == "One sentence. It goes on."
    assert a.more == ["More of it, on two lines.", "And more."]
    assert a.paragraphs() == [a.text, *a.more]
    assert a.labels == {
        "Errors": "none to speak of.",
        "Since": "today.",
        "Node": "differs.",
        "Chromium": "differs too.",
    }
    assert {k: w.text for k, w in a.parts.items()} == {
        ".x": "A member, on two lines.",
        ".odd-name": "Another: with a colon.",
        "->x": "A result.",
        "=-0": "A word.",
    }
    assert str(a.parts["->x"].at) == "w.txt:18"
    assert entries["B"].paragraphs() == ["Another."]


def test_nothing_is_no_error(tmp_path):
    assert parse("") == parse("\n\n") == docs.read(docs.files(tmp_path / "missing")) == {}


def test_files_are_read_in_order(tmp_path):
    (tmp_path / "b.txt").write_text("B\n  Two.\n")
    (tmp_path / "a.txt").write_text("A\n  One.\n")
    (tmp_path / "notes.md").write_text("not words\n")
    assert list(docs.read(docs.files(tmp_path))) == ["A", "B"]
    (tmp_path / "c.txt").write_text("\nA\n  Again.\n")
    with pytest.raises(ProtocolError, match=r"^c\.txt:2: A twice \(a\.txt:1\)$"):
        docs.read(docs.files(tmp_path))


BAD = [
    ("A\n  caf\xe9\n", 2, "not ASCII"),
    ("A\n\ttext\n", 2, "a tab, or blanks at the end"),
    ("A\n  text \n", 2, "a tab, or blanks at the end"),
    ("A\r\n  text\r\n", 1, "a tab, or blanks at the end"),
    ("A\n  a\x1bb\n", 2, "a tab, or blanks at the end"),
    ("A\n  a \x00\n", 2, "a tab, or blanks at the end"),
    ("\n  text\n", 2, "a text without a name above it"),
    ("A\n   text\n", 2, "indented by 3"),
    ("A\n text\n", 2, "indented by 1"),
    ("A\n    text\n", 2, "indented by 4"),
    ("A\n  text\n    more\n", 3, "indented by 4"),
    ("A\n  .x: text\n\n    more\n", 4, "indented by 4"),
    ("A\n  .x: text\n      more\n", 3, "indented by 6"),
    ("A b\n", 1, "'A b' is no name"),
    ("A.b.c\n", 1, "'A.b.c' is no name"),
    ("1\n", 1, "'1' is no name"),
    ("../x\n", 1, "'../x' is no name"),
    ("A\n  text\nA\n", 3, "A twice (w.txt:1)"),
    ("A\n  .x: one\n  .x: two\n", 3, ".x twice"),
    ("A\n  Node: one\n  Node: two\n", 3, "Node twice"),
    ("A\n  .x: one\n  text\n", 3, "a sentence after the members: 'text'"),
    ("A\n  Since: one\n\n  text\n", 4, "a sentence after the members: 'text'"),
]


@pytest.mark.parametrize("text, line, why", BAD)
def test_refused(text, line, why):
    with pytest.raises(ProtocolError) as e:
        parse(text)
    assert str(e.value) == "w.txt:%d: %s" % (line, why)


def test_the_generator_tells_where(cdpgen, tmp_path):
    (tmp_path / "in" / "docs").mkdir(parents=True)
    (tmp_path / "in" / "docs" / "w.txt").write_text("A\n   text\n")
    done = cdpgen({"domains": [{"domain": "A"}]})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "w.txt:2: indented by 3\n"
    assert not cdpgen.out.exists()


# ---- do they fit the protocol?

CONSOLE = {
    "domain": "Console",  # one of those that need words for everything
    "types": [
        {"id": "Level", "type": "string", "enum": ["log", "-0"]},
        {"id": "Levels", "type": "array", "items": {"type": "string", "enum": ["a"]}},
        {"id": "Time", "type": "number"},
        {"id": "Line", "type": "object", "properties": [{"name": "text", "type": "string"}]},
    ],
    "commands": [
        {
            "name": "read",
            "parameters": [{"name": "n", "type": "integer"}],
            "returns": [{"name": "n", "type": "string", "enum": ["w"]}],
        }
    ],
    "events": [{"name": "added", "parameters": [{"name": "line", "$ref": "Line"}]}],
}
OTHER = {
    "domain": "Other",
    "types": [{"id": "T", "type": "object", "properties": [{"name": "x", "type": "any"}]}],
    "commands": [{"name": "c"}],
}
WORDS = """Console
  A domain.
Console.Level
  A type.
  =-0: One of its words.
Console.Levels
  A list of words.
  =a: The only one.
Console.Time
  A number.
Console.Line
  A struct.
  .text: A member.
Console.read
  A command.
  .n: A parameter.
  ->n: A result.
Console.added
  An event.
  .line: A member.
Other
  Only the domain needs words here.
"""


def check(text):
    protocol = schema.parse(json.dumps({"domains": [CONSOLE, OTHER]}).encode(), At("p"))
    return docs.check(model.build([(protocol, At("p"))], "1"), parse(text))


def test_all_there():
    assert check(WORDS) == []


def test_a_part_of_another_domain():
    assert check(WORDS + "Other.T\n  A type.\n") == []
    assert check(WORDS + "Other.T\n  A type.\n  .x: A member.\n") == []


@pytest.mark.parametrize(
    "was, now, wrong",
    [
        # the protocol has it, and there are no words
        ("Other\n  Only the domain needs words here.\n", "", "no words about Other"),
        ("Console\n  A domain.\n", "", "no words about Console"),
        ("Console.Time\n  A number.\n", "", "no words about Console.Time"),
        ("  .text: A member.\n", "", "w.txt:11: no words about .text of Console.Line"),
        ("  .n: A parameter.\n", "", "w.txt:14: no words about .n of Console.read"),
        ("  ->n: A result.\n", "", "w.txt:14: no words about ->n of Console.read"),
        ("  .line: A member.\n", "", "w.txt:18: no words about .line of Console.added"),
        ("  A domain.\n", "", "w.txt:1: no sentence about Console"),
        ("  A command.\n", "", "w.txt:14: no sentence about Console.read"),
        # there are words, and the protocol has it not
        ("", "Gone\n  Text.\n", "w.txt:1: the protocol has no Gone"),
        ("", "Console.gone\n  Text.\n", "w.txt:1: the protocol has no Console.gone"),
        ("", "Other.gone\n  Text.\n", "w.txt:1: the protocol has no Other.gone"),
        ("  .n: A", "  .gone: Text.\n  .n: A", "w.txt:16: Console.read has no .gone"),
        ("  ->n: A", "  ->gone: Text.\n  ->n: A", "w.txt:17: Console.read has no ->gone"),
        ("  .text: A", "  ->text: Text.\n  .text: A", "w.txt:13: Console.Line has no ->text"),
        ("=-0: One", "=0: One", "w.txt:5: Console.Level has no =0"),
        ("=a: The", "=b: The", "w.txt:8: Console.Levels has no =b"),
        ("  A number.\n", "  A number.\n  .x: Text.\n", "w.txt:11: Console.Time has no .x"),
    ],
)
def test_what_does_not_fit(was, now, wrong):
    assert was in WORDS
    assert check(WORDS.replace(was, now, 1)) == [wrong]


# ---- comments

TRICKY = (
    "*/ @ /* *//**/ @ /* **/ /**/ *//* //** ?? ??/ ???/ \\ a\\ * / / * *\\ /x "
    "\"q\" 'it' %s // #x {}; *://*:*/* <!-- &"
)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_words_stay_in_their_comments(cdpgen, tmp_path, compiler):
    """In each place, short and long, whatever characters are next to a line's end."""
    (tmp_path / "in" / "docs").mkdir(parents=True)
    for shift in range(0, 24, 3):
        short = ("x" * shift + " " + TRICKY).strip()
        long = " ".join([short] * 3)
        command = "  %s\n\n  %s\n  Errors: %s\n" % (long, short, long)
        text = WORDS.replace("  A command.\n", command)
        text = re.sub(r"^  A.*\.$", "  " + short, text, flags=re.M)
        text = re.sub(r": A.*\.$", ": " + long, text, flags=re.M)
        (tmp_path / "in" / "docs" / "w.txt").write_text(text)
        done = cdpgen({"domains": [CONSOLE, OTHER]})
        assert (done.returncode, done.stderr) == (0, "")
        for path in cdpgen.out.rglob("*.h"):
            assert "??" not in path.read_text()
        options = ["-std=c11", "-trigraphs", "-c", "-o", tmp_path / "x.o", "-Wcomment"]
        options.append("-I%s" % (cdpgen.out / "include"))
        for source in sorted((cdpgen.out / "src").glob("*.c")):
            compile_c(compiler, options, source)


def test_words_change_nothing_but_comments(cdpgen, tmp_path):
    def code():
        texts = {}
        for path in sorted(cdpgen.out.rglob("*.[ch]")):
            words = ["gcc", "-fpreprocessed", "-dD", "-E", "-P", path]
            done = subprocess.run(words, capture_output=True, check=True)
            texts[path.name] = "".join(done.stdout.decode().split())
        return texts

    assert cdpgen.on(GOLDEN / "in").returncode == 0
    with_words = code()
    assert cdpgen.on(GOLDEN / "in" / "made_up.json").returncode == 0
    without = code()
    assert with_words.pop("protocol.c") != without.pop("protocol.c")  # it has the revision
    assert with_words == without


def test_inputs_have_the_words(cdpgen, tmp_path):
    assert cdpgen.on(GOLDEN / "in").returncode == 0
    listed = (cdpgen.out / "INPUTS.sha256").read_text()
    assert "tests/generator/golden/in/docs/tea.txt\n" in listed
