"""Articles of several sentences, each an answer to another question, found by the real search device among others.

Knows: the articles of articles.toml, how they are filled, and what the disk brings back for one. Does not know: how
requests are worded around a question (`errands`). What is learned is to pick the sentence that was asked for.
"""

from __future__ import annotations

import re
from random import Random
from typing import NamedTuple

from llmos.devices.base import Context
from llmos.devices.library import Library
from llmos.devices.search import Search

from . import invention
from .wording import table


class Article(NamedTuple):
    topic: str
    text: str
    facts: tuple[tuple[str, str], ...]  # (question, the sentence that answers it)


class Lookup(NamedTuple):
    """One question, with what the disk brought for the topic."""

    topic: str
    question: str
    result: str
    answer: str
    text: str  # how the article begins


def write(rng: Random) -> Article:
    """An article of two to four sentences in some order."""
    kind = rng.choice(table("articles.toml")["articles"])
    values, topic = invention.values(rng) | _more(rng), rng.choice(kind["topics"])
    lines = rng.sample(kind["facts"], rng.choice([2, 2, 3, 3, 4]))
    if not any("{T}" in line.partition("=>")[2] or "{P}" in topic for line in lines):
        lines[0] = kind["facts"][0]  # somewhere it says what the text is about
    facts = []
    for line in lines:
        asked, _, said = line.partition(" => ")
        facts.append((_chosen(rng, asked).format(**values), said.format(**values)))
    return Article(topic.format(**values), " ".join(said for _, said in facts), tuple(facts))


def lookup(rng: Random) -> Lookup:
    """An article among up to four others on the disk, searched for by its topic; the answer is in what came back."""
    while True:
        mine, *others = (write(rng) for _ in range(rng.choice([1, 3, 5])))
        library = Library()
        for one in rng.sample([mine, *others], 1 + len(others)):
            library.add(one.topic, one.text)
        result = Search(library).call(mine.topic, Context()).text
        library.close()
        question, answer = rng.choice(mine.facts)
        if answer in result:
            question = question if rng.random() < 0.4 else question.lower()
            return Lookup(mine.topic, question, result, answer, " ".join(said for _, said in mine.facts[:2]))


def _more(rng: Random) -> dict[str, str]:
    """Second ones of some slots."""
    named = {name + "2": rng.choice(invention.CHOICES[name].split()) for name in "fw"}
    numbers = {"k": rng.randint(2, 60), "k2": rng.randint(3, 90), "y2": rng.randint(1800, 2020)}
    return named | {name: str(number) for name, number in numbers.items()} | {"Q": invention.person(rng)}


def _chosen(rng: Random, text: str) -> str:
    text = re.sub(r"\[([^\[\]]*)\]", lambda match: rng.choice(match[1].split("|")), text)
    return " ".join(text.split())
