"""`llmos generate`: prompts continued, each by a process of its own.

Knows: the fields of the answer (a contract), and how large a machine some prompts need. Does not know: argument parsing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from . import processor
from .boot import boot
from .errors import LlmosError, UsageError
from .machine import Machine
from .options import PAGE, SCRIPTED, Options
from .printing import suggest
from .processor import silent


def generate(
    prompts: Sequence[str],
    model_name: str | None,
    chat: bool,
    limit: int,
    temperature: float,
    min_p: float,
    seed: int,
    mode: str,
) -> list[dict[str, Any]]:
    """Continue each prompt; runs in order: {"prompt_tokens", "tokens", "text", "stop", "tokens_per_second"}."""
    jobs = tuple((p, int(chat), limit, round(temperature * 1000), round(min_p * 1000), seed) for p in prompts)
    options = Options(
        model=model_name, mode=mode, seed=seed, devices=(), tools=False, init=("batch", *jobs), lanes=min(len(jobs), 32)
    )
    suggest(model_name)
    machine = boot_for(options, [(p, chat) for p in prompts], limit)
    runs: dict[int, dict[str, Any]] = {}
    failures: dict[int, str] = {}
    began, retired = time.perf_counter(), dict[int, list[tuple[float, int]]]()
    for events in machine.events():
        for _, kind, pid, *data in events:
            if kind == "think":
                runs[pid] = {"prompt_tokens": list(data[0])}
            elif kind == "retire":
                retired.setdefault(pid, []).append((time.perf_counter(), len(data[0])))
            elif kind == "exit" and pid in runs and data[1] is not None:
                text, ids, stop = data[1]
                runs[pid] |= {"tokens": list(ids), "text": text, "stop": "end" if stop == "end" else "length"}
                runs[pid]["tokens_per_second"] = _pace(began, retired.get(pid, []))
            elif kind == "exit" and data[2]:
                failures[pid] = data[2]
    machine.close()
    if failures:
        raise LlmosError("; ".join(dict.fromkeys(failures.values())))
    return [runs[pid] for pid in sorted(runs)]


def _pace(began: float, retired: Sequence[tuple[float, int]]) -> float:
    """Tokens a second from (when, how many) of each burst: those after the first burst, so that the prompt is not counted;
    of a single burst all, since the beginning. 0 when there are none."""
    if len(retired) > 1:
        (began, _), *retired = retired
    tokens = sum(count for _, count in retired)
    return round(tokens / max(retired[-1][0] - began, 1e-6), 2) if tokens else 0.0


def boot_for(options: Options, prompts: Sequence[tuple[str, bool]], limit: int) -> Machine:
    """Boot with the frames these prompts need: each its own context, plus the tokens to come.

    Sizes are rounded up, so that the next command with another prompt finds its programs compiled.
    """
    if options.model == SCRIPTED:
        return boot(options, silent)
    model = processor.load_model(options.model)
    with ThreadPoolExecutor(1) as pool:  # a chat template has a child process, which works while JAX starts
        made = pool.submit(processor.codec_of, model)
        processor.start()
        codec = made.result()
    lengths = [
        len(codec.turn("user", p, True) + codec.cue()) if chat else len(codec.start + codec.encode(p))
        for p, chat in prompts
    ]
    if not min(lengths):
        raise UsageError("an empty prompt: this model needs something to continue")
    longest = max(lengths)
    if longest > model.config.context:
        raise UsageError(f"a prompt of {longest:,} tokens; {model.name} can attend to {model.config.context:,}")
    pages = [-(-min(n + limit, model.config.context) // PAGE) for n in lengths]
    most = min(_rounded(max(pages)), -(-model.config.context // PAGE))
    return boot(replace(options, frames=_rounded(sum(pages)) + 1, max_pages=most), silent, model=model)


def _rounded(pages: int) -> int:
    """Up to a multiple of 24 pages, 96 when there are many."""
    step = 24 if pages <= 96 else 96
    return -(-pages // step) * step
