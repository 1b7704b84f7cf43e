"""The retrieval disk: passages of text, found by their words, each with the place it came from.

Knows: documents and passages in one SQLite file (FTS5), and folders mounted into it. Does not know: devices, labels,
models. Owns the connection; every method may be called from any thread. Ranking is BM25, a word in the title counting
five times.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .base import Context, Deadline, DeviceError, one_line
from .extractor import Extractor
from .passages import passages, titled

MAX_DOCUMENT = 2 * 1024 * 1024  # bytes of a file that is mounted
MAX_DOCUMENTS = 10_000  # files of one mounted folder
MAX_SECONDS = 5.0  # to read one HTML file that is mounted
MAX_WORDS = 32  # of a query
SUFFIXES = (".md", ".txt", ".html", ".htm")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS document (id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE COLLATE NOCASE, source TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passage (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES document, n INTEGER NOT NULL, text TEXT NOT NULL,
    UNIQUE (document, n));
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(title, text, tokenize='porter unicode61 remove_diacritics 2');
"""
_COMMON = "a an and are as at be by do does for from how i in is it of on or that the this to was what when which who why with"


@dataclass(frozen=True)
class Passage:
    """The `n`-th of `of` passages of a document, counted from 1. `source` is the file or place it came from."""

    title: str
    n: int
    of: int
    text: str
    source: str

    @property
    def origin(self) -> str:
        return f"disk:{self.title}#{self.n}"


class Library:
    """`path` is an SQLite file, made when it is not there, or ":memory:"."""

    def __init__(self, path: str | Path = ":memory:") -> None:
        self.lock = threading.Lock()
        self.db = sqlite3.connect(path, check_same_thread=False)
        try:
            self.db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            self.db.close()
            raise DeviceError(f"this library can't be opened: {one_line(error)}") from None

    def close(self) -> None:
        with self.lock:
            self.db.close()

    def mount(self, folder: Path) -> int:
        """Add every text, Markdown and HTML file below `folder`; returns how many. Links are not followed."""
        count = 0
        with closing(Extractor()) as extractor:
            for path in _documents(folder):
                text = _read(path, extractor)
                if text:
                    title, body = titled(text)
                    self.add(title or path.stem, body, path.relative_to(folder).as_posix())
                    count += 1
        return count

    def add(self, title: str, text: str, source: str = "") -> int:
        """Add a document, or replace the one of that title; returns its number of passages."""
        title = one_line(_storable(title).replace("#", " ")) or "untitled"
        parts = passages(_storable(text))
        with self.lock, self.db:
            self._remove(title)
            document = self.db.execute(
                "INSERT INTO document (title, source) VALUES (?, ?)", (title, source or title)
            ).lastrowid
            for n, part in enumerate(parts, 1):
                row = self.db.execute(
                    "INSERT INTO passage (document, n, text) VALUES (?, ?, ?)", (document, n, part)
                ).lastrowid
                self.db.execute("INSERT INTO words (rowid, title, text) VALUES (?, ?, ?)", (row, title, part))
        return len(parts)

    def search(self, query: str, k: int = 3) -> list[Passage]:
        """The `k` best passages for the words of `query`, best first; none when no word is known."""
        common = _COMMON.split()
        words = [w for w in re.findall(r"\w+", query.lower()) if w not in common][:MAX_WORDS]
        if not words:
            return []
        match = " OR ".join(f'"{word}"' for word in words)
        rows = self._query(
            "SELECT passage.id FROM words JOIN passage ON passage.id = words.rowid WHERE words MATCH ? "
            "ORDER BY bm25(words, 5.0, 1.0), passage.id LIMIT ?",
            (match, k),
        )
        return [passage for (row,) in rows for passage in self._passages("passage.id = ?", (row,))]

    def page(self, title: str, n: int = 1) -> Passage:
        """One passage by its place. Raises DeviceError, naming near titles, when there is none."""
        title = _storable(title).strip()
        found = self._passages("document.title = ? AND passage.n = ?", (title, min(n, 2**31)))
        if found:
            return found[0]
        if first := self._passages("document.title = ? AND passage.n = 1", (title,)):
            raise DeviceError(f"{first[0].title} has pages 1 to {first[0].of}")
        near = list(dict.fromkeys(passage.title for passage in self.search(title, 8)))[:3]
        raise DeviceError(f"no document {title[:60]!r}" + (f"; near: {', '.join(near)}" if near else ""))

    def titles(self) -> list[str]:
        return [str(title) for (title,) in self._query("SELECT title FROM document ORDER BY title", ())]

    def _passages(self, where: str, values: tuple[object, ...]) -> list[Passage]:
        rows = self._query(
            "SELECT title, n, (SELECT COUNT(*) FROM passage AS p WHERE p.document = document.id), text, source "
            f"FROM passage JOIN document ON document.id = passage.document WHERE {where}",
            values,
        )
        return [Passage(*row) for row in rows]

    def _query(self, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        try:
            with self.lock:
                return self.db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise DeviceError(f"the disk can't be read: {one_line(error)}") from None

    def _remove(self, title: str) -> None:
        rows = "SELECT passage.id FROM passage JOIN document ON document.id = passage.document WHERE document.title = ?"
        self.db.execute(f"DELETE FROM words WHERE rowid IN ({rows})", (title,))
        self.db.execute(f"DELETE FROM passage WHERE id IN ({rows})", (title,))
        self.db.execute("DELETE FROM document WHERE title = ?", (title,))


def _storable(text: str) -> str:
    """`text` without what SQLite can't keep: NUL and lone surrogates."""
    return text.replace("\0", "").encode(errors="replace").decode()


def _documents(folder: Path) -> Iterable[Path]:
    """Readable files below `folder`, in order of path."""
    if not folder.is_dir():
        raise DeviceError(f"{folder}: no such folder")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return [path for path in found if path.is_file() and not path.is_symlink()][:MAX_DOCUMENTS]


def _read(path: Path, extractor: Extractor) -> str:
    """A document's text; "" when it is not text or can't be read in time."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_DOCUMENT)
    except OSError:
        return ""
    if b"\0" in data:
        return ""
    text = data.decode(errors="replace")
    if path.suffix.lower() in (".html", ".htm"):
        try:
            page = extractor.read("html", text, Deadline(Context(timeout=MAX_SECONDS)))
        except DeviceError:
            return ""
        return f"# {page.title}\n\n{page.text}" if page.title else page.text
    return text
