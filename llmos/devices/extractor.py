"""Reads pages in a child process, so that a page made to hang or crash a parser takes down only that child.

Knows: how to hand a page to the child, wait for it under a deadline, and kill it. Does not know: HTML (`hypertext.py`).
The child is started when first needed and again after it was killed. It holds at most `MAX_MEMORY` and ends with us.
"""

from __future__ import annotations

import json
import os
import resource
import select
import subprocess
import sys
import threading
from contextlib import suppress
from typing import BinaryIO

from .base import Deadline, DeviceError
from .hypertext import Hypertext, read_html, read_markdown

MAX_MEMORY = 1 << 30  # bytes of address space
POLL = 0.05  # seconds between two looks at the cancel switch


class Extractor:
    """Owns the child. One page at a time; callers wait for each other."""

    def __init__(self) -> None:
        self.child: subprocess.Popen[bytes] | None = None
        self.lock = threading.Lock()

    def read(self, kind: str, source: str, deadline: Deadline) -> Hypertext:
        """`kind` is "html" or "markdown". Raises DeviceError when it can't be read, or not in time."""
        while not self.lock.acquire(timeout=POLL):
            deadline.check()
        try:
            answer = self._ask(json.dumps([kind, source]).encode() + b"\n", deadline)
        except DeviceError:
            self._kill()
            raise
        finally:
            self.lock.release()
        if "error" in answer:
            raise DeviceError(answer["error"])
        return Hypertext(answer["title"], answer["text"], tuple(answer["links"]))

    def close(self) -> None:
        with self.lock:
            self._kill()

    def _ask(self, question: bytes, deadline: Deadline) -> dict[str, str]:
        if self.child is None:
            command = [sys.executable, "-I", "-m", "llmos.devices.extractor"]
            self.child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        with suppress(BrokenPipeError):
            self.child.stdin.write(question)
            self.child.stdin.flush()
        line = b""
        while not line.endswith(b"\n"):
            deadline.check()
            if select.select([self.child.stdout], [], [], POLL)[0]:
                part = os.read(self.child.stdout.fileno(), 1 << 16)
                if not part:
                    raise DeviceError("this page can't be read: it broke the reader")
                line += part
        answer: dict[str, str] = json.loads(line)
        return answer

    def _kill(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child.communicate()
            self.child = None


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """The child's whole life: a line in, a line out, until the input ends."""
    with suppress(ValueError, OSError):  # not every system has this limit
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    for line in questions:
        kind, source = json.loads(line)
        try:
            page = read_html(source) if kind == "html" else read_markdown(source)
            answer = {"title": page.title, "text": page.text, "links": page.links}
        except DeviceError as error:
            answer = {"error": str(error)}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
