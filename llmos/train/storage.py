"""Dialogues that need the files device: ls, cat, write, append.

Knows: ways to ask, and how the device words what it brings back. Does not know: the device itself, any real file.
"""

from __future__ import annotations

from random import Random

from . import lexicon, world
from .dialogue import Call, Exchange, Maker, Say, ask
from .sums import failed
from .wording import ways

END = ("?", "", ".")
FAULTS = ("permission denied", "the disk is full", "that is a folder", "name too long")


def listing(rng: Random) -> Exchange:
    if rng.random() < 0.6:
        folder, request = "", ask(rng, ways("storage.list_home") + "{e}", e=rng.choice(END))
    else:
        folder = rng.choice(lexicon.words("folders")) if rng.random() < 0.7 else lexicon.word(rng).lower()
        request = ask(rng, ways("storage.list_folder") + "{e}", f=folder, e=rng.choice(END))
    args = f"ls {folder}".rstrip()
    if folder and rng.random() < 0.15:
        error = f"error: {folder}: {rng.choice(['no such file', 'not a folder'])}"
        return Exchange(request, (Call("files", args, error), failed(error)))
    names = sorted({entry(rng) for _ in range(rng.randint(0, 6))})
    if not names:
        return Exchange(request, (Call("files", args, "empty"), Say("There are no files.")))
    result = "\n".join(name if name.endswith("/") else f"{name} {lexicon.number(rng)} bytes" for name in names)
    return Exchange(request, (Call("files", args, result), Say(f"I see {', '.join(names)}.")))


def entry(rng: Random) -> str:
    """A name in a folder; a folder's ends with a slash."""
    if rng.random() < 0.15:
        return rng.choice(lexicon.words("folders")) + "/"
    return lexicon.path(rng).split("/")[-1]


def reading(rng: Random) -> Exchange:
    path = lexicon.path(rng)
    request = ask(rng, ways("storage.read") + "{e}", p=path, e=rng.choice(END))
    if rng.random() < 0.15:
        error = f"error: {path}: {rng.choice(['no such file', 'no such file', 'that is a folder'])}"
        return Exchange(request, (Call("files", f"cat {path}", error), failed(error)))
    if rng.random() < 0.05:
        return Exchange(request, (Call("files", f"cat {path}", "empty"), Say("The file is empty.")))
    text = content(rng)
    return Exchange(request, (Call("files", f"cat {path}", text), Say(f"The file says:\n{text}")))


def content(rng: Random) -> str:
    """What a small file holds: a few words, a sentence, or short lines."""
    if rng.random() < 0.25:
        return "\n".join(lexicon.phrase(rng, 4) for _ in range(rng.randint(2, 4)))
    if rng.random() < 0.2:
        return rng.choice(tuple(world.terms().values()))
    text = lexicon.phrase(rng, 8)
    return rng.choice([text, text, text.capitalize() + ".", f"{text} {lexicon.number(rng)}"])


def writing(rng: Random) -> Exchange:
    path, text = lexicon.path(rng), lexicon.phrase(rng, 6)
    if rng.random() < 0.2:
        text += f" {lexicon.number(rng)}"
    verb, done, said = rng.choice([("write", "wrote", "Saved in"), ("append", "appended to", "Added to")])
    request = ask(rng, ways(f"storage.{verb}"), p=path, t=text, q=rng.choice(["", "", '"', "'"]))
    args = f"{verb} {path} {text}"
    if rng.random() < 0.07:
        error = f"error: {path}: {rng.choice(FAULTS)}"
        return Exchange(request, (Call("files", args, error), failed(error)))
    size = len(text) + 1 + (rng.randint(1, 900) if verb == "append" else 0)
    return Exchange(request, (Call("files", args, f"{done} {path}, now {size} bytes"), Say(f"{said} {path}.")))


MAKERS: tuple[tuple[int, Maker], ...] = ((2, listing), (5, reading), (6, writing))
