"""A call from trap to result, as the inspector tells it: every step, the check with its rule and label, the grammar."""

from __future__ import annotations

import re

import pytest

from llmos.room import Room
from llmos.status import Fact

from . import stills


def facts(room: Room, pid: int) -> list[Fact]:
    room._orders.do("inspect", "call", str(pid))
    assert room.inspection is not None
    return list(room.inspection.facts)


def names(found: list[Fact]) -> list[str]:
    return [fact.name for fact in found if not fact.name.startswith("tick ")]


def said(found: list[Fact], name: str) -> list[str]:
    return [fact.text for fact in found if fact.name == name]


STEPS = ["trap", "written", "grammar", "check", "its words", "device", "device", "result", "its label", "took"]


def test_a_models_call_has_every_step_and_each_of_its_tokens_with_what_the_grammar_left() -> None:
    room = stills.standing()
    stills.say(room, "what is 37*48?")
    found = facts(room, 3)
    assert names(found) == STEPS
    assert said(found, "written") == ["calc 37*48"]
    assert "a call of what is mounted" in said(found, "grammar")[0]
    assert re.fullmatch(r"tick \d+: calc 37\*48: allowed, rule granted", said(found, "check")[0])
    assert said(found, "its words") == ["USER"]
    assert said(found, "result") == ["1776"]
    assert said(found, "its label")[0].startswith("DATA, from calc; tokens ")
    tokens = [fact for fact in found if fact.name.startswith("tick ")]
    assert "".join(re.match(r"'(.*?)'", fact.text)[1] for fact in tokens) == "calc 37*48"  # type: ignore[index]
    assert tokens[0].text == "'c'   the only one that was left"
    assert tokens[1].text == "'a'   1 of 2 that were left: 'a' 'l'"  # calc or clock
    assert all(re.search(r"   (1 of [\d,]+|the only one) that", fact.text) for fact in tokens)


def test_a_step_that_is_still_to_come_is_not_told_in_the_past() -> None:
    room = stills.standing()
    stills.say(room, "what is 37*48?")
    trap = int(re.sub(r"\D", "", said(facts(room, 3), "trap")[0].split(":")[0]))
    room._orders.do("goto", str(trap + 3))
    found = facts(room, 3)
    assert said(found, "written") == ["ca"]
    assert said(found, "took") == ["not answered yet"]
    assert "check" not in names(found)


def test_a_call_that_is_held_tells_the_rule_the_label_and_then_the_persons_word() -> None:
    room = stills.asking("send anna the code is 4711")
    found = facts(room, 2)
    assert names(found) == ["trap", "written", "grammar", "check", "its words", "asked", "took"]
    assert "held, to ask the person, rule taint, its words come from disk:" in said(found, "check")[0]
    assert said(found, "its words")[0].startswith("DATA, from disk:")
    assert said(found, "took") == ["not answered yet"]
    room._orders.do("answer", "1", "once")
    stills.settle(room)
    found = facts(room, 2)
    assert names(found) == [*STEPS[:5], "asked", "answered", *STEPS[3:]]
    assert "allowed, rule endorsed, the person said once" in said(found, "check")[1]


def test_a_refused_call_tells_what_went_back_to_the_model() -> None:
    room = stills.asking("send anna the code is 4711")
    room._orders.do("answer", "1", "no")
    stills.settle(room)
    found = facts(room, 2)
    assert "denied, rule refused" in said(found, "check")[1]
    assert "device" not in names(found)
    assert said(found, "its label")
    assert "not answered" not in said(found, "took")[0]


def test_what_is_no_call_is_told_too() -> None:
    room = stills.parrot("calc")
    room._orders.do("spawn", "ask", "{teapot 3}done")
    stills.settle(room)
    found = facts(room, 2)
    assert names(found) == ["trap", "written", "grammar", "illegal", "its label", "took"]
    assert "no device 'teapot'" in said(found, "illegal")[0]


def test_a_programs_call_has_no_trap_and_no_grammar() -> None:
    room = stills.standing()
    stills.say(room, "call calc 6*7")
    pid = max(e[2] for e in room.here.story._calls)  # type: ignore[union-attr]
    found = facts(room, pid)
    assert names(found) == ["written", "check", "its words", "device", "device", "result", "took"]
    assert said(found, "result") == ["42"]


def test_without_grammar_it_says_so() -> None:
    room = stills.standing()
    stills.say(room, "what is 37*48?")
    assert room.here is not None
    object.__setattr__(room.here.kernel.config, "grammar", 0)
    assert said(facts(room, 3), "grammar") == ["none: each of its tokens was the model's own choice"]


def test_who_called_nothing_is_told_so() -> None:
    with pytest.raises(ValueError, match="pid 1 has called nothing yet"):
        facts(stills.standing(), 1)
