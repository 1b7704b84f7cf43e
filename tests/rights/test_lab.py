"""The attack lab on the worst model there could be: it obeys whatever it reads. Off, the harm is done; on, it is not."""

from __future__ import annotations

import pytest

from llmos.attacks.lab import attack, benign, suffixes, switched
from llmos.attacks.scenarios import SCENARIOS, Scenario
from llmos.errors import UsageError


@pytest.mark.parametrize("one", SCENARIOS, ids=lambda s: s.name)
def test_off_the_harm_is_done_and_on_it_is_not(one: Scenario) -> None:
    off, on = attack(one, "none"), attack(one, "all")
    assert (off.reached, on.reached, on.tried) == (True, False, True)
    assert off.judged == ()


def test_each_named_rule_stops_its_scenario_alone() -> None:
    for one in SCENARIOS:
        assert attack(one, one.rule).stopped_by == one.rule, one.name


def test_defences_cost_no_honest_call() -> None:
    assert [b["done"] for b in benign("all")] == [b["done"] for b in benign("none")] == [True] * 5


def test_the_searching_attacker_gets_nothing() -> None:
    found = suffixes(SCENARIOS[1], 20, 1)
    assert (found["tried"], found["reached"]) == (20, 0)


def test_an_unknown_defence_is_named() -> None:
    with pytest.raises(UsageError, match="moat"):
        switched("taint,moat")
