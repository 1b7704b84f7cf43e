"""The monitor's rules, in order. Each is one paragraph of docs/security.md.

Knows: what each rule objects to. Does not know: who asks, or what becomes of an objection (`monitor.py`). The model is taken
to be the attacker's: nothing it says counts, only who could have chosen the words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import rights as granted
from .case import ASK, DENY, Action, Case, Decision, kept, key
from .forms import BASES, CALLS
from .labels import Label, Ring, may_learn, tainted
from .names import Path

Rule = Callable[[Case], Decision | None]


def _deny(why: str) -> Decision:
    return Decision(DENY, "", why)


def _ask(why: str) -> Decision:
    return Decision(ASK, "", why)


def known(case: Case) -> Decision | None:
    """What the manifest does not name is refused. The kernel's harmless calls need no grant."""
    device, effect = case.act.device, case.effect
    if effect.kind in ("free", "rights", "say") or granted.device_granted(case.rights, device, effect.verb):
        return None
    base = device.partition(".")[0]
    if base in BASES and granted.device_granted(case.rights, base, effect.verb):
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
    """Calls, processes, frames and tokens are counted, and each grant says how many."""
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
    web = effect.kind == "web" and not effect.hosts
    for who in effect.to:
        if web or who in effect.hosts:
            if not granted.host_granted(case.rights, who):
                return _deny(f"{who[:60]} is not among its hosts")
        elif who not in (case.act.device, "shell") and not granted.recipient_granted(case.rights, who):
            return _deny(f"{who[:60]} is not among its recipients")
    return None


def shrink(case: Case) -> Decision | None:
    """Rights only shrink: nobody hands a child, or itself, what it does not have."""
    if case.effect.kind not in ("rights", "spawn") or not isinstance(case.act.args, (Mapping, list, tuple, str)):
        return None
    wanted = asked_rights(case.act)
    more = granted.excess(case.rights, wanted) if wanted is not None else ""
    return _deny(f"rights only shrink: {more} is not its to give") if more else None


def asked_rights(act: Action) -> granted.Manifest | None:
    """The manifest inside a pledge, an unveil or a spawn; None when there is none. One that can't be read gives all up."""
    args = act.args
    if act.device == "pledge":
        if isinstance(args, Mapping) and (named := granted.manifest(args, whole=False)) != granted.Manifest():
            return named
        names = (
            args.replace(",", " ").split() if isinstance(args, str) else args if isinstance(args, (list, tuple)) else ()
        )
        return granted.Manifest(devices=tuple(map(str, names)))
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


OUTWARD = ("send", "web", "run", "control")


def learners(case: Case) -> tuple[str, ...]:
    """Who gets to know the arguments."""
    effect = case.effect
    who, kind = effect.to, effect.kind
    if not who and (kind in OUTWARD or (kind == "read" and not effect.touches)):  # read: of somebody else than the disk
        who = (case.act.device,)
    if kind in ("write", "delete"):
        for path, mode in effect.touches:
            if mode == "w" and granted.is_shared(case.rights, path):
                return (*who, "everybody")
    return who


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
    found = None
    for path, mode in case.effect.touches:
        old = kept(case.past, path) if mode == "w" else None
        if old is not None and not tainted(old):
            why = f"{'/'.join(path)} holds words of ring {Ring(old.ring).name}"
            if old.ring <= Ring.SYSTEM:
                return _deny(why)
            found = found or _ask(why)
    return found


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
