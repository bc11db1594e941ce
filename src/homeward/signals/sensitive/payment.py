"""Payment: card numbers by Luhn and issuer, bank accounts by their country and check digits."""

import re
from collections.abc import Iterator, Mapping

from homeward.signals.sensitive.found import Found

_PLAIN = re.compile(
    r"[0-9](?<![\w][0-9])(?<![0-9]\.[0-9])"
    r"(?:[0-9]{3}([ \-]?)[0-9]{4}\1[0-9]{4}\1[0-9]{4}"
    r"|[0-9]{3}([ \-]?)[0-9]{6}\2[0-9]{4,5}|[0-9]{11,18})(?![\w]|\.[0-9]|[ \-][0-9])"
)


def find_cards(text: str, start: int, end: int, *, is_called: bool) -> Iterator[Found]:
    """Card numbers between two places: a known issuer, its length, and a right Luhn digit.

    Only the lengths of 15 and 16 count by themselves; others are found in time stamps and
    article numbers, and need a word for a card, ``is_called``.
    """
    for match in _PLAIN.finditer(text, start, min(len(text), end + 2)):
        digits = match[0].replace(" ", "").replace("-", "")
        if not _is_issued(digits) or not luhn(digits):
            continue
        grouped = len(digits) != len(match[0])
        if len(digits) in (15, 16) or grouped or is_called:
            yield Found("payment", "card", *match.span())


def _is_issued(digits: str) -> bool:
    """Whether an issuer gives out numbers that begin so and are this long (ISO/IEC 7812)."""
    two, four, length = int(digits[:2]), int(digits[:4]), len(digits)
    if four in (1800, 2131):
        return length == 15
    if digits[0] == "4":
        return length in (13, 16, 19)
    if 51 <= two <= 55 or 2221 <= four <= 2720:
        return length == 16
    if two in (34, 37):
        return length == 15
    if two in (36, 38, 39) or 3000 <= four <= 3059:
        return 14 <= length <= 19
    if four == 6011 or two == 65 or 644 <= int(digits[:3]) <= 649 or 3528 <= four <= 3589:
        return 16 <= length <= 19
    return two in (50, 56, 57, 58, 60, 62, 63, 67) and 12 <= length <= 19


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    odd = sum(map(int, digits[-1::-2]))
    even = sum(sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
    return (odd + even) % 10 == 0


# Characters of an IBAN by country, of SWIFT's registry.
LENGTHS: Mapping[str, int] = {
    country: int(length)
    for length, countries in {
        "15": "NO", "16": "BE", "18": "DK FI FO GL NL SD", "19": "MK SI",
        "20": "AT BA EE KZ LT LU XK MN", "21": "CH HR LI LV",
        "22": "BG BH CR DE GB GE IE ME RS VA", "23": "AE GI IL IQ OM TL SO",
        "24": "AD CZ ES MD PK RO SA SE SK TN VG", "25": "LY PT ST",
        "26": "IS TR", "27": "FR GR IT MC MR SM BI DJ", "28": "AL AZ BY CY DO GT HU LB NI PL SV",
        "29": "BR EG PS QA UA", "30": "JO KW MU YE", "31": "MT SC", "32": "LC", "33": "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip
_IBAN = re.compile(r"[0-9]{2}(?:[ \-]?[0-9A-Za-z]){11,31}")


def iban_at(text: str, start: int) -> Found | None:
    """A bank account whose first digit is at ``start``: ISO 13616, check digits by ISO 7064."""
    country = text[max(0, start - 2) : start].upper()
    length = LENGTHS.get(country)
    if length is None or (start > 2 and text[start - 3].isalnum()):
        return None
    match = _IBAN.match(text, start)
    if match is None:
        return None
    kept, end = country, start
    for place in range(start, match.end()):
        if text[place] not in " -":
            kept += text[place].upper()
        if len(kept) == length:
            end = place + 1
            break
    if len(kept) != length or text[end : end + 1].isalnum():
        return None
    from stdnum import iban  # loaded when something looks like one

    valid: bool = iban.is_valid(kept, check_country=False)
    return Found("payment", "iban", start - 2, end) if valid else None
