"""One folder that its users can't leave, and plain files in it.

Knows: how to open, list, replace and search files below one root without ever following a link out of it: every step
of a path is opened relative to the folder before it (`dir_fd`, O_NOFOLLOW), so there is no moment in which a name can
be swapped. Does not know: commands (`files.py`) or who asks. Owns nothing but the count of bytes written.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .base import DeviceError

MAX_FILE = 256 * 1024  # bytes of a file that is written or read
MAX_WRITTEN = 16 * 1024 * 1024  # bytes written in one session
MAX_DEPTH = 8  # folders inside each other
MAX_ENTRIES = 5000  # files and folders looked at in one search or listing
TEMPORARY = ".llmos-"  # begins the name of a file not yet complete

TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")  # what shows a name in another order

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a FIFO must not block the open


class Home:
    """`root` is made when first written to. All methods raise DeviceError with a readable line."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.written = 0
        self.lock = threading.Lock()

    def entries(self, path: str) -> list[tuple[str, int]]:
        """(name, bytes) of a folder's entries, sorted; a folder's name ends in "/" and has size 0."""
        parts = split(path)
        if not parts and not self.root.exists():
            return []
        with self._folder(parts, path) as folder:
            found = []
            for entry in os.scandir(folder):
                mode = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(mode.st_mode):
                    found.append((printable(entry.name) + "/", 0))
                elif stat.S_ISREG(mode.st_mode) and not entry.name.startswith(TEMPORARY):
                    found.append((printable(entry.name), mode.st_size))
                if len(found) >= MAX_ENTRIES:
                    break
        return sorted(found)

    def read(self, path: str) -> tuple[bytes, int]:
        """A file's first MAX_FILE bytes, and its whole size."""
        *parents, name = self._named(path)
        with self._folder(parents, path) as folder, _explained(path):
            return _read(name, folder)

    def write(self, path: str, data: bytes, append: bool = False) -> int:
        """Replace a file, or add to its end, in one step; returns its new size. Missing folders are made."""
        *parents, name = self._named(path)
        with self.lock:
            self.root.mkdir(parents=True, exist_ok=True)
            with self._folder(parents, path, make=True) as folder, _explained(path):
                old, size = _read(name, folder, missing_ok=True)
                whole = old + data if append else data
                if len(whole) > MAX_FILE or (append and size > MAX_FILE):
                    raise DeviceError(f"too large: a file holds at most {MAX_FILE:,} bytes")
                if self.written + len(whole) > MAX_WRITTEN:
                    raise DeviceError("the home folder's limit for this session is reached")
                self.written += len(whole)
                _replace(name, folder, whole)
        return len(whole)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """(path, first MAX_FILE bytes) of every plain file, in order of path; at most MAX_ENTRIES."""
        if not self.root.exists():
            return
        seen = 0
        with self._folder([], "") as top:
            for folder, folders, names, fd in os.fwalk(".", dir_fd=top):
                folders.sort()
                seen += 1
                for name in sorted(names):
                    seen += 1
                    if seen > MAX_ENTRIES:
                        return
                    with suppress(OSError, DeviceError):
                        data, _ = _read(name, fd)
                        yield printable(os.path.normpath(os.path.join(folder, name))), data

    def _named(self, path: str) -> list[str]:
        parts = split(path)
        if not parts:
            raise DeviceError("a file name is missing")
        if parts[-1].startswith(TEMPORARY):
            raise DeviceError(f"names that begin with {TEMPORARY} are kept for the machine")
        return parts

    @contextmanager
    def _folder(self, parts: list[str], path: str, make: bool = False) -> Iterator[int]:
        """A descriptor of the folder `parts` below the root, closed afterwards."""
        with _explained(path):
            fd = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                for part in parts:
                    if make:
                        with suppress(FileExistsError):
                            os.mkdir(part, 0o755, dir_fd=fd)
                    inner = os.open(part, _FOLDER, dir_fd=fd)
                    os.close(fd)
                    fd = inner
                yield fd
            finally:
                os.close(fd)


def split(path: str) -> list[str]:
    """A relative path's parts. Raises DeviceError for anything that could name something outside."""
    if path.startswith(("/", "~")):
        raise DeviceError("paths begin in the home folder: write notes.txt, not /notes.txt")
    if any(unicodedata.category(c) in ("Cc", "Cs") or unicodedata.bidirectional(c) in TURNS for c in path):
        raise DeviceError("a path has no control characters")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise DeviceError("'..' leaves the home folder")
    if len(parts) > MAX_DEPTH or any(len(part.encode()) > 255 for part in parts):
        raise DeviceError(f"path too long: at most {MAX_DEPTH} folders of 255 bytes each")
    return parts


def printable(name: str) -> str:
    """A name from the disk as one printable line; bytes that are not UTF-8 show as �."""
    text = name.encode(errors="surrogateescape").decode(errors="replace")
    return "".join(c if c.isprintable() else "�" for c in text)


def _read(name: str, folder: int, missing_ok: bool = False) -> tuple[bytes, int]:
    try:
        fd = os.open(name, _FILE, dir_fd=folder)
    except FileNotFoundError:
        if missing_ok:
            return b"", 0
        raise
    with open(fd, "rb") as file:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            raise DeviceError("not a plain file")
        return file.read(MAX_FILE), info.st_size


def _replace(name: str, folder: int, data: bytes) -> None:
    """The whole file or nothing of it, even if the machine stops in between."""
    temporary = TEMPORARY + secrets.token_hex(8)
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=folder)
    try:
        with open(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(fd)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """System errors as lines that do not name anything outside the home folder."""
    reasons = {
        errno.ENOENT: "no such file",
        errno.ELOOP: "links are not followed",
        errno.EISDIR: "that is a folder",
        errno.EACCES: "permission denied",
        errno.ENOSPC: "the disk is full",
        errno.ENAMETOOLONG: "name too long",
        errno.ENOTDIR: "not a folder",
        errno.ENXIO: "not a plain file",
    }
    try:
        yield
    except OSError as error:
        what = printable(path)[:60] or "the home folder"
        raise DeviceError(f"{what}: {reasons.get(error.errno or 0, 'it cannot be used')}") from None
