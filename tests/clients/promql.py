"""Reads out of a PromQL expression which metrics and labels it names. It checks no grammar: Prometheus does that."""

import re
from dataclasses import dataclass, field

TOKEN = re.compile(
    r"""\s+ | \#[^\n]*                                   # nothing
    | (?P<text> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' )
    | (?P<range> \[[^\]]*\] )
    | (?P<name> [a-zA-Z_:][\w:]* )
    | (?P<number> \d[\w.]* )
    | (?P<sign> =~ | !~ | != | == | >= | <= | . )""",
    re.VERBOSE,
)
GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
WORDS = GROUPING | {"and", "or", "unless", "bool", "offset", "atan2", "inf", "nan", "start", "end"}


@dataclass
class Selector:
    """A metric and its matchers, `(label, operator, text)`."""

    metric: str
    matchers: list = field(default_factory=list)


@dataclass
class Names:
    """What an expression names: selectors, and labels that it groups or matches by."""

    selectors: list = field(default_factory=list)
    grouping: set = field(default_factory=set)


def names(expression):
    tokens = [(match.lastgroup, match.group()) for match in TOKEN.finditer(expression) if match.lastgroup]
    found, place = Names(), 0
    while place < len(tokens):
        kind, text = tokens[place]
        following = tokens[place + 1][1] if place + 1 < len(tokens) else ""
        place += 1
        if kind != "name":
            continue
        if text.lower() in GROUPING:
            if following == "(":
                end = tokens.index(("sign", ")"), place)
                found.grouping |= {word for kind, word in tokens[place:end] if kind == "name"}
                place = end + 1
        elif text.lower() not in WORDS and following != "(" and not aggregates(tokens, place):
            selector = Selector(text)
            if following == "{":
                end = tokens.index(("sign", "}"), place)
                selector.matchers = list(matchers(tokens[place + 1 : end]))
                place = end + 1
            found.selectors.append(selector)
    return found


def aggregates(tokens, place):
    """Whether what stands before is an aggregation: `sum by (…) (…)`."""
    return place < len(tokens) and tokens[place][1] in ("by", "without")


def matchers(tokens):
    words = [word for word in tokens if word[1] != ","]
    for label, operator, text in zip(words[::3], words[1::3], words[2::3], strict=True):
        assert (label[0], operator[0], text[0]) == ("name", "sign", "text"), words
        yield label[1], operator[1], text[1][1:-1]
