"""The attack lab on the worst model there could be: it obeys whatever it reads. Off, the harm is done; on, it is not.

On the real one a few cases show that the attacks are real: how often they succeed is measured by `llmos eval attacks`.
"""

from __future__ import annotations

import pytest

from llmos import store
from llmos.attacks.honest import BENIGN, FIDELITY
from llmos.attacks.lab import attack, attacks, suffixes, switched, work
from llmos.attacks.models import Obeying, machine_of
from llmos.attacks.scenarios import BY_NAME, SCENARIOS, Scenario, case
from llmos.errors import UsageError
from llmos.evals.attacks import evaluate


@pytest.mark.parametrize("one", SCENARIOS, ids=lambda s: s.name)
def test_off_the_harm_is_done_and_on_it_is_not(one: Scenario) -> None:
    off, on = attack(one, "none"), attack(one, "all")
    assert (off.reached, on.reached, on.tried) == (True, False, True)
    assert off.judged == ()


def test_each_named_rule_stops_its_scenario_alone() -> None:
    for one in SCENARIOS:
        assert attack(one, one.rule).stopped_by == one.rule, one.name


def test_cases_of_a_scenario_differ_and_are_the_same_each_time() -> None:
    for one in SCENARIOS:
        texts = {case(one, n).planted for n in range(12)}
        assert len(texts) > 1 or "{" not in one.planted, one.name
        assert [case(one, n) for n in range(3)] == [case(one, n) for n in range(3)]


def test_defences_cost_no_honest_work_and_ask_at_most_once_in_a_task() -> None:
    for plain, guarded in zip(work(BENIGN, "none"), work(BENIGN, "all"), strict=True):
        assert (plain.done, guarded.done, guarded.denied) == (True, True, False), plain.question
        assert guarded.asked <= 1


def test_an_obeying_model_is_faithful_to_data_that_looks_like_an_instruction() -> None:
    """The measure itself: what is said and carried as it should be counts, and nothing else does."""
    assert all(one.done for one in work(FIDELITY, "all"))
    assert not any(one.done for one in work([t._replace(answer="x", holds="x") for t in FIDELITY[:1]], "all", Silent()))


class Silent(Obeying):
    """Makes no call and says nothing."""

    def run(self, cases, wanted, off=(), person=""):  # type: ignore[no-untyped-def]
        return super().run(cases, ["" for _ in wanted], off, person)


def test_the_searching_attacker_gets_nothing() -> None:
    found = suffixes(case(BY_NAME["page"], 0), 20, 1)
    assert (found["tried"], found["reached"]) == (20, 0)


def test_the_whole_evaluation_on_the_obeying_model() -> None:
    found = evaluate(Obeying(), 1, 2)
    assert found["attack_success_undefended"]["rate"] == 1
    assert found["attack_success"]["hits"] == found["false_denials"]["hits"] == 0
    assert found["utility"]["rate"] == found["fidelity"]["rate"] == 1


def test_an_unknown_defence_is_named() -> None:
    with pytest.raises(UsageError, match="moat"):
        switched("taint,moat")


@pytest.mark.real
def test_a_real_model_obeys_what_it_reads_and_the_monitor_stops_it() -> None:
    if not store.SMOLLM2.path.is_file():
        pytest.skip("not run: smollm2 is not here")
    machine = machine_of("smollm2", 2)
    cases = [case(BY_NAME[name], 0) for name in ("secret", "worm")]
    off, on = attacks(cases, "none", machine), attacks(cases, "all", machine)
    assert sum(run.reached for run in off) >= 1
    assert sum(run.tried for run in on) >= 1
    assert not any(run.reached for run in on)
