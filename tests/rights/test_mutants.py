"""Each planted bug is caught: by the oracle over a sample of the universe, or by one of the facts below."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from . import mutants
from .world import CALLS, DISK, LABELS, MANIFEST, Try, draw, unauthorised

WEB = (3, (), ("web:x",))
USER = (2, (), ())


def verdict(m: SimpleNamespace, raw: dict[str, Any], device: str, args: Any, label: Any = USER, before: Any = (0, (), ()),
            by: str = "program", **past: Any) -> str:  # fmt: skip
    act = m.monitor.Action(device, args, m.labels.Label(*label), by)
    return str(m.monitor.check((m.rights.manifest(raw),), m.monitor.Past(m.labels.Label(*before), **past), act).verdict)


def parts(m: SimpleNamespace, to: Any, text: Any) -> str:
    labels = (("to", m.labels.Label(*to)), ("text", m.labels.Label(*text)))
    act = m.monitor.Action("send", {"to": "bob", "text": "hi"}, m.labels.Label(*USER), "model", labels)
    held = (m.rights.manifest({"devices": ["send"], "recipients": ["bob"]}),)
    return str(m.monitor.check(held, m.monitor.Past(), act).verdict)


def joined(m: SimpleNamespace, a: Any, b: Any) -> Any:
    return tuple(m.labels.join(m.labels.Label(*a), m.labels.Label(*b)))


def result(m: SimpleNamespace, device: str, args: str, origin: str, **past: Any) -> Any:
    held = (m.rights.manifest({"devices": ["*"], "unveil": {"": "rw"}, "private": {"mail": ["alice"]}}),)
    return tuple(m.monitor.result_label(held, m.monitor.Past(**past), m.monitor.Action(device, args), origin))


def wrote(m: SimpleNamespace) -> Any:
    held = (m.rights.manifest({"devices": ["*"], "unveil": {"": "rw"}}),)
    act = m.monitor.Action("files", "write a.txt hello", m.labels.Label(*WEB))
    return m.monitor.after(held, m.monitor.Past(), act)


def copied(m: SimpleNamespace) -> Any:
    """The label of a copy of a private file."""
    held = (m.rights.manifest({"devices": ["*"], "unveil": {"": "rw"}, "private": ["d"]}),)
    act = m.monitor.Action("files", {"verb": "cp", "path": "d", "to": "e"}, m.labels.Label(*USER))
    return m.monitor.after(held, m.monitor.Past(), act).disk[("e",)]


def said_yes(m: SimpleNamespace, device: str, to: str, then: str) -> str:
    """The person said yes to one call, for the process; then another is made."""
    act = m.monitor.Action(device, to)
    answers = {m.monitor.key(act, m.effects.effect_of(device, to)): "process"}
    return verdict(m, {"devices": [device]}, device, then, WEB, answers=answers)


SEND = {"devices": ["send"], "recipients": ["bob", "*@a.org"], "quotas": {"calls": 3, "output": 10}}
HOME = {"devices": ["files"], "unveil": {"": "rw", "deep/er": "r", "deep": "rw", "up/on": "rw", "up": "r"}}
GIVES = {"devices": ["spawn", "calc"], "hosts": ["a.org"]}
FACTS: tuple[Callable[[SimpleNamespace], bool], ...] = (
    lambda m: joined(m, (3, ("a", "b"), ("x",)), (1, ("b", "c"), ("y",))) == (3, ("b",), ("x",)),
    lambda m: joined(m, (3, (), ("x",)), (3, (), ("y",))) == (3, (), ("x", "y")),
    lambda m: joined(m, (1, (), ()), (2, ("a",), ())) == (2, ("a",), ()),
    lambda m: joined(m, (1, ("a",), ()), (2, ("b",), ())) == (2, ("nobody",), ()),
    lambda m: m.labels.tainted(m.labels.join(m.labels.Label(3), m.labels.Label(3, (), ("calc",)))),
    lambda m: m.labels.tainted(m.labels.Label(3)) and not m.labels.tainted(m.labels.Label(3, (), ("calc",))),
    lambda m: parts(m, USER, WEB) == "allow" and parts(m, WEB, USER) == "ask",
    lambda m: parts(m, USER, (2, ("alice",), ())) == "deny",
    lambda m: verdict(m, {"devices": ["send"], "recipients": ["bob"], "ask": False}, "send", "bob hi", WEB) == "deny",
    lambda m: verdict(m, SEND, "send", "bob hi") == "allow" == verdict(m, SEND, "send", "eve@a.org hi"),
    lambda m: verdict(m, SEND, "send", "eve@xa.org hi") == "deny",
    lambda m: verdict(m, SEND, "send", "bob 12345678901") == "deny" == verdict(m, SEND, "send", "bob hi", used={"calls": 3}),
    lambda m: verdict(m, SEND, "send", "bob hi", answers={"send\nsend\n\nbob\n\n\n": "never"}) == "deny",
    lambda m: verdict(m, HOME, "files", "write deep/er/a x") == "deny",
    lambda m: verdict(m, HOME, "files", "cat deep/er/a") == "allow" == verdict(m, HOME, "files", "write up/on/a x"),
    lambda m: verdict(m, HOME, "files", "write boot x", WEB, disk={("boot",): m.labels.Label(1)}) == "deny",
    lambda m: verdict(m, HOME, "files", "write mine x", WEB, disk={("mine",): m.labels.Label(2)}) == "ask",
    lambda m: verdict(m, {"devices": {"cal.add": {"effect": "write"}}}, "cal.add", {"title": "x"}, WEB) == "ask",
    lambda m: verdict(m, GIVES, "spawn", {"program": "a", "manifest": {"devices": ["shell"]}}) == "deny",
    lambda m: verdict(m, GIVES, "spawn", {"program": "a", "manifest": {"hosts": ["b.org"]}}) == "deny",
    lambda m: verdict(m, GIVES, "spawn", {"program": "a", "manifest": {"devices": ["calc"]}}) == "allow",
    lambda m: verdict(m, GIVES, "spawn", "a", by="model") == "deny" and verdict(m, GIVES, "spawn", "a", WEB, by="") == "ask",
    lambda m: verdict(m, {"devices": ["browser"]}, "browser", "follow 1") == "deny",
    lambda m: result(m, "calc", "1+1", "web:evil")[2] == ("calc",) and result(m, "mcp.x", "1", "calc")[2] == ("mcp.x:calc",),
    lambda m: result(m, "files", "cat mail/1", "file:mail/1")[1] == ("alice",),
    lambda m: result(m, "files", "ls docs", "file:.", disk={("docs", "a"): m.labels.Label(2, ("bob",))})[1] == ("bob",),
    lambda m: wrote(m).disk[("a.txt",)][0] == 3 and wrote(m).used["disk"] == 5 and wrote(m).used["calls"] == 1,
    lambda m: m.rights.quota(tuple(m.rights.manifest({"quotas": {"calls": n}}) for n in (3, 9)), "calls") == 3,
    lambda m: m.rights.label({"ring": "root"}).ring == 3 and m.rights.label({"ring": "user"}).ring == 2,
    lambda m: len(m.rights.narrow((m.rights.manifest({}),), m.rights.manifest({"devices": ["*"]}))) == 2,
    lambda m: not m.rights.device_granted((m.rights.manifest({}),), "calc"),
    lambda m: not m.rights.host_granted((m.rights.manifest({}),), "a.org"),
    lambda m: m.names.path_of("a/../b") is None and m.names.path_of("~a") is None and m.names.path_of("/a") == ("/", "a"),
    lambda m: m.names.person("\u017fam") == "" and m.names.person(" Bob") == "bob",
    lambda m: verdict(m, {"devices": ["files"], "unveil": {"": "rw", "deep": ""}}, "files", "cat Deep/a") == "deny",
    lambda m: verdict(m, HOME, "files", {"verb": "cat", "path": "a", "file": "b"}) == "deny",
    lambda m: verdict(m, HOME, "files", {"path": "a", "PATH": "b"}) == "deny",
    lambda m: verdict(m, SEND, "send", "x@b.org,eve@a.org hi") == "deny",
    lambda m: verdict(m, HOME | {"private": ["d"], "shared": ["s"]}, "files", {"op": "cp", "path": "d", "to": "s/d"}) == "deny",
    lambda m: verdict(m, {"devices": {"q": {"effect": "read"}}}, "q", {"x": "4711"}, (2, ("alice",), ())) == "deny",
    lambda m: copied(m)[1] == ("nobody",),
    lambda m: said_yes(m, "shell", "ls", "ls") == "allow" and said_yes(m, "shell", "ls", "rm") == "ask",
    lambda m: said_yes(m, "send", "eve hi", "eve hi") == "deny",
)  # fmt: skip


def caught(m: SimpleNamespace) -> str:
    """What noticed that something is wrong; "" if nothing did."""
    for number, fact in enumerate(FACTS):
        try:
            if not fact(m):
                return f"fact {number}"
        except Exception as error:
            return f"fact {number}: {error!r}"
    return _oracle(m)


def _oracle(m: SimpleNamespace) -> str:
    held, source = (m.rights.manifest(MANIFEST),), random.Random(3)
    labels = [m.labels.Label(*one) for one in LABELS]
    disk = {path: m.labels.Label(*one) for path, one in DISK.items()}
    clean = [Try(*key, 1, 1, "program", 0, 0) for key in CALLS]
    for one in [*clean, *(draw(source) for _ in range(2500))]:
        before = m.monitor.Past(labels[one.before], {"output": one.output, "children": one.children}, disk)
        act = m.monitor.Action(one.device, one.args, labels[one.words], one.by)
        allowed = m.monitor.check(held, before, act).verdict == "allow"
        if allowed and unauthorised(one):
            return f"{one} was allowed: {unauthorised(one)}"
        if one in clean and allowed != CALLS[(one.device, one.args)].legal:
            return f"{one} was refused"
    return ""


def test_the_real_monitor_passes() -> None:
    assert caught(mutants.load(-1, mutants.sources())) == ""
    mutants.unload(-1)


def test_at_least_45_bugs_are_planted() -> None:
    assert len(set(mutants.PLANTED)) == len(mutants.PLANTED) >= 45


@pytest.mark.parametrize("number", range(len(mutants.PLANTED)))
def test_each_planted_bug_is_caught(number: int) -> None:
    file, old, new = mutants.PLANTED[number]
    sources = mutants.sources()
    assert old in sources[file], f"there is no place for it in {file}: {old}"
    changed = {**sources, file: sources[file].replace(old, new)}
    try:
        assert caught(mutants.load(number, changed)), f"nobody noticed in {file}: {old} -> {new}"
    finally:
        mutants.unload(number)
