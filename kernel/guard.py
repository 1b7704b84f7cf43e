"""The guard: where the monitor stands in the machine. Every call with an effect outside passes through here.

Knows: each process's rights and past, the labels of files, open questions to the person, the audit. Does not know: any rule
(`monitor.py`), how a question is drawn. A question is an event of the kernel's own, and only the person's answer to it
counts: nothing a model writes can be either.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import instructions, life, monitor, planner, rights
from .audit import Chain, Entry
from .effects import effect_of
from .errors import Denied
from .labels import KERNEL, Label, Ring, join, join_all, private, tainted
from .monitor import ALLOW, ASK, DENY, Action, Decision, Past
from .names import Path, path_of
from .process import Process, State
from .space import ABSENT

if TYPE_CHECKING:
    from .kernel import Kernel

ANSWERS = {
    "once": "once",
    "o": "once",
    "process": "process",
    "p": "process",
    "never": "never",
    "v": "never",
    "no": "no",
    "n": "no",
}
MAX_QUESTIONS = 16  # open at once; more are refused
CAUSE_TEXT = 80  # characters kept of a span that caused a call


@dataclass(slots=True)
class Question:
    """A call that waits for the person. Its arguments are frozen: what is shown is what will be done."""

    number: int
    pid: int
    act: Action
    channel: int  # a program's channel, -1 for the model's call
    decision: Decision


@dataclass(slots=True)
class Guard:
    """Owned by the kernel."""

    rules: tuple[tuple[str, monitor.Rule], ...]
    manifests: dict[str, rights.Manifest]
    disk: dict[Path, Label] = field(default_factory=dict)
    questions: dict[int, Question] = field(default_factory=dict)
    next: int = 1
    chain: Chain = field(default_factory=Chain)


def build(manifests: str, disk: str, off: tuple[str, ...]) -> Guard:
    """From the configuration's texts: manifests by program, labels by path, names of rules that are switched off."""
    raw = json.loads(manifests) if manifests else {}
    labels = json.loads(disk) if disk else {}
    return Guard(
        monitor.without(*off),
        {name: rights.manifest(one) for name, one in raw.items()},
        {path: rights.label(one) for name, one in labels.items() if (path := path_of(name)) is not None},
    )


def born(kernel: Kernel, process: Process) -> None:
    """A new process has its parent's rights, less what its own manifest leaves out, and has heard what its parent heard."""
    guard, parent = kernel.guard, kernel.processes.get(process.ppid)
    own = guard.manifests.get(process.program)
    if parent is None:
        add_layer(kernel, process, guard.manifests.get("*", rights.EVERYTHING))
    else:
        process.rights, process.purses, process.heard = parent.rights, parent.purses, parent.heard
    if own is not None:
        add_layer(kernel, process, own)


def add_layer(kernel: Kernel, process: Process, layer: rights.Manifest) -> None:
    """One condition more. Its quotas count from now on, in a purse that children to come draw on too."""
    held = rights.narrow(process.rights, layer)
    if held is process.rights:
        return
    process.rights, process.purses = held, (*process.purses, {})
    account, quotas = process.account, dict(layer.quotas)
    begun = {"tokens": account.decoded, "ticks": kernel.tick - account.born, "output": account.output, "frames": 0}
    for kind in [kind for kind in begun if kind in quotas]:
        most = begun[kind] + quotas[kind]
        process.limits[kind] = min(most, process.limits.get(kind, most))
    if "ticks" in quotas:
        life.watch_ticks(kernel, process)


def spend(process: Process, name: str, count: int) -> None:
    """Draw on each purse that counts this. All who hold a layer share its purse, so a fork multiplies nothing."""
    for layer, purse in zip(process.rights, process.purses, strict=True):
        if any(key == name for key, _ in layer.quotas):
            purse[name] = purse.get(name, 0) + count


def left(process: Process, name: str) -> int | None:
    """What is left of a quota in the purse that has least; None where no layer has such a quota."""
    layers = zip(process.rights, process.purses, strict=True)
    remains = [limit - purse.get(key, 0) for layer, purse in layers for key, limit in layer.quotas if key == name]
    return min(remains, default=None)


def crowded(kernel: Kernel, process: Process) -> bool:
    """With the frames that its tokens need, do those who share a purse hold more than the purse's layer allows?"""
    need = -(-len(process.space.tokens) // kernel.geometry.page)
    for layer, purse in zip(process.rights, process.purses, strict=True):
        most = [limit for key, limit in layer.quotas if key == "frames"]
        if most and need + len(_frames(kernel, purse, process) - set(process.space.frames)) > min(most):
            return True
    return False


def _frames(kernel: Kernel, purse: dict[str, int], but: Process | None = None) -> set[int]:
    """The frames that those who share a purse hold; what several map is there once."""
    sharing = [p for p in kernel.processes.values() if p is not but and any(one is purse for one in p.purses)]
    return {frame for p in sharing for frame in p.space.frames if frame != ABSENT}


def quotas(kernel: Kernel, process: Process) -> list[tuple[str, int, int]]:
    """(name, used, most) of each quota, for who looks at it."""
    counted = rights.spent(process.rights, process.purses)
    held = [len(_frames(kernel, purse)) for purse in process.purses]
    live = {"frames": max(held, default=0), "ticks": kernel.tick - process.account.born}
    return [(name, live.get(name, counted[name]), rights.quota(process.rights, name) or 0) for name in sorted(counted)]


def _spent(process: Process) -> dict[str, int]:
    return rights.spent(process.rights, process.purses) if any(layer.quotas for layer in process.rights) else {}


def past(kernel: Kernel, process: Process) -> Past:
    return Past(join(process.heard, process.space.tail), _spent(process), kernel.guard.disk, process.answers)


def permit(kernel: Kernel, process: Process, device: str, args: Any) -> None:
    """A program's call that needs no device. Raises Denied."""
    act = Action(device, args, process.heard, "program")
    decision = _decide(kernel, process, act)
    if decision.verdict != ALLOW:
        raise Denied(f"{device}: {decision.why}")
    _done(kernel, process, act)


def model_call(kernel: Kernel, process: Process, device: str, args: str) -> None:
    """The model's call of a device: made, refused, or put before the person. The process is blocked on it already."""
    if process.thought is not None:
        process.thought.asked = args
    act = planner.action(process.space, device, args, process.space.tail, "model")
    decision = _decide(kernel, process, act)
    if decision.verdict == ALLOW:
        _submit(kernel, process, act, -1)
    elif decision.verdict == ASK and _ask(kernel, process, act, -1, decision):
        pass
    else:
        _refuse(kernel, process, act, -1, decision)


def program_call(kernel: Kernel, process: Process, channel: int, device: str, text: str) -> bool:
    """A program's call of a device. True: it was made; False: the program is blocked until the person answers."""
    act = planner.action(process.space, device, text, process.heard, "program")
    decision = _decide(kernel, process, act)
    if decision.verdict == ALLOW:
        _submit(kernel, process, act, channel)
        return True
    if decision.verdict == ASK and _ask(kernel, process, act, channel, decision):
        process.move(State.BLOCKED, "permission")
        return False
    hears(process, _brought(process, act))  # a refusal names words of the call
    raise Denied(f"{device}: {decision.why}")


def _decide(kernel: Kernel, process: Process, act: Action) -> Decision:
    """Judge, and write it down."""
    decision = monitor.check(process.rights, past(kernel, process), act, kernel.guard.rules)
    _record(kernel, process, act, decision)
    if decision.verdict != ALLOW:
        kernel.emit("judged", process.pid, act.device, str(act.args), decision.verdict, decision.rule, decision.why)
    return decision


def _record(kernel: Kernel, process: Process, act: Action, decision: Decision) -> None:
    guard, space = kernel.guard, process.space
    thought = process.thought
    call = (thought.opened, len(space.tokens) - 1) if thought is not None and act.by == "model" else (-1, -1)
    guard.chain.add(
        Entry(
            guard.chain.number + 1,
            kernel.tick,
            process.pid,
            process.program,
            act.by,
            act.device,
            str(act.args),
            (Ring(act.label.ring).name, act.label.readers, act.label.origin),
            decision.verdict,
            decision.rule,
            decision.why,
            call,
            _causes(kernel, process) if decision.verdict != ALLOW or tainted(act.label) else (),
        )
    )
    label = (int(act.label.ring), act.label.readers, act.label.origin)
    kernel.emit("checked", process.pid, act.device, str(act.args), act.by, *decision, label, *call)


def _causes(kernel: Kernel, process: Process) -> tuple[tuple[Any, ...], ...]:
    """The untrusted and the private spans of the causal prefix, the newest last."""
    space, found = process.space, []
    for i, (start, label) in enumerate(space.spans):
        end = space.spans[i + 1][0] if i + 1 < len(space.spans) else len(space.tokens)
        if (tainted(label) or private(label)) and end > start and space.who[start] != ord("m"):
            text = b"".join(kernel.words[t][0] for t in space.tokens[start:end][:CAUSE_TEXT]).decode("utf-8", "replace")
            found.append((start, end - 1, Ring(label.ring).name, label.origin, text[:CAUSE_TEXT]))
    return tuple(found[-8:])


def _submit(kernel: Kernel, process: Process, act: Action, channel: int) -> None:
    number = kernel.requests.submit(kernel, process, act.device, str(act.args), channel < 0, _brought(process, act))
    if channel >= 0:
        process.pending[channel] = number
    _done(kernel, process, act)


def _brought(process: Process, act: Action) -> Label:
    """What the words of a call bring along that is not in the caller's own context: a planner's opened handles."""
    return join_all([act.label, *(label for _, label in act.labels)]) if process.space.slot else KERNEL


def _done(kernel: Kernel, process: Process, act: Action) -> None:
    """Count quotas; a written file has from now on the label of the words in it."""
    lived = monitor.after(process.rights, past(kernel, process), act)
    effect = effect_of(act.device, act.args, rights.specs(process.rights))
    for name in rights.QUOTAS:
        if more := rights.adds(name, effect):
            for counts in (*process.purses, process.used):
                counts[name] = counts.get(name, 0) + more
    if effect.kind in ("write", "delete"):
        kernel.guard.disk = dict(lived.disk)


def arrived(kernel: Kernel, process: Process, device: str, text: str, origin: str) -> Label:
    """The label of a device's result: where it comes from, who may read it, and what the file's label says."""
    act = Action(device, text, KERNEL)
    return monitor.result_label(process.rights, Past(disk=kernel.guard.disk), act, origin)


def hears(process: Process, label: Label) -> None:
    """A program got to know something."""
    process.heard = join(process.heard, label)


def of_span(process: Process, label: Label) -> Label:
    """The label of words that a program puts into a context: it can't make them cleaner than what it has heard."""
    return join(label, process.heard) if tainted(process.heard) or private(process.heard) else label


# -- questions ----------------------------------------------------------------------------------------------------------


def _ask(kernel: Kernel, process: Process, act: Action, channel: int, decision: Decision) -> bool:
    """Put a call before the person. False when there is nobody, or too much is open."""
    guard = kernel.guard
    if kernel.console.ended or len(guard.questions) >= MAX_QUESTIONS:
        return False
    number, guard.next = guard.next, guard.next + 1
    guard.questions[number] = Question(number, process.pid, act, channel, decision)
    label = f"{Ring(act.label.ring).name}:{'+'.join(act.label.origin)}"
    kernel.emit("ask", process.pid, number, act.device, str(act.args), label, decision.rule, decision.why)
    return True


def heard_line(kernel: Kernel, line: str) -> bool:
    """While a question is open the person's line is for the kernel: "once", "process", "never" or "no". True if it was."""
    if not kernel.guard.questions:
        return False
    word = line.strip().lower()
    if word in ANSWERS:
        answer(kernel, next(iter(kernel.guard.questions)), word)
    else:
        kernel.emit("refused", 0, "answer once, process, never or no")
    return True


def answer(kernel: Kernel, number: int, word: str) -> None:
    """The person's word on one question. Unknown numbers and words change nothing."""
    question = kernel.guard.questions.pop(number, None) if word in ANSWERS else None
    process = kernel.processes.get(question.pid) if question else None
    if question is None or process is None:
        return
    kind, act = ANSWERS[word], question.act
    kernel.emit("answered", process.pid, number, kind)
    if kind in ("process", "never"):
        key = monitor.key(act, effect_of(act.device, act.args, rights.specs(process.rights)))
        process.answers = {**process.answers, key: kind}
    if kind in ("once", "process"):
        decision = Decision(ALLOW, "endorsed", f"the person said {kind}")
        _record(kernel, process, act, decision)
        _submit(kernel, process, act, question.channel)
        if question.channel >= 0:
            life.wake(kernel, process, len(str(act.args)))
    else:
        decision = Decision(DENY, "refused", f"the person said {kind}")
        _record(kernel, process, act, decision)
        _refuse(kernel, process, act, question.channel, decision)


def nobody(kernel: Kernel) -> None:
    """The person is gone: what waits for an answer is refused."""
    for number in list(kernel.guard.questions):
        answer(kernel, number, "no")


def forget(kernel: Kernel, pid: int) -> None:
    for number in [n for n, q in kernel.guard.questions.items() if q.pid == pid]:
        del kernel.guard.questions[number]


def _refuse(kernel: Kernel, process: Process, act: Action, channel: int, decision: Decision) -> None:
    why = f"denied by the rule {decision.rule}: {decision.why}"
    if channel >= 0:
        hears(process, _brought(process, act))
        life.fail(kernel, process, Denied(why))
    else:
        label = join(arrived(kernel, process, act.device, str(act.args), "kernel"), _brought(process, act))
        instructions.resume(kernel, process, act.device, str(act.args), why, False, label)


def narrow(kernel: Kernel, process: Process, call: str, args: Any, layer: rights.Manifest) -> None:
    """One layer more. Raises Denied when it asks for what the process does not have, or there are too many."""
    permit(kernel, process, call, args)
    if len(process.rights) >= rights.MAX_LAYERS:
        raise Denied(f"{call}: rights were narrowed {rights.MAX_LAYERS} times already")
    add_layer(kernel, process, layer)
