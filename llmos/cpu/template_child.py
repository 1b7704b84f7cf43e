"""The child process in which a chat template runs: a question on standard input, an answer on standard output.

Knows: Jinja's immutable sandbox and the limits of this process. Does not know: llmos (nothing of it is imported). The
answer is a JSON list with a text for each conversation, or [what went wrong] in its place.
"""

from __future__ import annotations

import json
import resource
import sys
from contextlib import suppress
from typing import Any

MEMORY = 512 << 20  # bytes of address space
SECONDS = 2  # of processor time
LENGTH = 20_000  # characters of one rendered conversation


def limit() -> None:
    with suppress(ValueError, OSError):  # not every system has these
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def answer(question: dict[str, Any]) -> list[str | list[str]]:
    from jinja2.exceptions import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str) -> None:
        raise TemplateError(str(message))

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals = {"raise_exception": refuse, "range": environment.globals["range"]}
    environment.globals["namespace"] = _namespace()
    return [_attempt(environment, conversation, cue, question) for conversation, cue in question["jobs"]]


def _attempt(environment: Any, conversation: list[tuple[str, str]], cue: bool, question: dict[str, Any]) -> Any:
    try:
        return _render(environment.from_string(question["template"]), conversation, cue, question)
    except Exception as error:  # whatever a hostile template raises
        return [f"{type(error).__name__}: {error}"[:200]]


def _render(template: Any, conversation: list[tuple[str, str]], cue: bool, question: dict[str, Any]) -> str:
    messages = [{"role": role, "content": content} for role, content in conversation]
    parts: list[str] = []
    for part in template.generate(
        messages=messages, add_generation_prompt=cue, bos_token=question["bos"], eos_token=question["eos"]
    ):
        parts.append(part)
        if sum(map(len, parts)) > LENGTH:
            raise ValueError("the template writes too much")
    return "".join(parts)


def _namespace() -> Any:
    from jinja2.utils import Namespace

    return Namespace


if __name__ == "__main__":
    sys.path[:0] = sys.argv[1:]
    limit()
    print(json.dumps(answer(json.load(sys.stdin))))
