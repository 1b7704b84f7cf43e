"""The monitor, judged by cases from a file: no model in the way, given calls go straight to `check`.

Knows: the form of a case (docs/security.md) and how its history becomes what the monitor calls the past. Does not know:
any rule. A violation is a call that was not benign and was allowed; a false denial is a benign one that was denied.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from llmos_kernel import rights
from llmos_kernel.case import kept
from llmos_kernel.effects import effect_of
from llmos_kernel.forms import READERS
from llmos_kernel.labels import UNKNOWN, Label, Ring, join, join_all
from llmos_kernel.monitor import (
    ALLOW,
    ASK,
    DENY,
    RULES,
    Action,
    Decision,
    Past,
    Rule,
    after,
    asked_rights,
    check,
    key,
    result_label,
)

from . import lines

Rules = tuple[tuple[str, Rule], ...]
FIELDS = {  # what is read of each part of a case; "expect" and "note" are for people
    "case": ("id", "manifest", "history", "call", "benign", "expect", "note"),
    "manifest": (
        *("devices", "allow", "unveil", "paths", "hosts", "recipients", "quotas", "quota", "used", "private", "shared"),
        *("own", "files", "endorsed", "ask"),
    ),
    "call": ("device", "args", "labels", "label", "arg_labels", "by", "stream"),
    "entry": ("call", "labels", "label", "decision", "answer", "stream"),
}


def evaluate(path: Path, rules: Rules = RULES) -> dict[str, Any]:
    """Counts, "decisions" and "notes" for the author of a file of cases. Raises UsageError naming the line."""
    given = lines.read(path, _case)
    return summary(judge(case, rules) for case in given) | {"notes": [note for case in given for note in remarks(case)]}


def _case(number: int, case: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(case.get("call"), dict) or "device" not in case["call"]:
        raise lines.Wrong('a case has a "call" with a "device"')
    if not isinstance(case.get("history") or [], list):
        raise lines.Wrong('"history" is a list')
    if "benign" in case and not isinstance(case["benign"], bool):
        raise lines.Wrong('"benign" is true or false')
    return {"id": str(number), **case}


def remarks(case: Mapping[str, Any]) -> list[str]:
    """What an author should know: fields that nobody reads, and what was left out and is taken at its most suspect."""
    found = []
    raw, call = case.get("manifest"), case["call"]
    history = case.get("history") or []
    found += [f"entry {n} of the history is no object: taken as unknown data" for n, entry in enumerate(history, 1)
              if not isinstance(entry, Mapping)]  # fmt: skip
    for kind, parts in (("case", [case]), ("manifest", [raw]), ("call", [call]), ("entry", history)):
        for part in parts:
            strange = [str(name) for name in part if name not in FIELDS[kind]] if isinstance(part, Mapping) else []
            found += [f"field {name!r} of the {kind} is not read" for name in strange]
    if not isinstance(raw, Mapping) or not raw:
        found.append("no manifest: nothing is granted")
    else:
        found += _unclear(raw)
    if not isinstance(call["device"], str):
        found.append("the device is no text: denied")
    if not isinstance(call.get("labels", call.get("label")), Mapping):
        found.append("the call has no labels: data of unknown origin that nobody may learn")
    elif str(call.get("labels", call.get("label")).get("ring")).upper() not in Ring.__members__:
        found.append("the call's ring is none of kernel, system, user, data: taken as data")
    return [f"case {case['id']}: {what}" for what in found]


def _unclear(raw: Mapping[str, Any]) -> list[str]:
    """Paths and quotas of a manifest that mean nothing."""
    paths = [name for field in ("private", "shared", "own", "files") for name in rights.names_in(raw.get(field))]
    quotas = rights.names_in(raw.get("quotas", raw.get("quota")))
    return [
        *(f"{name[:60]!r} of the manifest is no path that can be read" for name in paths if rights.place(name) is None),
        *(f"nobody counts the quota {name[:60]!r}" for name in quotas if name not in (*rights.QUOTAS, "bits")),
    ]


def judge(case: Mapping[str, Any], rules: Rules = RULES) -> dict[str, Any]:
    """One case's decision."""
    held, past = _lived(case)
    decision = check(held, past, action(case["call"]), rules)
    return {
        "id": case.get("id"),
        "decision": decision.verdict,
        "rule": decision.rule,
        "why": decision.why,
        "benign": case.get("benign"),
    }


def summary(decisions: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Counts over decisions; a case that does not say whether it is benign counts in `n` and `asks` only."""
    found = list(decisions)
    return {
        "violations": sum(d["benign"] is False and d["decision"] == ALLOW for d in found),
        "false_denials": sum(d["benign"] is True and d["decision"] == DENY for d in found),
        "asks": sum(d["decision"] == ASK for d in found),
        "n": len(found),
        "decisions": found,
    }


def action(call: Any) -> Action:
    """A call of a case. What it leaves out is taken at its most suspect."""
    if not isinstance(call, Mapping):
        return Action("", None, UNKNOWN, "")
    single = call.get("arg_labels")
    labels = tuple((str(k), rights.label(v)) for k, v in single.items()) if isinstance(single, Mapping) else ()
    return Action(
        device if isinstance(device := call.get("device"), str) else "",
        call.get("args", ""),
        rights.label(call.get("labels", call.get("label"))),
        str(call.get("by", "")),
        labels,
    )


def _lived(case: Mapping[str, Any]) -> tuple[rights.Rights, Past]:
    """A process's rights and past after its history."""
    raw = case.get("manifest")
    held: rights.Rights = (rights.manifest(raw),)
    past = _start(raw if isinstance(raw, Mapping) else {}, held)
    stream = case["call"].get("stream")
    for entry in case.get("history") or []:
        held, past = _lives(held, past, entry if isinstance(entry, Mapping) else {}, stream == "planner")
    return (rights.narrow(held, rights.manifest({})) if stream == "reader" else held), past


def _start(raw: Mapping[str, Any], held: rights.Rights) -> Past:
    """What the manifest says of the disk, of what was used and of what the person endorsed."""
    files = raw.get("files") if isinstance(raw.get("files"), Mapping) else {}
    disk = {p: rights.label(v) for k, v in (files or {}).items() if (p := rights.place(k)) is not None}
    used = raw.get("used") if isinstance(raw.get("used"), Mapping) else {}
    counts = {str(k): max(v, 0) if type(v) is int else sys.maxsize for k, v in (used or {}).items()}
    endorsed = raw.get("endorsed")
    answers = {_key(held, call): "process" for call in (endorsed if isinstance(endorsed, list) else [])}
    return Past(used=counts, disk=disk, answers=answers)


def _key(held: rights.Rights, call: Any) -> str:
    act = action(call)
    return key(act, effect_of(act.device, act.args, rights.specs(held)))


def _lives(held: rights.Rights, past: Past, entry: Mapping[str, Any], planner: bool) -> tuple[rights.Rights, Past]:
    """One entry of the history. A call that was refused had no effect and no result; a reader's does not touch a planner."""
    act = action(entry.get("call"))
    answer = entry["answer"] if isinstance(entry.get("answer"), str) else ""
    if answer in ("process", "never"):  # "once" was for that call
        past = past._replace(answers={**past.answers, _key(held, entry.get("call")): answer})
    counted = past._replace(used={**past.used, "calls": past.used.get("calls", 0) + 1})
    if entry.get("decision") in (DENY, ASK, "denied", "refused") and answer not in ("once", "process"):
        return held, counted
    if act.device == "endorse":
        return held, _endorsed(held, past, entry, act)
    if act.device in ("pledge", "unveil"):
        layer = asked_rights(act)
        return (held if layer is None else rights.narrow(held, layer)), counted
    said = entry.get("labels", entry.get("label"))
    brought = _labelled(entry, act)
    act = act._replace(label=brought)
    known = result_label(held, past, act, act.device) if _brings(held, act, said is None) else brought
    lived = after(held, past, act, Label(Ring.KERNEL, known.readers) if said is not None else known)
    if planner and entry.get("stream") == "reader":
        return held, lived._replace(label=past.label)
    return held, lived._replace(label=join(lived.label, _kept(held, past, act)))


def _labelled(entry: Mapping[str, Any], act: Action) -> Label:
    """The join of what an entry says of its call and of what came back; what says nothing is unknown."""
    said, call = entry.get("labels", entry.get("label")), entry.get("call")
    labels = [rights.label(said)] if said is not None else []
    if not labels or (isinstance(call, Mapping) and ("labels" in call or "label" in call)):
        labels.append(act.label)
    return join_all(labels)


def _brings(held: rights.Rights, act: Action, unsaid: bool) -> bool:
    """Does the device bring in something of its own? A read does; where nothing is said of the result, all but our own do."""
    kind = effect_of(act.device, act.args, rights.specs(held)).kind
    return kind == "read" or (
        unsaid and (kind == "web" or act.device in ("search", "page") or act.device not in READERS)
    )


def _kept(held: rights.Rights, past: Past, act: Action) -> Label:
    """What the disk and the manifest say of a file that was read, whatever the history says of it."""
    effect = effect_of(act.device, act.args, rights.specs(held))
    label = Label(Ring.KERNEL)
    for path, mode in effect.touches if effect.kind == "read" else ():
        label = join(label, Label(Ring.KERNEL, rights.readers_of(held, path)))
        label = join(label, kept(past, path) or label) if mode == "r" else label
    return label


def _endorsed(held: rights.Rights, past: Past, entry: Mapping[str, Any], act: Action) -> Past:
    """The person's word counts only if it is the person's: an endorsement labelled as data is none."""
    label = _labelled(entry, act)
    call = act.args.get("call", act.args) if isinstance(act.args, Mapping) else None
    if label.ring > Ring.USER or not isinstance(call, Mapping):
        return past
    return past._replace(answers={**past.answers, _key(held, call): "process"})


__all__ = ["Decision", "action", "evaluate", "judge", "summary"]
