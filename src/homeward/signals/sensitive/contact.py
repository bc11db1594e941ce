"""Ways to reach a person: e-mail addresses and telephone numbers, and addresses of machines."""

import re
from collections.abc import Iterator

from homeward.signals.sensitive.found import Found, before

_ATOM = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+/=?^_`{|}~-"
_DOMAIN = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9\-]{0,62}\.){1,8}([A-Za-z]{2,24})(?![\w\-])")
_FILES = frozenset({"png", "jpg", "jpeg", "gif", "svg", "webp", "py", "js", "ts", "css", "json"})
"""Ends of file names, as in icon@2x.png. Two of them are countries; their people lose."""


def find_emails(text: str, _lower: str) -> Iterator[Found]:
    """RFC 5322 addresses without quotes or comments, with a domain that has a letters-only end."""
    at = text.find("@")
    while at != -1:
        head = text[max(0, at - 64) : at]
        local = head[len(head.rstrip(_ATOM)) :].lstrip(".!#$%&'*+/=?^`{|}~-")
        domain = _DOMAIN.match(text, at + 1) if local and local[-1] != "." else None
        if (
            domain
            and domain[1].lower() not in _FILES
            and not _is_place(local, text, at, domain.end())
        ):
            yield Found("contact", "email", at - len(local), domain.end())
        at = text.find("@", at + 1)


def _is_place(local: str, text: str, at: int, end: int) -> bool:
    """``git@host:path`` and ``ssh://user@host`` are places to fetch from, nobody's mailbox."""
    if local == "git" and text[end : end + 1] in (":", "/"):
        return True
    start = at - len(local)
    return text[max(0, start - 3) : start] == "://"


# ITU-T E.164: the calling codes of one digit, of two, and the beginnings of those of three.
_ONE = frozenset("17")
_TWO = frozenset(map(str, (
    20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56,
    57, 58, 60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
)))  # fmt: skip
_THREE = frozenset(map(str, (
    21, 22, 23, 24, 25, 26, 29, 35, 37, 38, 42, 50, 59, 67, 68, 69, 80, 85, 87, 88, 96, 97, 99,
)))  # fmt: skip

_OTHER = re.compile(
    r"(?:order|invoice|isbn|issn|ean|upc|gtin|sku|part|serial|model|version|ticket|case|build|"
    r"commit|tracking|ref|reference|doi|rfc|article|item|product|batch|lot|id|bestellung\w*|"
    r"rechnung\w*|commande|facture|pedido|factura|#|№)\W{0,3}(?:no|num|number|nr|nummer|id)?\W{0,4}"
    r"(?:is\W)?\(?\Z"
)
_ABROAD = re.compile(r"[1-9][0-9]{0,2}(?:[ .\-/()]{0,3}[0-9]){6,13}(?![0-9])")
_AMERICAN = re.compile(
    r"(?:[2-9][0-9]{2}(?:(?<=\([0-9]{3})\)[ \-]?|([.\-])))[2-9][0-9]{2}(?:\1|(?<=[0-9])[ .\-])"
    r"[0-9]{4}(?!(?!x[0-9])[\w\-])"
)
_TRUNK = re.compile(
    r"0[1-9](?:(?:([ .\-])[0-9]{2})(?:\1[0-9]{2}){3}"
    r"|[0-9]{0,4}\)?[ /\-]{1,3}[0-9]{3,8}(?:[ \-][0-9]{2,5}){0,3})(?![\w\-])"
)
_ANY = re.compile(r"[0-9](?:[ .\-/()]{0,3}[0-9]){6,14}(?![\w])")


def is_other(text: str, start: int) -> bool:
    """Whether the words before a number call it something else: an order, an ISBN, a ticket."""
    return _OTHER.search(before(text, start, 30)) is not None


def phone_at(text: str, start: int, *, is_called: bool) -> Found | None:
    """A telephone number that begins at ``start``.

    With a plus, a known calling code and the length that E.164 allows; or in the shape of a
    number of North America, or of one with a trunk 0; or any shape that ``is_called`` one.
    """
    match: re.Match[str] | None
    if text[start - 1 : start] == "+":
        match = _ABROAD.match(text, start)
        return _phone(match) if match and _is_abroad(_digits(match[0])) else None
    if is_called and (match := _ANY.match(text, start)):
        return _phone(match)
    match = (_TRUNK if text[start] == "0" else _AMERICAN).match(text, start)
    if match is None or not 9 <= len(_digits(match[0])) <= 12:
        return None
    if text[start - 1 : start] in ("-", ".", "/", "_") or is_other(text, start):
        return None
    return _phone(match)


def _phone(match: re.Match[str]) -> Found:
    return Found("contact", "phone", *match.span())


def _is_abroad(digits: str) -> bool:
    if digits[0] == "1":
        return len(digits) == 11 and digits[1] in "23456789" and digits[4] in "23456789"
    known = digits[0] in _ONE or digits[:2] in _TWO or digits[:2] in _THREE
    return known and 8 <= len(digits) <= 15


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_FIRST = re.compile(r"[0-9](?<![\w.][0-9])")
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}(?![\w\-]|\.[0-9])")
_VERSION = re.compile(r"(?:v|version|release|build|==|>=|<=|~=)\W{0,2}\Z")


def find_ips(text: str, _lower: str) -> Iterator[Found]:
    """IPv4 addresses of one machine, without those that the word before calls a version."""
    if text.count(".") < 3:
        return
    for match in _FIRST.finditer(text):
        found = _IPV4.match(text, match.start())
        if found and not _VERSION.search(before(text, match.start(), 12)):
            yield Found("network", "ip", *found.span())
