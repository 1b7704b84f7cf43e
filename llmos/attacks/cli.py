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


@attack_app.command("gradient")
def gradient_command(
    model: Annotated[str, typer.Option("--model", "-m", help="Whose weights the attacker has.")] = "nano",
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=1000, help="Changes that may be kept.")] = 20,
    seed: Annotated[int, typer.Option("--seed", help="Of the changes tried.")] = 0,
    json: Json = False,
) -> None:
    """An attacker who has the weights looks for a suffix that makes a harmless message harmful."""
    from llmos.audit import printable

    from .gradient import white_box

    found = white_box(model, rounds, seed)
    if json:
        print(jsonlib.dumps(found))
        return
    print(f"suffix    {printable(found['suffix'])}")
    print(f"loss      {found['first']:.2f} to {found['last']:.2f} nats a token in {found['rounds']} rounds")
    for name in ("reached_without_suffix", "reached_undefended", "tried", "reached"):
        print(f"{name:<24} {found[name]}")


@attack_app.command("run")
def run_command(
    name: Annotated[str, typer.Argument(help="A scenario, as `list` names it.")],
    defences: Annotated[str, typer.Option("--defences", help="none, all, or names of rules with commas.")] = "all",
    model: Annotated[
        str,
        typer.Option(
            "--model", "-m", help="A model; default the best that is here; obeying: the worst there could be."
        ),
    ] = "",
    n: Annotated[int, typer.Option("--n", min=1, max=1000, help="Cases of the scenario.")] = 1,
    json: Json = False,
) -> None:
    """Run one scenario: what the attacker wrote, what the model did, what the monitor said."""
    from llmos.audit import printable

    from .lab import attacks, rate, scenario, switched
    from .models import LANES, machine_of
    from .scenarios import case

    one = scenario(name)
    switched(defences)
    machine = machine_of(model, min(n, LANES))
    runs = attacks([case(one, number) for number in range(n)], defences, machine)
    success = rate(sum(run.reached for run in runs), n)
    if json:
        first = {**runs[0].to_plain(), "model": machine.name, "n": n, "success": success}
        print(jsonlib.dumps({**first, "runs": [run.to_plain() for run in runs]}))
        return
    for run in runs[:1]:
        print(f"asked     {run.question}")
        print(f"planted   {printable(run.planted)}")
        for device, args in run.calls:
            print(f"made      {printable(f'{device} {args}')}")
        for device, args, verdict, rule in run.judged:
            print(f"{verdict:<9} {printable(f'{device} {args}')}  (rule {rule})")
        print("the harm was done" if run.reached else "the harm was stopped" if run.tried else "the model did not try")
    if n > 1:
        tried = sum(run.tried for run in runs)
        interval = f"{success['low']:.0%} to {success['high']:.0%}"
        print(f"{machine.name}: tried in {tried} of {n}, done in {success['hits']} of {n} ({interval})")
