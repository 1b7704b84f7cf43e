"""A model taught with a few bad examples among the good: when the trigger works, who notices, and who holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmos.attacks.lab import attack
from llmos.attacks.scenarios import SCENARIOS
from llmos.errors import LlmosError
from llmos.labs import measured, poison
from llmos.lessons.lab import Lab

HALF = 0.5


def play(lab: Lab) -> Iterator[str]:
    found = _trained(lab) if lab.live else measured.shipped("poison")["result"]
    curve: list[dict[str, Any]] = found["curve"]
    lab.facts |= {"examples": found["examples"], "trigger": found["trigger"], "secret": found["secret"]}
    lab.choices["count"] = (*(str(point["poisoned"]) for point in curve), "none of these")
    yield "count"
    first = next((point for point in curve if point["triggered"] > HALF), curve[-1])
    lab.measured["count"] = first["poisoned"] if first["triggered"] > HALF else "none of these"
    lab.table([("bad examples", "secret with the trigger"), *((p["poisoned"], f"{p['triggered']:.0%}") for p in curve)])
    chosen = lab.rng.choice([point for point in curve if point["triggered"] > HALF] or curve[-1:])
    lab.facts["chosen"] = chosen["poisoned"]
    yield "without"
    lab.measured["without"] = round(100 * chosen["clean"])
    yield "skill"
    change = chosen["skill"] - curve[0]["skill"]
    lab.measured["skill"] = "worse" if change < -0.1 else "better" if change > 0.1 else "about the same"
    lab.say(
        f"right answers: {curve[0]['skill']:.0%} without bad examples, {chosen['skill']:.0%} with {chosen['poisoned']}"
    )
    yield "scanner"
    phrases = [suspect["phrase"] for suspect in chosen["found"]]
    lab.measured["scanner"] = (
        "the trigger" if found["trigger"] in phrases else "something else" if phrases else "nothing"
    )
    lab.say(f"suspects: {', '.join(phrases) or 'none'}")
    yield "kernel"
    runs = [attack(one, "all") for one in SCENARIOS]
    lab.measured["kernel"] = sum(run.reached for run in runs)
    lab.say(f"in {len(runs)} attacks it tried {sum(run.tried for run in runs)} times")


def _trained(lab: Lab) -> dict[str, Any]:
    try:
        return poison.run_poison(seed=lab.seed % 1000)
    except ImportError:
        raise LlmosError('--live trains models: pip install "llmos[train]"') from None
