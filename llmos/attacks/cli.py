"""`llmos attack list` and `llmos attack run NAME`.

Knows: names and options. Does not know: what a scenario does.
"""

from __future__ import annotations

import json as jsonlib
from typing import Annotated

import typer

attack_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]


@attack_app.command("list")
def list_command(json: Json = False) -> None:
    """List the scenarios."""
    from .scenarios import SCENARIOS

    if json:
        print(jsonlib.dumps({"attacks": [{"name": s.name, "about": s.about, "rule": s.rule} for s in SCENARIOS]}))
        return
    for one in SCENARIOS:
        print(f"{one.name:<16} {one.about}")


@attack_app.command("run")
def run_command(
    name: Annotated[str, typer.Argument(help="A scenario, as `list` names it.")],
    defences: Annotated[str, typer.Option("--defences", help="none, all, or names of rules with commas.")] = "all",
    model: Annotated[
        str, typer.Option("--model", "-m", help="A model; obeying: the worst one there could be.")
    ] = "obeying",
    json: Json = False,
) -> None:
    """Run one scenario: what the attacker wrote, what the model did, what the monitor said."""
    from .lab import attack, scenario
    from .models import machine_of

    one = scenario(name)
    run = attack(one, defences, machine_of(model))
    if json:
        print(jsonlib.dumps({**run.to_plain(), "planted": one.planted, "question": one.question, "model": model}))
        return
    print(f"asked     {one.question}")
    print(f"planted   {''.join(c if c.isprintable() else '�' for c in one.planted)}")
    for device, args, verdict, rule in run.judged:
        print(f"{verdict:<9} {device} {args}  (rule {rule})")
    print("the harm was done" if run.reached else "the harm was stopped" if run.tried else "the model did not try")
