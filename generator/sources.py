"""Where a revision of the protocol is read from: a folder, a package, a file, a peer, a Node.

read() gives the JSON values as they are there, checked, descriptions and all, each with the place
it is from.  Nothing is unpacked to disk, no link is followed below a folder or in a package, and
nothing is read without a limit.
"""

import http.client
import os
import re
import stat
import subprocess
import tarfile
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zlib

import pdl
import schema
from errors import At, ProtocolError

_HALVES = ("js_protocol", "browser_protocol")
_MOST = 64 << 20  # bytes of any one file or reply
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

    def _member(self, name):
        try:
            return self._tar.getmember("package/" + name)
        except KeyError:
            return None

    def has(self, name):
        return self._member(name) is not None

    def read(self, name, at):
        """at: what asks for the file."""
        member = self._member(name)
        if member is None:
            raise ProtocolError(at, "%s: no such file in the package" % name)
        _check_plain(name, at, member.isreg(), member.size)
        return self._tar.extractfile(member).read()


def _check_plain(name, at, plain, size):
    if not plain or size > _MOST:
        raise ProtocolError(at, "%s: no plain file of fitting size" % name)


def _tarball(path, form):
    try:
        with tarfile.open(path, "r:gz") as tar:
            files = _Tar(tar)
            return _package(files, path, form), _revision(files)
    except (EOFError, tarfile.TarError, zlib.error) as e:
        raise ProtocolError(At(os.path.basename(path)), "no package: %s" % e) from None


def _revision(files):
    """The last part of a package's version."""
    at = At("package.json")
    try:
        return str(schema.parse(files.read("package.json", at), at)["version"]).rsplit(".", 1)[-1]
    except (ProtocolError, KeyError, TypeError):
        return None


# ---- programs


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """What was named is what is asked, no other place."""

    def redirect_request(self, *args):
        return None


def _fetch(url):
    """What a peer says its protocol is; not by way of a proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)
    try:
        parts = urllib.parse.urlsplit(url)
        if parts.path in ("", "/"):
            url = urllib.parse.urlunsplit(parts._replace(path="/json/protocol"))
        with opener.open(url, timeout=30) as reply:
            data = reply.read(_MOST + 1)
    except urllib.error.HTTPError as e:
        raise ProtocolError(At(url), ascii("answers %d %s" % (e.code, e.reason))[1:-1]) from None
    except urllib.error.URLError as e:
        raise ProtocolError(At(url), ascii(str(e.reason))[1:-1]) from None
    except (OSError, ValueError, http.client.HTTPException) as e:
        raise ProtocolError(At(url), ascii(str(e) or type(e).__name__)[1:-1]) from None
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
