"""The files device: list, read, write, append and search in one home folder.

Knows: the five commands and how their answers look. Does not know: how the folder is guarded (`home.py`).
"""

from __future__ import annotations

from pathlib import Path

from llmos_kernel.forms import HOME_NAMES, command, target, unquoted

from .base import Context, Deadline, DeviceError, Result, cut
from .home import MAX_FILE, Home

MAX_HITS = 20  # lines that a search shows
MAX_NEEDLE = 200  # characters searched for
MAX_LINE = 160  # characters shown of a line that matched
MAX_MAPPED = 200_000  # characters of a file that is mapped: what may cross into the kernel (`world.py`)

_GRAMMAR = r"""
start: "ls" (" " PATH)? | "cat " PATH | "write " PATH " " TEXT | "append " PATH " " TEXT | "search " TEXT
PATH: /[A-Za-z0-9_-][A-Za-z0-9_.-]{0,40}(\/[A-Za-z0-9_-][A-Za-z0-9_.-]{0,40}){0,3}/
TEXT: /[^\n]{1,800}/
"""


class Files:
    """`root` is the home folder. Writing ends a line that has none, so that `append` adds lines."""

    name = "files"
    help = "your files, such as files cat notes.txt or files write notes.txt Buy milk"
    usage = ("ls [PATH]", "cat PATH", "write PATH TEXT", "append PATH TEXT", "search TEXT")
    grammar = _GRAMMAR
    outside = True

    def __init__(self, root: Path) -> None:
        """Raises DeviceError when the root is there and is no folder."""
        if root.exists() and not root.is_dir():
            raise DeviceError(f"{root}: not a folder")
        self.home = Home(root)

    def call(self, text: str, ctx: Context) -> Result:
        """Raises DeviceError for an unknown command, a path outside, or a file that can't be used."""
        verb, rest = command(text)
        if text.strip().startswith("map "):
            return self._whole(unquoted(rest))
        match verb:
            case "ls":
                return self._list(unquoted(rest))
            case "cat":
                return self._read(unquoted(rest))
            case "write" | "append":
                return self._write(verb, rest)
            case "search":
                return self._search(rest, Deadline(ctx))
        raise DeviceError(f"no such command; write one of: {' | '.join(self.usage)}")

    def _list(self, path: str) -> Result:
        try:
            entries = self.home.entries(path)
        except DeviceError:
            if path not in HOME_NAMES:
                raise
            path, entries = "", self.home.entries("")
        lines = [name if name.endswith("/") else f"{name} {size} bytes" for name, size in entries]
        return Result(cut("\n".join(lines)) or "empty", f"file:{path or '.'}")

    def _read(self, path: str) -> Result:
        data, size = self._data(path)
        text = data.decode(errors="replace")
        notes = "" if size <= MAX_FILE else f"\n[the file has {size:,} bytes]"
        if "\ufffd" in text and not _is_text(data):
            notes += "\n[some bytes are not UTF-8 and show as \ufffd]"
        return Result((cut(text.rstrip("\n")) + notes) or "empty", f"file:{path}")

    def _whole(self, path: str) -> Result:
        """All of a file, for a program that maps it; not offered to models, whose windows take `cat`."""
        data, size = self._data(path)
        text = data.decode(errors="replace").rstrip("\n")
        if size > len(data) or len(text) > MAX_MAPPED:
            raise DeviceError(f"{path[:60]}: {size:,} bytes; a file of at most {MAX_MAPPED:,} characters can be mapped")
        if not text.strip():
            raise DeviceError(f"{path[:60]}: empty")
        return Result(text, f"file:{path}")

    def _data(self, path: str) -> tuple[bytes, int]:
        """A text file's first bytes, and its whole size."""
        try:
            data, size = self.home.read(path)
        except DeviceError as error:
            raise DeviceError(f"{error}{self._hint(path)}") from None
        if b"\0" in data:
            raise DeviceError(f"{path[:60]}: not text ({size:,} bytes)")
        return data, size

    def _hint(self, path: str) -> str:
        """What may have been meant by a name that is no file: one that differs in case, or words to look for in files."""
        folder, _, name = path.rpartition("/")
        try:
            others = [other for other, _ in self.home.entries(folder) if other.casefold() == name.casefold()]
        except DeviceError:
            return ""
        if name in others:
            return ""
        near = f"{folder}/{others[0]}" if folder and others else others[0] if others else ""
        return f"; there is {near}" if near else "; ls lists the files, search TEXT looks into them"

    def _write(self, verb: str, rest: str) -> Result:
        written = target(rest)
        if not written:
            raise DeviceError(f"write it as: {verb} PATH TEXT")
        path, text = written
        data = text.encode(errors="replace")
        size = self.home.write(path, data + b"\n" * (not data.endswith(b"\n")), append=verb == "append")
        return Result(f"{'wrote' if verb == 'write' else 'appended to'} {path}, now {size} bytes", f"file:{path}")

    def _search(self, needle: str, deadline: Deadline) -> Result:
        if not 1 <= len(needle) <= MAX_NEEDLE:
            raise DeviceError(f"search takes 1 to {MAX_NEEDLE} characters")
        hits: list[str] = []
        for path, data in self.home.files():
            deadline.check()
            if b"\0" not in data:
                hits += _matching(path, data.decode(errors="replace"), needle.casefold())
            if len(hits) > MAX_HITS:
                hits = [*hits[:MAX_HITS], f"[cut: more than {MAX_HITS} lines match]"]
                break
        return Result(cut("\n".join(hits)) or "nothing found", "file:.")


def _matching(path: str, text: str, needle: str) -> list[str]:
    lines = enumerate(text.splitlines(), 1)
    return [f"{path}:{n}: {line.strip()[:MAX_LINE]}" for n, line in lines if needle in line.casefold()][: MAX_HITS + 1]


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
