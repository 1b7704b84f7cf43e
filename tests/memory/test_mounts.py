"""Mounted folders: one inside another, gone ones, files that can't be read now, odd encodings, and several writers at once."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from llmos.devices import mounting, records
from llmos.devices.base import DeviceError
from llmos.devices.library import Library
from llmos.devices.mounting import Mounted
from llmos.devices.mounts import NotMounted
from llmos.devices.records import VERSION

from .test_disk import disk


@pytest.fixture
def nest(tmp_path: Path) -> Path:
    made = tmp_path / "nest"
    for name, text in (("a.txt", "apples"), ("sub/b.txt", "bread"), ("sub/c.txt", "carrots"), (".hid/d.txt", "dates")):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text, encoding="utf-8")
    return made


def counts(report: Mounted) -> list[int]:
    return [report.files, report.added, report.changed, report.unchanged, report.removed]


def words(library: Library) -> set[str]:
    return {w for w in ("apples", "bread", "carrots", "dates", "eggs") if [p for p in library.search(w) if p.text == w]}


def roots(library: Library) -> dict[str, int]:
    return {Path(one["folder"]).name: one["documents"] for one in library.stat()["folders"]}


# -- folders inside folders ---------------------------------------------------------------------------------------------


def test_a_folder_inside_a_mounted_one_takes_nothing_twice(nest: Path) -> None:
    library = Library()
    assert counts(library.mount(nest)) == [3, 3, 0, 0, 0]
    for _ in range(2):
        assert counts(library.mount(nest / "sub")) == [2, 0, 0, 2, 0]
        assert counts(library.mount(nest)) == [3, 0, 0, 3, 0]
    assert roots(library) == {"nest": 1, "sub": 2}
    (nest / "sub" / "c.txt").unlink()
    (nest / "sub" / "e.txt").write_text("eggs", encoding="utf-8")
    assert counts(library.mount(nest)) == [3, 1, 0, 2, 1]
    assert counts(library.mount(nest / "sub")) == [2, 0, 0, 2, 0]
    assert words(library) == {"apples", "bread", "eggs"}
    assert {d["path"] for d in library.documents()} == {str(nest / n) for n in ("a.txt", "sub/b.txt", "sub/e.txt")}


def test_the_order_of_mounts_does_not_matter(nest: Path) -> None:
    orders = [(nest, nest / "sub"), (nest / "sub", nest), (nest / "sub", nest, nest / "sub", nest)]
    disks = []
    for order in orders:
        library = Library()
        for folder in order:
            library.mount(folder)
        disks.append(sorted((d["path"], d["folder"]) for d in library.documents()))
    assert disks[0] == disks[1] == disks[2]


def test_what_a_look_through_the_outer_folder_does_not_show_is_left_alone(nest: Path) -> None:
    library = Library()
    library.mount(nest / ".hid")
    assert counts(library.mount(nest)) == [3, 3, 0, 0, 0]
    assert words(library) == {"apples", "bread", "carrots", "dates"}
    library.unmount(nest / ".hid")
    assert words(library) == {"apples", "bread", "carrots"}


def test_unmount_removes_what_no_other_mount_brings(nest: Path) -> None:
    library = Library()
    library.add("Own", "eggs")
    library.mount(nest)
    library.mount(nest / "sub")
    inner = library.unmount(nest / "sub")
    assert (inner.removed, inner.kept, inner.above) == (0, 2, str(nest))
    library.mount(nest / "sub")
    assert library.unmount(nest).removed == 1
    assert words(library) == {"bread", "carrots", "eggs"}
    shutil.rmtree(nest)
    assert library.unmount(nest / "sub").removed == 2
    assert words(library) == {"eggs"}
    with pytest.raises(NotMounted, match="not mounted"):
        library.unmount(nest)


def test_a_folder_that_is_gone_is_unmounted_from_the_command_line(
    tmp_path: Path, nest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk(tmp_path, "mount", str(nest))
    shutil.rmtree(nest)
    monkeypatch.chdir(tmp_path)
    assert disk(tmp_path, "unmount", "nest") == {"folder": str(nest), "removed": 3, "kept": 0, "above": None}
    assert disk(tmp_path, "stat")["folders"] == []


def test_an_inner_mount_goes_with_its_folder(nest: Path) -> None:
    library = Library()
    library.mount(nest / "sub")
    shutil.rmtree(nest / "sub")
    assert counts(library.mount(nest)) == [1, 1, 0, 0, 2]
    assert words(library) == {"apples"}


def test_a_disk_of_the_format_before_is_brought_up_to_date(tmp_path: Path, nest: Path) -> None:
    first = Library(tmp_path / "disk.db")
    first.mount(nest / "sub")
    first.records.db.executescript("DROP TABLE mounted; PRAGMA user_version = 2;")
    first.close()
    library = Library(tmp_path / "disk.db")
    assert library.records.query("PRAGMA user_version")[0][0] == VERSION
    assert roots(library) == {"sub": 2}
    assert counts(library.mount(nest / "sub")) == [2, 0, 0, 2, 0]


# -- files that can't be read, titles without a text, encodings -----------------------------------------------------------


def test_what_cannot_be_read_now_stays_and_is_told(nest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library()
    library.mount(nest)
    (nest / "sub" / "b.txt").write_text("bread and butter", encoding="utf-8")
    read = mounting._bytes

    def refuse(path: Path) -> bytes:
        if path.name in ("b.txt", "new.txt"):
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(mounting, "_bytes", refuse)
    (nest / "new.txt").write_text("not known yet", encoding="utf-8")
    report = library.mount(nest)
    assert (report.files, report.removed, report.unreadable) == (3, 0, 2)
    assert report.skipped == [("new.txt", "Permission denied"), ("sub/b.txt", "Permission denied")]
    assert "bread" in words(library)
    monkeypatch.undo()
    assert counts(library.mount(nest)) == [4, 1, 1, 2, 0]
    assert library.search("butter")


def test_a_folder_that_goes_away_meanwhile_keeps_its_texts(nest: Path) -> None:
    library = Library()
    library.mount(nest)
    (nest / "a.txt").write_text("apples and pears", encoding="utf-8")

    def pulled_out(done: int, total: int) -> None:
        if nest.exists():
            nest.rename(nest.with_name("elsewhere"))

    with pytest.raises(DeviceError, match="has gone meanwhile"):
        library.mount(nest, pulled_out)
    assert {"bread", "carrots"} <= words(library)
    assert library.search("pears")
    nest.with_name("elsewhere").rename(nest)
    assert counts(library.mount(nest)) == [3, 0, 0, 3, 0]


def test_a_folder_that_cannot_be_listed_keeps_its_texts(nest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library, scandir = Library(), mounting.os.scandir
    library.mount(nest)

    def refuse(path: str) -> Any:
        if str(path) == str(nest / "sub"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(mounting.os, "scandir", refuse)
    report = library.mount(nest)
    assert (report.files, report.removed, report.unreadable) == (3, 0, 1)
    assert words(library) == {"apples", "bread", "carrots"}


@pytest.mark.parametrize(("name", "text"), [("t.md", "# Marmalade\n"), ("t.html", "<title>Marmalade</title>")])
def test_a_title_without_a_text_is_found(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    library = Library()
    report = library.mount(tmp_path)
    assert (report.files, report.passages) == (1, 1)
    assert library.search("marmalade")[0].text == "Marmalade"


NAIVE = "<p>naïve €</p>"
ENCODED = {
    "declared.html": ('<meta charset="windows-1252">' + NAIVE).encode("cp1252"),
    "as_latin.html": ("<META Charset = ISO-8859-1>" + NAIVE).encode("cp1252"),
    "long.html": ('<meta http-equiv="content-type" content="text/html; charset=koi8-r"><p>naïve').encode(
        "koi8-r", "xmlcharrefreplace"
    ),
    "x.xhtml": ('<?xml version="1.0" encoding="iso-8859-15"?>' + NAIVE).encode("iso-8859-15"),
    "wide.html": NAIVE.encode("utf-16"),
    "wide.txt": "naïve".encode("utf-16"),
    "widest.txt": "naïve".encode("utf-32"),
    "marked.txt": "naïve".encode("utf-8-sig"),
    "plain.txt": "naïve".encode(),
    "wrongly.html": ("<meta charset=utf-16>" + NAIVE).encode(),
}
GUESSED = {
    "latin.txt": "naïve café".encode("latin-1"),
    "quotes.txt": "“naïve”".encode("cp1252"),
    "undeclared.html": "<p>naïve</p>".encode("latin-1"),
    "liar.html": "<meta charset=utf-8><p>naïve</p>".encode("latin-1"),
    "broken.txt": "naïve ünïcödé".encode() + b"\xff",
}


@pytest.mark.parametrize("name", [*ENCODED, *GUESSED])
def test_bytes_are_read_as_they_are_declared(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes((ENCODED | GUESSED)[name])
    library = Library()
    report = library.mount(tmp_path)
    assert "naïve" in library.documents()[0]["title"] + library.page(library.titles()[0]).text
    assert report.guessed == (name in GUESSED)


def test_the_end_of_a_text_that_is_cut_within_a_letter_is_no_wrong_encoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounting, "MAX_DOCUMENT", 10)
    (tmp_path / "long.txt").write_text("123456789é", encoding="utf-8")
    library = Library()
    assert library.mount(tmp_path).guessed == 0
    assert library.page("long").text == "123456789"


# -- several writers ------------------------------------------------------------------------------------------------------


def turn(path: Path) -> None:
    """Somebody else writes, and would not wait."""
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("ROLLBACK")
    other.close()


def test_nobody_waits_while_a_text_is_embedded_or_another_is_removed(
    tmp_path: Path, nest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, embed, turns = tmp_path / "disk.db", records.embed, list[str]()
    library = Library(path)

    def embedding(text: str) -> Any:
        turn(path)
        turns.append("embedded")
        return embed(text)

    def resting(seconds: float) -> None:
        turn(path)
        turns.append("removed")

    monkeypatch.setattr(records, "embed", embedding)
    monkeypatch.setattr(records.time, "sleep", resting)
    library.mount(nest)
    library.add("One", "more")
    library.unmount(nest)
    assert turns == ["embedded"] * 4 + ["removed"] * 3


def test_one_folder_is_mounted_by_several_at_once(tmp_path: Path, nest: Path) -> None:
    reports, start = list[Mounted](), threading.Barrier(4)

    def mount() -> None:
        start.wait()
        reports.append(Library(tmp_path / "disk.db").mount(nest))

    threads = [threading.Thread(target=mount) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(one.files, one.passages) for one in reports] == [(3, 3)] * 4
    assert words(Library(tmp_path / "disk.db")) == {"apples", "bread", "carrots"}


def test_a_disk_that_others_keep_busy_says_so_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "WAIT", 0.01)
    first, second = Library(tmp_path / "disk.db"), Library(tmp_path / "disk.db")
    with first.records.writing(), pytest.raises(DeviceError, match=r"busy for 0\.01 seconds; try again"):
        second.add("One", "text")
    assert second.add("One", "text") == 1


def test_a_text_that_is_left_half_embedded_leaves_the_old_one(nest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library, embed, done = Library(), records.embed, list[int]()
    library.mount(nest)
    (nest / "a.txt").write_text("\n\n".join("eggs " * 100 for _ in range(20)), encoding="utf-8")

    def interrupted(text: str) -> Any:
        done.append(1)
        if len(done) == 5:
            raise KeyboardInterrupt
        return embed(text)

    monkeypatch.setattr(records, "embed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        library.mount(nest)
    assert "apples" in words(library)
    assert library.search("eggs") == []
    assert library.mount(nest).changed == 1
    assert library.search("eggs")[0].of == 20


def test_progress_moves_within_a_file(nest: Path) -> None:
    (nest / "a.txt").write_text("\n\n".join("eggs " * 100 for _ in range(20)), encoding="utf-8")
    told = list[tuple[int, int]]()
    Library().mount(nest, lambda done, total: told.append((done, total)))
    size = sum(path.stat().st_size for path in (nest / "a.txt", nest / "sub" / "b.txt", nest / "sub" / "c.txt"))
    assert {total for _, total in told} == {size}
    assert len({done for done, _ in told}) == 22
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (size, size)
