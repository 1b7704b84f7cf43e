"""AgentDojo's ground truths, read from the installed package at test time: what its tasks do, and what its attackers do.

Knows: how to load the suites without the model clients they are shipped with (those are replaced by empty modules), and
which of its tools send, change or only read. Does not know: what the monitor says of them.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import re
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

from llmos_kernel.limits import MAX_BITS, MAX_VALUES

CLIENTS = (
    "anthropic",
    "cohere",
    "deepdiff",
    "google",
    "langchain",
    "openai",
    "torch",
    "transformers",
    "vertexai",
    "dotenv",
    "tenacity",
)
PIPELINE = "agentdojo.agent_pipeline"  # how models are driven: not needed to read what they should do
SUITES = ("workspace", "banking", "slack", "travel")
WHO = ("recipient", "recipients", "participants", "email", "user_email", "user", "channel", "url")
CONTENT = ("body", "content", "subject", "title", "description", "attachments", "date", "file_name", "location")
READS = ("get_", "read_", "search_", "list_", "check_")


class Anything:
    """Stands for whatever a client library would have brought."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return Anything()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return args[0] if len(args) == 1 and callable(args[0]) else Anything()

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        return (object,)

    def __getitem__(self, key: Any) -> Any:
        return Any

    def __or__(self, other: Any) -> Any:
        return Any

    __ror__ = __or__


class Hollow(ModuleType):
    __path__: Sequence[str] = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (Anything,), {})


class HollowClients(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Client libraries that nobody here needs."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        hollow = name.split(".")[0] in CLIENTS or name.startswith(PIPELINE)
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if hollow else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return Hollow(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


def suites() -> dict[str, Any]:
    """The newest version of each suite. Client libraries are hollow only while it loads."""
    finder, before = HollowClients(), set(sys.modules)
    sys.meta_path.insert(0, finder)
    try:
        load = importlib.import_module("agentdojo.task_suite.load_suites")
        return {name: load.get_suites("v1.2.1")[name] for name in SUITES}
    finally:
        sys.meta_path.remove(finder)
        for name in set(sys.modules) - before:
            if name.split(".")[0] in CLIENTS or name.startswith(PIPELINE):
                del sys.modules[name]


def calls(task: Any, environment: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(c.function, dict(c.args)) for c in task.ground_truth(environment.model_copy(deep=True))]


def cases() -> Iterator[dict[str, Any]]:
    """One case a call: benign ones with arguments labelled by whether the person's words have them; an attacker's all data."""
    for name, suite in suites().items():
        environment = suite.load_and_inject_default_environment({})
        manifest, known = _manifest(suite, environment), types(environment)
        for task in suite.user_tasks.values():
            for n, (tool, args) in enumerate(calls(task, environment)):
                yield _case(f"{name}/{task.ID}/{n}", manifest, tool, args, task.PROMPT, True, known)
        for task in suite.injection_tasks.values():
            for n, (tool, args) in enumerate(calls(task, environment)):
                yield _case(f"{name}/{task.ID}/{n}", manifest, tool, args, "", _reads(tool))


def _reads(tool: str) -> bool:
    return tool.startswith(READS)


def _manifest(suite: Any, environment: Any) -> dict[str, Any]:
    """What an installer would write: every tool by what it does; recipients anybody, since each person's differ."""
    devices = {}
    for tool in suite.tools:
        content = list(CONTENT)
        effect = "read" if _reads(tool.name) else "send"
        to = [p for p in tool.parameters.model_fields if p in WHO]
        devices[tool.name] = {"effect": effect, "to": to if effect == "send" else [], "content": content}
    return {"devices": devices, "recipients": ["*"], "hosts": ["*"]}


def types(environment: Any) -> dict[str, frozenset[str]]:
    """Finite types that an installer can declare from what the person's own programs list: contacts, members, channels, files.

    A reader may hand back a value of one; the person's own request still has to choose the call.
    """
    found: dict[str, set[str]] = {}
    if (inbox := getattr(environment, "inbox", None)) is not None:
        people = {contact.email for contact in inbox.contact_list}
        found |= dict.fromkeys(("participants", "recipients"), people)
    if (drive := getattr(environment, "cloud_drive", None)) is not None:
        found["file_id"] = set(drive.files)
    if (slack := getattr(environment, "slack", None)) is not None:
        found |= {"channel": set(slack.channels), "user": set(slack.users), "recipient": set(slack.users)}
    return {name: frozenset(values) for name, values in found.items() if 1 < len(values) <= MAX_VALUES}


def bits(name: str, value: Any, known: dict[str, frozenset[str]]) -> int:
    """What handing back this argument costs; 0 when it is not of a declared type."""
    values = _list(value)
    fits = name in known and values and all(v in known[name] for v in values)
    return len(values) * (len(known[name]) - 1).bit_length() if fits else 0


def _list(value: Any) -> list[str]:
    """The items of a list, also of one that is written as text."""
    if isinstance(value, str) and value.startswith("["):
        value = re.findall(r"'([^']*)'", value)
    return [str(v) for v in value] if isinstance(value, (list, tuple)) else [str(value)]


def _case(
    name: str,
    manifest: Any,
    tool: str,
    args: dict[str, Any],
    prompt: str,
    benign: bool,
    known: dict[str, frozenset[str]] | None = None,
) -> dict[str, Any]:
    user = {"ring": "user", "readers": [], "origin": ["prompt"]}
    data = {"ring": "data", "readers": [], "origin": ["tool"]}
    known = known or {}
    said = {k: user if prompt and (_said(v, prompt) or bits(k, v, known)) else data for k, v in args.items()}
    choice = user if prompt else data
    call = {"device": tool, "args": args, "labels": choice, "arg_labels": said, "by": "model", "stream": "planner"}
    read = {"call": {"device": "read", "labels": data}, "labels": data, "stream": "reader"}
    cost = sum(bits(k, v, known) for k, v in args.items() if prompt and not _said(v, prompt))
    return {"id": name, "manifest": manifest, "history": [read], "call": call, "benign": benign, "note": f"{cost} bits"}


def _said(value: Any, prompt: str) -> bool:
    """Are these the person's own words? Lists item by item; of a moment, its day (a person writes "May 15th")."""
    if isinstance(value, (list, tuple)):
        return all(_said(v, prompt) for v in value)
    text = json.dumps(value) if not isinstance(value, str) else value
    if day := re.fullmatch(r"\d{4}-\d\d-(\d\d)( \d\d:\d\d)?", text):
        return re.search(rf"\b0?{int(day[1])}(st|nd|rd|th)?\b", prompt) is not None
    return text.casefold().removesuffix(".0") in prompt.casefold()


def over_budget(given: Sequence[dict[str, Any]]) -> list[str]:
    """Tasks whose readers hand back more bits than a planner may learn."""
    spent: dict[str, int] = {}
    for case in given:
        task = case["id"].rpartition("/")[0]
        spent[task] = spent.get(task, 0) + int(case["note"].split()[0])
    return [task for task, cost in spent.items() if cost > MAX_BITS]


def installed() -> bool:
    return importlib.util.find_spec("agentdojo") is not None
