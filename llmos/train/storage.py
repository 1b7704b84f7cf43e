"""Dialogues that need the disk: files (ls, cat, write, append) and search.

Knows: ways to ask, and what such a device may bring back. Does not know: the devices themselves, any real file.
"""

from __future__ import annotations

from random import Random

from . import lexicon, world
from .dialogue import Call, Exchange, Maker, Say, ask
from .sums import failed
from .wording import ways


def listing(rng: Random) -> Exchange:
    if rng.random() < 0.6:
        args, request = "ls", ask(rng, ways("storage.list_home") + "{e}", e=rng.choice(["?", "", "."]))
    else:
        folder = rng.choice(lexicon.words("folders")) if rng.random() < 0.7 else lexicon.word(rng).lower()
        args = f"ls {folder}"
        request = ask(rng, ways("storage.list_folder") + "{e}", f=folder, e=rng.choice(["?", "", "."]))
    if rng.random() < 0.1:
        error = f"error: no such folder: {args[3:] or 'home'}"
        return Exchange(request, (Call("files", args, error), failed(error)))
    names = sorted({lexicon.path(rng).split("/")[-1] for _ in range(rng.randint(0, 5))})
    if not names:
        return Exchange(
            request, (Call("files", args, rng.choice(["", "(empty)", "empty"])), Say("There are no files."))
        )
    result = rng.choice(["\n", "\n", " ", ", "]).join(names)
    return Exchange(request, (Call("files", args, result), Say(f"I see {', '.join(names)}.")))


def reading(rng: Random) -> Exchange:
    path = lexicon.path(rng)
    request = ask(rng, ways("storage.read") + "{e}", p=path, e=rng.choice(["?", "", "."]))
    if rng.random() < 0.15:
        error = rng.choice(["error: no such file", f"error: no such file: {path}", f"error: {path} not found"])
        return Exchange(request, (Call("files", f"cat {path}", error), failed(error)))
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
    verb, pattern, said = rng.choice(
        [
            ("write", ways("storage.write"), "Saved in {p}."),
            ("append", ways("storage.append"), "Added to {p}."),
        ]  # fmt: skip
    )
    request = ask(rng, pattern, p=path, t=text, q=rng.choice(["", "", '"', "'"]))
    if rng.random() < 0.07:
        error = rng.choice(["error: disk full", "error: permission denied", "error: outside the home folder"])
        return Exchange(request, (Call("files", f"{verb} {path} {text}", error), failed(error)))
    size = len(text.encode())
    result = rng.choice(
        ["ok", "done", f"wrote {size} bytes", f"{size} bytes", f"wrote {path}", f"wrote {size} bytes to {path}"]
    )
    return Exchange(request, (Call("files", f"{verb} {path} {text}", result), Say(said.replace("{p}", path))))


def searching(rng: Random) -> Exchange:
    text = lexicon.phrase(rng, 3) if rng.random() < 0.6 else rng.choice(tuple(world.terms()))
    request = ask(rng, ways("storage.search") + "{e}", t=text, q=rng.choice(["", '"']), e=rng.choice(["?", "", "."]))
    if rng.random() < 0.12:
        return Exchange(
            request,
            (
                Call("search", text, rng.choice(["nothing found", "no results", "nothing", ""])),
                Say(f"I found nothing about {text}."),
            ),
        )
    passage = world.terms()[text] if text in world.terms() and rng.random() < 0.7 else passage_about(rng, text)
    title = rng.choice(["", "", f"{text}: ", f"[{lexicon.word(rng)}] ", f"{lexicon.path(rng)}: "])
    return Exchange(request, (Call("search", text, title + passage), Say(f"I found:\n{passage}")))


def passage_about(rng: Random, text: str) -> str:
    return f"{text.capitalize()} {lexicon.phrase(rng, 8)}."


MAKERS: tuple[tuple[int, Maker], ...] = ((2, listing), (5, reading), (6, writing), (3, searching))
