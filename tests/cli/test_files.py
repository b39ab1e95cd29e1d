"""Files that jobs write: whole, or not there."""

import json
import os
import signal
import subprocess

import pytest

from conftest import CDP, PATIENCE

BIG = 3_000_000
BIG_CALL = "Runtime.evaluate", json.dumps({"expression": f"'x'.repeat({BIG})"})
ONE_CALL = "Runtime.evaluate", '{"expression":"1"}'
ONE_RESULT = '{"result":{"type":"number","value":1,"description":"1"}}\n'
PENDING_CALL = "Runtime.evaluate", json.dumps({
    "expression": "new Promise(r => { globalThis.go = r; console.log('waiting') })", "awaitPromise": True})


def listing(folder):
    return sorted(os.listdir(folder))


def test_a_file_is_whole_and_private(run, peer, tmp_path):
    before = os.umask(0)
    try:
        assert run("call", "-o", "a.json", peer.target, *ONE_CALL, cwd=tmp_path) == (0, "", "")
        assert run("call", f"--output={tmp_path}/b.json", peer.target, *BIG_CALL) == (0, "", "")
    finally:
        os.umask(before)
    assert listing(tmp_path) == ["a.json", "b.json"]
    assert (tmp_path / "a.json").read_text() == ONE_RESULT
    assert json.loads((tmp_path / "b.json").read_text())["result"]["value"] == "x" * BIG
    assert all(os.stat(tmp_path / name).st_mode & 0o7777 == 0o600 for name in listing(tmp_path))


def test_stdout(run, peer):
    assert run("call", peer.target, *ONE_CALL) == run("call", "-o", "-", peer.target, *ONE_CALL) == (0, ONE_RESULT, "")


def test_what_exists_stays_unless_forced(run, peer, tmp_path):
    file = tmp_path / "a.json"
    file.write_text("mine")
    assert run("call", "-o", file, peer.target, *ONE_CALL) == (1, "", f"cdp: {file} exists; --force replaces it\n")
    assert file.read_text() == "mine"
    assert run("call", "-fo", file, peer.target, *ONE_CALL) == (0, "", "")
    assert file.read_text() == ONE_RESULT and listing(tmp_path) == ["a.json"]


def test_symbolic_links_are_not_followed(run, peer, tmp_path):
    folder, outside = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    outside.mkdir()
    (outside / "victim").write_text("mine")
    for victim in "victim", "nothing":
        link = folder / victim
        link.symlink_to(outside / victim)
        assert run("call", "-o", link, peer.target, *ONE_CALL)[0] == 1
        assert link.is_symlink()
        assert run("call", "-f", "-o", link, peer.target, *ONE_CALL) == (0, "", "")
        assert not link.is_symlink() and link.read_text() == ONE_RESULT
    assert listing(outside) == ["victim"] and (outside / "victim").read_text() == "mine"
    assert listing(folder) == ["nothing", "victim"]


@pytest.mark.parametrize("name, status, err", [
    ("/dev/full", 1, "/dev/full exists, and is no file"),
    ("/dev/null", 1, "/dev/null exists, and is no file"),
    (".", 1, ". exists, and is no file"),
    ("", 2, "'' is no name of a file"),
    ("a/", 2, "'a/' is no name of a file"),
    ("none/a", 1, "can't write none/a: No such file or directory"),
    ("file/a", 1, "can't write file/a: Not a directory"),
    ("/proc/a", 1, "can't write /proc/a: "),
])
def test_where_no_file_can_be(run, peer, tmp_path, name, status, err):
    (tmp_path / "file").write_text("mine")
    for force in ([], ["--force"]):
        code, out, said = run("call", *force, "-o", name, peer.target, *ONE_CALL, cwd=tmp_path)
        assert (code, out) == (status, "") and said.startswith(f"cdp: {err}"), said
    assert listing(tmp_path) == ["file"]


def test_a_folder_that_may_not_be_written(run, peer, tmp_path):
    folder = tmp_path / "a"
    folder.mkdir(mode=0o555)
    if os.access(folder, os.W_OK):
        pytest.skip("root writes anywhere")
    assert run("call", "-o", folder / "x", peer.target, *ONE_CALL)[::2] == \
        (1, f"cdp: can't write {folder}/x: Permission denied\n")


@pytest.mark.parametrize("words", [["protocol", "--json"], ["help", "--man"], ["completion", "bash"], ["version"],
                                   ["protocol", "search", "e"]])
def test_a_full_disk_behind_stdout(start, words):
    with open("/dev/full", "w") as full:
        code, _, err = start(*words, stdout=full).end()
    assert (code, err) == (1, "cdp: can't write to stdout: No space left on device\n")


def test_a_full_disk_behind_a_jobs_stdout(start, peer):
    for words in (["call", *BIG_CALL], ["call", *ONE_CALL], ["eval", "1"], ["eval", "'x'.repeat(1e6)"]):
        with open("/dev/full", "w") as full:
            code, _, err = start(words[0], peer.target, *words[1:], stdout=full).end()
        assert code == 1 and "stdout: No space left on device\n" in err and err.count("\n") == 1, err


def test_a_reader_that_leaves_is_no_error_worth_a_line(start, peer):
    for words in (["protocol", "--json"], ["call", peer.target, *BIG_CALL]):
        reader, writer = os.pipe()
        os.close(reader)
        program = start(*words, stdout=writer)
        os.close(writer)
        assert program.end() == (1, "", "")


def test_a_full_disk(peer, tmp_path):
    script = ('mount -t tmpfs -o size=64k tmpfs "$1" || exit 77; shift; cd "$1"; shift; "$@"; '
              'echo "status $?"; ls -A; touch room && echo fits')
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", tmp_path, tmp_path, CDP, "call", "-o", "a.json",
                           peer.target, *BIG_CALL], capture_output=True, text=True, timeout=PATIENCE)
    if "status" not in done.stdout:
        pytest.skip(f"no file system of our own: {done.stderr}")
    assert done.stdout == "status 1\nfits\n"
    assert done.stderr == "cdp: can't write a.json: No space left on device\n"


# ---- interrupted --------------------------------------------------------------------------------

@pytest.fixture
def pending(start, attach, peer, tmp_path):
    """Makes a call that will not end; it is under way."""
    frontend = attach(peer.url())
    frontend.call("Runtime.enable")

    def start_call(*words):
        program = start("call", "-o", tmp_path / "a.json", *words, peer.target, *PENDING_CALL)
        assert frontend.event("Runtime.consoleAPICalled")["args"][0]["value"] == "waiting"
        assert [name[:5] for name in listing(tmp_path)] == [".cdp-"]
        return program

    return start_call


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_leave_no_file(pending, tmp_path, number):
    program = pending()
    program.process.send_signal(number)
    assert program.end() == (128 + number, "", f"cdp: interrupted\ncdp: {tmp_path}/a.json was not written\n")
    assert listing(tmp_path) == []


def test_two_signals_leave_no_file(pending, tmp_path):
    for _ in range(10):
        program = pending()
        for number in signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT:
            program.process.send_signal(number)
        assert program.end()[0] in (128 + signal.SIGINT, 128 + signal.SIGTERM)
        assert listing(tmp_path) == []


def test_a_lost_peer_leaves_no_file(pending, peer, tmp_path):
    program = pending()
    peer.process.kill()
    code, out, err = program.end()
    assert (code, out) == (1, "") and err.endswith(f"cdp: {tmp_path}/a.json was not written\n"), err
    assert listing(tmp_path) == []


def test_a_timeout_leaves_no_file(run, peer, tmp_path):
    code, _, err = run("call", "--timeout=0.2", "-o", tmp_path / "a.json", peer.target, *PENDING_CALL)
    assert code == 1 and "timed out" in err
    assert listing(tmp_path) == []


def test_an_error_leaves_no_file(run, peer, tmp_path):
    code, out, err = run("call", "-o", tmp_path / "a.json", peer.target, "Runtime.releaseObject", '{"objectId":"x"}')
    assert (code, out) == (1, "") and err.startswith("cdp: Runtime.releaseObject: ")
    assert listing(tmp_path) == []


def test_a_name_that_was_taken_meanwhile_stays(pending, attach, peer, tmp_path):
    for force in ([], ["--force"]):
        program = pending(*force)
        (tmp_path / "a.json").write_text("mine")
        attach(peer.url()).call("Runtime.evaluate", expression="go(1)")
        assert program.end()[0] == (0 if force else 1)
        assert listing(tmp_path) == ["a.json"]
        assert ((tmp_path / "a.json").read_text() == "mine") == (not force)
        (tmp_path / "a.json").unlink()


def test_sigkill_leaves_the_temporary_only(pending, tmp_path):
    program = pending()
    program.process.kill()
    assert program.end()[0] == -signal.SIGKILL
    assert [name[:5] for name in listing(tmp_path)] == [".cdp-"]
