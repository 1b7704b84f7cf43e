"""The monitor: one pure, total function that decides every call. Allow, Deny with the rule, or Ask the person.

Knows: a process's rights, what has entered it, the call with its labels. Does not know: the model, the devices, the clock.
The model is taken to be the attacker's: nothing it says counts, only who could have chosen the words. Each rule below is
one paragraph of docs/security.md. The first that objects decides; what no rule objects to was granted by the manifest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from . import rights as granted
from .effects import CALLS, Effect, Path, effect_of
from .labels import CLEAN, KERNEL, Label, Ring, join, may_learn, tainted
from .rights import Rights

ALLOW, DENY, ASK = "allow", "deny", "ask"


class Decision(NamedTuple):
    """`rule` names the rule that decided; `why` is one sentence for a person."""

    verdict: str
    rule: str
    why: str = ""


class Action(NamedTuple):
    """A call with frozen arguments. `label`: the join of all that its words could depend on."""

    device: str
    args: Any = ""  # text, or named values
    label: Label = KERNEL
    by: str = "model"  # "model", "program", or "" when nobody knows
    labels: tuple[tuple[str, Label], ...] = ()  # of single arguments, when a clean planner put them together


class Past(NamedTuple):
    """What has entered a process before the call. `label` is the join of it all."""

    label: Label = KERNEL
    used: Mapping[str, int] = {}
    disk: Mapping[Path, Label] = {}  # labels of files
    answers: Mapping[str, str] = {}  # what the person said before: a call's key -> "once", "process", "never"


class Case(NamedTuple):
    """What the rules look at."""

    rights: Rights
    past: Past
    act: Action
    effect: Effect
    steering: Label  # of the words that choose what happens, and to whom
    whole: Label  # of all words
    led: bool  # is `steering` tainted
    dirty: bool  # is `whole` tainted
    before: bool  # is the past tainted

    @property
    def world(self) -> Label:
        """Everything that was ever in the process."""
        return join(self.past.label, self.whole)


Rule = Callable[[Case], Decision | None]


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
    dirty = tainted(whole)
    led = dirty if whole is steering else tainted(steering)
    case = Case(rights, past, act, effect, steering, whole, led, dirty, tainted(past.label))
    for name, rule in rules:
        decision = rule(case)
        if decision is not None:
            return _settled(case, Decision(decision.verdict, name, decision.why))
    return Decision(ALLOW, "granted")


def _parts(act: Action, effect: Effect) -> tuple[Label, Label]:
    """Labels of the steering words and of all words. An argument without a label of its own has the call's."""
    steering = whole = act.label
    for name, label in act.labels:
        whole = join(whole, label)
        if effect.steering is None or name in effect.steering:
            steering = join(steering, label)
    return steering, whole


def _settled(case: Case, decision: Decision) -> Decision:
    """An Ask that the person has answered already, or that nobody may be asked, is no Ask."""
    if decision.verdict != ASK:
        return decision
    answer = case.past.answers.get(key(case.act, case.effect)) if case.past.answers else None
    if answer in ("once", "process"):
        return Decision(ALLOW, "endorsed", "the person allowed it")
    if not granted.asks(case.rights):
        return Decision(DENY, decision.rule, decision.why)
    return decision


def key(act: Action, effect: Effect) -> str:
    """What an answer for this process is about: the device, what it does, and to whom or where."""
    places = "/".join(p for path, _ in effect.touches for p in path)
    return f"{act.device} {effect.kind} {effect.verb} {','.join(effect.to)} {places}"


def _deny(why: str) -> Decision:
    return Decision(DENY, "", why)


def _ask(why: str) -> Decision:
    return Decision(ASK, "", why)


# -- the rules, in order ------------------------------------------------------------------------------------------------


def known(case: Case) -> Decision | None:
    """What the manifest does not name is refused. The kernel's harmless calls need no grant."""
    device, effect = case.act.device, case.effect
    if effect.kind in ("free", "rights", "say") or granted.device_granted(case.rights, device, effect.verb):
        return None
    return _deny(f"{device[:60]} is not among the program's devices")


def caller(case: Case) -> Decision | None:
    """Processes and rights are the programs' business: a model can't make such calls."""
    if case.act.by == "model" and case.act.device in CALLS:
        return _deny(f"a model may not call {case.act.device}")
    return None


def form(case: Case) -> Decision | None:
    """A call that can't be read with certainty is refused, not guessed at."""
    return _deny(case.effect.problem) if case.effect.problem else None


def quota(case: Case) -> Decision | None:
    if case.effect.kind == "free":
        return None
    over = granted.used_up(case.rights, case.past.used, case.effect)
    return _deny(f"over its quota of {over}") if over else None


def place(case: Case) -> Decision | None:
    """Every path is unveiled for what is done to it."""
    for path, mode in case.effect.touches:
        if not granted.path_granted(case.rights, path, mode):
            return _deny(
                f"{'/'.join(path) or 'the home folder'} is not unveiled for {'reading' if mode == 'r' else 'writing'}"
            )
    return None


def destination(case: Case) -> Decision | None:
    """Every host and recipient is named by the manifest. A device that is its own destination was granted by name."""
    effect = case.effect
    if not effect.to:
        return None
    if effect.kind == "web":
        strangers = [h for h in effect.to if not granted.host_granted(case.rights, h)]
    elif effect.kind in ("send", "spawn", "control"):
        strangers = [
            who for who in effect.to if who != case.act.device and not granted.recipient_granted(case.rights, who)
        ]
    else:
        return None
    return (
        _deny(f"{strangers[0][:60] or 'nobody'} is not among its {'hosts' if effect.kind == 'web' else 'recipients'}")
        if strangers
        else None
    )


def shrink(case: Case) -> Decision | None:
    """Rights only shrink: nobody hands a child, or itself, what it does not have."""
    if case.effect.kind not in ("rights", "spawn") or not isinstance(case.act.args, (Mapping, list, tuple, str)):
        return None
    wanted = asked_rights(case.act)
    more = granted.excess(case.rights, wanted) if wanted is not None else ""
    return _deny(f"rights only shrink: {more} is not its to give") if more else None


def asked_rights(act: Action) -> granted.Manifest | None:
    """The manifest inside a pledge, an unveil or a spawn; None when there is none."""
    args = act.args
    if act.device == "pledge":
        if isinstance(args, Mapping):
            return granted.manifest(args, whole=False)
        names = args.replace(",", " ").split() if isinstance(args, str) else [str(a) for a in args]
        return granted.Manifest(devices=tuple(names))
    if act.device == "unveil":
        return granted.Manifest(paths=_unveil(args))
    return granted.manifest(args["manifest"], whole=False) if isinstance(args, Mapping) and "manifest" in args else None


def _unveil(args: Any) -> tuple[tuple[Path, str], ...]:
    """{"path", "mode"}, {path: mode}, "path mode" or ("path", "mode")."""
    if isinstance(args, str):
        path, _, mode = args.rpartition(" ")
        args = [[path, mode]] if path else [args]
    elif isinstance(args, (list, tuple)) and len(args) == 2 and all(isinstance(a, str) for a in args):
        args = [list(args)]
    elif isinstance(args, Mapping) and "path" in args:
        args = [args]
    return granted.unveiled(args)


def refused(case: Case) -> Decision | None:
    """What the person refused for good stays refused."""
    if case.past.answers and case.past.answers.get(key(case.act, case.effect)) == "never":
        return _deny("the person refused it for good")
    return None


def readers(case: Case) -> Decision | None:
    """What only some may read goes to nobody else: not to a person, a host, a device, or a place that others can see."""
    if not case.whole.readers:
        return None
    for who in learners(case):
        if not may_learn(case.whole, who):
            return _deny(f"{who[:60]} may not learn what only {', '.join(case.whole.readers)} may read")
    return None


def learners(case: Case) -> tuple[str, ...]:
    """Who gets to know the arguments."""
    effect = case.effect
    if effect.kind in ("send", "web", "run", "control"):
        return effect.to or (case.act.device,)
    if effect.kind in ("write", "delete"):
        for path, mode in effect.touches:
            if mode == "w" and granted.is_shared(case.rights, path):
                return ("everybody",)
    return ()


def latch(case: Case) -> Decision | None:
    """Private data, untrusted content and a way out never meet in one process, in whatever order they came."""
    if not (case.past.label.readers or case.whole.readers):
        return None
    if not (case.before or case.dirty):
        return None
    world = case.world
    for who in learners(case):
        if not may_learn(world, who):
            why = f"it has read private and untrusted things, so nothing may go to {who[:60]}"
            return _deny(why) if case.dirty else _ask(why)
    return None


def provenance(case: Case) -> Decision | None:
    """Untrusted words don't replace trusted ones on the disk."""
    if not case.dirty:
        return None
    for path, mode in case.effect.touches:
        old = case.past.disk.get(path) if mode == "w" else None
        if old is not None and not tainted(old):
            why = f"{'/'.join(path)} holds words of ring {Ring(old.ring).name}"
            return _deny(why) if old.ring <= Ring.SYSTEM else _ask(why)
    return None


def taint(case: Case) -> Decision | None:
    """Words that somebody outside may have chosen don't steer what can't be taken back, unless the person says so."""
    if not case.led or not consequential(case):
        return None
    if case.effect.kind in ("control", "rights"):
        return _deny(f"untrusted words may not {case.act.device}")
    return _ask(f"its words come from {origins(case.steering)}")


def prefix(case: Case) -> Decision | None:
    """The words are said to be clean, but untrusted ones have been in the process: who knows which chose."""
    if not case.before or case.led or not consequential(case):
        return None
    return _ask(f"the process has read {origins(case.past.label)}")


def consequential(case: Case) -> bool:
    """Can it not be taken back?"""
    effect = case.effect
    if effect.kind == "web":
        return effect.carries
    if effect.kind == "write":
        for path, mode in effect.touches:
            if mode == "w" and not granted.is_own(case.rights, path):
                return True
        return not effect.touches or bool(learners(case))
    if effect.kind == "spawn":
        return case.act.by != "program"  # a program's child inherits labels and rights: nothing gets out by it
    if effect.kind == "rights":
        return False  # to give up rights harms nobody else
    return effect.kind in ("send", "run", "delete", "control")


def origins(label: Label) -> str:
    return ", ".join(o[:60] for o in label.origin[:4]) or "an unknown source"


RULES: tuple[tuple[str, Rule], ...] = (
    ("known", known),
    ("caller", caller),
    ("form", form),
    ("quota", quota),
    ("place", place),
    ("destination", destination),
    ("shrink", shrink),
    ("refused", refused),
    ("readers", readers),
    ("latch", latch),
    ("provenance", provenance),
    ("taint", taint),
    ("prefix", prefix),
)
NAMES = tuple(name for name, _ in RULES)


def without(*names: str) -> tuple[tuple[str, Rule], ...]:
    """The rules less some: the attack lab's switches."""
    return tuple((name, rule) for name, rule in RULES if name not in names)


# -- what a call leaves behind ------------------------------------------------------------------------------------------


def result_label(rights: Rights, past: Past, act: Action, origin: str) -> Label:
    """The label of what a device brings back: what it was asked with, joined with where it comes from."""
    effect = effect_of(act.device, act.args, granted.specs(rights))
    origin = _own_origin(act.device, origin)
    result = join(act.label, Label(Ring.DATA, (), (origin,)))
    reads = [path for path, mode in effect.touches if effect.kind == "read" and mode == "r"]
    if len(reads) == 1 and effect.verb in WHOLE and (kept := past.disk.get(reads[0])) is not None:
        result = join(act.label, kept)
    for path in reads:
        result = join(result, _below(rights, past, path))
    return result


WHOLE = ("cat", "read", "r", "get")  # commands that bring back one file and nothing else


def _below(rights: Rights, past: Past, path: Path) -> Label:
    """The join of the labels of a file, or of all files in a folder: a listing or a search may show any of them."""
    n, label = len(path), Label(KERNEL.ring, granted.readers_of(rights, path))
    for other, kept in past.disk.items():
        if other[:n] == path:
            label = join(label, kept)
    for layer in rights:
        for place, who in layer.private:
            label = join(label, Label(KERNEL.ring, who)) if place[:n] == path else label
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
        disk = dict(past.disk)
        for path, mode in effect.touches:
            if mode == "w":
                disk[path] = written
    label = join(past.label, act.label if result is None else join(act.label, result))
    return Past(label, used, disk, past.answers)
