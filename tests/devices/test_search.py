"""The retrieval disk: what is put in is found again, with its place; hostile queries find nothing worse than nothing."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.devices.base import Context, DeviceError
from llmos.devices.library import Library
from llmos.devices.passages import SIZE, passages, titled
from llmos.devices.search import Page, Search

from .helpers import accepts, ask, refusal


@pytest.fixture
def library() -> Library:
    made = Library()
    made.add(
        "Paging", "Memory is cut into pages.\n\n" + "A frame holds a page. " * 60 + "\n\nThe last page is partly empty."
    )
    made.add("Clocks", "A clock ticks. The clock hand sweeps over pages.")
    made.add("Käse", "Cheese is made from milk.")
    return made


def test_search_finds_the_passage_and_says_where(library: Library) -> None:
    result = Search(library).call("what is a clock?", Context())
    assert result.text == "[Clocks#1 of 1] A clock ticks. The clock hand sweeps over pages."
    assert result.origin == "disk:Clocks#1"


def test_page_reads_on(library: Library) -> None:
    page = Page(library)
    assert ask(page, "paging#1").startswith("[Paging#1 of 3] Memory is cut")
    assert ask(page, "Paging") == ask(page, "disk:PAGING#1")
    assert ask(page, "Paging#3").endswith("The last page is partly empty.")
    assert refusal(page, "Paging#4") == "Paging has pages 1 to 3"
    assert refusal(page, "clock hand") == "no document 'clock hand'; near: Clocks"
    assert ask(page, "KÄSE".replace("Ä", "ä") + "#1").endswith("milk.")


def test_words_are_found_in_other_forms_and_titles_count_more(library: Library) -> None:
    library.add("Deadlock", "Two processes wait.")
    library.add("Other", "One deadlock, two deadlocks, and processes that wait.")
    assert [passage.title for passage in library.search("deadlocks", 2)] == ["Deadlock", "Other"]
    assert library.search("tick", 1)[0].title == "Clocks"
    assert library.search("kase", 1)[0].title == "Käse"


HOSTILE = [
    '"',
    "'",
    "*",
    "a*",
    "NEAR(a b)",
    "title:clock",
    "clock AND",
    "OR",
    "(",
    "^clock",
    "-clock",
    "; DROP TABLE passage",
    "\0",
    "ﷺ",
]


@pytest.mark.parametrize("query", [*HOSTILE, "x " * 200, "\ud800"])
def test_hostile_queries_are_words_at_most(library: Library, query: str) -> None:
    refusal(Search(library), query)
    assert library.titles() == ["Clocks", "Käse", "Paging"]


@given(st.text(max_size=80))
def test_any_query_gives_passages_or_nothing(query: str) -> None:
    made = Library()
    made.add("A", "a b c 1 2 3")
    assert all(passage.title == "A" for passage in made.search(query))


@pytest.mark.parametrize(
    "text", ["", "#", "Paging#0", "Paging#-1", "Paging#x", "Paging#999999999", "Paging#" + "9" * 50, "\ud800"]
)
def test_hostile_places_are_refused(library: Library, text: str) -> None:
    assert refusal(Page(library), text)


def test_a_document_is_replaced_by_its_title(library: Library) -> None:
    library.add("clocks", "Water clocks drip.")
    assert library.titles().count("clocks") == 1
    assert library.search("ticks") == []
    assert library.search("drip")[0].text == "Water clocks drip."


def test_a_mounted_folder(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.md").write_text("# The title\n\nZebra.", encoding="utf-8")
    (tmp_path / "plain.txt").write_text("Giraffe.", encoding="utf-8")
    (tmp_path / "page.html").write_text("<title>T</title><p>Okapi <script>bad</script>", encoding="utf-8")
    (tmp_path / "binary.txt").write_bytes(b"\0\1")
    (tmp_path / "bad.txt").write_bytes(b"caf\xe9 Lynx")
    (tmp_path / "empty.md").write_text("", encoding="utf-8")
    (tmp_path / "link.md").symlink_to("/etc/hostname")
    (tmp_path / "image.png").write_bytes(b"x")
    library = Library()
    assert library.mount(tmp_path).files == 4
    assert library.titles() == ["bad", "plain", "T", "The title"]
    found = library.search("zebra")[0]
    assert (found.title, found.text, found.source, found.origin) == (
        "The title",
        "Zebra.",
        "sub/a.md",
        "disk:The title#1",
    )
    assert library.search("okapi")[0].text == "Okapi"
    with pytest.raises(DeviceError, match="no such folder"):
        library.mount(tmp_path / "none")


def test_a_store_on_disk_is_still_there_later(tmp_path: Path) -> None:
    first = Library(tmp_path / "disk.db")
    first.add("Kept", "It stays.")
    first.close()
    assert Library(tmp_path / "disk.db").page("Kept").text == "It stays."
    (tmp_path / "broken.db").write_bytes(b"this is no database at all, only bytes " * 50)
    with pytest.raises(DeviceError, match="can't be opened"):
        Library(tmp_path / "broken.db")


def test_many_threads_may_search_and_add(library: Library) -> None:
    def work(n: int) -> None:
        for i in range(10):
            library.add(f"T{n}-{i}", f"word{n} number{i}")
            assert library.search(f"word{n}", 50)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(library.titles()) == 63


@given(st.text(st.sampled_from("ab .\n!#é"), max_size=400), st.integers(10, 60))
def test_passages_lose_no_letter_and_fit(text: str, size: int) -> None:
    parts = passages(text, size)
    assert all(0 < len(part) <= size for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_a_heading_is_a_title() -> None:
    assert titled("# Paging\n\nText") == ("Paging", "\nText")
    assert titled("Text") == ("", "Text")
    assert SIZE > 0


@pytest.mark.parametrize(
    ("device", "text", "legal"),
    [
        (Search, "page fault", True),
        (Search, "", False),
        (Page, "Paging#2", True),
        (Page, "A b", True),
        (Page, "#1", False),
    ],
)
def test_grammar(device: type[Search] | type[Page], text: str, legal: bool) -> None:
    assert accepts(device.grammar, text) is legal
