"""Dialogues for the devices beyond the first four: plot, python, page and browser.

Knows: ways to ask, and what nano says of a result. Charts and programs are the real devices' own; pages and passages are made
up in the devices' form. Does not know: how dialogues are mixed (`dialogues`).
"""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from random import Random

from llmos.devices.base import Context
from llmos.devices.plot import Plot

from . import lexicon, lookups, pairs, world
from .dialogue import Call, Exchange, Maker, Say, ask
from .sums import failed
from .wording import ways

LONGEST = 60  # characters of a program, and of what it prints
ROOM = range(20, 45)  # characters of a chart before it is cut: each costs three tokens
PAGE = 300  # characters of a page that are shown
CUT = " [cut: the window holds 384 tokens, this result has {}]"
OFF = "the host {} is not allowed: the browser is off the network"


def chart(rng: Random) -> Exchange:
    """Numbers, or named ones; now and then into a file."""
    if rng.random() < 0.6:
        most = rng.choice([1, 2, 2, 3])
        values = [written(rng, most) for _ in range(rng.randint(2, 9))]
        data, key = " ".join(values), "further.numbers"
        shown = listed(rng, values)
    else:
        things = rng.sample(lexicon.words("things") + lexicon.words("names"), rng.randint(2, 5))
        labels = [thing if rng.random() < 0.8 else lexicon.made_up(rng) for thing in things]
        values = [written(rng, 2) for _ in labels]
        data, key = " ".join(f"{label}={value}" for label, value in zip(labels, values, strict=True)), "further.bars"
        form = rng.choice(["{}={}", "{}={}", "{} {}", "{}: {}"])
        shown = listed(rng, [form.format(label, value) for label, value in zip(labels, values, strict=True)])
    file = f"{rng.choice(lexicon.words('stems'))}.svg" if rng.random() < 0.15 else ""
    request = ask(rng, ways(key) + (ways("further.into") if file else "") + "[|.|?]", x=shown, p=file)
    args = f"{data} to {file}" if file else data
    with tempfile.TemporaryDirectory() as home:
        result = Plot(Path(home)).call(args, Context(now=datetime.now)).text
    if key == "further.numbers":
        result = result[: rng.choice(ROOM)] + CUT.format(rng.randint(300, 500))
    return Exchange(
        request,
        (Call("plot", args, result), Say(f"Here is the chart, and in {file}." if file else "Here is the chart.")),
    )


def written(rng: Random, most: int) -> str:
    n = str(lexicon.number(rng, most))
    return f"{n}.{rng.randint(1, 9)}" if rng.random() < 0.08 else f"-{n}" if rng.random() < 0.05 and n != "0" else n


def listed(rng: Random, parts: list[str]) -> str:
    gap = rng.choice([" ", ", ", ", "])
    last = rng.choice([gap, gap, " and "]) if "," in gap else gap
    return gap.join(parts[:-1]) + last + parts[-1]


def program(rng: Random) -> Exchange:
    """A short program: told in so many words, or wished for."""
    while True:
        one = pairs.make(rng, "python")
        (call,) = one.calls
        if (
            len(one.request) <= 2 * LONGEST
            and max(len(call.args), len(call.result)) <= LONGEST
            and "\n" not in one.request
        ):
            return Exchange(one.request, (call, Say(f"It prints:\n{call.result}")))


def passage(rng: Random) -> Exchange:
    """A passage by its place, as a search named it."""
    about = rng.choice(tuple(world.terms())) if rng.random() < 0.5 else lexicon.phrase(rng, 3)
    title, of = about[:1].upper() + about[1:], rng.randint(1, 9)
    n = rng.randint(1, of)
    request = ask(rng, ways("further.page") + "[|.|?]", t=title, n=str(n))
    args = f"{title}#{n}"
    if rng.random() < 0.12:
        error = (
            f"error: no document {title!r}" if rng.random() < 0.5 else f"error: {title} has pages 1 to {max(1, n - 1)}"
        )
        return Exchange(request, (Call("page", args, error), failed(error)))
    text = lookups.passage(rng, about)
    text = text if len(text) <= lookups.SHORT else text[: lookups.SHORT].rsplit(" ", 1)[0]
    return Exchange(
        request, (Call("page", args, f"[{title}#{n} of {of}] {text}"), Say(f"It says:\n{lookups.first_sentence(text)}"))
    )


def page(rng: Random) -> Exchange:
    """A page is opened, or the one that is open is read on."""
    stem = rng.choice(lexicon.words("stems")) if rng.random() < 0.5 else lexicon.word(rng).lower()
    local = f"{stem}.{rng.choice(['md', 'md', 'html', 'htm'])}"
    host = f"{rng.choice(['', 'www.', 'docs.'])}{lexicon.made_up(rng)}.{rng.choice(['com', 'org', 'net', 'example'])}"
    web = f"{rng.choice(['https', 'https', 'http'])}://{host}{rng.choice(['', '/', f'/{stem}', f'/{local}'])}"
    verb = rng.choice(["local", "local", "web", "follow", "find", "more"])
    url, words, n = (web if verb == "web" else local), lexicon.phrase(rng, 3), rng.randint(1, 20)
    request = ask(rng, ways(f"further.{verb}") + "[|.|?]", u=url, t=words, n=str(n))
    args = {"follow": f"follow {n}", "find": f"find {words}", "more": "more"}.get(verb, f"open {url}")
    if error := refused(rng, verb, host, local, n):
        return Exchange(request, (Call("browser", args, f"error: {error}"), failed(error)))
    if verb == "find":
        found = f"... {lexicon.phrase(rng, 4)} {words} {lexicon.phrase(rng, 4)} ..." if rng.random() < 0.7 else ""
        said = Say(f"I found:\n{found}" if found else "It is not on this page.")
        return Exchange(request, (Call("browser", args, found or "not found on this page"), said))
    text = lookups.passage(rng, stem)
    first = lookups.first_sentence(text)
    shown = text if len(text) <= PAGE else text[:PAGE] + CUT.format(rng.randint(200, 900))
    if verb != "more":
        shown = f"{stem.capitalize()}\n\n{f'# {stem.capitalize()}' + chr(10) * 2 if rng.random() < 0.5 else ''}{shown}"
    return Exchange(request, (Call("browser", args, shown), Say(f"The page says:\n{first}")))


def refused(rng: Random, verb: str, host: str, local: str, n: int) -> str:
    """Why there is no page to see; mostly there is one."""
    if verb == "web" and rng.random() < 0.6:
        return OFF.format(host)
    if verb in ("follow", "find", "more") and rng.random() < 0.15:
        return "no page is open; write: open URL"
    if verb == "follow" and rng.random() < 0.2:
        return rng.choice(["this page has no links", f"this page has links 1 to {max(1, n - 1)}"])
    return f"{local}: no such file" if verb == "local" and rng.random() < 0.15 else ""


MAKERS: tuple[tuple[int, Maker], ...] = ((6, chart), (5, program), (2, passage), (4, page))
