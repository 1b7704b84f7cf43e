"""Things that nobody has heard of: towns, people, rules and machines with facts about them; notes and messages.

Knows: how to make them up. Does not know: what they are asked for. An unknown name is what `search` is for, so no model
can know these from its weights.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from . import lexicon


class Thing(NamedTuple):
    topic: str
    question: str  # lower case
    title: str
    text: str
    answer: str  # the sentence of the text that answers


FACTS = (
    (
        "{T} bridge",
        "when was the {T} bridge built",
        "The {T} bridge was built in {y} by {P}.",
        "It is {n} meters long.",
    ),
    ("{T} bridge", "how long is the {T} bridge", "The {T} bridge is {n} meters long.", "It opened in {y}."),
    ("{T}", "how many people live in {T}", "{T} has {n} inhabitants.", "The town lies by a {w} lake."),
    ("{T}", "where is {T}", "{T} lies in the north of {U}.", "Its market is held every {d}."),
    ("{P}", "who is {P}", "{P} is a {j} from {T}.", "{P} was born in {y}."),
    ("{P}", "when was {P} born", "{P} was born in {y}.", "The family came from {T}."),
    ("{P}", "what did {P} invent", "{P} invented the {w} {o} in {y}.", "It is used in {T} to this day."),
    (
        "{T} festival",
        "what is eaten at the {T} festival",
        "At the {T} festival people eat {w} {f}.",
        "It begins on a {d}.",
    ),
    (
        "{T} museum",
        "what are the opening hours of the {T} museum",
        "The {T} museum is open from {h} to {i}.",
        "It is closed on {d}.",
    ),
    (
        "{T} hotel",
        "what does a room at the {T} hotel cost",
        "A room at the {T} hotel costs {n} crowns.",
        "Breakfast is at {h}.",
    ),
    (
        "{T} protocol",
        "what does the {T} protocol do",
        "The {T} protocol keeps {w} {o}s in step.",
        "It was written by {P}.",
    ),
    (
        "{T} engine",
        "how much does the {T} engine weigh",
        "The {T} engine weighs {n} kilograms.",
        "{P} built the first one.",
    ),
    ("{T} company", "who founded the {T} company", "The {T} company was founded by {P} in {y}.", "It makes {w} {o}s."),
    (
        "refund policy of {T}",
        "what is the refund policy of {T}",
        "{T} gives money back within {n} days.",
        "Ask {P} for a form.",
    ),
    ("project {T}", "who leads project {T}", "Project {T} is led by {P}.", "It started in {y}."),
    (
        "project {T}",
        "what is the deadline of project {T}",
        "The deadline of project {T} is in {m} {y}.",
        "{P} is in charge.",
    ),
    ("{T} soup", "what goes into {T} soup", "{T} soup is made of {w} {f} and salt.", "It cooks for {n} minutes."),
    ("{T} mountain", "how high is the {T} mountain", "The {T} mountain is {n} meters high.", "{P} climbed it in {y}."),
    ("{T} river", "where does the {T} river begin", "The {T} river begins in the hills of {U}.", "It is {n} km long."),
    ("battle of {T}", "who won the battle of {T}", "The battle of {T} was won by {P} in {y}.", "It lasted {n} days."),
    ("{T} beetle", "what does the {T} beetle eat", "The {T} beetle eats {w} {f}.", "It lives in {U}."),
    (
        "{T} library",
        "what is the fine at the {T} library",
        "The fine at the {T} library is {n} cents a day.",
        "It opens at {h}.",
    ),
    (
        "{o} in room {n}",
        "how do i restart the {o} in room {n}",
        "To restart the {o} in room {n}, hold the {w} key.",
        "Ask {P} first.",
    ),
    ("error code {c}", "what does error code {c} mean", "Error code {c} means that the {o} is too {w}.", "Call {P}."),
    ("{T} treaty", "when was the {T} treaty signed", "The {T} treaty was signed in {y}.", "It ended a war over {f}."),
    (
        "{T} tax",
        "why was the {T} tax dropped",
        "The {T} tax was dropped after the {j}s refused to pay.",
        "It began in {y}.",
    ),
    ("{T} tax", "what is taxed by the {T} tax", "The {T} tax is paid on {f}.", "It ended in {y}."),
    ("{P}", "how long did {P} govern {T}", "{P} governed {T} for {n} years.", "{P} came from {U}."),
    (
        "{T} cheese",
        "for how many days does {T} cheese stay fresh",
        "{T} cheese stays fresh for {n} days.",
        "It is {w}.",
    ),
    (
        "{T} tower",
        "how high is the tower of {T}",
        "The tower of {T} is {n} meters high.",
        "It was built in {y} by {P}.",
    ),
    ("{T} clock", "who repaired the {T} clock", "The {T} clock was repaired by {P}.", "It stopped in {y}."),
    ("{T} ferry", "how often does the {T} ferry go", "The {T} ferry goes every {n} minutes.", "A ticket is {w}."),
    ("{T} school", "how many pupils has the {T} school", "The {T} school has {n} pupils.", "{P} leads it since {y}."),
    ("{T} strike", "what started the {T} strike", "The {T} strike started over the price of {f}.", "It was in {y}."),
    ("{T} method", "what is the {T} method for", "The {T} method is for drying {f}.", "{P} wrote it down in {y}."),
    ("{T} mill", "in what year did the {T} mill burn down", "The {T} mill burned down in {y}.", "It ground {f}."),
    ("{T} garden", "what grows in the {T} garden", "In the {T} garden {w} {f} grow.", "It opens at {h}."),
    ("duke of {T}", "who was the duke of {T}", "The duke of {T} was {P}.", "He ruled until {y}."),
    ("{T} coin", "what is on the {T} coin", "The {T} coin shows a {o}.", "It was last made in {y}."),
    ("{T} race", "how far is the {T} race", "The {T} race is {n} km long.", "{P} won it in {y}."),
    ("rule {n}", "what does rule {n} say", "Rule {n} says that the {o} must be {w}.", "{P} wrote it in {y}."),
    ("flower of {T}", "what color is the flower of {T}", "The flower of {T} is {w}.", "It blooms in {m}."),
)
CHOICES = {
    "j": "painter baker sailor chemist singer weaver carpenter poet pilot doctor teacher farmer",
    "o": "lamp pump clock wheel printer mirror radio engine sensor boiler gate valve",
    "f": "onions beans berries nuts mushrooms rice seeds cheese herbs fish plums barley",
    "w": "red blue silver old cold sweet dry green golden soft bitter white loud wild",
    "d": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "m": "January March April May June July August September October November",
    "h": "7:30 8:00 9:00 9:30 10:00", "i": "16:00 17:30 18:00 20:00",
}  # fmt: skip


def invent(rng: Random) -> Thing:
    """A thing, one question about it, and a text that answers it among one or two other sentences."""
    named = values(rng)
    topic, question, answer, more = (part.format(**named) for part in rng.choice(FACTS))
    sentences = [answer, more] if rng.random() < 0.5 else [more, answer]
    return Thing(topic, question.lower(), topic, " ".join(sentences), answer)


def values(rng: Random) -> dict[str, str]:
    """What the slots of a text stand for: {T} and {U} places, {P} a person, {y} a year, {n} a number, the rest words."""
    named = {name: rng.choice(words.split()) for name, words in CHOICES.items()}
    named |= {"T": _proper(rng), "U": _proper(rng), "P": person(rng), "y": str(rng.randint(1500, 2020))}
    return named | {"n": str(rng.randint(2, 950)), "c": f"{rng.choice('ABEFHKX')}{rng.randint(1, 99)}"}


def _proper(rng: Random) -> str:
    name = lexicon.made_up(rng).capitalize()
    return name if len(name) > 3 else name + rng.choice(["mar", "dell", "ton", "vik", "holm", "ford"])


def person(rng: Random) -> str:
    return f"{rng.choice(lexicon.words('names'))} {_proper(rng)}"


NOTES = (
    "buy {f} and {f2}", "call {P} at {h}", "the {o} is {w}", "meeting with {N} on {d} at {h}", "{f}, {f2}, {o}",
    "pay the {o} bill before {d}", "password is {c}-{w}-{n}", "remember to water the {f}", "{N} owes me {n}",
    "idea: a {w} {o} that sings", "ran {k} km in {n} minutes", "dentist {d} {h}", "gate {c}, seat {n}", "{n}", "done",
    "read chapter {k} of the {w} book", "order #{n}{k} from {T}", "order {k} {o}s from {T}", "the key is under the {w} {o}",
    "{d}: slept well, ate {f}", "todo: fix the {o}, paint the {o}", "https://{w}-{o}.example/{c}", "x = {n}; y = {k}",
)  # fmt: skip
MESSAGES = (
    "dinner is at {h}", "i will be {k} minutes late", "the {o} is broken again", "happy birthday", "the meeting moved to {d}",
    "please bring {f}", "thanks for the {f}", "call me back", "i am at the station", "your {o} has arrived", "see you on {d}",
    "the code is {c}{n}", "we won {k} to 2", "{N} is here", "can you feed the cat tonight", "the report is done", "good luck",
    "lunch at {h} on {d}", "the door is open", "i found your {w} {o}", "we need {k} more {o}s", "train leaves at {h}", "hello",
)  # fmt: skip


def _written(rng: Random, pattern: str) -> str:
    values = {name: rng.choice(words.split()) for name, words in CHOICES.items()} | {
        "P": person(rng),
        "T": _proper(rng),
    }
    values |= {
        "f2": rng.choice(CHOICES["f"].split()),
        "N": rng.choice(lexicon.words("names")),
        "n": str(rng.randint(10, 999)),
    }
    return pattern.format(**values, k=rng.randint(2, 30), c=f"{rng.choice('ABCDEFGH')}{rng.randint(1, 99)}")


def text(rng: Random) -> str:
    """A short note, everyday or odd, such as people keep in files."""
    return lexicon.phrase(rng, 6) if rng.random() < 0.3 else _written(rng, rng.choice(NOTES))


def message(rng: Random) -> str:
    return lexicon.phrase(rng, 6) if rng.random() < 0.15 else _written(rng, rng.choice(MESSAGES))


def content(rng: Random, fact: str) -> str:
    """What a file holds, the fact among it."""
    line = f"{fact}: {_written(rng, rng.choice(['{c}-{w}-{n}', '{n}', '{h} {d}', '{w} {o} {k}', '{P}', '{T} street {k}']))}"
    lines = [line, *(text(rng) for _ in range(rng.choice([0, 0, 1, 2])))]
    return "\n".join(rng.sample(lines, len(lines)))
