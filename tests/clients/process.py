"""A process that a test talks to: what it prints is awaited, and it ends with its test."""

import re
import subprocess
import threading
import time

LIMIT = 60  # seconds that anything may take; a wait ends as soon as what it waits for is there


class Process:
    def __init__(self, argv, **options):
        self.argv = [str(word) for word in argv]
        self.child = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, **options)
        self.text = {"out": "", "err": ""}
        self.seen = {"out": 0, "err": 0}  # where the last match ended
        self.open = 2
        self.change = threading.Condition()
        self.readers = [threading.Thread(target=self._read, args=stream, daemon=True)
                        for stream in (("out", self.child.stdout), ("err", self.child.stderr))]
        for reader in self.readers:
            reader.start()

    def _read(self, name, pipe):
        while data := pipe.read1(65536):
            with self.change:
                self.text[name] += data.decode("utf-8", "replace")
                self.change.notify_all()
        with self.change:
            self.open -= 1
            self.change.notify_all()

    def expect(self, pattern, stream="out"):
        """Waits until what was printed since the last match has this pattern; the match."""
        until = time.monotonic() + LIMIT
        with self.change:
            while True:
                at = self.seen[stream]
                if found := re.search(pattern, self.text[stream][at:]):
                    self.seen[stream] = at + found.end()
                    return found
                left = until - time.monotonic()
                if left <= 0 or not self.open:
                    state = "in time" if self.open else "before its end"
                    raise AssertionError(f"{self.argv} did not print /{pattern}/ {state}, but\n"
                                         f"{self.text['out']}\n--- stderr\n{self.text['err']}")
                self.change.wait(left)

    def send(self, line):
        self.child.stdin.write(line.encode() + b"\n")
        self.child.stdin.flush()

    def wait(self):
        """Waits for its end; the exit code."""
        code = self.child.wait(LIMIT)
        for reader in self.readers:
            reader.join(LIMIT)
        return code

    def end(self):
        """Ends it, if it has not ended by itself."""
        if self.child.poll() is None:
            self.child.kill()
        self.wait()
        for pipe in self.child.stdin, self.child.stdout, self.child.stderr:
            pipe.close()
