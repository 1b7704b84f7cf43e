"""The command line: names, options and how errors look. What a command does lives in the module it calls.

Knows: every command. Does not know: models, kernels, widgets; those are imported by the command that needs them, so that
`llmos --help` stays quick. Errors are one line on standard error; exit status 2 for bad use, 1 for failure.
"""

from __future__ import annotations

import atexit
import json as jsonlib
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import __version__
from .attacks.cli import attack_app
from .audit import audit_app
from .disk import disk_app
from .errors import LlmosError, UsageError
from .evals.cli import eval_app
from .labs.cli import lab_app
from .looks import Look, with_look
from .session_commands import COMMANDS
from .train.cli import train_app

if TYPE_CHECKING:
    from .settings import Outside

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=False,
    help="llmos: an operating system whose CPU is a language model, that you can watch think.",
)
app.add_typer(attack_app, name="attack", help="Attacks to run live, with the defences off or on.")
app.add_typer(audit_app, name="audit", help="What was decided about every call, and why.")
app.add_typer(eval_app, name="eval", help="Measure what the machine can and what it lets happen.")
app.add_typer(train_app, name="train", help="Make the CPUs of this machine by our own recipes.")
app.add_typer(lab_app, name="lab", help="Problems to solve and measurements to make.")
app.add_typer(disk_app, name="disk")
for command in COMMANDS:
    app.command()(command)

Model = Annotated[str | None, typer.Option("--model", "-m", help="A name (see `llmos models`) or a path.")]
Mode = Annotated[str, typer.Option("--dtype", help="Arithmetic: exact8, float32 or bfloat16.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]
Seed = Annotated[int, typer.Option("--seed", help="Of all random streams.")]
Tokens = Annotated[int, typer.Option("--max-tokens", min=1, max=100_000)]
Devices = Annotated[str | None, typer.Option("--devices", help="Names, with commas; default: calc,clock,files,search.")]
Home = Annotated[Path | None, typer.Option("--home", help="Folder of the files device.")]
Library = Annotated[Path | None, typer.Option("--library", help="Folder of documents for search.")]
Mcp = Annotated[list[str] | None, typer.Option("--mcp", help='An MCP server: NAME="COMMAND" or NAME=URL; repeatable.')]
Host = Annotated[list[str] | None, typer.Option("--host", help="A host that the browser may ask; repeatable.")]
Llm = Annotated[str, typer.Option("--llm", help="Address of an OpenAI-compatible server; its key: LLMOS_LLM_KEY.")]
Temperature = Annotated[float, typer.Option("--temperature", min=0.0, max=10.0, help="0 is greedy.")]


CommandError: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
"""What the command-line parser raises for bad use; typer names only its subclasses."""


def emit(value: Any) -> None:
    """One JSON object on standard output."""
    print(jsonlib.dumps(value, ensure_ascii=False))


@app.callback(invoke_without_command=True)
@with_look
def room(
    context: typer.Context,
    look: Look,
    model: Model = None,
    mode: Mode = "exact8",
    seed: Seed = 0,
    speed: Annotated[float, typer.Option("--speed", min=0, help="Tokens a second; 0 is as fast as it can.")] = 8.0,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Open the machine room, or run one of the commands below."""
    if version:
        print(f"llmos {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is not None:
        for option in _given(context, "debug").values():
            raise UsageError(_misplaced(context, option, context.invoked_subcommand))
    else:
        from .tui.first import Picture

        with Picture(plain=look.plain) as picture:  # painted before anything slow is imported
            from .front import machine_room

            machine_room(model, mode, seed, speed, look, picture.hand_over)


@app.command()
@with_look
def run(
    look: Look,
    program: Annotated[str, typer.Argument(help="One that `help` in sh lists: chat, ask, demo ...")] = "sh",
    args: Annotated[list[str] | None, typer.Argument(help="Its arguments.")] = None,
    model: Model = None,
    mode: Mode = "exact8",
    seed: Seed = 0,
    lanes: Annotated[int, typer.Option("--lanes", min=1, max=64, help="Processes that decode together.")] = 4,
    window: Annotated[int, typer.Option("--window", min=0, help="Frames a process may hold; 0 = all it needs.")] = 0,
    replacement: Annotated[str, typer.Option("--replacement", help="Who goes when the window is full.")] = "attention",
    policy: Annotated[str, typer.Option("--policy", help="Who gets the lanes: a name, or your own mine.py.")] = "rr",
    victims: Annotated[str, typer.Option("--victims", help="Who loses its frames when they are short.")] = "lru",
    references: Annotated[Path | None, typer.Option("--references", help="Save which pages got attention.")] = None,
    adapters: Annotated[
        str, typer.Option("--adapters", help="Weights to choose from, with commas: traps, or NAME=FILE.")
    ] = "",
    home: Home = None,
    library: Library = None,
    devices: Devices = None,
    mcp: Mcp = None,
    host: Host = None,
    llm: Llm = "",
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of the machine room.")] = False,
    json: Json = False,
) -> None:
    """Run one program: in the machine room, or as plain lines with --plain, --json or --references."""
    from .front import program_options, run_screen
    from .plain import run_plain

    outside = _outside(home, library, devices, host, mcp, llm)
    options = program_options(
        program, args or [], model, mode, seed, lanes, window, replacement, policy, victims, adapters, outside
    )
    if plain or json or references or not sys.stdout.isatty():
        raise typer.Exit(run_plain(program, options, json, references))
    run_screen(options, look)


@app.command()
def ask(
    text: Annotated[str, typer.Argument(help="The question.")],
    model: Model = None,
    mode: Mode = "exact8",
    seed: Seed = 0,
    max_tokens: Tokens = 256,
    temperature: Temperature = 0.0,
    now: Annotated[str | None, typer.Option("--now", help="Pin the clock device, as 2026-05-20T10:30.")] = None,
    home: Home = None,
    library: Library = None,
    devices: Devices = None,
    mcp: Mcp = None,
    host: Host = None,
    llm: Llm = "",
    system_tools: Annotated[bool, typer.Option(help="Tell the model what is mounted.")] = True,
    grammar: Annotated[bool, typer.Option(help="Hold calls to the grammar of what is mounted.")] = True,
    adapter: Annotated[bool, typer.Option(help="Use the trap adapter that is shipped for the model.")] = True,
    check: Annotated[bool, typer.Option("--check", help="Do its sums again and run its code again.")] = False,
    json: Json = False,
) -> None:
    """Ask one question; the answer is marked with where it comes from."""
    from .front import ask as ask_machine

    answer = ask_machine(
        text,
        quiet=json,
        model=model,
        mode=mode,
        seed=seed,
        limit=max_tokens,
        temperature=temperature,
        now=now,
        outside=_outside(home, library, devices, host, mcp, llm),
        tools=system_tools,
        grammar=grammar,
        adapter=adapter,
        check=check,
    )
    if json:
        emit(answer)
        return
    if answer["answer"]:
        kind = "grounded" if answer["grounded"] >= 0.5 else "dreamed"
        print(f"  {kind}: {answer['grounded']:.0%} of its words rest on a source")
    for one in answer["checks"]:
        print(f"  {'right' if one['right'] else 'WRONG'}: {one['claim']} ({one['value']})")


@app.command()
def generate(
    prompt: Annotated[list[str], typer.Option("--prompt", help="Text to continue; may be given several times.")],
    model: Model = None,
    chat: Annotated[bool, typer.Option("--chat", help="Use the model's chat form.")] = False,
    max_tokens: Tokens = 64,
    temperature: Temperature = 0.0,
    min_p: Annotated[float, typer.Option("--min-p", min=0.0, max=1.0)] = 0.0,
    seed: Seed = 0,
    mode: Mode = "exact8",
    json: Json = False,
) -> None:
    """Continue prompts, each as a process of its own, side by side."""
    from .generating import generate as generate_machine

    runs = generate_machine(prompt, model, chat, max_tokens, temperature, min_p, seed, mode)
    if json:
        emit(runs[0] if len(runs) == 1 else {"runs": runs})
    else:
        for one in runs:
            print(one["text"])


@app.command()
def models(json: Json = False) -> None:
    """List the models that are here."""
    from . import store

    found = store.installed()
    if json:
        emit({"models": found})
        return
    for line in store.lines(found):
        print(line)


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="smollm2, or hf:OWNER/NAME[:FILE].")],
    source: Annotated[Path | None, typer.Option("--from", help="Take it from this folder or file.")] = None,
    json: Json = False,
) -> None:
    """Fetch a model; checked by hash, never half-written."""
    from . import store
    from .printing import Meter

    with Meter(quiet=json) as meter:
        path = store.pull(name, source, meter)
    if json:
        emit({"name": name, "path": str(path), "bytes": path.stat().st_size})
    else:
        print(f"{name} is at {path}")


@app.command()
def doctor(json: Json = False) -> None:
    """Say what is here, what is missing, and the command that mends it."""
    from . import doctor as doctor_module

    report = doctor_module.report()
    if json:
        emit(report)
        return
    for line in doctor_module.lines(report):
        print(line)


@app.command()
@with_look
def replay(
    look: Look,
    journal: Annotated[Path, typer.Argument(help="A recorded session.")],
    tick: Annotated[int | None, typer.Option("--tick", min=0, help="Stop before this tick.")] = None,
    events: Annotated[bool, typer.Option("--events", help="Print every event, one JSON list a line.")] = False,
    strace: Annotated[bool, typer.Option("--strace", help="Print each call and what came of it.")] = False,
    redact: Annotated[Path | None, typer.Option("--redact", help="Write a recording without its words.")] = None,
    transcript: Annotated[Path | None, typer.Option("--transcript", help="Write the console as Markdown.")] = None,
    cast: Annotated[Path | None, typer.Option("--cast", help="Write the console as a terminal cast.")] = None,
    trace: Annotated[Path | None, typer.Option("--trace", help="Write a trace for a browser's tracing page.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of the machine room.")] = False,
    json: Json = False,
) -> None:
    """Run a recorded session again, without a model: in the machine room, or as lines when there is no terminal."""
    outs = {"redact": redact, "transcript": transcript, "cast": cast, "trace": trace}
    lines = strace or any(outs.values()) or json or events or plain
    if not lines and all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        from .tui.first import Picture

        with Picture(recorded=True, plain=look.plain) as picture:  # painted before anything slow is imported
            from .screens import recording

            recording(journal, tick, look, picture.hand_over)
        return
    from . import retelling

    if strace or any(outs.values()):
        if tick is not None or events:
            raise UsageError("--tick and --events are of a replay; what is made of a whole session takes neither")
        written = retelling.export(journal, strace, {what: out for what, out in outs.items() if out}, json)
        if json:
            emit(written)
        return
    result = retelling.replay(journal, tick, events, quiet=json)
    if json:
        emit(result)


@app.command()
@with_look
def lesson(
    look: Look,
    name: Annotated[str, typer.Argument(help="A lesson, or `class` for all in order.")] = "",
    show: Annotated[bool, typer.Option("--list", help="List the lessons.")] = False,
    seed: Annotated[int | None, typer.Option("--seed", help="Of the class; default: the lesson's own.")] = None,
    student: Annotated[str, typer.Option("--student", help="A name: each gets a variant of their own.")] = "",
    cpu: Annotated[str, typer.Option("--cpu", "--model", "-m", help="The model that runs it.")] = "nano",
    own: Annotated[
        Path | None,
        typer.Option(
            "--own", "--policy", "--device", "--text", help="Your own policy, device or text in place of ours."
        ),
    ] = None,
    solve: Annotated[bool, typer.Option("--solve", help="Reveal everything.")] = False,
    worksheet: Annotated[
        bool, typer.Option("--worksheet", help="Texts and questions without answers, to print.")
    ] = False,
    recorded: Annotated[bool, typer.Option("--recorded", help="From the lesson's record, without a model.")] = False,
    live: Annotated[bool, typer.Option("--live", help="Train now what is otherwise read from a measurement.")] = False,
    jump: Annotated[int, typer.Option("--jump", min=1, help="Begin with this question.")] = 1,
    lock: Annotated[str, typer.Option("--lock", help="Controls that are off: solve, hint, jump, back, change.")] = "",
    record: Annotated[
        Path | None, typer.Option("--record", help="Write what a run measures; a class: into a folder.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A folder for your answers, or x.json; default: the state folder.")
    ] = None,
    large: Annotated[
        bool, typer.Option("--large", help="For a class to read from afar: text and reveal only.")
    ] = False,
    speed: Annotated[
        float | None, typer.Option("--speed", min=0, help="Ticks a second on the screen; 0 is as fast as it can.")
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of the screen.")] = False,
    json: Json = False,
) -> None:
    """Predict, then reveal: one lesson on a running machine. Answers are read line by line."""
    from .lessons import cli as lessons
    from .lessons.wanted import Wanted

    if show or not name:
        found = lessons.list_lessons()
        if json:
            emit({"lessons": found})
        for one in found if not json else ():
            print(f"{one['name']:<12} {one['minutes']:>3} min  {one['title']}")
        return
    locks = tuple(part.strip() for part in lock.split(",") if part.strip())
    wanted = Wanted(name, seed, student, cpu, solve, json, own, worksheet, recorded, live, jump, locks, record, out)
    lines = plain or json or not wanted.answered
    if not lines and sys.stdin.isatty() and sys.stdout.isatty():
        from .screens import lesson as lesson_screen

        lesson_screen(wanted, large, look, speed)
        return
    if speed is not None:
        raise UsageError("--speed is of a lesson's screen; in lines it runs as fast as it can")
    lessons.run_lesson(wanted)


@app.command()
def grade(
    folder: Annotated[Path, typer.Argument(help="A folder of records made by `llmos lesson --json`.")],
    csv: Annotated[bool, typer.Option("--csv", help="As comma-separated values.")] = False,
    json: Json = False,
    answers: Annotated[bool, typer.Option("--answers", help="How many gave each answer to each question.")] = False,
) -> None:
    """Judge collected lesson records again, and notice edited ones."""
    from .lessons import cli as lessons

    lessons.run_grade(folder, csv, json, answers)


@app.command()
def devices(
    names: Annotated[str | None, typer.Option("--devices", help="Only these, with commas.")] = None,
    mcp: Mcp = None,
    host: Host = None,
    llm: Llm = "",
    json: Json = False,
) -> None:
    """List the peripherals that can be mounted, with help; those of servers that are configured, too."""
    from .front import list_devices

    found = list_devices(_outside(None, None, names, host, mcp, llm))
    if json:
        emit({"devices": found})
        return
    for one in found:
        print(f"{one['name']:<10} {one['help']}")


@app.command()
def mail(
    name: Annotated[str, typer.Argument(help="Whose mailbox; none lists all.")] = "",
    empty: Annotated[bool, typer.Option("--empty", help="Throw the messages away once they are shown.")] = False,
    json: Json = False,
) -> None:
    """Read the messages that processes left for a person with the device `send`."""
    from .front import read_mail

    messages = read_mail(name, empty)
    if json:
        emit({"name": name, "messages": messages})
    for line in messages if not json else ():
        print(line)


OF_ONE_BENCH = {
    "cases": ("memory",),
    "seconds": ("memory",),
    "record": ("memory",),
    "pages": ("memory",),
    "workload": ("sched",),
    "quantum": ("sched",),
    "policy": ("sched",),
    "model": ("accuracy", "cpu", "masks", "memory", "sched", "screen"),
    "modes": ("accuracy", "cpu", "masks", "memory", "sched"),
}
"""Options of `llmos bench` and the measurements that read them."""


@app.command()
def bench(
    context: typer.Context,
    what: Annotated[
        str, typer.Argument(help="accuracy, cpu, kernel, masks, memory, rights, sched, screen or waiting.")
    ],
    model: Model = None,
    modes: Annotated[str, typer.Option("--modes", help="With commas.")] = "exact8,float32,bfloat16",
    cases: Annotated[int, typer.Option("--cases", min=0, help="Of the needle test, for memory.")] = 10,
    seconds: Annotated[float, typer.Option("--seconds", min=0, help="Most time for the needle test.")] = 120.0,
    record: Annotated[Path | None, typer.Option("--record", help="Finished needle cases: go on from here.")] = None,
    pages: Annotated[int, typer.Option("--pages", min=20, max=500, help="Of 16 tokens, of a text for memory.")] = 62,
    workload: Annotated[Path | None, typer.Option("--workload", help="Jobs for sched: ARRIVAL PROMPT LENGTH.")] = None,
    quantum: Annotated[int, typer.Option("--quantum", min=1, max=10_000, help="Of sched, in tokens.")] = 10,
    policy: Annotated[str | None, typer.Option("--policy", help="A file of your own for sched: mine.py.")] = None,
    json: Json = False,
) -> None:
    """Measure; where a peer is installed, measure it in the same run and print the ratio."""
    from . import benches

    for name, option in _given(context, "what", "json").items() if what in benches.NAMES else ():
        if what not in OF_ONE_BENCH[name]:
            raise UsageError(f"{option} is not of `llmos bench {what}`, but of {' and '.join(OF_ONE_BENCH[name])}")
    if what == "sched":
        table = benches.sched(workload, model, modes.split(",")[0], quantum, policy, json)
        if json:
            emit(table)
        return
    result = benches.run(what, benches.Given(model, tuple(modes.split(",")), cases, seconds, record, pages), json)
    if json:
        emit(result)


def main() -> None:
    """Run a command and turn what goes wrong into one line and a status."""
    debug = "--debug" in sys.argv
    status = _delivered(_status(debug), debug)
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)  # a late Ctrl-C would be a clean-up's traceback
    sys.exit(status)


def _status(debug: bool) -> int:
    try:
        status = app(standalone_mode=False)
        if status == 130:  # typer has swallowed a Ctrl-C
            return _complain("interrupted", 130, False)
    except LlmosError as e:
        return _complain(str(e), e.status, debug)
    except typer.Abort:
        return _complain("interrupted", 130, False)
    except CommandError as e:
        if type(e).__name__ == "NoArgsIsHelpError":  # a group without a command: its help, as it is laid out
            print(e.format_message(), file=sys.stderr)
            return 2
        return _complain(e.format_message(), e.exit_code, debug)
    except (OSError, MemoryError) as e:
        return _complain(f"{type(e).__name__}: {e}", 1, debug)
    return status if isinstance(status, int) else 0


def _delivered(status: int, debug: bool) -> int:
    """What was printed is out. If it can't be: quietly where its reader has left (as typer has it), else with the reason."""
    try:
        if sys.stdout:  # none where it was closed from the start
            sys.stdout.flush()
    except OSError as e:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the rest has nowhere else to go
        return status or (1 if isinstance(e, BrokenPipeError) else _complain(f"the output is cut short: {e}", 1, debug))
    return status


def _given(context: typer.Context, *known: str) -> dict[str, str]:
    """The options that were written on the command line, but for the `known`: their names, and how they are written."""
    return {
        option.name: max(option.opts, key=len)
        for option in context.command.params
        if option.name and option.name not in known
        if str(context.get_parameter_source(option.name)).endswith("COMMANDLINE")
    }


def _misplaced(context: typer.Context, option: str, command: str) -> str:
    """What to do with an option of the machine room that stands before a command."""
    commands: Any = context.command
    known = any(option in one.opts for one in commands.commands[command].params)
    there = f"write it behind: llmos {command} {option}" if known else f"`{command}` has no such option"
    return f"{option} before `{command}` is of the machine room; {there}"


def _outside(
    home: Path | None,
    library: Path | None,
    devices: str | None,
    hosts: list[str] | None,
    mcp: list[str] | None,
    llm: str,
) -> Outside:
    from .settings import Outside

    return Outside(home, library, devices, tuple(hosts or ()), tuple(mcp or ()), llm)


def _complain(message: str, status: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    print("llmos: " + " ".join(message.split()), file=sys.stderr)
    return status


__all__ = ["app", "main"]
