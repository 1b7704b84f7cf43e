"""`llmos bench accuracy`: what a mode's rounding costs, token after token of a text, beside float32.

Knows: the text (the library's manual pages), and which figures are compared. Does not know: how a mode computes
(`cpu/score.py` does). Both sides read the same ids, whatever either would have said.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .errors import UsageError

CLEAR = 0.2
"""Where float32's two best logits differ by more than this, a rounded mode should say the same."""

Array = np.ndarray[Any, Any]


class Said(NamedTuple):
    """What one mode says after each id of a text."""

    best: Array  # [n] the likeliest id
    lead: Array  # [n] its logit over the second's
    surprise: Array  # [n - 1] -log of the probability of the id that follows


def bench_accuracy(path: Path, modes: tuple[str, ...], tokens: int) -> dict[str, Any]:
    """Blocks for minutes. Raises ModelFileError, and UsageError when the library has no text of that length."""
    from .cpu.loaders import load
    from .cpu.xla import configure

    configure()
    model = load(path)
    ids = model.tokenizer.encode(_text())[:tokens]
    if not 1 < len(ids) == tokens:
        raise UsageError(f"the text has {len(ids)} tokens; choose from 2 to that many")
    plain = _said(model, "float32", ids)
    others = {mode: compared(plain, _said(model, mode, ids)) for mode in modes if mode != "float32"}
    return {"model": path.name, "tokens": tokens, "float32_perplexity": round(_perplexity(plain), 3), "modes": others}


def compared(plain: Said, other: Said) -> dict[str, float]:
    """Shares in percent, and how much larger the perplexity is."""
    same, clear = plain.best == other.best, plain.lead > CLEAR
    return {
        "same_top_percent": round(100 * float(same.mean()), 2),
        "same_top_where_clear_percent": round(100 * float(same[clear].mean()), 2) if clear.any() else 100.0,
        "perplexity_above_percent": round(100 * (_perplexity(other) / _perplexity(plain) - 1), 2),
    }


def _perplexity(said: Said) -> float:
    return float(np.exp(said.surprise.mean()))


def _said(model: Any, mode: str, ids: list[int]) -> Said:
    from .cpu.score import teacher_forced

    parts, following = [], np.array([*ids[1:], 0])
    for logits in teacher_forced(model, mode, ids):
        parts.append(_of(logits, following[: len(logits)]))
        following = following[len(logits) :]
    best, lead, surprise = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Said(best, lead, surprise[:-1])


def _of(logits: Array, following: Array) -> Said:
    """Logits [n, vocab] and the id that follows each."""
    top = np.partition(logits, -2)[:, -2:]
    total = np.log(np.exp(logits - top[:, 1:]).sum(1)) + top[:, 1]
    return Said(logits.argmax(1), top[:, 1] - top[:, 0], total - logits[np.arange(len(logits)), following])


def _text() -> str:
    folder = Path(__file__).with_name("library")
    return "\n".join(page.read_text(encoding="utf-8") for page in sorted(folder.glob("*.md")))
