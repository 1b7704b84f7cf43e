"""Looking inside one thing: a process, a page, a token, a call, the scheduler's choice. Answers are frozen facts.

Knows: where in the kernel each fact is found. Does not know: screens. Called by the machine's thread between two steps;
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import count

from llmos_kernel import guard, rights
from llmos_kernel.kernel import Kernel
from llmos_kernel.labels import Label
from llmos_kernel.look import word
from llmos_kernel.process import Process

from . import callsteps
from .callsteps import label
from .choices import Choice, Choices
from .narrate import Story
from .status import Attention, Fact, Inspection, Line

AUTHORS = {"m": "the model", "K": "the kernel or a program", "u": "you", "d": "a device"}
HISTORY = 12  # log lines of a page
TEXT = 600  # characters of a text that one fact shows


Look = Callable[[int, int], Attention]
"""(pid, position) -> where that token looked. Raises ValueError with the reason when nobody can tell."""


class Inspector:
    """Answers `inspect KIND ARGS...`. Raises ValueError when there is no such thing."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def ask(self, kernel: Kernel, story: Story, choices: Choices, look: Look, kind: str, *args: str) -> Inspection:
        """`look` tells where a token of a process looked."""
        if kind == "token":
            return self._token(kernel, choices, look, *map(_number, args))
        if kind == "call":
            title, facts = call(kernel, story, choices, *map(_number, args))
            return Inspection(next(self._numbers), kind, title, tuple(facts))
        if kind not in TELLERS:
            raise ValueError(
                f"can't inspect {kind!r}: process PID, page PID PAGE, token [PID] [BACK], call PID, choice, trace PID"
            )
        title, facts = TELLERS[kind](kernel, story, *map(_number, args))
        return Inspection(next(self._numbers), kind, title, tuple(facts))

    def _token(self, kernel: Kernel, choices: Choices, look: Look, pid: int = 0, back: int = 0) -> Inspection:
        """The token `back` places before the end of a context; pid 0 is whoever chose the last one."""
        pid = pid or choices.last(kernel)
        p = _process(kernel, pid)
        at = len(p.space.tokens) - 1 - back
        if not 0 <= at < len(p.space.tokens):
            raise ValueError(f"pid {pid} has {len(p.space.tokens)} tokens")
        token, who = p.space.tokens[at], chr(p.space.who[at])
        known = choices.at(pid, at) if who == "m" else None
        facts = [
            Fact("token", f"id {token} at position {at}, page {at // kernel.geometry.page}"),
            Fact("text", repr(word(kernel, token)), who),
            Fact("author", AUTHORS.get(who, who), who),
            Fact("label", label(p.space.label_of(at, at))),
        ]
        asked, heads = _looked(kernel, look, pid, at - 1 if who == "m" and at else at)
        if known is None:
            why = "nobody chose it: it was fed" if who != "m" else "its choice is no longer kept"
            facts += [Fact("choice", why), asked]
            return Inspection(next(self._numbers), "token", f"token of pid {pid}", tuple(facts), attention=heads)
        facts += [Fact("tick", f"{known.tick:,}"), Fact("mask", _mask(kernel, known)), asked]
        total = sum(known.mass) or 1
        return Inspection(
            next(self._numbers),
            "token",
            f"token of pid {pid} {p.program}",
            tuple(facts),
            tuple((word(kernel, t), weight / 65535) for t, weight in known.top),
            word(kernel, token),
            tuple(m / total for m in known.mass),
            heads,
        )


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"takes a number, not {text!r}") from None


def _looked(kernel: Kernel, look: Look, pid: int, position: int) -> tuple[Fact, Attention | None]:
    """Where the token at a position looked, or why nobody can tell."""
    try:
        heads = look(pid, position)
    except ValueError as e:
        return Fact("heads", str(e)), None
    away = f"; {heads.missing} pages that are not in RAM are left out" if heads.missing else ""
    how = "made up, as all that a script says," if kernel.geometry.mode == "scripted" else "computed again"
    rest = "all it read; its pages are gone" if heads.anew else f"{len(heads.pages)} pages"
    text = f"of {heads.token!r} at position {position}, {how} from {rest}{away}"
    return Fact("heads", text), heads


def _mask(kernel: Kernel, known: Choice) -> str:
    """What could not be sampled there, whatever the model found likely."""
    names = ", ".join(word(kernel, token) for token in known.never)
    ruled = f"; never {names}" if names else ""
    if known.may < 0:
        return f"no grammar{ruled}"
    left = " ".join(repr(word(kernel, token)) for token in known.some)
    more = f" and {known.may - len(known.some):,} more" if known.may > len(known.some) else ""
    return f"the grammar left {known.may:,} of {kernel.geometry.vocab:,} ids: {left}{more}{ruled}"


def process(kernel: Kernel, story: Story, pid: int) -> tuple[str, list[Fact]]:
    """Prompt, spans with labels, pages, channels, calls, account."""
    p = _process(kernel, pid)
    a, parent = p.account, kernel.processes.get(p.ppid)
    facts = [
        Fact("state", f"{p.state} {f'({p.why})' if p.why else ''}"),
        Fact("parent", f"pid {p.ppid} {parent.program if parent else ''}"),
        Fact("ring", f"{p.ring.name}, what it writes next is {label(p.space.tail)}"),
        Fact("open", ", ".join(f"{n}={name}" for n, name in sorted(p.channels.items())) or "nothing"),
        Fact("account", f"decoded {a.decoded:,}, read {a.prefilled:,}, read again {a.recomputed:,}, calls {a.calls:,}"),
        Fact("time", f"on a lane {a.ran:,} ticks, waited {a.waited:,}, born in tick {a.born:,}"),
        Fact(
            "memory",
            f"{len(p.space.tokens):,} tokens in {len(p.space.frames)} pages, {kernel.memory.shared(p.space)} shared",
        ),
    ]
    facts += [Fact("rights", text) for text in granted(p.rights, kernel.devices)]
    if p.space.frames:
        facts.append(Fact("page table", _table(p)))
    for name, used, most in guard.quotas(kernel, p):
        facts.append(Fact("quota", f"{name}: {used:,} of {most:,} used"))
    for start, end, span in _spans(p):
        text = _text(kernel, p, start, end)
        facts.append(Fact(f"{start:,}-{end - 1:,}", f"{label(span)}: {text}", chr(p.space.who[start])))
    for device, asked, result, *_ in p.thought.calls if p.thought else ():
        facts.append(Fact("call", f"{device} {asked} = {result}", "d"))
    return f"pid {pid} {p.program}", facts


def granted(layers: rights.Rights, devices: Iterable[str]) -> Iterator[str]:
    """What a process may touch: the devices that are mounted, and each layer's own words for the rest."""
    yield f"devices {', '.join(name for name in devices if rights.device_granted(layers, name)) or 'none'}"
    for number, layer in enumerate(layers):
        pledge = f"pledge {', '.join(layer.devices) or 'nothing'}" if layer.devices is not None else ""
        unveil = ", ".join(f"{'/'.join(path) or '.'} {mode}" for path, mode in layer.paths or ())
        hosts = f"hosts {', '.join(layer.hosts) or 'none'}" if layer.hosts is not None else ""
        people = f"recipients {', '.join(layer.recipients) or 'none'}" if layer.recipients is not None else ""
        parts = (pledge, f"unveil {unveil or 'nothing'}" if layer.paths is not None else "", hosts, people)
        yield f"layer {number}: {'; '.join(part for part in parts if part) or 'takes nothing away'}"


def _table(p: Process) -> str:
    """Each page with its frame and its part of the last query's attention."""
    total = sum(p.mass) or 1
    heat = [*p.mass, *[0] * len(p.space.frames)]
    return "  ".join(
        f"{i}>{f'{frame:02x}' if frame else 'out'} {heat[i] / total:.0%}" for i, frame in enumerate(p.space.frames)
    )


def page(kernel: Kernel, story: Story, pid: int, number: int) -> tuple[str, list[Fact]]:
    """Text, tokens, who shares it, attention."""
    p, size = _process(kernel, pid), kernel.geometry.page
    if not 0 <= number < len(p.space.frames):
        raise ValueError(f"pid {pid} has {len(p.space.frames)} pages")
    frame, first = p.space.frames[number], number * size
    last = min(first + size, len(p.space.tokens))
    sharers = [f"pid {o.pid} page {o.space.frames.index(frame)}" for o in _mapping(kernel, frame)]
    mass = p.mass[number] / (sum(p.mass) or 1) if number < len(p.mass) else 0.0
    facts = [
        Fact("frame", f"{frame:02x}" if frame else "none: it is on disk"),
        Fact("mapped by", ", ".join(sharers) or "nobody"),
        Fact("label", label(p.space.label_of(first, last - 1))),
        Fact("attention", f"{mass:.0%} of the last query's weight"),
        Fact(
            "depends on", f"pages 0 to {number}: other beginnings, other keys and values" if number else "itself only"
        ),
    ]
    facts.append(Fact("text", repr(_text(kernel, p, first, last))))
    facts += [Fact(f"tick {line.tick:,}", line.text) for line in _history(story, pid, number, kernel.tick)]
    for at in range(first, last):
        facts.append(
            Fact(f"{at}", f"{p.space.tokens[at]:>6}  {word(kernel, p.space.tokens[at])!r}", chr(p.space.who[at]))
        )
    return f"page {number} of pid {pid} {p.program}", facts


OF_A_PAGE = ("fault", "damaged", "pageout", "mapin")
OF_ALL = (
    "share",
    "shared",
    "attached",
    "cow",
    "evict",
    "swapout",
    "swapin",
    "swapfull",
    "mmap",
    "parked",
    "unparked",
    "window",
)
"""Events that tell of one page of a process, and of all."""


def _history(story: Story, pid: int, number: int, tick: int) -> list[Line]:
    """What happened to one page of a process: shared, copied, written away, brought back."""
    found = story.about(pid, tick, (*OF_A_PAGE, *OF_ALL))
    return [entry.line for entry in found if entry.kind in OF_ALL or entry.what == number][-HISTORY:]


def choice(kernel: Kernel, story: Story) -> tuple[str, list[Fact]]:
    """Why who runs runs, and why the others do not."""
    facts = [Fact("policy", kernel.policy.name), Fact("lanes", str(len(kernel.lanes)))]
    for lane, p in enumerate(kernel.lanes):
        if p is None:
            facts.append(Fact(f"lane {lane}", "idle: nobody was ready"))
            continue
        used, allowed = kernel.policy.turn(p.pid)
        facts.append(Fact(f"lane {lane}", f"pid {p.pid} {p.program}: {used} of {allowed} ticks of its turn used"))
    for p in kernel.processes.values():
        if p.lane < 0:
            facts.append(Fact(f"pid {p.pid}", f"{p.program} {_waiting(kernel, p)}"))
    return "why does who runs run now?", facts


def _waiting(kernel: Kernel, p: Process) -> str:
    if str(p.state) == "READY":
        return f"is ready since tick {p.account.since:,} and waits its turn ({p.account.waited:,} ticks before)"
    return f"does not want a lane: {str(p.state).lower()}{f', {p.why}' if p.why else ''}"


def trace(kernel: Kernel, story: Story, pid: int) -> tuple[str, list[Fact]]:
    """Its calls and what came back, as strace tells them."""
    lines = story.trace(pid, kernel.tick)
    if not lines:
        raise ValueError(f"pid {pid} has done nothing yet")
    return f"trace of pid {pid}", [Fact(f"{line.tick:,}", line.text) for line in lines]


def call(kernel: Kernel, story: Story, choices: Choices, pid: int) -> tuple[str, list[Fact]]:
    """Its last call, from the stop to what came back."""
    steps = callsteps.last(story.calls(pid, kernel.tick), kernel.config.devices)
    if not steps:
        raise ValueError(f"pid {pid} has called nothing yet")
    device = next((str(step[3]) for step in steps if step[1] == "checked"), "")
    return f"the last call of pid {pid} {device}".strip(), list(callsteps.told(kernel, choices, steps))


TELLERS: dict[str, Callable[..., tuple[str, list[Fact]]]] = {
    "process": process,
    "page": page,
    "choice": choice,
    "trace": trace,
}


def _process(kernel: Kernel, pid: int) -> Process:
    if pid not in kernel.processes:
        raise ValueError(f"no process {pid} now; if there was one, comma goes back to it")
    return kernel.processes[pid]


def _mapping(kernel: Kernel, frame: int) -> list[Process]:
    return [p for p in kernel.processes.values() if frame and frame in p.space.frames]


def _spans(p: Process) -> list[tuple[int, int, Label]]:
    starts = p.space.spans
    ends = [*(start for start, _ in starts[1:]), len(p.space.tokens)][: len(starts)]  # nothing was said: no spans
    return [(start, end, span) for (start, span), end in zip(starts, ends, strict=True) if end > start]


def _text(kernel: Kernel, p: Process, start: int, end: int) -> str:
    text = "".join(word(kernel, t) for t in p.space.tokens[start:end])
    return text if len(text) <= TEXT else f"{text[: TEXT // 2]} … {text[-TEXT // 2 :]}"
