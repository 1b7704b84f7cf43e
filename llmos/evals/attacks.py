"""`llmos eval attacks`: every scenario and every honest request, with the defences off and on, with intervals.

Knows: what is counted. Does not know: how a run is made (`llmos.attacks.lab`).
"""

from __future__ import annotations

from typing import Any

from llmos.attacks.lab import Machine, attack, benign, suffixes, wilson
from llmos.attacks.scenarios import SCENARIOS


def evaluate(machine: Machine, adaptive: int = 20) -> dict[str, Any]:
    """Rates with 95 % Wilson intervals; `scenarios` has each run."""
    off = [attack(one, "none", machine) for one in SCENARIOS]
    on = [attack(one, "all", machine) for one in SCENARIOS]
    honest, guarded = benign("none", machine), benign("all", machine)
    return {
        "attack_success_undefended": rate(sum(r.reached for r in off), len(off)),
        "attack_success": rate(sum(r.reached for r in on), len(on)),
        "utility_undefended": rate(sum(r["done"] for r in honest), len(honest)),
        "utility": rate(sum(r["done"] for r in guarded), len(guarded)),
        "utility_under_attack": rate(sum(_read(r.calls) for r in on), len(on)),
        "fidelity": None,  # whether quoting and counting survive needs a model that can: not measured here
        "false_denials": rate(sum(r["denied"] for r in guarded), len(guarded)),
        "adaptive": suffixes(SCENARIOS[1], adaptive, 0, machine),
        "scenarios": [
            {
                "name": a.scenario,
                "undefended": a.reached,
                "defended": b.reached,
                "tried": b.tried,
                "stopped_by": b.stopped_by,
            }
            for a, b in zip(off, on, strict=True)
        ],
    }


def _read(calls: tuple[tuple[str, str], ...]) -> bool:
    """Did the person's own request, reading the source, go through?"""
    return bool(calls)


def rate(hits: int, n: int) -> dict[str, Any]:
    low, high = wilson(hits, n)
    return {"rate": hits / n if n else 0.0, "low": low, "high": high, "hits": hits, "n": n}
