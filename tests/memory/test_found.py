"""How often a search finds nothing where there is nothing, and something where there is: on Python's own help topics.

The rates stand in docs/devices.md.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from pydoc_data import topics

import pytest

from llmos.devices.embedder import any_occurs
from llmos.devices.library import Library

QUERIES = tomllib.loads(Path(__file__).with_name("queries.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def library() -> Library:
    made = Library()
    for title, text in topics.topics.items():
        made.add(title, text)
    return made


def test_words_that_occur_nowhere_find_nothing(library: Library) -> None:
    absent = QUERIES["absent"].split()
    found = [word for word in absent if library.search(word)]
    assert len(found) <= 0.05 * len(absent), found
    assert not {"xylophone", "wombats", "helicopter"} & set(found)


def test_misspelled_words_find_what_was_meant(library: Library) -> None:
    asked = QUERIES["misspelled"]
    missed = [query for query, word in asked.items() if not any(word in p.text for p in library.search(query))]
    assert len(missed) <= 0.1 * len(asked), missed


def test_questions_in_other_words_find_their_topic(library: Library) -> None:
    asked = QUERIES["reworded"]
    missed = [query for query, title in asked.items() if title not in {p.title for p in library.search(query)}]
    assert len(missed) <= 0.3 * len(asked), missed


@pytest.mark.parametrize(
    ("word", "text", "there"),
    [
        ("page", "pages and frames", False),  # short: by its stem or not at all
        ("frames", "pages and frames", True),
        ("speicher", "Der Arbeitsspeicher", True),
        ("pagefault", "a page fault", True),
        ("keywrod", "a keyword", True),
        ("table", "a cable", False),
        ("grandmother", "another other", False),
        ("分页", "内存分页机制", True),
        ("é" * 100_000, "é", False),
    ],
)
def test_a_word_occurs(word: str, text: str, there: bool) -> None:
    assert any_occurs([word], text) is there
