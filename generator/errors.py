"""Where in which file, and what is wrong there."""


class At:
    """A place in a protocol file: js_protocol.json: $.domains[3].types[0]"""

    __slots__ = ("_file", "_parent", "_step")

    def __init__(self, file, parent=None, step=None):
        self._file = file
        self._parent = parent
        self._step = step

    def __getitem__(self, step):
        """The member (a string) or the item (a number) of the value here."""
        return At(self._file, self, step)

    def path(self):
        """The JSON path, from $ on."""
        if self._parent is None:
            return "$"
        step = "[%d]" % self._step if isinstance(self._step, int) else "." + shown(self._step)
        return self._parent.path() + step

    def __str__(self):
        return "%s: %s" % (shown(self._file), self.path())


class Line:
    """A line of a file that has lines: js_protocol.pdl:12"""

    __slots__ = ("_file", "_number")

    def __init__(self, file, number):
        self._file = file
        self._number = number

    def __str__(self):
        return "%s:%d" % (shown(self._file), self._number)


class ProtocolError(Exception):
    """The protocol cannot be generated from; says where and why, in one line of ASCII."""

    def __init__(self, at, message):
        super().__init__("%s: %s" % (at, shown(message, 320)))


def shown(text, most=160):
    """Text from a file, made fit for a terminal: one line, plain ASCII, not endless."""
    text = text.encode("ascii", "backslashreplace").decode()
    text = "".join(c if c.isprintable() else "\\x%02x" % ord(c) for c in text)
    return text if len(text) <= most else text[:most] + "..."
