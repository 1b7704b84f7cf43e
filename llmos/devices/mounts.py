"""Mounted folders: what is below each is kept in step with the disk, and let go when it is unmounted.

Knows: which folders are mounted, and that a text belongs to the innermost of them. Does not know: how files become text
(`mounting.py`), how records are written (`records.py`). What is on the disk follows from the files and the folders that are
mounted, in whatever order that happened; a mount that was cut short goes on the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .base import DeviceError
from .mounting import Found, Known, Mounted, documents, inside, nearest, survey, written
from .passages import titled
from .records import Records, prepared

Progress = Callable[[int, int], None]  # bytes done, bytes in all


class NotMounted(DeviceError):
    """There is no such folder among the mounted."""


@dataclass(frozen=True)
class Unmounted:
    """What came of unmounting a folder. `kept` texts belong to `above` now, a mounted folder around it."""

    folder: str
    removed: int
    kept: int = 0
    above: str | None = None


class Mounts:
    """The mounted folders of `records`."""

    def __init__(self, records: Records) -> None:
        self.records = records

    def folders(self) -> list[str]:
        return [folder for (folder,) in self.records.query("SELECT folder FROM mounted ORDER BY folder")]

    def mount(self, folder: Path, progress: Progress) -> Mounted:
        """Bring the disk in step with every text below `folder`, those of mounted folders inside it too.

        Raises DeviceError when the folder can't be listed or goes away, or the disk can't be written.
        """
        folder = folder.resolve()
        report = Mounted(written(folder))
        mounted = _in_sight(report.folder, [*self.folders(), report.folder])
        files = documents(folder, mounted, report)
        self._claim(report.folder)
        known = self._known(mounted)
        size = sum(file.size for file in files)
        for found in survey(files, known, report):
            self._write(found, size, progress)
        if not folder.is_dir():  # a stick that was pulled out, say: its texts are not gone for that
            raise DeviceError(f"{report.folder}: the folder has gone meanwhile; what the disk has of it stays")
        progress(size, size)
        gone = [place for place in known if not report.stays(place)]
        self.records.remove_all(gone)
        report.removed = len(gone)
        report.files, report.passages = self._counts(mounted)
        return report

    def unmount(self, folder: Path) -> Unmounted:
        """Let go of a folder, whether it is still there or not. Raises NotMounted."""
        mounted = self.folders()
        names = [written(folder.resolve()), written(folder.absolute())]
        name = next((name for name in names if name in mounted), None)
        if name is None:
            raise NotMounted(f"{names[0]}: not mounted")
        above = nearest(name, [one for one in mounted if one != name])
        if above is not None and _hidden(name, above):
            above = None
        places = list(self._known([name]))
        if above is None:
            self.records.remove_all(places)
        with self.records.writing():
            if above is not None:
                self._hand_over(places, above)
            self.records.db.execute("DELETE FROM mounted WHERE folder = ?", (name,))
        return Unmounted(name, 0, len(places), above) if above else Unmounted(name, len(places))

    def _claim(self, name: str) -> None:
        """From now on `name` is mounted, and owns what folders around it have brought from it."""
        prefix = name.rstrip("/") + "/"
        outer = "document WHERE substr(place, 1, length(?1)) = ?1 AND folder != '' AND length(folder) < length(?2)"
        places = [place for (place,) in self.records.query(f"SELECT place FROM {outer}", prefix, name)]
        if name in self.folders() and not places:
            return
        with self.records.writing():
            self.records.db.execute("INSERT OR IGNORE INTO mounted VALUES (?)", (name,))
            self._hand_over(places, name)

    def _hand_over(self, places: Sequence[str], folder: str) -> None:
        self.records.db.executemany(
            "UPDATE document SET folder = ?, source = ? WHERE place = ?",
            [(folder, inside(place, folder), place) for place in places],
        )

    def _write(self, found: Found, size: int, progress: Progress) -> None:
        """One document. What takes long comes before the transaction."""
        file = found.file
        if found.text is None:
            with self.records.writing():
                self.records.db.execute("UPDATE document SET stamp = ? WHERE place = ?", (found.stamp, file.place))
            return
        title, body = titled(found.text)
        title = title or Path(file.place).stem
        parts = prepared(title, body, lambda part: progress(found.before + round(part * file.size), size))
        with self.records.writing():
            source = inside(file.place, file.folder)
            self.records.put(file.place, title, parts, source, None, (file.folder, found.stamp, found.hash))

    def _known(self, folders: Collection[str]) -> dict[str, Known]:
        rows = self.records.query(f"SELECT place, stamp, hash FROM document WHERE {_among(folders)}", *folders)
        return {place: Known(stamp, digest) for place, stamp, digest in rows}

    def _counts(self, folders: Collection[str]) -> tuple[int, int]:
        """Documents and passages."""
        joined = "passage JOIN document ON document.id = passage.document"
        among = _among(folders)
        return self.records.count(f"document WHERE {among}", *folders), self.records.count(
            f"{joined} WHERE {among}", *folders
        )


def _among(folders: Collection[str]) -> str:
    return f"folder IN ({', '.join('?' * len(folders))})"


def _in_sight(name: str, folders: Collection[str]) -> set[str]:
    """Those of `folders` that a look through `name` comes through: itself, and those inside that are not hidden."""
    return {one for one in folders if nearest(one, [name]) and not _hidden(one, name)}


def _hidden(place: str, folder: str) -> bool:
    """Does a name between them begin with a dot?"""
    return any(part.startswith(".") for part in PurePosixPath(inside(place, folder)).parts)
