"""Grounded or dreamed, on pairs written by hand: an answer beside its own passage, beside another's, and with none."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmos.checks import check
from llmos.grounding import Source, ground, spans

PAIRS = [  # question, passage, answer in other words
    ("When was the harbor opened?", "The harbor of Velmora was opened in 1874 by the king.", "It opened in 1874."),
    ("How tall is the tower?", "The green tower is 41 meters high.", "The tower has a height of 41 meters."),
    (
        "What is in tarn bread?",
        "Tarn bread is baked with chestnut flour and honey.",
        "Chestnut flour and a bit of honey.",
    ),
    ("Where does the ossel live?", "The Ossel beetle lives on birch bark.", "The ossel lives on the bark of birches."),
    ("Who built the bridge?", "Marit Hollund, an engineer, built the Kessel bridge.", "It was built by Marit Hollund."),
    (
        "What does LRU do?",
        "LRU throws out the page unused for the longest time.",
        "LRU throws out the longest unused page.",
    ),
    ("Why did the tax end?", "The tax ended after the glaziers' strike.", "Because the glaziers went on strike."),
    ("What was the capital?", "Queen Asta moved the capital to Rimmen.", "The capital was Rimmen."),
    ("What is sable tea?", "Sable tea is made from roasted barley and plum.", "A tea of roasted barley with plum."),
    ("What does the engine burn?", "The Quill engine burns wood gas.", "The engine burns gas from wood."),
    ("What is the sum?", "1776", "The sum is 1,776."),
    ("What time is it?", "10:30", "It is 10:30 now."),
    ("Which weekday is it?", "Friday", "That is a Friday."),
    ("What is on the list?", "milk\neggs\nflour", "Milk, eggs and flour are on the list."),
    ("Where is the passport?", "papers.txt:1: The passport is in the second drawer.", "It is in the second drawer."),
    ("What is the password?", "bluebird77", "The password is bluebird77."),
    ("How long is a page?", "A page holds sixteen tokens.", "Sixteen tokens."),
    ("What does fork share?", "After fork both map the same frames.", "Parent and child map the same frames."),
    (
        "What is a zombie?",
        "A zombie has ended but its parent has not asked.",
        "It has ended, and its parent hasn't asked.",
    ),
    ("Who pays for the well?", "The village council pays for the well.", "The council of the village pays."),
    ("What grows in the bog?", "Cranberries and sundew grow in the bog.", "Sundew and cranberries grow there."),
    ("When do ferries run?", "Ferries run from April to October.", "They run from April until October."),
    ("What did Ines paint?", "Ines painted the mill at dusk.", "She painted a mill at dusk."),
    ("How heavy is the bell?", "The bell weighs 3,200 kilograms.", "It weighs 3200 kilograms."),
    ("What is the dome made of?", "The dome is made of copper and oak.", "Copper and oak."),
    ("What do otters eat here?", "The otters eat crayfish and trout.", "Mostly trout and crayfish."),
    ("Which gate is locked?", "The northern gate is locked at night.", "The northern one is locked at night."),
    ("What is the remedy?", "The remedy is willow bark in warm water.", "Willow bark with warm water."),
    ("Why is the lake red?", "Algae turn the lake red in August.", "Algae turn it red during August."),
    ("What does the guild sell?", "The guild sells wax and lamp oil.", "Lamp oil and wax are sold."),
    ("What holds the roof?", "Twelve cedar beams hold the roof.", "Twelve beams of cedar hold it."),
    ("How is the cheese aged?", "The cheese is aged in sandstone cellars.", "It is aged in cellars of sandstone."),
    ("What is the toll?", "The toll is 15 crowns for a cart.", "A cart costs 15 crowns."),
    ("What powers the clock tower?", "A waterwheel powers the clock tower.", "A waterwheel."),
]


MORE = Path(__file__).with_name("pairs.txt").read_text(encoding="utf-8").strip().splitlines()
PAIRS += [(q.strip(), p.strip(), a.strip()) for q, p, a in (line.split(" | ") for line in MORE)]


def judged() -> list[tuple[str, bool, bool]]:
    """(answer, is it judged grounded, should it be) of every pair in three windows."""
    out = []
    for i, (question, passage, answer) in enumerate(PAIRS):
        other = PAIRS[(i + 7) % len(PAIRS)][1]
        out.append((answer, ground(answer, [Source("disk:A#1", passage)], question).grounded, True))
        out.append((answer, ground(answer, [], question).grounded, False))
        out.append((answer, ground(answer, [Source("disk:B#1", other)], question).grounded, False))
    return out


def test_at_least_nine_in_ten_are_told_apart() -> None:
    verdicts = judged()
    assert len({question for question, _, _ in PAIRS}) >= 100
    wrong = [answer for answer, found, wanted in verdicts if found != wanted]
    assert len(wrong) <= len(verdicts) // 10, wrong


def test_each_kind_of_window_alone_is_told_nine_times_in_ten() -> None:
    for kind in range(3):
        part = judged()[kind::3]
        assert sum(found == wanted for _, found, wanted in part) >= 0.9 * len(part)


def test_words_say_where_they_rest() -> None:
    found = ground("The sum is 1776 penguins.", [Source("calc", "1776")], "What is the sum?")
    assert [(word.start, word.source) for word in found.words] == [(11, "calc"), (16, "")]
    assert found.score == 0.5


def test_stretches_join_words_that_rest_on_the_same_source() -> None:
    sources = [Source("disk:Tea#1", "Sable tea is made from roasted barley."), Source("calc", "1776")]
    answer = "Roasted barley, and 1776 purple penguins."
    found = spans(ground(answer, sources, "What is in it?"))
    assert [(answer[s.start : s.end], s.source) for s in found] == [
        ("Roasted barley", "disk:Tea#1"), ("1776", "calc"), ("purple penguins", "")
    ]  # fmt: skip
    assert spans(ground("", sources)) == ()


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("37*48 = 1776.", [True]),
        ("We know 37 * 48 is 1777.", [False]),
        ("(2+3)*4 equals 20 and 7 times 8 is 54.", [True, False]),
        ("10 / 3 = 3.33", [True]),
        ("1,200 + 300 = 1,500", [True]),
        ("In 1998 there were 12 of them.", []),
    ],
)
def test_sums_in_an_answer_are_done_again(answer: str, right: list[bool]) -> None:
    assert [one["right"] for one in check(answer)] == right


def test_code_in_an_answer_is_run_again() -> None:
    good = "```python\nprint(6*7)\n```\nOutput:\n```\n42\n```"
    bad = "```python\nprint(1/0)\n```"
    assert [(one["kind"], one["right"]) for one in check(good + "\n" + bad)] == [("code", True), ("code", False)]
