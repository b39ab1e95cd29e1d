"""Where a revision of the protocol is read from: a folder, a package, a file, a peer, a Node.

read() gives the JSON values as they are there, checked, descriptions and all, each with the place
it is from.  Nothing is unpacked to disk, no link is followed below a folder or in a package, and
nothing is read without a limit.
"""

import gzip
import http.client
import io
import os
import re
import socket
import stat
import subprocess
import tarfile
import tempfile
import threading
import urllib.parse
import zlib

import pdl
import schema
from errors import At, ProtocolError

_HALVES = ("js_protocol", "browser_protocol")
_MOST = schema.MAX_BYTES  # of any one file or reply
_MOST_UNPACKED = 64 << 20  # of a package
_SECONDS = 300


def read(source, form=None):
    """([(value, place) of the protocol's halves, or of all of it], its revision or None)

    form: "pdl" or "json" takes only that of a package or folder.  Else it is PDL where that is
    whole: JSON is made from it, and does not always tell which strings are binary."""
    if source.startswith("http://"):
        return [_from_json(_fetch(source), source)], None
    if os.path.isdir(source):
        return _package(_Folder(source), source, form), None
    if source.endswith((".tgz", ".tar.gz")):
        return _tarball(source, form)
    if os.path.isfile(source):
        folder, name = os.path.split(os.path.realpath(source))
        data = _Folder(folder)
        if name.endswith(".pdl"):
            return [_from_pdl(data, "", name)], None
        return [_from_json(data.read(name, At(name)), name)], None
    if source.startswith("node@"):
        return [_from_json(_ask_node(source), source)], None
    if "@" in source:
        with tempfile.TemporaryDirectory() as temp:
            _run(["npm", "pack", "--silent", source], temp)
            return _tarball(os.path.join(temp, os.listdir(temp)[0]), form)
    raise ProtocolError(At(source), "no such file, folder or package")


# ---- bytes to values


def _from_json(data, shown):
    at = At(shown)
    value = schema.parse(data, at)
    schema.check_protocol(value, at)
    return value, at


def _from_pdl(files, folder, name):
    value, place = pdl.parse(name, lambda path, at: files.read(folder + path, at))
    schema.check_protocol(value, place)
    return value, place


# ---- packages, and folders that hold what a package does


def _package(files, shown, form):
    """The two halves, from pdl/ or json/, or from right here."""
    kinds = (form,) if form else ("pdl", "json")
    failed = None
    for kind in kinds:
        for folder in (kind + "/", ""):
            names = ["%s.%s" % (half, kind) for half in _HALVES]
            if not all(files.has(folder + name) for name in names):
                continue
            try:
                return [_half(files, folder, name) for name in names]
            except ProtocolError as e:  # some packages lack files that their PDL includes
                failed = failed or e
                break
    if failed:
        raise failed
    at = At(os.path.basename(os.path.abspath(shown)))
    where = " or ".join(kind + "/" for kind in kinds)
    raise ProtocolError(at, "no %s with js_protocol and browser_protocol in it" % where)


def _half(files, folder, name):
    if name.endswith(".pdl"):
        return _from_pdl(files, folder, name)
    return _from_json(files.read(folder + name, At(name)), name)


class _Folder:
    """Files below a folder."""

    def __init__(self, path):
        self._path = path

    def has(self, name):
        return os.path.lexists(os.path.join(self._path, name))

    def read(self, name, at):
        """at: what asks for the file."""
        try:
            fd = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
            for part in name.split("/"):
                above = fd
                try:
                    fd = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=above)
                finally:
                    os.close(above)
            with os.fdopen(fd, "rb") as f:
                status = os.fstat(fd)
                _check_plain(name, at, stat.S_ISREG(status.st_mode), status.st_size)
                return f.read(_MOST)
        except OSError as e:
            raise ProtocolError(at, "%s: %s" % (name, e.strerror)) from None


class _Tar:
    """Files of an npm package."""

    def __init__(self, tar):
        self._tar = tar

    def _members(self, name):
        return [m for m in self._tar.getmembers() if m.name == "package/" + name]

    def has(self, name):
        return bool(self._members(name))

    def read(self, name, at):
        """at: what asks for the file."""
        members = self._members(name)
        if len(members) != 1:
            how_many = "more than one" if members else "no"
            raise ProtocolError(at, "%s: %s such file in the package" % (name, how_many))
        _check_plain(name, at, members[0].isreg(), members[0].size)
        return self._tar.extractfile(members[0]).read()


def _check_plain(name, at, plain, size):
    if not plain or size > _MOST:
        raise ProtocolError(at, "%s: no plain file of fitting size" % name)


def _tarball(path, form):
    at = At(os.path.basename(path))
    try:
        with gzip.open(path) as f:
            data = f.read(_MOST_UNPACKED + 1)
        if len(data) > _MOST_UNPACKED:
            raise ProtocolError(at, "more than %d bytes when unpacked" % _MOST_UNPACKED)
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            files = _Tar(tar)
            return _package(files, path, form), _revision(files)
    except (OSError, EOFError, ValueError, tarfile.TarError, zlib.error) as e:
        raise ProtocolError(at, "no package: %s" % e) from None


def _revision(files):
    """The last part of a package's version."""
    at = At("package.json")
    try:
        return str(schema.parse(files.read("package.json", at), at)["version"]).rsplit(".", 1)[-1]
    except (ProtocolError, KeyError, TypeError):
        return None


# ---- programs


def _fetch(url):
    """What a peer says its protocol is: itself, not one it sends us to, nor by way of a proxy."""
    connection = cut = None
    try:
        parts = urllib.parse.urlsplit(url)
        path = parts.path if parts.path.strip("/") else "/json/protocol"
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
        connection.connect()
        # Some peers never stop, and are never silent for long.
        cut = threading.Timer(_SECONDS, connection.sock.shutdown, (socket.SHUT_RDWR,))
        cut.start()
        connection.request("GET", path + ("?" + parts.query) * bool(parts.query))
        reply = connection.getresponse()
        if reply.status != 200:
            raise ProtocolError(At(url), "answers %d %s" % (reply.status, reply.reason))
        data = reply.read(_MOST + 1)
    except (OSError, ValueError, http.client.HTTPException) as e:
        raise ProtocolError(At(url), str(e) or type(e).__name__) from None
    finally:
        if cut:
            cut.cancel()
        if connection:
            connection.close()
    if len(data) > _MOST:
        raise ProtocolError(At(url), "more than %d bytes" % _MOST)
    return data


def _ask_node(package):
    """Installs and runs that Node for a moment, to ask it for its protocol."""
    with tempfile.TemporaryDirectory() as temp:
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", temp]
        _run([*install, package], temp)
        node = os.path.join(temp, "node_modules", "node", "bin", "node")
        wait = [node, "--inspect=127.0.0.1:0", "-e", "setTimeout(() => {}, 60000)"]
        process = subprocess.Popen(wait, cwd=temp, stderr=subprocess.PIPE, text=True)
        try:
            found = re.search(r"ws://([0-9.:]+)/", process.stderr.readline())
            if not found:
                raise ProtocolError(At(package), "did not say where it listens")
            return _fetch("http://%s/json/protocol" % found.group(1))
        finally:
            process.kill()
            process.wait()
            process.stderr.close()


def _run(command, folder):
    subprocess.run(command, cwd=folder, check=True, timeout=_SECONDS, stdout=subprocess.DEVNULL)
