"""Sums in words: from how people and models write them to what `expression.py` reads.

Knows: politeness, number words, phrases such as "15% off", "subtract 3 from 10" and "average of 3, 4 and 5", habits from
other notations. Does not know: how a sum is computed. Each rule rewrites a phrase it knows whole; a word that no rule
knows stays, and the sum is refused: generous in what is read, strict in what is computed.
"""

from __future__ import annotations

import re

_SPELLING = str.maketrans(
    dict.fromkeys("×·⋅∙∗•✕✖", "*")
    | dict.fromkeys("÷∕⁄", "/")
    | dict.fromkeys("−–—", "-")
    | dict.fromkeys("\u00a0\u202f\u2009\t\n\"'`“”‘’$€£¥₹", " ")
    | {";": ", "}
    | dict.fromkeys("[{", "(")
    | dict.fromkeys("]}", ")")
    | {"π": " pi ", "٪": "%", "√": " sqrt ", "∛": " cbrt ", "∞": " infinity "}
    | {"½": " 1/2 ", "⅓": " 1/3 ", "⅔": " 2/3 ", "¼": " 1/4 ", "¾": " 3/4 ", "⅕": " 1/5 ", "⅛": " 1/8 "}
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

_TEENS = "thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_SMALL_WORDS = f"zero one two three four five six seven eight nine ten eleven twelve {_TEENS}"
_SMALL = {word: n for n, word in enumerate(_SMALL_WORDS.split())}
_TENS = {word: 10 * n for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}  # noqa: SIM905
_SCALES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_NUMBER_WORD = "|".join([*_SMALL, *_TENS, *_SCALES])
_SPOKEN = re.compile(
    rf"(?<![a-z])(?<!\d )(?<!\d)(?:{_NUMBER_WORD})(?:(?:[\s-]+|(?<=d) and |(?<=n) and )(?:{_NUMBER_WORD}))*(?![a-z])"
)
_PARTS = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "eighth": 8,
    "tenth": 10,
}
_ORDINALS = {"second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "tenth": 10}

N = r"-?\d[\d,.]*"  # a number as written
T = rf"(?:{N} ?%?|\([^()]*\))"  # a term: a number or a bracket
_ASKED = (
    r"what(?: is| s|s| are| do you get if you)|how much (?:is|are|does|do)|can you|could you|please|tell me|give me|calculate|"
    r"compute|evaluate|work out|find|determine|solve|simplify|calc|calculator|"
    r"(?:result|value|answer|total) of|(?:result|answer)(?= is)"
)
_FUNCTIONS = r"sqrt|cbrt|abs|factorial|floor|ceil|ln|log|log2|log10|exp|sin|cos|tan|round"
_MANY = (
    ("sum", r"sum(?: up)?|total|add(?:ing)?(?: up)?"),
    ("mean", r"average|mean|avg"),
    ("median", r"median"),
    ("max", r"max|maximum|largest|biggest|greatest"),
    ("min", r"min|minimum|smallest|least|lowest"),
    ("gcd", r"gcd|gcf|hcf|greatest common (?:divisor|factor|denominator)|highest common factor"),
    ("lcm", r"lcm|(?:least|lowest) common (?:multiple|denominator)"),
    ("product", r"product"),
)
_RULES: tuple[tuple[str, str], ...] = (
    (r"\b(?:math|np|numpy|cmath)\.(?=[a-z])", ""),
    (r"(?<=\d)[_ ](?=\d{3}(?!\d))", ","),  # 1_000 and 1 000; the parser reads 1,000
    (r"per cent|percent|pct", "%"),
    (r"percentage", "%"),
    (r"square root", "sqrt"),
    (r"cube root|cubic root", "cbrt"),
    (rf"(\d+)(?:st|nd|rd|th) root(?: of)? ({T})", r"root(\2, \1)"),
    (rf"({T}) choose ({T})", r"binomial(\1, \2)"),
    (rf"log(?:arithm)? base ({T}) of ({T})", r"log(\2, \1)"),
    (r"natural log(?:arithm)?", "ln"),
    (r"logarithm", "log"),
    (r"absolute value", "abs"),
    (rf"\b({_FUNCTIONS}) of\b", r"\1 "),
    (r"\|([^|]+)\|", r"abs(\1)"),
    (rf"({T}) ?factorial", r"\1!"),
    (rf"square of ({T})", r"(\1)^2"),
    (rf"cube of ({T})", r"(\1)^3"),
    (r"(?:raised )?to (?:its |power of |power )?(\d+)(?:st|nd|rd|th)(?: power)?", r"^\1"),
    (r"(?:raised )?(?:to )?power(?: of)?(?! *\()", "^"),
    (r"squared", "²"),
    (r"cubed", "³"),
    (rf"({T}) (?:is|are) (?:what|which|how many) %(?: of)? ({T})", r"ratio(\1, \2)"),
    (rf"what % of ({T}) (?:is|are) ({T})", r"ratio(\2, \1)"),
    (rf"({T}) (?:is|as) % ?of ({T})", r"ratio(\1, \2)"),
    (rf"what % is ({T}) (?:out )?of ({T})", r"ratio(\1, \2)"),
    (rf"% of ({T}) (?:in|out of) ({T})", r"ratio(\1, \2)"),
    (rf"({T}) out of ({T}) (?:as|in) %", r"ratio(\1, \2)"),
    (rf"% ?(?:change|increase|decrease|difference) from ({T}) to ({T})", r"ratio((\2)-(\1), \1)"),
    (rf"(?:increase|raise) ({T}) by ({T})", r"\1 + \2"),
    (rf"(?:decrease|reduce|lower) ({T}) by ({T})", r"\1 - \2"),
    (rf"({T}) (?:increased|raised) by ({T})", r"\1 + \2"),
    (rf"({T}) (?:decreased|reduced|lowered) by ({T})", r"\1 - \2"),
    (rf"({T}) with (?:a )?({N} ?%) (?:discount|reduction|off)", r"\1 - \2"),
    (r"% (?:discount|reduction|off) (?:on|of|from|off)?", "% off "),
    (r"% (?:tip|tax|interest|commission|vat|fee) (?:on|of|for)", "% of "),
    (rf"(?:tip|tax|discount|commission) of ({N} ?%) (?:on|of|for)", r"\1 of "),
    (r"% on", "% of "),
    (r"% (?:tip|tax|interest|commission|vat|fee|discount)(?! of)", "% "),
    (rf"remainder (?:of|when) ({T}) ?(?:/|(?:is )?divided by|and|by) ?({T})", r"(\1) mod (\2)"),
    (rf"(?:difference|distance) (?:of|between) ({T}) and ({T})", r"(\1) - (\2)"),
    (rf"(?:quotient|ratio) of ({T}) (?:and|to) ({T})", r"(\1) / (\2)"),
    (rf"add(?:ing)? ({T}) (?:and|to|with) ({T})", r"\1 + \2"),
    (rf"subtract(?:ing)? ({T}) from ({T})", r"\2 - \1"),
    (rf"take ({T}) (?:away )?from ({T})", r"\2 - \1"),
    (rf"multipl(?:y|ying) ({T}) (?:by|and|with|times) ({T})", r"\1 * \2"),
    (rf"(?:divid(?:e|ing)|split|shar(?:e|ing)) ({T}) (?:by|between|among|into|with) ({T})", r"\1 / \2"),
    (rf"({T}) (?:divided|split|shared) (?:by|between|among|into)? ?({T}) ?(?:ways|people|parts)?", r"\1 / \2"),
    (rf"how (?:many times|often) does ({T}) (?:go into|fit into|fit in) ({T})", r"\2 / \1"),
    (rf"({T}) more than ({T})", r"\2 + \1"),
    (rf"({T}) less than ({T})", r"\2 - \1"),
    (r"multiplied (?:by|with)|times|x(?![a-z])", "*"),
    (rf"({T}) (?:@|at) ({T})(?: each| apiece)?", r"\1 * \2"),
    (r"divided by|over", "/"),
    (r"(?<=[\d)]) : (?=[\d(])", " / "),
    (r"modulo|modulus", "mod"),
    (r"plus|added to|and also", "+"),
    (r"minus|negative|less(?! than)|take away", "-"),
    (r"deg(?:rees?)?(?! ?\()", "°"),
    (rf"({N})\s?(thousand|million|billion|trillion|hundred)", r"(\1 \2)"),
    (r"(?<=\d)k(?![a-z])", "*1000"),
    (rf"({N}) dozens?(?: of)?", r"(\1*12)"),
    (r"\bdozens?\b", "12"),
    (r"twice|double(?: of)?", "2*"),
    (r"triple(?: of)?|thrice", "3*"),
    (r"dollars?|euros?|usd|eur|gbp|bucks", " "),
)
_COMPILED = tuple((re.compile(rf"(?<![a-z])(?:{p})(?![a-z])" if p[0].isalpha() else p), to) for p, to in _RULES)
_NAMES = "|".join(f"(?P<{name}>{forms})" for name, forms in _MANY)
_LIST = re.compile(
    rf"(?<![a-z])(?:{_NAMES}) (?:(?:of|between|for) )?(?:numbers )?([^()a-z]+(?:,|and )[^()a-z]+)(?![a-z])"
)
_NEAREST = {"integer": 0, "whole number": 0, "whole": 0, "unit": 0, "tenth": 1, "hundredth": 2, "cent": 2}
_NEAREST |= {"ten": -1, "hundred": -2, "thousand": -3}
_PLACES = r"(?:decimal places?|decimals?|places?|digits?|dp)"
_ROUNDED = re.compile(rf"(?:round(?:ed)?[ :]+)?(.*?)(?: rounded)? to (?:(\d) {_PLACES}|nearest ({'|'.join(_NEAREST)}))")
_GROUPED = re.compile(
    r"\([^()]*\)|(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,])"
)  # not in brackets, where commas may separate
_MIXED = re.compile(r"(?<![\d.,/])(\d+)(?: and)? +(\d+)/(\d+)(?![\d./])")


def plain(text: str) -> str:
    """The sum in lower case and ASCII operators. What is no sum comes out as it is, for the parser to refuse."""
    text = re.sub(r"([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)", lambda m: f"^({m[1].translate(_RAISED)})", text)
    text = " ".join(text.translate(_SPELLING).lower().split())
    text = _stripped(text)
    text = re.sub(r"(?<![a-z])(?:the|an?)(?![a-z(])", " ", text)
    text = digits(" ".join(text.split()))
    text = _fractions(text)
    text = _MIXED.sub(r"(\1+\2/\3)", text)
    text = _GROUPED.sub(lambda m: m[0] if m[0].startswith("(") else m[0].replace(",", ""), text)
    text = _LIST.sub(_listed, text)
    for pattern, to in _COMPILED:
        text = pattern.sub(f" {to} " if to.strip() in "+-*/" and to.strip() else to, text)
    text = re.sub(r"^(.+?) (?:as|in|to) ?%$", r"ratio(\1, 1)", text.strip())
    if match := _ROUNDED.fullmatch(text):
        text = f"round({match[1]}, {match[2] or _NEAREST[match[3]]})"
    text = re.sub(r"(\d[\d,.]*) (thousand|million|billion|trillion|hundred)", _scaled, text)
    return text.strip()


def digits(text: str) -> str:
    """Numbers in words as digits: "thirty days" is "30 days". `text` is in lower case."""
    return _SPOKEN.sub(_spoken, text)


def _stripped(text: str) -> str:
    """Without what only asks: "please compute ... = ?", "x = ..."; the sum itself is left."""
    before = None
    while before != text:
        before = text
        text = re.sub(rf"^(?:{_ASKED})(?![a-z])[\s:]*|^(?:[a-z]+ ?)?=(?!=)\s*", "", text).strip()
        text = re.sub(r"(?:\s(?:equals?|is|makes|please|exactly|in total|altogether|each))?[\s=?.;,]*$", "", text)
        text = re.sub(r"\s*(?:=|equals)\s*(?:[a-z?]|-?[\d.,]+)?$", "", text).strip()
    return text


def _spoken(match: re.Match[str]) -> str:
    """Digits for "one hundred and twenty-five"; words that make no number together stay."""
    total = group = 0
    last = 10**15
    for word in re.findall(r"[a-z]+", match[0].replace(" and ", " ")):
        if word == "hundred":
            group, last = max(group, 1) * 100, 100
        elif word in _SCALES:
            total, group, last = total + max(group, 1) * _SCALES[word], 0, 10**15
        else:
            value = _SMALL.get(word, _TENS.get(word, 0))
            if not (value < last and (last > 90 or (last >= 20 and 0 < value < 10))):
                return match[0]
            group, last = group + value, value
    return str(total + group)


def _fractions(text: str) -> str:
    """Half of, a third of, 2 thirds of."""
    text = re.sub(
        rf"(?:(\d+) )?({'|'.join(_PARTS)})s?(?: of)? (?=[\d(])",
        lambda m: f"{m[1] or 1}/{_PARTS[m[2]]} of ",
        text,
    )
    text = re.sub(rf"(\d+) ({'|'.join(_PARTS)})s?(?![a-z])", lambda m: f"({m[1]}/{_PARTS[m[2]]})", text)
    ordinals = "|".join(_ORDINALS)
    return re.sub(rf"({ordinals})(?= power| root)", lambda m: f"{_ORDINALS[m[1]]}th", text)


def _listed(match: re.Match[str]) -> str:
    """Average of 3, 4 and 5: a function of its values."""
    name = next(name for name, _ in _MANY if match[name])
    found = re.split(r",? and |,\s+|,(?!\d{3}(?!\d))", match[match.re.groups])
    values = [value.replace(",", "").strip() for value in found if value.strip()]
    return f"{name}({', '.join(values)}) "


def _scaled(match: re.Match[str]) -> str:
    return f"({match[1]}*{_SCALES[match[2]]})"
