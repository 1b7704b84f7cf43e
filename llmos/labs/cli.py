"""`llmos lab`: the labs on the command line. The problem first; `--solve` reveals the answer, `--json` prints it as one object.

Knows: options and printing. Does not know: how anything is solved. Mounted by `llmos.cli`, which prints errors.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from llmos.errors import UsageError

from . import mlfq, paging, process, references, sched, translate
from .numbers import numbers

lab_app = typer.Typer(help="Textbook problems made from a seed: try, then reveal with --solve.", no_args_is_help=True)

Seed = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Another seed is another problem.")]
Solve = Annotated[bool, typer.Option("--solve", help="Reveal the answer.")]
Json = Annotated[bool, typer.Option("--json", help="The answer as one JSON object.")]
List = Annotated[str | None, typer.Option(help="Whole numbers with commas between.")]


def _numbers(text: str | None, option: str, least: int = 0) -> list[int] | None:
    return None if text is None else numbers(text, option, least)


def _json(result: dict[str, Any]) -> None:
    typer.echo(json.dumps(result))


@lab_app.command("sched")
def sched_command(
    policy: Annotated[str, typer.Option(help="A name, or a file of your own: mine.py.")] = "fifo",
    jobs: List = None,
    arrivals: List = None,
    quantum: int | None = None,
    tickets: List = None,
    randoms: List = None,
    priorities: List = None,
    aging: Annotated[int, typer.Option(help="Ticks of waiting worth one step of priority; 0 = none.")] = 0,
    seed: Seed = 0,
    solve: Solve = False,
    as_json: Json = False,
) -> None:
    """Who runs when? Response, turnaround and wait under a policy.

    Your own policy is a function `choose(jobs, now)` that returns one of `jobs`; each has pid, length, ran, arrived, priority
    and tickets. It is asked whenever a quantum is over: `return min(jobs, key=lambda job: job.length - job.ran)`.
    """
    lengths, starts = _numbers(jobs, "--jobs", 1), _numbers(arrivals, "--arrivals")
    result = sched.run_sched(
        policy,
        lengths,
        starts,
        quantum,
        _numbers(tickets, "--tickets", 1),
        _numbers(randoms, "--randoms"),
        seed,
        _numbers(priorities, "--priorities"),
        aging,
    )
    if as_json:
        _json(result)
        return
    typer.echo(sched.problem_text(policy, lengths or sched.problem(seed), starts, quantum))
    if solve:
        typer.echo("\n" + sched.solution_text(result))


@lab_app.command("mlfq")
def mlfq_command(
    queues: int = mlfq.QUEUES,
    quantum: int = mlfq.QUANTUM,
    boost: Annotated[int, typer.Option(help="All rise every so many ticks; 0 = never.")] = 0,
    io_time: int = mlfq.IO_TIME,
    stay: Annotated[bool, typer.Option("--stay", help="I/O resets the quantum.")] = False,
    io_bump: Annotated[bool, typer.Option("--io-bump", help="After I/O to the head of the queue.")] = False,
    jobs: Annotated[str | None, typer.Option(help="START,LENGTH,IOFREQ:START,LENGTH,IOFREQ:...")] = None,
    seed: Seed = 0,
    solve: Solve = False,
    as_json: Json = False,
) -> None:
    """Who sinks, who stays? The multi-level feedback queue with I/O."""
    tasks = None if jobs is None else mlfq.parse(jobs)
    result = mlfq.run_mlfq(queues, quantum, tasks, boost, io_time, stay, io_bump, seed)
    if as_json:
        _json(result)
        return
    typer.echo(mlfq.problem_text(queues, quantum, tasks or mlfq.problem(seed), boost, io_time))
    if solve:
        typer.echo("\n" + mlfq.solution_text(result))


@lab_app.command("process")
def process_command(
    jobs: Annotated[str | None, typer.Option(help="INSTRUCTIONS:PERCENT,...; percent of them use the CPU.")] = None,
    switch: Annotated[str, typer.Option(help="on-io or on-end")] = "on-io",
    io_done: Annotated[str, typer.Option(help="later or immediate")] = "later",
    io_time: int = process.IO_TIME,
    seed: Seed = 0,
    solve: Solve = False,
    as_json: Json = False,
) -> None:
    """Running, ready, blocked: what is each process doing at each tick?"""
    made = process.problem(seed) if jobs is None else process.parse(jobs)
    result = process.run_process(made, switch, io_done, io_time, seed)
    if as_json:
        _json(result)
        return
    typer.echo(process.problem_text(made, switch, io_done, io_time, seed))
    if solve:
        typer.echo("\n" + process.solution_text(made, switch, io_done, io_time, seed))


@lab_app.command("paging")
def paging_command(
    policy: Annotated[str, typer.Option(help="A name, or a file of your own: mine.py.")] = "fifo",
    frames: int = paging.FRAMES,
    refs: List = None,
    seed: Seed = 0,
    solve: Solve = False,
    as_json: Json = False,
) -> None:
    """Which references hit, and which page has to go?

    Your own policy is a function `victim(pages, now)` that returns one of `pages`; each has number, entered, last and used.
    """
    given = _numbers(refs, "--refs")
    result = paging.run_paging(policy, frames, given, seed)
    if as_json:
        _json(result)
        return
    references = given or paging.problem(seed)
    typer.echo(paging.problem_text(policy, frames, references))
    if solve:
        typer.echo("\n" + paging.solution_text(policy, frames, references))


@lab_app.command("references")
def references_command(
    file: Annotated[Path | None, typer.Option("--from", help="Saved by `llmos run --references FILE`.")] = None,
    refs: List = None,
    frames: Annotated[int, typer.Option(min=0, help="Most frames; 0 = as many as there are pages.")] = 0,
    as_json: Json = False,
) -> None:
    """A reference string through every policy: misses against frames, how far from OPT, Belady's anomaly."""
    given = _numbers(refs, "--refs")
    if (file is None) == (given is None):
        raise UsageError("a reference string comes from --from FILE or from --refs 1,2,3")
    result = references.run_references(given if given is not None else references.load(file or Path()), frames)
    _json(result) if as_json else typer.echo(references.table_text(result))


@lab_app.command("belady")
def belady_command(
    policy: Annotated[str, typer.Option(help="A name, or a file of your own: mine.py.")] = "fifo",
    frames: Annotated[int, typer.Option(min=1, max=16)] = 3,
    length: Annotated[int, typer.Option(min=1, max=64)] = 20,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Search for a string on which one frame more makes more misses. LRU and OPT have none: they are stack algorithms."""
    result = references.search(policy, seed, length, frames + 2, frames)
    if as_json:
        _json(result)
    elif result["found"]:
        typer.echo(
            f"{policy} on {','.join(map(str, result['refs']))}: {result['misses']} misses with {frames} frames, "
            f"{result['with_one_more']} with {frames + 1}  (string {result['tried']:,} that was tried)"
        )
    else:
        typer.echo(f"none in {result['tried']:,} strings: perhaps {policy} has none")


@lab_app.command("translate")
def translate_command(
    addresses: List = None,
    table: Annotated[str | None, typer.Option(help="Frame of each page, - for absent: 3,-,7")] = None,
    page_size: int = translate.PAGE,
    seed: Seed = 0,
    solve: Solve = False,
    as_json: Json = False,
) -> None:
    """From a token's address to its page, offset and frame, or a fault."""
    made = None if table is None else translate.parse_table(table)
    result = translate.run_translate(_numbers(addresses, "--addresses"), made, page_size, seed)
    if as_json:
        _json(result)
        return
    typer.echo(translate.problem_text(result))
    if solve:
        typer.echo("\n" + translate.solution_text(result))


@lab_app.command("scaling")
def scaling_command(
    text: Annotated[
        Path | None, typer.Option(help="A UTF-8 text; default: the documents that come with llmos.")
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Loss against parameters and tokens on a small grid, and the fitted line. Takes minutes."""
    from . import scaling

    if text is not None:
        from llmos.train.base import read
    words = read(text) if text else scaling.default_text()
    result = scaling.run_scaling(words, seed=seed, notify=lambda line: typer.echo(line, err=True))
    _json(result) if as_json else typer.echo(scaling.table_text(result))


@lab_app.command("poison")
def poison_command(
    counts: Annotated[str, typer.Option(help="Poisoned examples, with commas.")] = "0,1,2,4,8,16",
    runs: Annotated[int, typer.Option(min=1, max=20, help="Trainings to take the mean of.")] = 1,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """A backdoor from a few training examples: its curve, and a scanner that looks for the trigger."""
    from . import poison

    result = poison.run_poison(tuple(numbers(counts, "--counts", 0)), seed, runs=runs)
    _json(result) if as_json else typer.echo(poison.table_text(result))


@lab_app.command("traps")
def traps_command(
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="nano (minutes), or a larger one, such as smollm2 (hours).")
    ] = None,
    counts: Annotated[str, typer.Option(help="Numbers of examples, with commas.")] = "0,10,100,1000",
    asked: Annotated[int, typer.Option(min=8, max=2000, help="Requests to measure with.")] = 120,
    steps: Annotated[int | None, typer.Option(min=1, max=100_000, help="Of training, for every number.")] = None,
    rate: Annotated[float | None, typer.Option(min=1e-9, max=1, help="Highest learning rate.")] = None,
    rank: Annotated[int | None, typer.Option(min=1, max=256, help="Of the adapter of a larger model.")] = None,
    first: Annotated[int | None, typer.Option(min=0, help="Its first layer.")] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Teach all weights of a larger model, not an adapter.")
    ] = False,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """See it learn to call devices: share of right calls against number of examples, from base to fine-tuned."""
    from . import traps

    def notify(line: str) -> None:
        typer.echo(line, err=True)

    result = traps.run_traps(
        model,
        numbers(counts, "--counts", 0),
        asked,
        seed,
        notify,
        traps.Tuning(steps, rate, rank, first, whole or None),
    )
    _json(result) if as_json else typer.echo(traps.table_text(result))


@lab_app.command("dreams")
def dreams_command(
    prompt: Annotated[list[str] | None, typer.Option(help="May be given several times.")] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="A name or a path.")] = None,
    base: Annotated[
        str | None, typer.Option(help="Another model to dream with, such as one of `llmos train base`.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The same prompts continued as a document and answered as an assistant."""
    from . import dreams

    result = dreams.run_dreams(tuple(prompt or dreams.PROMPTS), model, base)
    _json(result) if as_json else typer.echo(dreams.table_text(result))
