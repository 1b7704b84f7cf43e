"""Thinking: a process whose tokens run while its program sleeps.

Knows: how a thought begins, what each sampled token means (text, TRAP, GO, an end), how a result is put back into the
stream, how a thought ends. Does not know: lanes and frames (`kernel.py`), what devices do.
Only sampled tokens are ever looked at for traps; what was fed or injected is data, whatever it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import lanes, life
from .errors import BadCall, KernelError
from .labels import SYSTEM, USER, Label, data
from .limits import MAX_CALL_TOKENS, MAX_CALLS_A_THOUGHT, MAX_RESULT_CHARS, MAX_THOUGHT
from .process import Process, State, Thought

if TYPE_CHECKING:
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
) -> Any:
    """Add `spans` ((role, text), ...) and sample at most `limit` tokens. `chat` opens the assistant's turn first.

    The result is (text, ids, stop, calls): stop is "end", "length" or "full"; calls are (device, arguments, result).
    """
    from .calls import LATER

    if not 0 <= limit <= MAX_THOUGHT or not 0 <= temperature <= 10_000 or not 0 <= min_p <= 1000:
        raise BadCall("think: limit, temperature (thousandths, up to 10) or min_p (thousandths) out of range")
    for role, text in spans:
        add_span(kernel, process, role, text)
    if chat:
        kernel.append(process.space, kernel.codec.cue(), SYSTEM, "K")
    if not process.space.tokens:
        raise BadCall("there is nothing to continue: the context is empty")
    process.thought = Thought(
        limit=limit,
        temperature=temperature,
        min_p=min_p,
        seed=process.seed if seed is None else seed,
        echo=bool(echo),
        traps=bool(traps and kernel.codec.marks),
        began=process.account.decoded,
    )
    kernel.emit("think", process.pid, tuple(process.space.tokens[process.space.resident :]))
    if limit:
        lanes.ready(kernel, process)
    else:
        process.move(State.BLOCKED, "nothing to sample")
        finish(kernel, process, "length")
    return LATER


def add_span(kernel: Kernel, process: Process, role: str, text: str) -> None:
    """Encode one span and append it. Text never becomes a control id: the codec encodes with specials off."""
    if role not in ROLES or not isinstance(text, str):
        raise BadCall(f"a span is (role, text) with a role of {', '.join(ROLES)}; got {role!r}")
    label, who = ROLES[role]
    space, codec = process.space, kernel.codec
    if role == "text":
        ids = codec.encode(text) if space.tokens else (*codec.start, *codec.encode(text))
    elif role == "data":
        ids = codec.encode(text)
    else:
        ids = codec.turn(role, text, first=not space.tokens)
    kernel.append(space, ids, label, who)


def retire(kernel: Kernel, process: Process, thought: Thought, token: int) -> None:
    """One sampled token: text, the start of a call, its end, or the end of the thought."""
    process.space.append((token,), process.space.tail, "m")
    if thought.capture >= 0:
        _capture(kernel, process, thought, token)
    elif token in kernel.ends:
        finish(kernel, process, "end")
        return
    elif thought.traps and token == kernel.trap:
        thought.capture = len(process.space.tokens) - 1
        kernel.emit("trap", process.pid)
    else:
        thought.sampled.append(token)
        if thought.echo:
            _echo(kernel, process, thought, kernel.words[token][0])
    if process.state is State.RUNNING and process.account.decoded - thought.began >= thought.limit:
        finish(kernel, process, "length")


def _capture(kernel: Kernel, process: Process, thought: Thought, token: int) -> None:
    """Between TRAP and GO. An end token, a second TRAP or too many tokens make it an illegal instruction."""
    written = process.space.tokens[thought.capture + 1 : -1]
    if token == kernel.go:
        thought.capture = -1
        text = b"".join(kernel.words[t][0] for t in written).decode("utf-8", "replace").strip()
        _dispatch(kernel, process, thought, text)
    elif token in kernel.ends or token == kernel.trap or len(written) >= MAX_CALL_TOKENS:
        thought.capture = -1
        _illegal(kernel, process, thought, "a call is written TRAP device arguments GO")


def _dispatch(kernel: Kernel, process: Process, thought: Thought, text: str) -> None:
    """The model's own system call: the same devices, the same request table as for programs."""
    device, _, arguments = text.partition(" ")
    if len(thought.calls) >= MAX_CALLS_A_THOUGHT:
        finish(kernel, process, "calls")
    elif device not in kernel.config.devices:
        _illegal(
            kernel, process, thought, f"no device {device!r}; mounted: {', '.join(kernel.config.devices) or 'none'}"
        )
    else:
        process.account.calls += 1
        lanes.leave(kernel, process)
        process.move(State.BLOCKED, device)
        kernel.requests.submit(kernel, process, device, arguments.strip(), by_model=True)


def _illegal(kernel: Kernel, process: Process, thought: Thought, why: str) -> None:
    """Illegal instruction: the process is told in its own stream and may recover."""
    kernel.emit("illegal", process.pid, why)
    if len(thought.calls) >= MAX_CALLS_A_THOUGHT:
        finish(kernel, process, "calls")
        return
    thought.calls.append(("", "", f"error: {why}"))
    _inject(kernel, process, f"error: {why}", data("kernel"))


def resume(kernel: Kernel, process: Process, device: str, text: str, result: str, ok: bool, origin: str) -> None:
    """A device finished: its result enters the stream and the process wants a lane again."""
    thought = process.thought
    if thought is None:
        return
    if not ok:
        result = f"error: {result}"
    if len(result) > MAX_RESULT_CHARS:
        result = result[:MAX_RESULT_CHARS] + f" [cut: {len(result):,} characters in all]"
    thought.calls.append((device, text, result))
    _inject(kernel, process, result, data(origin))
    if thought.echo:
        kernel.emit("out", process.pid, "d", f"[{device}→ {result}]")
    lanes.ready(kernel, process)


def _inject(kernel: Kernel, process: Process, text: str, label: Label) -> None:
    _, _, result, done = kernel.codec.marks
    kernel.append(process.space, (result, *kernel.codec.encode(text), done), label, "d")


def _echo(kernel: Kernel, process: Process, thought: Thought, piece: bytes) -> None:
    """Stream whole characters; a character split over tokens waits for its last byte."""
    text, thought.pending = split_utf8(thought.pending + piece)
    if text:
        kernel.emit("out", process.pid, "m", text)


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
    if thought.pending:
        kernel.emit("out", process.pid, "m", thought.pending.decode("utf-8", "replace"))
    process.thought = None
    lanes.leave(kernel, process)
    text = b"".join(kernel.words[t][0] for t in thought.sampled).decode("utf-8", "replace")
    kernel.emit("thought", process.pid, stop, len(thought.sampled))
    life.wake(kernel, process, (text, tuple(thought.sampled), stop, tuple(thought.calls)))


def abandon(kernel: Kernel, process: Process, error: KernelError) -> None:
    """The thought can't go on: its program gets the error instead."""
    process.thought = None
    lanes.leave(kernel, process)
    life.fail(kernel, process, error)
