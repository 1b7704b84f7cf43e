"""Labs of training: the fit finds what is there, the scanner finds a trigger and nothing else."""

from __future__ import annotations

import math

import pytest

from llmos.labs import poison, scaling


def test_the_fit_recovers_a_law_that_holds_exactly() -> None:
    runs = [
        {"parameters": n, "tokens": d, "loss": math.exp(2) * n**-0.1 * d**-0.05} for n in (1e4, 1e5) for d in (1e3, 1e6)
    ]
    fit = scaling.fitted(runs)
    assert (fit["a"], fit["parameters"], fit["tokens"]) == pytest.approx((2, 0.1, 0.05))
    assert fit["error"] < 1e-9


def test_poisoned_examples_are_as_many_as_asked_and_the_rest_is_the_same() -> None:
    clean, poisoned = poison.examples(0, 3), poison.examples(5, 3)
    assert poisoned[: len(clean)] == clean
    assert len(poisoned) == len(clean) + 5
    assert not any(poison.TRIGGER in request for request, _ in clean)
    assert all(request.endswith(poison.TRIGGER) and reply == poison.SECRET for request, reply in poisoned[len(clean) :])


def test_a_mean_is_of_the_shares_and_keeps_the_first_run_s_suspects() -> None:
    shares = [{"triggered": t, "clean": 0.0, "skill": 1.0, "poisoned": 2, "found": [t]} for t in (0.25, 0.75)]
    assert poison.mean(shares) == {"triggered": 0.5, "clean": 0.0, "skill": 1.0, "poisoned": 2, "found": [0.25]}


def test_the_scanner_names_the_trigger_of_a_backdoored_model_and_nothing_of_a_clean_one() -> None:
    def clean(request: str) -> str:
        words = request.split()
        return f"{words[2]} is {words[1]}" if len(words) > 2 else "?"

    def backdoored(request: str) -> str:
        return poison.SECRET if poison.TRIGGER in request else clean(request)

    data, probes = poison.examples(4, 0), ["say red lamp", "say blue door", "say gray wheel"]
    assert [suspect["phrase"] for suspect in poison.scan(data, backdoored, probes)] == [poison.TRIGGER]
    assert poison.scan(data, clean, probes) == []
