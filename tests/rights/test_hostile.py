"""The hostile CPU: calls chosen by an enemy go straight to the monitor, and an oracle of its own watches what gets through."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from llmos_kernel import rights
from llmos_kernel.effects import effect_of
from llmos_kernel.labels import Label, below, join, private, tainted
from llmos_kernel.monitor import ALLOW, ASK, DENY, Action, Past, check

from .world import CALLS, LABELS, RIGHTS, Try, action, past, unauthorised

MILLION = 1_000_000


def test_a_million_calls_have_no_unauthorised_effect() -> None:
    """Every case of the finite universe once, and then a million calls drawn from it, each judged afresh."""
    cases = [Try(*key, w, b, by, o, c) for key in CALLS for w in range(11) for b in range(11) for by in ("model", "program")
             for o in (0, 396) for c in (0, 2)]  # fmt: skip
    judged = [(past(one), action(one), bool(unauthorised(one))) for one in cases]
    allowed = sum(_lets(*one) for one in judged)
    for before, act, forbidden in random.Random(7).choices(judged, k=MILLION - len(judged)):
        allowed += _lets(before, act, forbidden)
    assert allowed > MILLION // 10, "a monitor that refuses everything is of no use"


def _lets(before: Past, act: Action, forbidden: bool) -> bool:
    allowed = check(RIGHTS, before, act).verdict == ALLOW
    assert not (allowed and forbidden), (before, act)
    return allowed


def test_what_the_oracle_permits_is_allowed_when_nothing_untrusted_or_private_is_about() -> None:
    for (device, args), fact in CALLS.items():
        one = Try(device, args, 1, 1, "program", 0, 0)
        verdict = check(RIGHTS, past(one), action(one)).verdict
        assert (verdict == ALLOW) == fact.legal, one


label = st.builds(
    Label,
    st.integers(0, 3),
    st.sets(st.sampled_from(["alice", "bob", "nobody"])).map(lambda s: tuple(sorted(s))),
    st.sets(st.sampled_from(["calc", "web:x", "file:a"])).map(lambda s: tuple(sorted(s))),
)


@given(label, label, label)
def test_labels_are_a_lattice(a: Label, b: Label, c: Label) -> None:
    assert below(a, join(a, b))
    assert below(b, join(a, b))
    assert join(a, join(b, c)) == join(join(a, b), c)
    assert join(a, b) == join(b, a)
    assert tainted(join(a, b)) >= tainted(a)
    assert private(join(a, b)) >= private(a)


call = st.tuples(st.sampled_from(list(CALLS)), st.sampled_from(["model", "program", ""]))
STRICT = {ALLOW: 0, ASK: 1, DENY: 2}


@given(call, label, label, label)
def test_a_dirtier_call_is_never_judged_more_kindly(
    one: tuple[tuple[str, str], str], a: Label, b: Label, more: Label
) -> None:
    """Non-interference in one line: adding suspicion or secrecy, to the words or to the past, never opens a door."""
    (device, args), by = one
    clean = check(RIGHTS, Past(a), Action(device, args, b, by)).verdict
    words = check(RIGHTS, Past(a), Action(device, args, join(b, more), by)).verdict
    before = check(RIGHTS, Past(join(a, more)), Action(device, args, b, by)).verdict
    assert STRICT[words] >= STRICT[clean]
    assert STRICT[before] >= STRICT[clean]


@given(call, label, st.lists(st.sampled_from(["calc", "files", "send", "files.cat"])), st.dictionaries(
    st.sampled_from(["notes", "", "diary", "public"]), st.sampled_from(["", "r", "rw"])))  # fmt: skip
def test_rights_only_shrink(
    one: tuple[tuple[str, str], str], a: Label, devices: list[str], paths: dict[str, str]
) -> None:
    (device, args), by = one
    layer = rights.manifest({"devices": devices, "unveil": paths}, whole=False)
    less = rights.narrow(RIGHTS, layer)
    act = Action(device, args, a, by)
    assert STRICT[check(less, Past(), act).verdict] >= STRICT[check(RIGHTS, Past(), act).verdict]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.text(), anything, anything, st.sampled_from(LABELS))
def test_the_monitor_is_total_and_denies_what_is_not_granted(device: str, args: object, raw: object, a: Label) -> None:
    held = (rights.manifest(raw),)
    assert check(held, Past(), Action(device, args, a)).verdict in STRICT
    nothing = (rights.manifest({}),)
    if effect_of(device, args).kind not in ("free", "say", "rights"):
        assert check(nothing, Past(), Action(device, args, a)).verdict == DENY
