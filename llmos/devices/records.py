"""Documents and passages in one SQLite file: FTS5 for words, a small vector for each passage.

Knows: the schema, and how to open, read and write it. Does not know: what is searched for (`library.py`), folders
(`mounts.py`). Owns the connection; every method may be called from any thread, and several processes may have the file
open. A document is written whole or not at all, in a transaction that holds no other work: whoever writes waits for others
for `WAIT` seconds at most. SQLite's write-ahead log keeps every committed one through a crash of the process.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from llmos_kernel.labels import Label

from .base import DeviceError, one_line
from .embedder import embed
from .passages import passages

WAIT = 10.0  # seconds that a writer waits for its turn
ROOM = 1 << 17  # bytes: with less, SQLite can't even begin to write
READ_ONLY = "it may only be read here"
FULL = "no room is left where it lies; what it holds already stays"
VERSION = 3  # of the schema below
READABLE = (2, VERSION)  # versions that are brought up to date when they are opened

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS document (
    id INTEGER PRIMARY KEY, place TEXT NOT NULL UNIQUE, title TEXT NOT NULL UNIQUE COLLATE NOCASE, source TEXT NOT NULL,
    folder TEXT NOT NULL, stamp TEXT NOT NULL, hash TEXT NOT NULL, label TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passage (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES document, n INTEGER NOT NULL, text TEXT NOT NULL,
    vector BLOB NOT NULL, UNIQUE (document, n));
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(title, text, tokenize='porter unicode61 remove_diacritics 2');
CREATE TABLE IF NOT EXISTS mounted (folder TEXT PRIMARY KEY);
INSERT OR IGNORE INTO mounted SELECT DISTINCT folder FROM document WHERE folder != '';
PRAGMA user_version = {VERSION};
"""


class Part(NamedTuple):
    """A passage to be written, with its vector."""

    text: str
    vector: bytes


class Records:
    """`path` is an SQLite file, made when it is not there, or ":memory:". One that can't be written can still be read."""

    def __init__(self, path: str | Path) -> None:
        self.lock = threading.RLock()
        self.sealed = ""  # why it can't be written
        try:
            try:
                self._connect(path)
            except sqlite3.OperationalError as error:
                if not _barred(error) or not Path(path).is_file():
                    raise
                self._connect(_as_it_stands(Path(path)), uri=True)
                self.sealed = FULL if shutil.disk_usage(path).free < ROOM else READ_ONLY
        except (sqlite3.Error, DeviceError) as error:
            raise DeviceError(f"this library can't be opened: {_told(error)}") from None

    def _connect(self, place: str | Path, uri: bool = False) -> None:
        self.db = sqlite3.connect(place, check_same_thread=False, timeout=WAIT, isolation_level=None, uri=uri)
        try:
            self._prepare()
        except (sqlite3.Error, DeviceError):
            self.db.close()
            raise

    def _prepare(self) -> None:
        """The schema, in one transaction: several processes may open a new file at once."""
        if self._version() != VERSION:
            self._log_ahead()
            with self.writing():
                for statement in _SCHEMA.split(";\n") if self._version() != VERSION else ():
                    self.db.execute(statement)
        self.db.execute("PRAGMA synchronous = NORMAL")

    def _log_ahead(self) -> None:
        """Here alone SQLite does not wait for others by itself."""
        until = time.monotonic() + WAIT
        while True:
            try:
                self.db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if not _busy(error) or time.monotonic() > until:
                    raise
            time.sleep(0.01)

    def _version(self) -> int:
        """Of the schema that is there, 0 where none is. DeviceError when it can't be read."""
        both = "SELECT user_version, (SELECT COUNT(*) FROM sqlite_master) FROM pragma_user_version"  # of one moment
        version, tables = self.db.execute(both).fetchone()
        if tables and version not in READABLE:
            raise DeviceError(f"its format is {version}, this llmos reads {VERSION}")
        return int(version)

    def close(self) -> None:
        with self.lock:
            self.db.close()

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows. Raises DeviceError."""
        try:
            with self.lock:
                return self.db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise DeviceError(f"the disk can't be read: {_told(error)}") from None

    def count(self, rows: str, *values: object) -> int:
        return int(self.query(f"SELECT COUNT(*) FROM {rows}", *values)[0][0])

    def state(self) -> tuple[int, int]:
        """Changes whenever anybody writes."""
        return self.query("PRAGMA data_version")[0][0], self.db.total_changes

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction: all or nothing. What SQLite refuses becomes one clear DeviceError."""
        if self.sealed:
            raise DeviceError(f"the disk can't be written: {self.sealed}")
        with self.lock:
            try:
                self.db.execute("BEGIN IMMEDIATE")
                yield
                self.db.execute("COMMIT")
            except BaseException as error:
                with suppress(sqlite3.Error):
                    self.db.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise DeviceError(f"the disk can't be written: {_told(error)}") from None
                raise

    def put(
        self,
        place: str,
        title: str,
        parts: Sequence[Part],
        source: str,
        label: Label | None = None,
        mounted: tuple[str, str, str] = ("", "", ""),
    ) -> None:
        """A document in place of the one that was there; inside a transaction. `mounted` is (folder, stamp, hash)."""
        self.remove(place)
        title = self.free_title(tidy(title), tidy(source))
        document = self.db.execute(
            "INSERT INTO document (place, title, source, folder, stamp, hash, label) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (place, title, source, *mounted, json.dumps(label) if label else ""),
        ).lastrowid
        for n, part in enumerate(parts, 1):
            row = self.db.execute(
                "INSERT INTO passage (document, n, text, vector) VALUES (?, ?, ?, ?)", (document, n, *part)
            ).lastrowid
            self.db.execute("INSERT INTO words (rowid, title, text) VALUES (?, ?, ?)", (row, title, part.text))

    def remove(self, place: str) -> None:
        """A document, if it is there; inside a transaction."""
        rows = "SELECT passage.id FROM passage JOIN document ON document.id = passage.document WHERE place = ?"
        self.db.execute(f"DELETE FROM words WHERE rowid IN ({rows})", (place,))
        self.db.execute(f"DELETE FROM passage WHERE id IN ({rows})", (place,))
        self.db.execute("DELETE FROM document WHERE place = ?", (place,))

    def remove_all(self, places: Iterable[str]) -> None:
        """One document a transaction, then as long a pause: others that write have their turn."""
        for place in places:
            began = time.monotonic()
            with self.writing():
                self.remove(place)
            time.sleep(time.monotonic() - began)

    def free_title(self, title: str, source: str = "") -> str:
        """`title`, or with its source or a number behind it when another document bears it already."""
        for candidate in (title, f"{title} ({source})") if source else (title,):
            if not self.db.execute("SELECT 1 FROM document WHERE title = ?", (candidate,)).fetchone():
                return candidate
        n = 2
        while self.db.execute("SELECT 1 FROM document WHERE title = ?", (f"{title} ({n})",)).fetchone():
            n += 1
        return f"{title} ({n})"


def prepared(title: str, text: str, tell: Callable[[float], None] = lambda part: None) -> list[Part]:
    """A document's passages with their vectors, all that takes long; `tell` hears which part is done, 0 to 1.

    A document without a body has its title as its one passage.
    """
    title = tidy(title)
    texts = passages(storable(text)) or [title]
    parts = []
    for n, part in enumerate(texts, 1):
        parts.append(Part(part, embed(" ".join([title] * 2 + [part])).tobytes()))
        tell(n / len(texts))
    return parts


def tidy(title: str) -> str:
    """A title as it is kept: one line, without the sign that stands before a passage's number."""
    return one_line(storable(title).replace("#", " ")) or "untitled"


def storable(text: str) -> str:
    """`text` without what SQLite can't keep: NUL and lone surrogates."""
    return text.replace("\0", "").encode(errors="replace").decode()


def _as_it_stands(path: Path) -> str:
    """A file that can't be written, for SQLite: as if nothing changed it, so that it needs no log and no locks beside it.

    DeviceError when what was written last is in a log that would have to be worked in first.
    """
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise DeviceError(f"what was written last is still in {log.name}; look at it once where both may be written")
    return f"{path.absolute().as_uri()}?mode=ro&immutable=1"


def _barred(error: Exception) -> bool:
    """Could SQLite not make the files that it wants beside this one?"""
    return _code(error) in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)


def _busy(error: Exception) -> bool:
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _code(error: Exception) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _told(error: Exception) -> str:
    """What SQLite says; of a file that others keep busy, for how long that was awaited and what to do."""
    if _code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY):
        return FULL if _code(error) == sqlite3.SQLITE_FULL else READ_ONLY
    if _busy(error):
        return f"others have kept it busy for {WAIT:g} seconds; try again when they are done"
    return one_line(error)
