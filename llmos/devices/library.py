"""The retrieval disk: passages of text, found by words and by spelling, each with the place it came from and its label.

Knows: documents and passages in one SQLite file: FTS5 for words, a small vector for each passage. Does not know: devices,
models, folders (`mounting.py`). Owns the connection; every method may be called from any thread, and several processes
may have the file open. A document is written whole or not at all: SQLite's write-ahead log keeps every committed one through a
crash of the process.
Ranking: BM25 (a word in the title counts five times) and nearness of vectors, fused by reciprocal rank (Cormack et al., 2009).
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmos_kernel.labels import Label, Ring

from .base import DeviceError, one_line
from .embedder import COMMON, DIM, cosines, embed
from .mounting import Found, Mounted, survey, written
from .passages import passages, titled

if TYPE_CHECKING:
    import numpy as np

MAX_WORDS = 32  # of a query
CANDIDATES = 50  # of each ranking, before they are fused
FUSION = 60  # the constant of reciprocal rank fusion: how little the first places differ
NEAR = 0.18  # least cosine of a passage that shares no word with the query
TITLE_COUNTS = 5  # times a word of the title, by words; twice by spelling, where it would drown short passages
BATCH = 32  # documents of one transaction while a folder is mounted
VERSION = 2  # of the schema below

_SCHEMA = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA busy_timeout = 10000;
CREATE TABLE IF NOT EXISTS document (
    id INTEGER PRIMARY KEY, place TEXT NOT NULL UNIQUE, title TEXT NOT NULL UNIQUE COLLATE NOCASE, source TEXT NOT NULL,
    folder TEXT NOT NULL, stamp TEXT NOT NULL, hash TEXT NOT NULL, label TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passage (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES document, n INTEGER NOT NULL, text TEXT NOT NULL,
    vector BLOB NOT NULL, UNIQUE (document, n));
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(title, text, tokenize='porter unicode61 remove_diacritics 2');
PRAGMA user_version = {VERSION};
"""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Passage:
    """The `n`-th of `of` passages of a document, counted from 1. `source` is the file or place it came from."""

    title: str
    n: int
    of: int
    text: str
    source: str
    path: str  # the whole path of a mounted file; else the source
    label: Label
    score: float = 0.0  # of the search that found it: fused reciprocal ranks

    @property
    def origin(self) -> str:
        return f"disk:{self.title}#{self.n}"


class Library:
    """`path` is an SQLite file, made when it is not there, or ":memory:"."""

    def __init__(self, path: str | Path = ":memory:") -> None:
        self.lock = threading.RLock()
        try:
            self.db = sqlite3.connect(path, check_same_thread=False, timeout=10)
        except sqlite3.Error as error:
            raise DeviceError(f"this library can't be opened: {one_line(error)}") from None
        self._vectors: tuple[object, np.ndarray, np.ndarray] | None = None
        try:
            version = self.db.execute("PRAGMA user_version").fetchone()[0]
            tables = self.db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
            if tables and version != VERSION:
                raise DeviceError(f"this library can't be opened: its format is {version}, this llmos reads {VERSION}")
            if not tables:
                self.db.executescript(_SCHEMA)
            self.db.execute("PRAGMA synchronous = NORMAL")
        except (sqlite3.Error, DeviceError) as error:
            self.db.close()
            if isinstance(error, DeviceError):
                raise
            raise DeviceError(f"this library can't be opened: {one_line(error)}") from None

    def close(self) -> None:
        with self.lock:
            self.db.close()

    # -- writing ----------------------------------------------------------------------------------------------------

    def mount(self, folder: Path, progress: Progress = lambda done, total: None) -> Mounted:
        """Bring the disk in step with every text, Markdown and HTML file below `folder`. Links are not followed.

        Only files that changed are read again, and what is gone is removed. A mount that was cut short goes on.
        """
        folder = folder.resolve()
        name = written(folder)
        rows = self._query("SELECT place, stamp, hash FROM document WHERE folder = ?", (name,))
        report, batch = Mounted(name), list[Found]()
        for found in survey(folder, {place: (stamp, digest) for place, stamp, digest in rows}, report):
            batch.append(found)
            if len(batch) == BATCH:
                self._write(name, batch)
                batch = []
            progress(found.number, report.total)
        self._write(name, batch)
        gone = [place for place, _, _ in rows if place not in report.seen]
        with self.lock, self._writing():
            for place in gone:
                self._remove(place)
        report.removed = len(gone)
        report.passages = self._count("passage JOIN document ON document = document.id WHERE folder = ?", name)
        return report

    def _write(self, folder: str, batch: Sequence[Found]) -> None:
        with self.lock, self._writing():
            for found in batch:
                if found.text is None:
                    self.db.execute("UPDATE document SET stamp = ? WHERE place = ?", (found.stamp, found.place))
                    continue
                title, body = titled(found.text)
                source = Path(found.place).relative_to(folder).as_posix()
                title = title or Path(found.place).stem
                self._put(found.place, title, body, source, None, (folder, found.stamp, found.hash))

    def add(self, title: str, text: str, source: str = "", label: Label | None = None) -> int:
        """Add a document, or replace the one of that title; returns its number of passages.

        Without a label it is DATA from the disk.
        """
        title = _title(title)
        with self.lock, self._writing():
            for (place,) in self.db.execute("SELECT place FROM document WHERE title = ?", (title,)).fetchall():
                self._remove(place)
            return self._put(f"title:{title.lower()}", title, text, source or title, label)

    def forget(self, title: str) -> bool:
        """Remove a document; was there one?"""
        with self.lock, self._writing():
            rows = self.db.execute("SELECT place FROM document WHERE title = ?", (_title(title),)).fetchall()
            for (place,) in rows:
                self._remove(place)
        return bool(rows)

    def _put(
        self,
        place: str,
        title: str,
        text: str,
        source: str,
        label: Label | None,
        mounted: tuple[str, str, str] = ("", "", ""),
    ) -> int:
        self._remove(place)
        title = self._free_title(_title(title), source)
        document = self.db.execute(
            "INSERT INTO document (place, title, source, folder, stamp, hash, label) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (place, title, source, *mounted, json.dumps(label) if label else ""),
        ).lastrowid
        parts = passages(_storable(text))
        for n, part in enumerate(parts, 1):
            vector = embed(" ".join([title] * 2 + [part])).tobytes()
            values = (document, n, part, vector)
            row = self.db.execute(
                "INSERT INTO passage (document, n, text, vector) VALUES (?, ?, ?, ?)", values
            ).lastrowid
            self.db.execute("INSERT INTO words (rowid, title, text) VALUES (?, ?, ?)", (row, title, part))
        return len(parts)

    def _free_title(self, title: str, source: str) -> str:
        """`title`, or with its source behind it when another document bears it already."""
        for candidate in (title, f"{title} ({_title(source)})"):
            if not self.db.execute("SELECT 1 FROM document WHERE title = ?", (candidate,)).fetchone():
                return candidate
        n = 2
        while self.db.execute("SELECT 1 FROM document WHERE title = ?", (f"{title} ({n})",)).fetchone():
            n += 1
        return f"{title} ({n})"

    def _remove(self, place: str) -> None:
        rows = "SELECT passage.id FROM passage JOIN document ON document.id = passage.document WHERE place = ?"
        self.db.execute(f"DELETE FROM words WHERE rowid IN ({rows})", (place,))
        self.db.execute(f"DELETE FROM passage WHERE id IN ({rows})", (place,))
        self.db.execute("DELETE FROM document WHERE place = ?", (place,))

    def _writing(self) -> _Transaction:
        return _Transaction(self.db)

    # -- reading ----------------------------------------------------------------------------------------------------

    def search(self, query: str, k: int = 3) -> list[Passage]:
        """The `k` best passages for `query`, best first; none when no word of it is known or near."""
        by_words, by_vector = self._by_words(query), self._by_vector(query)
        scores: dict[int, float] = {}
        for ranking in (by_words, by_vector):
            for rank, row in enumerate(ranking, 1):
                scores[row] = scores.get(row, 0.0) + 1 / (FUSION + rank)
        best = sorted(scores, key=lambda row: (-scores[row], row))[:k]
        return [p for row in best for p in self._passages("passage.id = ?", (row,), round(scores[row], 6))]

    def _by_words(self, query: str) -> list[int]:
        asked = [w for w in re.findall(r"\w+", query.lower()) if w not in COMMON][:MAX_WORDS]
        if not asked:
            return []
        rows = self._query(
            f"SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words, {TITLE_COUNTS}, 1), rowid LIMIT ?",
            (" OR ".join(f'"{word}"' for word in asked), CANDIDATES),
        )
        return [row for (row,) in rows]

    def _by_vector(self, query: str) -> list[int]:
        vector = embed(query[:10_000])
        if not vector.any():
            return []
        rows, matrix = self._matrix()
        near = cosines(matrix, vector)
        order = (-near).argsort(kind="stable")[:CANDIDATES]
        return [int(rows[i]) for i in order if near[i] >= NEAR]

    def _matrix(self) -> tuple[np.ndarray, np.ndarray]:
        """All passages' vectors; read again only after somebody wrote."""
        import numpy as np

        with self.lock:
            now = (self._query("PRAGMA data_version", ())[0][0], self.db.total_changes)
            if self._vectors is None or self._vectors[0] != now:
                found = self._query("SELECT id, vector FROM passage ORDER BY id", ())
                rows = np.array([row for row, _ in found], np.int64)
                matrix = np.frombuffer(b"".join(vector for _, vector in found), np.int8).reshape(-1, DIM)
                self._vectors = (now, rows, matrix)
            return self._vectors[1:]

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

    def documents(self) -> list[dict[str, Any]]:
        """Every document: path, title, passages, label, folder."""
        rows = self._query(
            "SELECT document.id, title, source, folder, label, COUNT(passage.id) FROM document "
            "LEFT JOIN passage ON passage.document = document.id GROUP BY document.id ORDER BY folder, source, title",
            (),
        )
        return [
            {
                "path": _path(folder, source),
                "title": title,
                "passages": count,
                "label": _ring(_label(label, title)),
                "folder": folder,
            }
            for _, title, source, folder, label, count in rows
        ]

    def stat(self) -> dict[str, Any]:
        """How much is on the disk, and whether SQLite finds the file sound."""
        folders = self._query("SELECT folder, COUNT(*) FROM document WHERE folder != '' GROUP BY folder", ())
        pages, size = self._query("SELECT page_count, page_size FROM pragma_page_count, pragma_page_size", ())[0]
        return {
            "documents": self._count("document"),
            "passages": self._count("passage"),
            "characters": self._query("SELECT COALESCE(SUM(LENGTH(text)), 0) FROM passage", ())[0][0],
            "paged_out": self._count("document WHERE source LIKE 'window:%'"),
            "folders": [{"folder": folder, "documents": count} for folder, count in folders],
            "bytes": pages * size,
            "embedder": f"hashed words and word pieces, {DIM} dimensions (spelling, not meaning)",
            "sound": self._query("PRAGMA quick_check(1)", ())[0][0] == "ok",
        }

    def _count(self, rows: str, *values: object) -> int:
        return int(self._query(f"SELECT COUNT(*) FROM {rows}", values)[0][0])

    def _passages(self, where: str, values: tuple[object, ...], score: float = 0.0) -> list[Passage]:
        rows = self._query(
            "SELECT title, n, (SELECT COUNT(*) FROM passage AS p WHERE p.document = document.id), text, source, folder, label "
            f"FROM passage JOIN document ON document.id = passage.document WHERE {where}",
            values,
        )
        return [
            Passage(title, n, of, text, source, _path(folder, source), _label(label, f"{title}#{n}"), score)
            for title, n, of, text, source, folder, label in rows
        ]

    def _query(self, sql: str, values: Iterable[object]) -> list[tuple[Any, ...]]:
        try:
            with self.lock:
                return self.db.execute(sql, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise DeviceError(f"the disk can't be read: {one_line(error)}") from None


class _Transaction:
    """All or nothing; what SQLite refuses becomes one clear DeviceError."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    def __enter__(self) -> None:
        try:
            self.db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise DeviceError(f"the disk can't be written: {one_line(error)}") from None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            self.db.execute("ROLLBACK" if kind else "COMMIT")
        except sqlite3.Error as problem:
            error = error or problem
        if isinstance(error, sqlite3.Error):
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise DeviceError(f"the disk can't be written: {one_line(error)}") from None


def _title(text: str) -> str:
    return one_line(_storable(text).replace("#", " ")) or "untitled"


def _path(folder: str, source: str) -> str:
    return str(Path(folder) / source) if folder else source


def _label(stored: str, place: str) -> Label:
    """A record's own label, or DATA from its place on the disk."""
    if not stored:
        return Label(Ring.DATA, (), (f"disk:{place}",))
    ring, readers, origin = json.loads(stored)
    return Label(int(ring), tuple(readers), tuple(origin))


def _ring(label: Label) -> str:
    return Ring(label.ring).name


def _storable(text: str) -> str:
    """`text` without what SQLite can't keep: NUL and lone surrogates."""
    return text.replace("\0", "").encode(errors="replace").decode()
