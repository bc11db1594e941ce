"""What is written in digits: cards, bank accounts, national ids, telephone numbers.

A number is classed once, by the strictest test first: a check digit before a shape, a shape before
a word nearby. What a word calls an order or an ISBN is none of these without a check digit.
"""

import re
from collections import deque
from collections.abc import Iterator
from functools import partial
from itertools import takewhile

from homeward.signals.sensitive.called import Called
from homeward.signals.sensitive.contact import is_other, phone_at
from homeward.signals.sensitive.found import Found, before
from homeward.signals.sensitive.national import CALLED, COUNTED, LETTERED, SPELLED, is_valid
from homeward.signals.sensitive.payment import find_cards, iban_at

_RUN = re.compile(r"[0-9][0-9 ./()+\-]{1,80}+")
"""Digits and what stands between them. Begins with a digit, which is ten times faster to find."""
_FEWEST = 7
_DAY = re.compile(
    r"(?:(?:19|20)[0-9]{2}[-/.][01]?[0-9][-/.][0-3]?[0-9]"
    r"|[0-3]?[0-9][-/.][0-3]?[0-9][-/.](?:19|20)[0-9]{2})(?![0-9\-])[T ]?"
)
_SPELLED = tuple(
    (one, re.compile(f"(?<![A-Za-z0-9_./-]){one.shape}(?![A-Za-z0-9_-])")) for one in SPELLED
)
_LETTERED = tuple((one, re.compile(f"{one.shape}(?![A-Za-z0-9_])")) for one in LETTERED)
_BY_DIGITS = {
    digits: tuple(one for one in COUNTED if digits in one.digits)
    for digits in {digits for one in COUNTED for digits in one.digits}
}
_GROUP = re.compile(r"[0-9]+")
_MOST_GROUPS = 8
_CARD_DIGITS = 12
_PASSPORTS = ("passport", "reisepass", "passeport", "pasaporte", "passaporto")
_PASSPORT = re.compile(
    r"s?(?:[ \-]?(?:no|nr|num|number|nummer))?[.:# ]{0,3}(?:is |ist )?"
    r"([a-z]{0,3}[0-9][a-z0-9]{5,8})(?![a-z0-9])"
)


def find_numbers(text: str, lower: str) -> Iterator[Found]:
    """Every number of one of these kinds, none of them twice."""
    lettered: list[Found] = []
    runs: list[tuple[int, int]] = []
    for match in _RUN.finditer(text):
        start, end = match.span()
        led = text[start - 1] if start else " "
        is_led = led.isalpha() or (led == " " and start > 1 and text[start - 2].isupper())
        if is_led and (found := _lettered(text, start)):
            lettered.append(found)
        if end - start >= _FEWEST and (run := _without_day(text, start, end)):
            runs.append(run)
    yield from lettered
    if runs:
        called = Called(lower, runs)
        ahead, here = deque(lettered), list[Found]()
        for start, end in runs:
            while ahead and ahead[0].end <= start:
                ahead.popleft()
            # All that may overlap, and no more: a text has as many numbers as its sender likes.
            near = takewhile(partial(_begins_before, end), ahead)
            here = [one for one in (*here, *near) if one.overlaps(start, end)]
            for found in _in_run(text, start, end, called):
                if not any(other.overlaps(found.start, found.end) for other in here):
                    here.append(found)
                    yield found
    yield from _passports(lower)


def _begins_before(end: int, one: Found) -> bool:
    return one.start < end


def _without_day(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Where a run has enough digits to be a number of somebody, without a date before it."""
    if day := _DAY.match(text, start, end):
        start = day.end()
    is_long = end - start >= _FEWEST and sum(map(str.isdigit, text[start:end])) >= _FEWEST
    return (start, end) if is_long else None


def _passports(lower: str) -> Iterator[Found]:
    for word in _PASSPORTS:
        start = lower.find(word)
        while start != -1:
            start += len(word)
            match = _PASSPORT.match(lower, start)
            if match and sum(map(str.isdigit, match[1])) >= 5:
                yield Found("id", "passport", *match.span(1))
            start = lower.find(word, start)


def _lettered(text: str, start: int) -> Found | None:
    if found := iban_at(text, start):
        return found
    for one, pattern in _LETTERED:
        match = pattern.match(text, start)
        first = start - one.lead
        if match is None or (first > 0 and text[first - 1].isalnum()):
            continue
        around = f"{before(text, first, 48)} {text[match.end() : match.end() + 24].lower()}"
        if one.kind in CALLED and not CALLED[one.kind].search(around):
            continue
        if is_valid(one.module, text[first : match.end()]):
            return Found("id", one.kind, first, match.end())
    return None


def _in_run(text: str, start: int, end: int, called: Called) -> Iterator[Found]:
    kinds = called.kinds(start, end)
    run = text[start:end].rstrip(" ./()+-")
    digits = sum(map(str.isdigit, run))
    led = text[start - 1 : start] == "+"
    ends = text[start + len(run) : start + len(run) + 1]
    if not (kinds or led or digits >= _CARD_DIGITS or ends.isalpha()) and digits == len(run):
        return  # plain digits, which nothing calls anything
    if digits >= _CARD_DIGITS:
        yield from find_cards(text, start, end, is_called="card" in kinds)
    yield from _spelled(text, start, end, digits)
    groups = [match.span() for match in _GROUP.finditer(text, start, end)]
    if kinds:
        yield from _counted(text, groups, called)
    after = start
    for first, _ in groups:
        word = called.just_before(first, "phone") if "phone" in kinds else -1
        is_called = word >= 0 and _GROUP.search(text, word, first) is None
        # What follows other digits goes on with them, unless a sign begins a number.
        begins = first == start or is_called or text[first - 1] in "+("
        if first >= after and begins and (found := phone_at(text, first, is_called=is_called)):
            yield found
            after = found.end


def _spelled(text: str, start: int, end: int, digits: int) -> Iterator[Found]:
    run = text[start:end]
    for one, pattern in _SPELLED:
        if digits < one.digits or not (one.sign == "letter" or one.sign in run):
            continue
        for match in pattern.finditer(text, start, min(len(text), end + 4)):
            unchecked = not one.module and is_other(text, match.start())
            if not unchecked and is_valid(one.module, match[0]):
                yield Found("id", one.kind, *match.span())


def _counted(text: str, groups: list[tuple[int, int]], called: Called) -> Iterator[Found]:
    """Ids of digits alone, in one group or in neighbouring ones, with a word for them nearby."""
    for place, (first, _) in enumerate(groups):
        digits = ""
        for begin, last in groups[place : place + _MOST_GROUPS]:
            digits += text[begin:last]
            if of_that_many := _BY_DIGITS.get(len(digits)):
                kinds = called.kinds(first, last)
                for one in of_that_many:
                    if one.kind in kinds and is_valid(one.module, digits):
                        yield Found("id", one.kind, first, last)
