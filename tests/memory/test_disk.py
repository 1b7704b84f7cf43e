"""`llmos disk`: one JSON object each, incremental mounts, results that say where, how good and whose."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from typer.testing import CliRunner

from llmos import paths
from llmos.devices import mounting
from llmos.devices.base import DeviceError
from llmos.devices.embedder import DIM, cosines, embed
from llmos.devices.library import Library
from llmos.disk import disk_app
from llmos.errors import LlmosError, UsageError
from llmos_kernel.labels import Label, Ring


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "texts"
    (made / "sub").mkdir(parents=True)
    (made / "a.md").write_text("# Paging\n\nA page fault brings the page back.", encoding="utf-8")
    (made / "sub" / "a.md").write_text("# Paging\n\nAnother text of that title, about scheduling.", encoding="utf-8")
    (made / "b.html").write_text("<title>Locks</title><p>A lock has a key.</p>", encoding="utf-8")
    (made / "c.txt").write_text("Zebras graze.", encoding="utf-8")
    return made


def disk(tmp_path: Path, *words: str) -> Any:
    result = CliRunner().invoke(disk_app, [*words, "--disk", str(tmp_path / "disk.db"), "--json"])
    assert result.exit_code == 0, result.output
    assert result.stdout.count("\n") == 1
    return json.loads(result.stdout)


def test_mount_list_search_and_stat(tmp_path: Path, folder: Path) -> None:
    mounted = disk(tmp_path, "mount", str(folder))
    assert (mounted["files"], mounted["added"], mounted["skipped"]) == (4, 4, [])
    listed = disk(tmp_path, "ls")["documents"]
    assert {Path(d["path"]).name for d in listed} == {"a.md", "b.html", "c.txt"}
    assert len({d["title"] for d in listed}) == 4, "equal titles do not replace each other"
    first = disk(tmp_path, "search", "page fault")["results"][0]
    assert first["path"] == str(folder / "a.md")
    assert "brings the page back" in first["passage"]
    assert first["label"] == "DATA"
    assert first["score"] > 0
    stat = disk(tmp_path, "stat")
    assert (stat["documents"], stat["sound"]) == (4, True)


def test_a_second_mount_reads_only_what_changed(tmp_path: Path, folder: Path) -> None:
    disk(tmp_path, "mount", str(folder))
    (folder / "c.txt").write_text("Giraffes graze now.", encoding="utf-8")
    (folder / "b.html").unlink()
    (folder / "d.txt").write_text("New.", encoding="utf-8")
    again = disk(tmp_path, "mount", str(folder))
    assert [again[k] for k in ("added", "changed", "unchanged", "removed", "files")] == [1, 1, 2, 1, 4]
    assert disk(tmp_path, "search", "zebras")["results"] == []
    assert disk(tmp_path, "search", "giraffes")["results"][0]["path"].endswith("c.txt")


def test_bad_use_is_refused_and_no_disk_yet_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "disk", lambda: tmp_path / "disk.db")
    for words, name in ((["ls"], "documents"), (["search", "x"], "results")):
        assert json.loads(CliRunner().invoke(disk_app, [*words, "--json"]).stdout)[name] == []
    assert not (tmp_path / "disk.db").exists()
    for words in (["mount", str(tmp_path / "none")], ["search", " "], ["ls", "--disk", str(tmp_path / "named.db")]):
        assert isinstance(CliRunner().invoke(disk_app, words).exception, UsageError)


def test_a_record_keeps_its_own_label() -> None:
    library = Library()
    library.add("Secret", "the swallow flies at noon", label=Label(Ring.USER, ("ana",), ("letter",)))
    assert library.search("swallow")[0].label == Label(Ring.USER, ("ana",), ("letter",))
    assert library.forget("secret")
    assert library.search("swallow") == []


def test_what_windows_left_is_forgotten_and_nothing_else(tmp_path: Path, folder: Path) -> None:
    disk(tmp_path, "mount", str(folder))
    library = Library(tmp_path / "disk.db")
    for word in ("sparrow", "swallow"):
        assert library.keep("window 2 part 1", word, Label(Ring.USER)).startswith("window 2 part 1")
    library.add("Own", "a magpie")
    library.close()
    assert disk(tmp_path, "stat")["paged_out"] == 2
    assert disk(tmp_path, "forget", "window 2 part 1 (2)") == {"removed": 1}
    assert disk(tmp_path, "forget", "--windows") == {"removed": 1}
    assert disk(tmp_path, "search", "swallow")["results"] == []
    assert disk(tmp_path, "search", "magpie")["results"]
    assert disk(tmp_path, "stat")["documents"] == 5
    for words in (["forget"], ["forget", "Own", "--windows"], ["forget", "nosuch"]):
        result = CliRunner().invoke(disk_app, [*words, "--disk", str(tmp_path / "disk.db")])
        assert isinstance(result.exception, UsageError)


def test_spelling_is_forgiven() -> None:
    library = Library()
    library.add("One", "The scheduler preempts a process.")
    library.add("Two", "Bread is baked from flour.")
    assert library.search("sheduler")[0].title == "One"
    assert embed("the of and").tolist() == [0] * DIM
    near = cosines(embed("scheduling")[None], embed("scheduler"))[0]
    assert near > cosines(embed("scheduling")[None], embed("bread"))[0]


def test_of_a_large_file_the_beginning_is_mounted_and_the_rest_is_named(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounting, "MAX_DOCUMENT", 50)
    (folder / "c.txt").write_text("Zebras graze. " * 10, encoding="utf-8")
    for _ in range(2):
        mounted = disk(tmp_path, "mount", str(folder))
        assert {"path": "c.txt", "why": "all but the first 50 of 140 bytes"} in mounted["skipped"]
    assert mounted["files"] == 4


def test_a_folder_is_no_disk(tmp_path: Path, folder: Path) -> None:
    result = CliRunner().invoke(disk_app, ["mount", str(folder), "--disk", str(tmp_path)])
    assert isinstance(result.exception, LlmosError)
    assert "can't be opened" in str(result.exception)


def test_odd_folders_are_mounted_as_far_as_they_can_be_read(tmp_path: Path, folder: Path) -> None:
    (folder / "link.txt").symlink_to(tmp_path / "elsewhere.txt")
    (folder / "loop").symlink_to(folder)
    (folder / "round.txt").symlink_to(folder / "round.txt")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "x.txt").write_text("hidden", encoding="utf-8")
    (folder / "picture.txt").write_bytes(b"\x89PNG\0\0")
    (folder / "nothing.md").write_text(" \n", encoding="utf-8")
    (folder / "latin.txt").write_bytes("Ein Käfer".encode("latin-1"))
    (folder / "UPPER.TXT").write_text("Upper case suffix.", encoding="utf-8")
    (folder / "wide.md").write_text("# Wide\n\nLetters of two bytes.", encoding="utf-16")
    (folder / "marked.md").write_text("# Marked\n\nA mark before the first letter.", encoding="utf-8-sig")
    os.mkfifo(folder / "pipe.txt")
    mounted = disk(tmp_path, "mount", str(folder))
    assert mounted["skipped"] == [{"path": "nothing.md", "why": "empty"}, {"path": "picture.txt", "why": "not a text"}]
    assert (mounted["files"], mounted["added"], mounted["total"]) == (8, 8, 10)
    assert {"Wide", "Marked"} <= {one["title"] for one in disk(tmp_path, "ls")["documents"]}
    (folder / "c.txt").write_bytes(b"\0\0")
    again = disk(tmp_path, "mount", str(folder))
    assert (again["files"], again["unchanged"], again["removed"]) == (7, 7, 1), "what is no text any more is gone"


def test_names_that_are_not_utf_8_are_spelled_out(tmp_path: Path, folder: Path) -> None:
    raw = os.fsencode(folder) + b"/caf\xe9"
    os.mkdir(raw)
    for name in (b"/gr\xfc\xdfe.txt", b"/gr\xfc\xdee.txt"):
        with open(raw + name, "wb") as file:
            file.write(b"Greetings from the mountains.")
    for n in (2, 0):
        mounted = disk(tmp_path, "mount", str(folder))
        assert (mounted["files"], mounted["added"], mounted["skipped"]) == (6, n + (n and 4), [])
    found = disk(tmp_path, "search", "greetings mountains")["results"]
    assert [Path(one["path"]).name for one in found[:2]] == [r"gr\xfc\xdee.txt", r"gr\xfc\xdfe.txt"]
    assert disk(tmp_path, "mount", os.fsdecode(raw))["files"] == 2
    assert disk(tmp_path, "search", "\udcff greetings \ud800")["results"]


def test_folders_that_cannot_be_listed_are_named(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root nothing is closed, so the refusal is made."""
    disk(tmp_path, "mount", str(folder))
    scandir, closed = os.scandir, [str(folder / "sub")]

    def refuse(path: str) -> Any:
        if str(path) in closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert disk(tmp_path, "mount", str(folder))["skipped"] == [{"path": "sub", "why": "Permission denied"}]
    before = disk(tmp_path, "ls")
    closed.append(str(folder))
    result = CliRunner().invoke(disk_app, ["mount", str(folder), "--disk", str(tmp_path / "disk.db")])
    assert isinstance(result.exception, LlmosError)
    assert "Permission denied" in str(result.exception)
    assert disk(tmp_path, "ls") == before, "nothing is thrown away because its folder is closed"


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Nothing in `folder` can be written, by root neither."""
    closed = {folder: 0o555} | dict.fromkeys(folder.iterdir(), 0o444)
    for path, mode in closed.items():
        path.chmod(mode)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        for path in closed:
            path.chmod(0o755)


def test_a_disk_that_cannot_be_written_can_be_searched(folder: Path) -> None:
    with TemporaryDirectory() as place:
        made = Library(Path(place, "disk.db"))
        made.mount(folder)
        made.close()
        with unwritable(Path(place)):
            library = Library(Path(place, "disk.db"))
            assert library.search("page fault")[0].title == "Paging"
            assert library.stat()["sound"]
            assert len(library.documents()) == 4
            with pytest.raises(DeviceError, match="the disk can't be written: it may only be read here"):
                library.add("New", "text")
            library.close()
            assert os.listdir(place) == ["disk.db"]


def test_a_disk_without_room_keeps_what_it_has(folder: Path) -> None:
    library = Library()
    library.mount(folder)
    pages = library.records.query("PRAGMA page_count")[0][0]
    library.records.query(f"PRAGMA max_page_count = {pages}")
    (folder / "long.txt").write_text("many words " * 10_000, encoding="utf-8")
    with pytest.raises(DeviceError, match="no room is left where it lies; what it holds already stays"):
        library.mount(folder)
    assert library.search("zebras")
    assert not library.search("many")
    library.records.query("PRAGMA max_page_count = 100000")
    assert library.mount(folder).added == 1


def test_a_disk_that_cannot_be_written_and_has_a_log_says_so(tmp_path: Path, folder: Path) -> None:
    writer = Library(tmp_path / "disk.db")
    writer.mount(folder)
    with TemporaryDirectory() as place:
        for name in ("disk.db", "disk.db-wal"):
            shutil.copy(tmp_path / name, place)
        with unwritable(Path(place)), pytest.raises(DeviceError, match=r"still in disk\.db-wal"):
            Library(Path(place, "disk.db"))
    writer.close()


def test_no_file_steers_the_terminal(tmp_path: Path, folder: Path) -> None:
    (folder / "\x1b]0;name.txt").write_text("# Ti\x1b[2Jtle\n\nbody \x1b[31m red", encoding="utf-8")
    (folder / "\x1b[1mno.txt").write_text("", encoding="utf-8")
    for words in (["mount", str(folder)], ["ls"], ["search", "body red"], ["stat"]):
        said = CliRunner().invoke(disk_app, [*words, "--disk", str(tmp_path / "disk.db")]).stdout
        assert said
        assert "\x1b" not in said
