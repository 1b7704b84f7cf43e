"""`llmos eval WHAT`: one command a measurement.

Knows: names and options. Does not know: how anything is measured.
"""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

eval_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
MOST_REMARKS = 20
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]


def show(result: dict[str, Any], json: bool, *fields: str) -> None:
    """The whole as JSON, or some of its fields as lines."""
    if json:
        print(jsonlib.dumps(result, ensure_ascii=False))
        return
    for field in fields:
        print(f"{field:<16} {result[field]}")


def _tell(remarks: Iterable[str]) -> None:
    """What the author of a file should know, on standard error; of many only the first."""
    every = list(remarks)
    for line in every[:MOST_REMARKS]:
        typer.echo(line, err=True)
    if len(every) > MOST_REMARKS:
        typer.echo(f"and {len(every) - MOST_REMARKS:,} remarks more", err=True)


@eval_app.command()
def monitor(
    file: Annotated[Path, typer.Argument(help="Cases, one JSON object a line; docs/security.md has the fields.")],
    json: Json = False,
) -> None:
    """Send given calls straight at the monitor, no model in the way."""
    from .monitor import evaluate

    result = evaluate(file)
    show(result, json, "n", "violations", "false_denials", "asks")
    for note in [] if json else result["notes"]:
        typer.echo(note, err=True)


@eval_app.command()
def traps(
    file: Annotated[Path, typer.Argument(help="Requests, one JSON object a line; docs/evals.md has the fields.")],
    model: Annotated[str | None, typer.Option("--model", "-m", help="A name or a path.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="Runs side by side.")] = 16,
    devices: Annotated[str | None, typer.Option("--devices", help="Names, with commas.")] = None,
    system_tools: Annotated[bool, typer.Option(help="Tell the model in its system text what is mounted.")] = True,
    grammar: Annotated[bool, typer.Option(help="Hold calls to the grammar of what is mounted.")] = True,
    mode: Annotated[str, typer.Option("--dtype", help="Arithmetic: exact8, float32 or bfloat16.")] = "exact8",
    adapter: Annotated[bool, typer.Option(help="Use the trap adapter that is shipped for the model.")] = True,
    dialect: Annotated[str, typer.Option("--dialect", help="llmos or hermes; default: what suits the model.")] = "",
    temperature: Annotated[float, typer.Option(min=0.0, max=10.0, help="0 is greedy.")] = 0.0,
    tokens: Annotated[int, typer.Option(min=1, max=4096, help="Most that one run may write.")] = 160,
    seed: Annotated[int, typer.Option(help="Of what is sampled.")] = 0,
    json: Json = False,
) -> None:
    """Score a model on requests that need devices, or none."""
    from llmos.errors import UsageError
    from llmos.front import device_names
    from llmos.options import Options
    from llmos.printing import Meter
    from llmos_kernel.dialects import DIALECTS

    from . import traps as measured

    items = measured.read(file)
    names = device_names(devices, measured.DEVICES)
    _tell(measured.remarks(items, names))
    if dialect not in ("", *DIALECTS):
        raise UsageError(f"no dialect {dialect!r}; there are {', '.join(DIALECTS)}")
    options = Options(
        model=model,
        mode=mode,
        seed=seed,
        devices=names,
        tools=system_tools,
        grammar=grammar,
        adapter=adapter,
        dialect=dialect,
    )
    with Meter(quiet=json) as meter:
        result = measured.evaluate(
            items, options, jobs, lambda done: meter(done, len(items)), round(temperature * 1000), tokens
        )
    show(result, json, "n", "device", "args", "values", "answer", "false_traps", "malformed")
    _tell(f"the pattern {pattern[:60]!r} takes too long and counts as not found" for pattern in measured.too_slow)


@eval_app.command()
def kept(
    model: Annotated[str | None, typer.Option("--model", "-m", help="A name or a path.")] = None,
    adapter: Annotated[
        Path | None, typer.Option("--adapter", help="Its file; default: the one that is shipped.")
    ] = None,
    tokens: Annotated[int, typer.Option("--tokens", min=16, help="How much text is read, twice.")] = 2048,
    text: Annotated[Path | None, typer.Option("--text", help="A UTF-8 text; default: Python's own help.")] = None,
    json: Json = False,
) -> None:
    """Perplexity on plain text with an adapter off and on: what tuning cost."""
    from .kept import evaluate

    result = evaluate(model, adapter, tokens, text, lambda line: typer.echo(line, err=True) if not json else None)
    show(result, json, "tokens", "off", "on", "worse")


@eval_app.command()
def attacks(
    model: Annotated[
        str,
        typer.Option(
            "--model", "-m", help="A model; default the best that is here; obeying: the worst there could be."
        ),
    ] = "",
    n: Annotated[int, typer.Option("--n", min=1, max=1000, help="Cases of each scenario.")] = 10,
    adaptive: Annotated[int, typer.Option("--adaptive", min=0, help="Tries of the attacker who searches.")] = 16,
    only: Annotated[str, typer.Option("--only", help="Scenarios, with commas; default all.")] = "",
    json: Json = False,
) -> None:
    """Run every attack and honest work, with the defences off and on. Takes minutes on a real model."""
    from llmos.attacks.lab import scenario
    from llmos.attacks.models import machine_of
    from llmos.attacks.scenarios import SCENARIOS

    from .attacks import evaluate

    chosen = [scenario(name.strip()) for name in only.split(",")] if only else SCENARIOS
    machine = machine_of(model)
    result = {"model": machine.name, **evaluate(machine, n, adaptive, chosen, lambda what: typer.echo(what, err=True))}
    if json:
        print(jsonlib.dumps(result, ensure_ascii=False))
        return
    for one in result["scenarios"]:
        print(
            f"{one['name']:<16} off {_rate(one['undefended'])}   on {_rate(one['defended'])}   tried {_rate(one['tried'])}"
        )
    for field in ("utility_undefended", "utility", "utility_under_attack", "fidelity", "false_denials", "asks"):
        print(f"{field:<22} {_rate(result[field])}")


def _rate(found: dict[str, Any]) -> str:
    return f"{found['hits']:>3} of {found['n']:<3} ({found['low']:.0%} to {found['high']:.0%})"


@eval_app.command()
def thinking(
    file: Annotated[Path, typer.Argument(help="Questions, one JSON object a line; docs/evals.md has the fields.")],
    model: Annotated[str | None, typer.Option("--model", "-m", help="A name or a path.")] = None,
    mode: Annotated[str, typer.Option("--dtype", help="Arithmetic: exact8, float32 or bfloat16.")] = "exact8",
    json: Json = False,
) -> None:
    """One greedy pass, a vote of five and a tree search on the same questions: who is right more often, for how many tokens?"""
    from llmos.options import Options
    from llmos.printing import Meter

    from . import thinking as measured

    items = measured.read(file)
    runs = len(items) * len(measured.METHODS)
    with Meter(quiet=json) as meter:
        result = measured.evaluate(items, Options(model=model, mode=mode), lambda done: meter(done, runs))
    if json:
        print(jsonlib.dumps(result, ensure_ascii=False))
    else:
        print("\n".join(measured.lines(result)))
