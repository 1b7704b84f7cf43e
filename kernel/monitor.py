"""The monitor: one pure, total function that decides every call. Allow, Deny with the rule, or Ask the person.

Knows: how the rules are asked and what a call leaves behind. Does not know: the model, the devices, the clock, what a rule
objects to (`rules.py`). The first rule that objects decides; what none objects to was granted by the manifest.
"""

from __future__ import annotations

from . import rights as granted
from .case import ALLOW, ASK, DENY, Action, Case, Decision, Past, kept, key
from .effects import effect_of, plain_name
from .forms import Effect
from .labels import CLEAN, KERNEL, Label, Ring, join, tainted
from .names import Path, fold
from .rights import Rights
from .rules import NAMES, RULES, Rule, asked_rights, without


def check(rights: Rights, past: Past, act: Action, rules: tuple[tuple[str, Rule], ...] | None = None) -> Decision:
    """Decide one call. Never raises and changes nothing; what can't be judged is denied."""
    try:
        return _check(rights, past, act, RULES if rules is None else rules)
    except (TypeError, ValueError, AttributeError, KeyError, IndexError, RecursionError, OverflowError) as error:
        return Decision(DENY, "form", f"the call can't be read: {type(error).__name__}")


def _check(rights: Rights, past: Past, act: Action, rules: tuple[tuple[str, Rule], ...]) -> Decision:
    effect = effect_of(act.device, act.args, granted.specs(rights))
    steering = whole = act.label
    if act.labels:
        steering, whole = _parts(act, effect)
    if len(effect.touches) > 1 or (effect.touches and effect.kind not in LOCAL):
        whole = join(whole, _taken(rights, past, effect))
    dirty = tainted(whole)
    led = dirty if whole is steering else tainted(steering)
    case = Case(rights, past, act, effect, steering, whole, led, dirty, tainted(past.label))
    allowed = GRANTED
    for name, rule in rules:
        decision = rule(case)
        if decision is not None:
            if decision.verdict == DENY or not _answered(case):
                return _settled(case, Decision(decision.verdict, name, decision.why))
            allowed = ENDORSED
    return allowed


GRANTED, ENDORSED = Decision(ALLOW, "granted"), Decision(ALLOW, "endorsed", "the person allowed it")


def _parts(act: Action, effect: Effect) -> tuple[Label, Label]:
    """Labels of the steering words and of all words. An argument without a label of its own has the call's."""
    steering = whole = act.label
    for name, label in act.labels:
        whole = join(whole, label)
        if effect.steering is None or plain_name(name) in effect.steering:
            steering = join(steering, label)
    return steering, whole


LOCAL = ("read", "pure", "write", "delete")  # what is done to one path gives its content to nobody


def _taken(rights: Rights, past: Past, effect: Effect) -> Label:
    """The label of the files whose content goes along: what is copied, moved, attached, or given to a tool by its path."""
    label = KERNEL
    outward = effect.kind not in LOCAL
    for path, mode in effect.touches:
        if outward or mode == "r":
            label = join(join(label, kept(past, path) or KERNEL), Label(KERNEL.ring, granted.readers_of(rights, path)))
    return label


def _answered(case: Case) -> bool:
    """Has the person allowed this for the process? Then no rule asks again; one that denies still does."""
    return bool(case.past.answers) and case.past.answers.get(key(case.act, case.effect)) == "process"


def _settled(case: Case, decision: Decision) -> Decision:
    """Where nobody may be asked, an Ask is a Deny."""
    return decision._replace(verdict=DENY) if decision.verdict == ASK and not granted.asks(case.rights) else decision


# -- what a call leaves behind ------------------------------------------------------------------------------------------


def result_label(rights: Rights, past: Past, act: Action, origin: str) -> Label:
    """The label of what a device brings back: what it was asked with, joined with where it comes from."""
    effect = effect_of(act.device, act.args, granted.specs(rights))
    origin = _own_origin(act.device, origin)
    result = join(act.label, Label(Ring.DATA, (), (origin,)))
    reads = [path for path, mode in effect.touches if effect.kind == "read" and mode == "r"]
    if len(reads) == 1 and effect.verb == "cat" and (label := kept(past, reads[0])) is not None:
        result = join(act.label, label)
    for path in reads:
        result = join(result, _below(rights, past, path))
    return result


def _below(rights: Rights, past: Past, path: Path) -> Label:
    """The join of the labels of a file, or of all files in a folder: a listing or a search may show any of them."""
    n, label = len(path), Label(KERNEL.ring, granted.readers_of(rights, path))
    for other, known in past.disk.items():
        if other[:n] == path:
            label = join(label, known)
    for layer in rights:
        for place, who in layer.private:
            label = join(label, Label(KERNEL.ring, who)) if place[:n] == fold(path) else label
    return label


def _own_origin(device: str, origin: str) -> str:
    """Only the kernel's clean devices may bring a clean name: another one can't borrow it."""
    if device in CLEAN:
        return device
    return f"{device}:{origin}" if origin in CLEAN or not origin else origin


def after(rights: Rights, past: Past, act: Action, result: Label | None = None) -> Past:
    """The past after an allowed call: quotas counted, written files labelled, the result's label joined."""
    effect = effect_of(act.device, act.args, granted.specs(rights))
    used = dict(past.used)
    for name in granted.QUOTAS:
        used[name] = used.get(name, 0) + granted.adds(name, effect)
    disk = past.disk
    if effect.kind in ("write", "delete"):
        written = join(act.label, past.label) if not act.labels else _parts(act, effect)[1]
        written = join(written, _taken(rights, past, effect))
        disk = dict(past.disk)
        for path, mode in effect.touches:
            if mode == "w":
                disk[path] = written
    label = join(past.label, act.label if result is None else join(act.label, result))
    return Past(label, used, disk, past.answers)


__all__ = [
    "ALLOW",
    "ASK",
    "DENY",
    "NAMES",
    "RULES",
    "Action",
    "Case",
    "Decision",
    "Past",
    "Rule",
    "after",
    "asked_rights",
    "check",
    "key",
    "result_label",
    "without",
]
