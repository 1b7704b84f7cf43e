"""How well a model foretells a text: bits a byte, teacher-forced.

Knows: a loaded model and a text. Does not know: machines, processes, lessons.
"""

from __future__ import annotations

import math
from random import Random

import numpy as np

from llmos.cpu.config import Model

LENGTH = 900  # characters of a page: it fits the window of the smallest model


def bits_per_byte(model: Model, text: str) -> float:
    """Bits that the model needs for each byte of `text` after its first token; in float32."""
    from llmos.cpu.score import teacher_forced

    ids = model.tokenizer.encode(text)[: model.config.context - 1]
    spent = 0.0
    for i, logits in enumerate(np.concatenate(list(teacher_forced(model, "float32", ids)))[:-1]):
        spent -= float(_log_softmax(logits)[ids[i + 1]])
    size = sum(len(model.tokenizer.piece(i)) for i in ids[1:])
    return spent / math.log(2) / size


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted: np.ndarray = logits.astype(np.float64) - logits.max()
    return shifted - math.log(np.exp(shifted).sum())


def page(rng: Random) -> str:
    """About a page of the Python manual that no recipe of ours trains on."""
    from llmos.train import texts

    parts = [part.strip() for part in texts.manual(kept_out=True) if len(part) > 200]
    rng.shuffle(parts)
    text = "\n\n".join(parts)
    return text[:LENGTH]
