"""Mailboxes of people: one file a name, a line a message, the newest last.

Knows: names, lines, how much a box holds. Does not know: who may send (the monitor does), processes' mailboxes (the kernel's).
Names are compared without case. A line is "TIME pid N: TEXT"; control characters in it become spaces.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from threading import Lock

from .base import DeviceError, one_line

NAME = re.compile(r"[\w@+][\w.@+-]{0,39}")
MAX_MESSAGE = 1_000  # characters of one message
MAX_BOX = 200_000  # bytes of one mailbox; a full one takes nothing until it is emptied
MAX_BOXES = 1_000  # names that a machine keeps
_LOCK = Lock()  # two calls at once must not make a line of two


class Mailboxes:
    """All boxes in one folder, which is made with the first message."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def leave(self, name: str, text: str, now: datetime, pid: int) -> None:
        """Raises DeviceError when the box is full or can't be written."""
        line = one_line("".join(c if c.isprintable() else " " for c in text), MAX_MESSAGE)
        try:
            with _LOCK:
                self.folder.mkdir(parents=True, exist_ok=True)
                path = self._path(name)
                if path.is_symlink():
                    raise DeviceError(f"the mailbox of {name} can't be used")
                if not path.exists() and len(self.names()) >= MAX_BOXES:
                    raise DeviceError(f"there are {MAX_BOXES:,} mailboxes already")
                if path.exists() and path.stat().st_size > MAX_BOX:
                    raise DeviceError(f"the mailbox of {name} is full")
                with path.open("a", encoding="utf-8") as box:
                    box.write(f"{now:%Y-%m-%d %H:%M} pid {pid}: {line}\n")
        except OSError as error:
            raise DeviceError(f"the mailbox of {name} can't be written: {error.strerror}") from None

    def names(self) -> list[str]:
        return sorted(path.stem for path in self.folder.glob("*.txt")) if self.folder.is_dir() else []

    def read(self, name: str) -> list[str]:
        """The messages of a box, the oldest first; none for a name that never got one."""
        path = self._path(name)
        return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []

    def empty(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        """NAME has no slash and no leading dot."""
        return self.folder / f"{name.casefold()}.txt"
