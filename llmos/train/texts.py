"""Documents to dream from: the Python manual that comes with Python, and a handbook written from our own definitions.

Knows: where the texts are and which are kept out of training. Does not know: tokens. Nothing here is copied into the
package: the manual's topics are read from the standard library of whoever runs the recipe.
"""

from __future__ import annotations

from pydoc_data import topics
from random import Random

from . import world
from .dialogue import held_out


def manual(kept_out: bool = False) -> list[str]:
    """The topics of `help()`; one in twenty, by the hash of its first words, is kept out of training."""
    texts = [text.strip() + "\n" for _, text in sorted(topics.topics.items())]
    return [text for text in texts if held_out(text[:200]) == kept_out]


def handbook(seed: int, count: int) -> list[str]:
    """`count` short chapters, each a few definitions in a row under a title."""
    rng = Random(f"handbook-{seed}")
    return [_chapter(rng) for _ in range(count)]


def _chapter(rng: Random) -> str:
    terms = rng.sample(tuple(world.TERMS), rng.randint(3, 6))
    title = rng.choice(["Notes on {}", "The {}", "About {}", "{}"]).format(terms[0])
    return "\n\n".join([title, *(world.TERMS[term] for term in terms)]) + "\n"
