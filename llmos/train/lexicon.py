"""Words, names, numbers and texts to fill requests with.

Knows: small lists of everyday words and how to make up unheard ones. Does not know: what a request asks for.
"""

from __future__ import annotations

import string
from random import Random

NAMES = "Ada Alan Ben Clara Dan Edsger Emma Finn Grace Hana Ivan Jin Kofi Lena Linus Maria Mia Noor Omar Pia Rosa Sam Tove Uma Wei Yara".split()
THINGS = "apples books boxes bricks cakes cards chairs coins cups eggs files flowers frames houses keys lamps letters pages pencils plates seats shirts stones tables tickets tokens trees wheels".split()
WORDS = (
    "a about after again all always and any apple back bad be begin big bird blue boat book bread bring brown build buy by call can "
    "car cat city clean cloud coffee cold come cook corner cup dance dark day dog door down dream drink early east eat evening every "
    "eye fall far fast fine fire first fish floor flower fly food forest friend garden girl give glass go gold good grass green hand "
    "happy hard have head hear heavy help here hill home horse hot house ice idea in island jump just keep kernel key kind king lake "
    "lamp large last late leaf learn left less letter light like line little long look love low lunch make many map march meet memory "
    "milk mind moon more morning mountain move music my name near new next night no north not note now of off old on one open or out "
    "over page paint paper park party pay people phone piano plan play queen quick quiet rain read red rest rice right ring river road "
    "room run sand say school sea see seven sheep ship shop short silver sing sit sky sleep slow small snow soft some song soon south "
    "spring star start stay stone stop story street strong sugar summer sun swim table take tall tea ten the then thing think three "
    "time today tomorrow town train tree true turn two under up very wait walk wall warm water way we week west wet what wheel white "
    "wind window winter wood word work write year yellow yes you young zebra"
).split()
STEMS = "notes todo list diary draft plan report data log ideas letter shopping budget readme story poem test a b x list2 page1 result summary recipe names old new week monday song".split()
ENDINGS = "txt md txt csv log txt json py".split()
FOLDERS = "docs work home music old drafts src data photos letters".split()


def number(rng: Random, most: int = 4) -> int:
    """A whole number of 1 to `most` digits, each length as likely as the others."""
    digits = rng.randint(1, most)
    return rng.randint(10 ** (digits - 1) if digits > 1 else 0, 10**digits - 1)


def word(rng: Random) -> str:
    """Mostly a common word; sometimes one nobody has seen, a name, or a code with digits."""
    chance = rng.random()
    if chance < 0.62:
        return rng.choice(WORDS)
    if chance < 0.85:
        return made_up(rng)
    if chance < 0.93:
        return rng.choice(NAMES)
    return "".join(rng.choices(string.ascii_lowercase + string.digits, k=rng.randint(2, 7)))


def made_up(rng: Random) -> str:
    starts = "b br c ch d dr f fl g gr h j k l m n p pl qu r s sh st t th tr v w z".split()
    middles, ends = "a e i o u ai ee oo ou y".split(), ["", "n", "r", "s", "t", "l", "m", "x", "ck", "nd"]
    return "".join(rng.choice(starts) + rng.choice(middles) for _ in range(rng.randint(1, 3))) + rng.choice(ends)


def phrase(rng: Random, most: int = 7) -> str:
    """One to `most` words without punctuation."""
    return " ".join(word(rng) for _ in range(rng.randint(1, most)))


def path(rng: Random) -> str:
    """A file name, now and then in a folder or without an ending."""
    stem = rng.choice(STEMS) if rng.random() < 0.6 else word(rng).lower()
    name = stem if rng.random() < 0.08 else f"{stem}.{rng.choice(ENDINGS)}"
    return f"{rng.choice(FOLDERS)}/{name}" if rng.random() < 0.15 else name


SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()


def spelled(n: int) -> str:
    """0 to 99 in words."""
    if n < 20:
        return SMALL[n]
    tens, rest = divmod(n, 10)
    return TENS[tens] + (f"-{SMALL[rest]}" if rest else "")
