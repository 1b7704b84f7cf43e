"""Thinking: a process whose tokens run while its program sleeps.

Knows: how a thought begins, what each sampled token means (text, part of a call, an end), how a thought ends. Does not
know: lanes and frames (`kernel.py`), how calls are written (`dialects.py`) and made (`instructions.py`).
Only sampled tokens are ever looked at for calls; what was fed or injected is data, whatever it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import channels, guard, instructions, lanes, life, mapping, planner
from .errors import BadCall, KernelError, LimitReached
from .labels import SYSTEM, USER, Label, data
from .limits import MAX_THOUGHT
from .memory import AddressSpace
from .process import Process, State, Thought

if TYPE_CHECKING:
    from .cpu import Mask
    from .kernel import Kernel

ROLES: dict[str, tuple[Label, str]] = {  # role of a span -> its label and author letter
    "text": (USER, "u"),
    "user": (USER, "u"),
    "system": (SYSTEM, "K"),
    "assistant": (SYSTEM, "K"),
    "data": (data("program"), "d"),
}


def sys_think(
    kernel: Kernel,
    process: Process,
    spans: tuple[tuple[str, str], ...],
    limit: int,
    temperature: int = 0,
    min_p: int = 0,
    seed: int | None = None,
    echo: int = 0,
    chat: int = 1,
    traps: int = 1,
    bare: int = 0,
) -> Any:
    """Add `spans` ((role, text), ...) and sample at most `limit` tokens. `chat` opens the assistant's turn first; `bare`
    leaves the model all its control ids, which then mean nothing: it is for `generate`, which shows a model as it is.

    The result is (text, ids, stop, calls): stop is "end", "length", "full" or "calls"; calls are (device, arguments,
    result, label).
    """
    from .calls import LATER

    if not 0 <= limit <= MAX_THOUGHT or not 0 <= temperature <= 10_000 or not 0 <= min_p <= 1000:
        raise BadCall("think: limit, temperature (thousandths, up to 10) or min_p (thousandths) out of range")
    _prompt(kernel, process, spans, bool(chat))
    process.thought = Thought(
        limit=_left(process, limit),
        temperature=temperature,
        min_p=min_p,
        seed=process.seed if seed is None else seed,
        echo=bool(echo),
        traps=bool(traps) and not bare,
        bare=bool(bare),
        began=process.account.decoded,
    )
    kernel.emit("think", process.pid, tuple(process.space.tokens[process.space.resident :]))
    if limit:
        lanes.ready(kernel, process)
    else:
        process.move(State.BLOCKED, "nothing to sample")
        finish(kernel, process, "length")
    return LATER


def _prompt(kernel: Kernel, process: Process, spans: tuple[tuple[str, str], ...], chat: bool) -> None:
    """Add the spans, and open the assistant's turn. The newest of them is the question that a compaction never moves."""
    space = process.space
    asked = len(space.tokens)
    for role, text in spans:
        asked = len(space.tokens)
        add_span(kernel, process, role, text)
    mapping.ask(kernel, space, asked)
    if chat:
        kernel.append(space, kernel.codec.cue(), SYSTEM, "K")
    space.keep = (asked, len(space.tokens))
    if not space.tokens:
        raise BadCall("there is nothing to continue: the context is empty")


def _left(process: Process, limit: int) -> int:
    """What its limit of tokens, and the quota that it shares, leave of what it asks for."""
    most, shared = process.limits.get("tokens"), guard.left(process, "tokens")
    if most is not None and process.account.decoded >= most:
        raise LimitReached(f"pid {process.pid} may write {most} tokens, and did")
    if shared is not None and shared <= 0:
        raise LimitReached(f"pid {process.pid} and those who share its quota of tokens have used it up")
    limit = limit if most is None else min(limit, most - process.account.decoded)
    return limit if shared is None else min(limit, shared)


def add_span(kernel: Kernel, process: Process, role: str, text: str) -> None:
    """Encode one span and append it. Text never becomes a control id: the codec encodes with specials off."""
    if role not in ROLES or not isinstance(text, str):
        raise BadCall(f"a span is (role, text) with a role of {', '.join(ROLES)}; got {role!r}")
    label, who = ROLES[role]
    label = guard.of_span(process, label)
    space, codec = process.space, kernel.codec
    if planner.outside(space, label):
        planner.hide(kernel, space, text, label)
        return
    if role not in ("text", "data"):
        close_turn(kernel, space)
    if role == "text":
        ids = codec.encode(text) if space.tokens else (*codec.start, *codec.encode(text))
    elif role == "data":
        ids = codec.encode(text)
    else:
        ids = codec.turn(role, text, first=not space.tokens)
    kernel.append(space, ids, label, who)
    if role == "user":
        _sign_frame(kernel, space, len(ids), text)


def _sign_frame(kernel: Kernel, space: AddressSpace, count: int, text: str) -> None:
    """Of a turn, the last `count` tokens, the words around what was said (`user`, a default system text) are the kernel's."""
    first = len(space.tokens) - count
    pieces = [kernel.words[token][0] for token in space.tokens[first:]]
    said = text.strip().encode("utf-8", "replace")
    begin = b"".join(pieces).rfind(said)
    at = 0
    for place, piece in enumerate(pieces, first):
        if begin >= 0 and (at + len(piece) <= begin or at >= begin + len(said)):
            space.who[place] = ord("K")
        at += len(piece)


def close_turn(kernel: Kernel, space: AddressSpace) -> None:
    """What the model said last becomes a whole turn: an end if it was cut off, and what the chat form writes after it."""
    last = space.tokens[-1] if space.tokens else -1
    if last >= 0 and (space.who[-1] == ord("m") or last in kernel.codec.marks[3:]):
        ends = () if last in kernel.ends else kernel.ends[:1]
        kernel.append(space, (*ends, *kernel.codec.closing()), SYSTEM, "K")


def retire(kernel: Kernel, process: Process, thought: Thought, token: int) -> None:
    """One sampled token: text, part of a call, or the end of the thought."""
    process.space.write(token)
    if thought.capture >= 0:
        instructions.capture(kernel, process, thought, token)
    elif token in kernel.ends:
        finish(kernel, process, "end")
        return
    else:
        _speak(kernel, process, thought, token)
    if process.account.decoded - thought.began >= thought.limit and process.state is State.RUNNING:
        finish(kernel, process, "length")


def _speak(kernel: Kernel, process: Process, thought: Thought, token: int) -> None:
    """Text, unless a call begins with it."""
    thought.said += kernel.words[token][0]
    opened = kernel.dialect.opens(thought.said, token) if thought.traps else None
    if opened is not None:
        instructions.open_call(kernel, process, thought, opened)
        return
    thought.sampled.append(token)
    if thought.echo:
        show(kernel, process, thought, kernel.dialect.hold(thought.said) if thought.traps else 0)


def show(kernel: Kernel, process: Process, thought: Thought, hold: int) -> None:
    """Stream whole characters to the console, but for the last `hold` bytes; a split character waits for its last byte."""
    if not thought.echo:
        return
    text, rest = split_utf8(bytes(thought.said[thought.shown : len(thought.said) - hold]))
    thought.shown = len(thought.said) - hold - len(rest)
    if text:
        channels.say(kernel, process, "m", text)


def allowed(kernel: Kernel, process: Process, thought: Thought) -> Mask | None:
    """The ids that keep a call legal: between its opening and its end, under a grammar. Else None, for all."""
    if thought.capture < 0 or kernel.grammar is None:
        return None
    return kernel.grammar.allowed(kernel.devices, thought.lead, tuple(process.space.tokens[thought.capture :]))


def forbidden(kernel: Kernel, thought: Thought) -> tuple[int, ...]:
    """The control ids that may not be sampled next. Only a model by itself (`generate`) may sample all it has."""
    if thought.traps and (kernel.devices or thought.capture >= 0):
        return kernel.never
    return () if thought.bare else kernel.mute


def split_utf8(raw: bytes) -> tuple[str, bytes]:
    """The text of `raw` and the incomplete character at its end (at most 3 bytes)."""
    for keep in range(min(3, len(raw)), 0, -1):
        tail = raw[-keep:]
        length = 4 if tail[0] >= 0xF0 else 3 if tail[0] >= 0xE0 else 2 if tail[0] >= 0xC0 else 0
        if length > keep and all(0x80 <= b < 0xC0 for b in tail[1:]):
            return raw[:-keep].decode("utf-8", "replace"), tail
    return raw.decode("utf-8", "replace"), b""


def finish(kernel: Kernel, process: Process, stop: str) -> None:
    """The thought is over: its program goes on with (text, ids, stop, calls)."""
    thought = process.thought
    assert thought is not None
    if thought.echo and thought.shown < len(thought.said):
        channels.say(kernel, process, "m", thought.said[thought.shown :].decode("utf-8", "replace"))
    process.thought = None
    guard.hears(process, process.space.tail)
    lanes.leave(kernel, process)
    text = thought.said.decode("utf-8", "replace")
    kernel.emit("thought", process.pid, stop, len(thought.sampled))
    life.wake(kernel, process, (text, tuple(thought.sampled), stop, tuple(thought.calls)))


def abandon(kernel: Kernel, process: Process, error: KernelError) -> None:
    """The thought can't go on: its program gets the error instead."""
    process.thought = None
    lanes.leave(kernel, process)
    life.fail(kernel, process, error)
