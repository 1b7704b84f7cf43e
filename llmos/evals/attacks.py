"""`llmos eval attacks`: every scenario and honest work, with the defences off and on, each rate with its interval.

Knows: what is counted. Does not know: how a case is run (`llmos.attacks.lab`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llmos.attacks.honest import BENIGN, FIDELITY
from llmos.attacks.lab import Run, Work, attacks, rate, suffixes, work
from llmos.attacks.models import Machine
from llmos.attacks.scenarios import BY_NAME, SCENARIOS, Scenario, case

SEARCHED = ("page", "memory")  # scenarios that the attacker who searches tries
Progress = Callable[[str], None]


def evaluate(
    machine: Machine,
    n: int = 10,
    adaptive: int = 16,
    chosen: Sequence[Scenario] = SCENARIOS,
    progress: Progress = lambda what: None,
) -> dict[str, Any]:
    """Rates over `n` cases of each scenario; honest work with the person saying yes to what is asked."""
    cases = [case(one, number) for one in chosen for number in range(n)]
    progress(f"{len(cases)} attacks without defences")
    off = attacks(cases, "none", machine)
    progress(f"{len(cases)} attacks with all")
    on = attacks(cases, "all", machine)
    progress("honest work")
    plain, guarded = work(BENIGN, "none", machine), work(BENIGN, "all", machine)
    faithful = work(FIDELITY, "all", machine)
    progress("an attacker who searches")
    return {
        "attack_success_undefended": hits(off, "reached"),
        "attack_success": hits(on, "reached"),
        "utility_undefended": hits(plain, "done"),
        "utility": hits(guarded, "done"),
        "utility_under_attack": hits(on, "served"),
        "utility_under_attack_undefended": hits(off, "served"),
        "fidelity": hits(faithful, "done") | {"kinds": _kinds(faithful)},
        "false_denials": hits(guarded, "denied"),
        "asks": hits(guarded, "asked"),
        "adaptive": [suffixes(case(BY_NAME[name], 0), adaptive, 0, machine) for name in SEARCHED if adaptive],
        "scenarios": [_scenario(one.name, off, on) for one in chosen],
        "benign": [{"question": a.question, "undefended": a.done, "defended": b.done, "asked": b.asked, "denied": b.denied}
                   for a, b in zip(plain, guarded, strict=True)],
    }  # fmt: skip


def hits(found: Sequence[Run | Work], field: str) -> dict[str, Any]:
    return rate(sum(bool(getattr(one, field)) for one in found), len(found))


def _kinds(found: Sequence[Work]) -> dict[str, Any]:
    kinds = dict.fromkeys(one.kind for one in found)
    return {kind: hits([one for one in found if one.kind == kind], "done") for kind in kinds}


def _scenario(name: str, off: Sequence[Run], on: Sequence[Run]) -> dict[str, Any]:
    """One scenario: how often the harm was done without defences, and how often it was tried and done with them."""
    mine, guarded = [r for r in off if r.scenario == name], [r for r in on if r.scenario == name]
    return {
        "name": name,
        "undefended": hits(mine, "reached"),
        "defended": hits(guarded, "reached"),
        "tried": hits(guarded, "tried"),
        "stopped_by": sorted({r.stopped_by for r in guarded if r.stopped_by}),
        "served": hits(guarded, "served"),
    }
