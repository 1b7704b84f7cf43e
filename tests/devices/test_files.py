"""The home folder: commands, and every way out of it that we could think of."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.devices import home
from llmos.devices.base import MAX_RESULT, Context, DeviceError
from llmos.devices.files import Files
from llmos.devices.home import MAX_FILE, split
from llmos_kernel.effects import effect_of

from .helpers import accepts, ask, refusal


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A home folder beside a secret that must not be reached."""
    (tmp_path / "secret.txt").write_text("SECRET", encoding="utf-8")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("SECRET", encoding="utf-8")
    return Files(tmp_path / "home")


def test_write_append_read_list_search(files: Files) -> None:
    assert ask(files, "ls") == "empty"
    assert ask(files, "write notes.txt Buy milk") == "wrote notes.txt, now 9 bytes"
    assert ask(files, "append notes.txt and bread") == "appended to notes.txt, now 19 bytes"
    assert ask(files, "cat notes.txt") == "Buy milk\nand bread"
    ask(files, "write trips/2026/plan.md # Rome")
    assert ask(files, "ls") == "notes.txt 19 bytes\ntrips/"
    assert ask(files, "ls trips/2026") == "plan.md 7 bytes"
    assert ask(files, "search BREAD") == "notes.txt:2: and bread"
    assert ask(files, "search nothing like it") == "nothing found"


def test_the_origin_is_the_file(files: Files) -> None:
    ask(files, "write a.txt x")
    assert files.call("cat a.txt", Context()).origin == "file:a.txt"


def test_writing_replaces_and_quotes_allow_spaces(files: Files) -> None:
    ask(files, 'write "my file.txt" one')
    ask(files, 'write "my file.txt" two')
    assert ask(files, 'cat "my file.txt"') == ask(files, "cat my file.txt") == "two"


WAYS_OUT = [
    "cat ../secret.txt",
    "cat ./../secret.txt",
    "cat a/../../secret.txt",
    "cat a/b/../../../secret.txt",
    "cat ..",
    "ls ..",
    "ls a/..",
    "cat /etc/passwd",
    "cat //etc/passwd",
    "cat ~/secret.txt",
    "cat ~root/.profile",
    "cat link",
    "cat folder/secret.txt",
    "ls folder",
    "cat loop",
    "cat absolute",
    "cat proc/self/environ",
    "write link gotcha",
    "append link gotcha",
    "write folder/secret.txt gotcha",
    "write folder/new.txt gotcha",
    "write ../new.txt gotcha",
    "write /tmp/new.txt gotcha",
    "cat secret.txt\0.txt",
    "cat \0",
    "cat a\nb",
    "cat \ud800",
    "write \u202egpj.exe x",
    "cat pipe",
    "write pipe x",
    "cat a",
    "write a x",
    "cat " + "x" * 256,
    "cat " + "x/" * 500,
    "cat",
    "cat ",
    "write",
    "write .llmos-0 x",
    "rm a",
    "ls a; cat /etc/passwd",
    "cat $(id)",
    "cat %2e%2e/secret.txt",
    "cat ．．/secret.txt",
    "search",
    "",
]


@pytest.mark.parametrize("text", WAYS_OUT, ids=lambda text: ascii(text[:24]))
def test_no_way_out(files: Files, tmp_path: Path, text: str) -> None:
    root = tmp_path / "home"
    (root / "a").mkdir(parents=True)
    (root / "link").symlink_to("../secret.txt")
    (root / "absolute").symlink_to("/etc/passwd")
    (root / "folder").symlink_to("../outside", target_is_directory=True)
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe")
    line = refusal(files, text)
    assert line
    assert "SECRET" not in line
    assert str(tmp_path) not in line
    assert {p.name for p in tmp_path.iterdir()} == {"secret.txt", "outside", "home"}
    assert (tmp_path / "secret.txt").read_text(encoding="utf-8") == "SECRET"
    assert [p.name for p in (tmp_path / "outside").iterdir()] == ["secret.txt"]


def test_search_does_not_follow_links(files: Files, tmp_path: Path) -> None:
    ask(files, "write here.txt nothing")
    (tmp_path / "home" / "link").symlink_to("../secret.txt")
    (tmp_path / "home" / "folder").symlink_to("../outside", target_is_directory=True)
    assert ask(files, "search SECRET") == "nothing found"


def test_a_folder_swapped_for_a_link_is_never_followed(files: Files, tmp_path: Path) -> None:
    """Another thread swaps a folder for a link to the outside again and again while the file is read."""
    root = tmp_path / "home"
    (root / "real").mkdir(parents=True)
    (root / "real" / "secret.txt").write_text("harmless", encoding="utf-8")
    (root / "trap").symlink_to("../outside", target_is_directory=True)
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            for source in ("real", "trap"):
                os.rename(root / source, root / "door")
                os.rename(root / "door", root / source)

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        seen = {refusal(files, "cat door/secret.txt") or ask_or_gone(files) for _ in range(400)}
    finally:
        done.set()
        swapper.join()
    assert not any("SECRET" in text for text in seen)


def ask_or_gone(files: Files) -> str:
    return refusal(files, "cat door/secret.txt") or "read"


def test_files_too_large_are_refused_and_the_old_one_stays(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(files, "write a.txt short")
    assert refusal(files, "write a.txt " + "x" * MAX_FILE)
    assert ask(files, "cat a.txt") == "short"
    monkeypatch.setattr(home, "MAX_WRITTEN", 100)
    assert refusal(files, "write b.txt " + "x" * 100)


def test_long_results_are_cut_with_a_notice(files: Files, tmp_path: Path) -> None:
    ask(files, "write a.txt " + "word " * 5000)
    text = ask(files, "cat a.txt")
    assert len(text) < MAX_RESULT + 100
    assert "[cut: 24,999 characters in all]" in text
    (tmp_path / "home" / "big.txt").write_bytes(b"y" * (MAX_FILE + 5))
    assert f"[the file has {MAX_FILE + 5:,} bytes]" in ask(files, "cat big.txt")


def test_a_file_is_mapped_whole_or_refused_with_its_size(files: Files, tmp_path: Path) -> None:
    ask(files, "write a.txt x")
    path = tmp_path / "home" / "a.txt"
    path.write_text("word " * 20_000 + "last\n", encoding="utf-8")
    assert ask(files, "map a.txt") == "word " * 20_000 + "last"
    path.write_text("word " * 40_001, encoding="utf-8")
    assert refusal(files, "map a.txt") == "a.txt: 200,005 bytes; a file of at most 200,000 characters can be mapped"
    path.write_bytes(b"x" * (MAX_FILE + 1))
    assert "262,145 bytes" in refusal(files, "map a.txt")
    path.write_text("\n \n", encoding="utf-8")
    assert refusal(files, "map a.txt") == "a.txt: empty"
    assert refusal(files, "map b.txt").startswith("b.txt: no such file")
    assert effect_of("files", "map a.txt") == effect_of("files", "cat a.txt")


def test_files_that_are_not_text(files: Files, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "binary").write_bytes(b"\x7fELF\0\1")
    (tmp_path / "home" / "latin").write_bytes("Käse".encode("latin-1"))
    (tmp_path / "home" / "right").write_text("� is a character", encoding="utf-8")
    assert refusal(files, "cat binary") == "binary: not text (6 bytes)"
    assert ask(files, "cat latin") == "K�se\n[some bytes are not UTF-8 and show as �]"
    assert ask(files, "cat right") == "� is a character"
    os.rename(tmp_path / "home" / "latin", os.fsencode(tmp_path / "home") + b"/bad\xff\nname")
    assert "bad��name" in ask(files, "ls")


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(files, "write a.txt old")

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert refusal(files, "write a.txt new") == "a.txt: the disk is full"
    assert [p.name for p in (tmp_path / "home").iterdir()] == ["a.txt"]
    assert ask(files, "cat a.txt") == "old"


def test_appends_from_many_threads_all_arrive(files: Files) -> None:
    threads = [threading.Thread(target=ask, args=(files, f"append log.txt line{n}")) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ask(files, "cat log.txt").split()) == sorted(f"line{n}" for n in range(20))


def test_a_cancelled_search_stops(files: Files) -> None:
    ask(files, "write a.txt x")
    assert refusal(files, "search x", Context(cancelled=lambda: True)) == "cancelled"
    assert refusal(files, "search x", Context(timeout=0)) == "timed out after 0 seconds"


@given(st.text(st.sampled_from("a./~\0\n\\é "), max_size=12))
def test_a_path_that_is_let_through_has_only_plain_steps(path: str) -> None:
    with suppress(DeviceError):
        parts = split(path)
        assert all(part not in ("", ".", "..") and "/" not in part and "\0" not in part for part in parts)
        assert not path.startswith("/")


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    files = Files(tmp_path_factory.mktemp("home"))
    files.home.write("a", text.encode())
    assert files.home.read("a") == (text.encode(), len(text.encode()))


@pytest.mark.parametrize("text", ["ls", "ls a/b", "cat notes.txt", "write a.txt some words", "search x y"])
def test_grammar_accepts_commands(files: Files, text: str) -> None:
    assert accepts(files.grammar, text)


@pytest.mark.parametrize("text", ["", "rm a", "cat ../a", "cat /etc/passwd", "cat", "write a.txt"])
def test_grammar_rejects_other_text(files: Files, text: str) -> None:
    assert not accepts(files.grammar, text)


def test_names_of_the_home_folder_list_it_unless_a_folder_bears_them(files: Files) -> None:
    ask(files, "write a.txt x")
    assert (
        ask(files, "ls home") == ask(files, "ls my files") == ask(files, "list") == ask(files, "ls") == "a.txt 2 bytes"
    )
    ask(files, "write home/b.txt yy")
    assert ask(files, "ls home") == "b.txt 3 bytes"


def test_commands_as_people_type_them(files: Files) -> None:
    assert ask(files, "WRITE 'my list.txt' it's milk") == "wrote my list.txt, now 10 bytes"
    assert ask(files, "cat 'my list.txt'") == "it's milk"
    assert ask(files, "write 'tis.txt it's late") == "wrote 'tis.txt, now 10 bytes"
    listed = ask(files, "ls")
    for form in ("LS", "ls /", "ls ~", "ls -la", "ls -l .", "ls *"):
        assert ask(files, form) == listed


def test_other_words_for_the_commands(files: Files) -> None:
    ask(files, "save a.txt one")
    assert ask(files, "read a.txt") == ask(files, "show a.txt") == "one"
    assert ask(files, "grep one") == ask(files, "find one") == "a.txt:1: one"


def test_a_name_that_is_no_file_comes_back_with_what_may_have_been_meant(files: Files) -> None:
    ask(files, "write wifi.txt secret")
    ask(files, "write notes/Plan.txt x")
    assert refusal(files, "cat WiFi.txt") == "WiFi.txt: no such file; there is wifi.txt"
    assert refusal(files, "cat notes/plan.TXT") == "notes/plan.TXT: no such file; there is notes/Plan.txt"
    assert refusal(files, "cat Berlin").endswith("search TEXT looks into them")


@pytest.mark.parametrize(
    "text", ["ls home", "ls my files", "list", "read a.txt", "save a.txt x", "grep words", "dir notes"]
)
def test_the_monitor_reads_these_as_the_device_does(files: Files, text: str) -> None:
    effect = effect_of("files", text)
    assert not effect.problem
    wanted = {"l": ((), "r"), "r": (("a.txt",), "r"), "s": (("a.txt",), "w"), "g": ((), "r"), "d": (("notes",), "r")}
    assert wanted[text[0]] in effect.touches
