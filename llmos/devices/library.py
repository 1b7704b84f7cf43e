"""The retrieval disk: passages of text, found by words and by spelling, each with the place it came from and its label.

Knows: what is asked, and how passages are ranked. Does not know: devices, models, the file (`records.py`), folders
(`mounts.py`). Every method may be called from any thread, and several processes may have the file open.
Ranking: BM25 (a word in the title counts five times) and nearness of vectors, fused by reciprocal rank (Cormack et al., 2009).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmos_kernel.labels import Label, Ring

from .base import DeviceError
from .embedder import COMMON, DIM, any_occurs, cosines, embed, words
from .mounting import Mounted
from .mounts import Mounts, Progress, Unmounted
from .records import Records, prepared, storable, tidy

if TYPE_CHECKING:
    import numpy as np

MAX_WORDS = 32  # of a query
CANDIDATES = 50  # of each ranking, before they are fused
FUSION = 60  # the constant of reciprocal rank fusion: how little the first places differ
TITLE_COUNTS = 5  # times a word of the title, by words; twice by spelling, where it would drown short passages


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
        self.records = Records(path)
        self.mounts = Mounts(self.records)
        self._vectors: tuple[object, np.ndarray, np.ndarray] | None = None

    def close(self) -> None:
        self.records.close()

    # -- writing ----------------------------------------------------------------------------------------------------

    def mount(self, folder: Path, progress: Progress = lambda done, total: None) -> Mounted:
        """Bring the disk in step with every text, Markdown and HTML file below `folder`. Links are not followed.

        Only files that changed are read again, and what is gone is removed. A mount that was cut short goes on.
        """
        return self.mounts.mount(folder, progress)

    def unmount(self, folder: Path) -> Unmounted:
        """Remove what a folder has brought; the folder need not be there any more."""
        return self.mounts.unmount(folder)

    def add(self, title: str, text: str, source: str = "", label: Label | None = None) -> int:
        """Add a document, or replace the one of that title; returns its number of passages.

        Without a label it is DATA from the disk.
        """
        title = tidy(title)
        parts = prepared(title, text)
        with self.records.writing():
            for (place,) in self.records.query("SELECT place FROM document WHERE title = ?", title):
                self.records.remove(place)
            self.records.put(f"title:{title.lower()}", title, parts, source or title, label)
        return len(parts)

    def keep(self, title: str, text: str, label: Label) -> str:
        """Add what left a window, under a title that nothing bears yet: `title`, or a number behind it. Returns that title.

        Other machines on this disk, and earlier ones, may have called theirs the same.
        """
        parts = prepared(title, text)
        with self.records.writing():
            title = self.records.free_title(tidy(title))
            self.records.put(f"title:{title.lower()}", title, parts, f"window:{title}", label)
        return title

    def forget(self, title: str) -> bool:
        """Remove a document; was there one?"""
        with self.records.writing():
            rows = self.records.query("SELECT place FROM document WHERE title = ?", tidy(title))
            for (place,) in rows:
                self.records.remove(place)
        return bool(rows)

    def forget_windows(self) -> int:
        """Remove all that was moved out of context windows, by any machine; how many texts that were."""
        places = [place for (place,) in self.records.query("SELECT place FROM document WHERE source LIKE 'window:%'")]
        self.records.remove_all(places)
        return len(places)

    # -- reading ----------------------------------------------------------------------------------------------------

    def search(self, query: str, k: int = 3) -> list[Passage]:
        """The `k` best passages for `query`, best first; none when no word of it occurs, not even misspelled."""
        by_words = self._by_words(query)
        by_vector = self._by_vector(query, set(by_words))
        scores: dict[int, float] = {}
        for ranking in (by_words, by_vector):
            for rank, row in enumerate(ranking, 1):
                scores[row] = scores.get(row, 0.0) + 1 / (FUSION + rank)
        best = sorted(scores, key=lambda row: (-scores[row], row))[:k]
        return [p for row in best for p in self._passages("passage.id = ?", row, score=round(scores[row], 6))]

    def _by_words(self, query: str) -> list[int]:
        asked = [w for w in re.findall(r"\w+", query.lower()) if w not in COMMON][:MAX_WORDS]
        if not asked:
            return []
        rows = self.records.query(
            f"SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words, {TITLE_COUNTS}, 1), rowid LIMIT ?",
            " OR ".join(f'"{word}"' for word in asked),
            CANDIDATES,
        )
        return [row for (row,) in rows]

    def _by_vector(self, query: str, by_words: set[int]) -> list[int]:
        """The nearest passages, if a word of the query occurs in them: `by_words` are known to have one."""
        vector = embed(query[:10_000])
        if not vector.any():
            return []
        rows, matrix = self._matrix()
        near = [int(rows[i]) for i in (-cosines(matrix, vector)).argsort(kind="stable")[:CANDIDATES]]
        asked = words(query)[:MAX_WORDS]
        texts = self.records.query(
            "SELECT passage.id, title || ' ' || text FROM passage JOIN document ON document.id = passage.document "
            f"WHERE passage.id IN ({', '.join('?' * len(near))})",
            *near,
        )
        having = {row for row, text in texts if row in by_words or any_occurs(asked, text)}
        return [row for row in near if row in having]

    def _matrix(self) -> tuple[np.ndarray, np.ndarray]:
        """All passages' vectors; read again only after somebody wrote."""
        import numpy as np

        with self.records.lock:
            now = self.records.state()
            if self._vectors is None or self._vectors[0] != now:
                found = self.records.query("SELECT id, vector FROM passage ORDER BY id")
                rows = np.array([row for row, _ in found], np.int64)
                matrix = np.frombuffer(b"".join(vector for _, vector in found), np.int8).reshape(-1, DIM)
                self._vectors = (now, rows, matrix)
            return self._vectors[1:]

    def page(self, title: str, n: int = 1) -> Passage:
        """One passage by its place. Raises DeviceError, naming near titles, when there is none."""
        title = storable(title).strip()
        found = self._passages("document.title = ? AND passage.n = ?", title, min(n, 2**31))
        if found:
            return found[0]
        if first := self._passages("document.title = ? AND passage.n = 1", title):
            raise DeviceError(f"{first[0].title} has pages 1 to {first[0].of}")
        near = list(dict.fromkeys(passage.title for passage in self.search(title, 8)))[:3]
        raise DeviceError(f"no document {title[:60]!r}" + (f"; near: {', '.join(near)}" if near else ""))

    def titles(self) -> list[str]:
        return [str(title) for (title,) in self.records.query("SELECT title FROM document ORDER BY title")]

    def documents(self) -> list[dict[str, Any]]:
        """Every document: path, title, passages, label, folder."""
        rows = self.records.query(
            "SELECT document.id, title, source, folder, label, COUNT(passage.id) FROM document "
            "LEFT JOIN passage ON passage.document = document.id GROUP BY document.id ORDER BY folder, source, title"
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
        folders = self.records.query(
            "SELECT mounted.folder, COUNT(document.id) FROM mounted LEFT JOIN document ON document.folder = mounted.folder "
            "GROUP BY mounted.folder ORDER BY mounted.folder"
        )
        pages, size = self.records.query("SELECT page_count, page_size FROM pragma_page_count, pragma_page_size")[0]
        return {
            "documents": self.records.count("document"),
            "passages": self.records.count("passage"),
            "characters": self.records.query("SELECT COALESCE(SUM(LENGTH(text)), 0) FROM passage")[0][0],
            "paged_out": self.records.count("document WHERE source LIKE 'window:%'"),
            "folders": [{"folder": folder, "documents": count} for folder, count in folders],
            "bytes": pages * size,
            "embedder": f"hashed words and word pieces, {DIM} dimensions (spelling, not meaning)",
            "sound": self.records.query("PRAGMA quick_check(1)")[0][0] == "ok",
        }

    def _passages(self, where: str, *values: object, score: float = 0.0) -> list[Passage]:
        rows = self.records.query(
            "SELECT title, n, (SELECT COUNT(*) FROM passage AS p WHERE p.document = document.id), text, source, folder, label "
            f"FROM passage JOIN document ON document.id = passage.document WHERE {where}",
            *values,
        )
        return [
            Passage(title, n, of, text, source, _path(folder, source), _label(label, f"{title}#{n}"), score)
            for title, n, of, text, source, folder, label in rows
        ]


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
