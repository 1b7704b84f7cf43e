"""Documents to dream from: the Python manual that comes with Python, and a handbook written from our own definitions.

Knows: where the texts are and which are kept out of training. Does not know: tokens. Nothing here is copied into the
package: the manual's topics are read from the standard library of whoever runs the recipe.
"""

from __future__ import annotations

from pydoc_data import topics
from random import Random

from . import world
from .dialogue import grams, held_out


def manual(kept_out: bool = False) -> list[str]:
    """The topics of `help()` to train on; or those kept out, one in twenty by the hash of its first words.

    Topics quote each other, so of the kept-out ones come the single paragraphs that share no run of words with a
    trained topic.
    """
    texts = [text.strip() + "\n" for _, text in sorted(topics.topics.items())]
    trained = [text for text in texts if not held_out(text[:200])]
    if not kept_out:
        return trained
    seen = {gram for text in trained for gram in grams(text)}
    parts = [part for text in texts if held_out(text[:200]) for part in text.split("\n\n")]
    return [part for part in parts if grams(part) and not grams(part) & seen]


def handbook(seed: int, count: int) -> list[str]:
    """`count` short chapters, each a few definitions in a row under a title."""
    rng = Random(f"handbook-{seed}")
    return [_chapter(rng) for _ in range(count)]


def _chapter(rng: Random) -> str:
    terms = rng.sample(tuple(world.terms()), rng.randint(3, 6))
    title = rng.choice(["Notes on {}", "The {}", "About {}", "{}"]).format(terms[0])
    return "\n\n".join([title, *(world.terms()[term] for term in terms)]) + "\n"
