"""Keys and secrets: by the prefixes that their issuers gave them, and by the words before them.

Prefixes are those that the issuers document for secret scanners. What has none is found behind a
word such as ``password =`` and only where it looks drawn by chance.
"""

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from homeward.signals.sensitive.found import Found

_END = r"(?![A-Za-z0-9_])"
_RARE = 3.0  # bits per character: random letters have 4 and more, words with hyphens less
_UNIFORM = frozenset({"model_api_key", "slack_token", "huggingface_token"})
"""Kinds whose shape alone also fits words with hyphens: these must look drawn by chance."""

# Kind, what it begins with, how it goes on.
KEYS: Sequence[tuple[str, str, str]] = (
    ("aws_key", r"A[KS]IA", rf"[A-Z0-9]{{16}}{_END}"),
    ("github_token", r"gh[pousr]_", r"[A-Za-z0-9]{36}"),
    ("github_token", r"github_pat_", r"[A-Za-z0-9_]{50}"),
    ("gitlab_token", r"glpat-", r"[\w\-]{20}"),
    ("model_api_key", r"sk-", r"(?=[\w\-]{0,60}[0-9])[\w\-]{20,200}"),
    ("model_api_key", r"gsk_", r"[A-Za-z0-9]{40}"),
    ("model_api_key", r"xai-", r"[A-Za-z0-9]{40}"),
    ("huggingface_token", r"hf_", r"[A-Za-z0-9]{34}"),
    ("replicate_token", r"r8_", r"[A-Za-z0-9]{37}"),
    ("slack_token", r"xox[abeoprs]-", r"[A-Za-z0-9\-]{10,200}"),
    ("slack_webhook", r"hooks\.slack\.com/services/", r"T[A-Z0-9]{6,12}/B[A-Z0-9]{6,12}/\w{16}"),
    ("google_key", r"AIza", rf"[\w\-]{{35}}{_END}"),
    ("google_token", r"ya29\.", r"[\w\-]{30}"),
    ("google_secret", r"GOCSPX-", r"[\w\-]{28}"),
    ("stripe_key", r"[sr]k_(?:live|test)_", r"[A-Za-z0-9]{16}"),
    ("stripe_key", r"whsec_", r"[A-Za-z0-9+/]{24}"),
    ("npm_token", r"npm_", rf"[A-Za-z0-9]{{36}}{_END}"),
    ("pypi_token", r"pypi-", r"AgE[\w\-]{40}"),
    ("sendgrid_key", r"SG\.", r"[\w\-]{22}\.[\w\-]{43}"),
    ("digitalocean_token", r"dop_v1_", r"[0-9a-f]{64}"),
    ("vault_token", r"hvs\.", r"[\w\-]{24}"),
    ("shopify_token", r"shpat_", r"[0-9a-fA-F]{32}"),
    ("docker_token", r"dckr_pat_", r"[\w\-]{27}"),
    ("telegram_token", r"(?<=[0-9]{8}):AA", r"[\w\-]{33}"),
    ("azure_key", r"AccountKey=", r"[A-Za-z0-9+/]{40}"),
    ("age_key", r"AGE-SECRET-KEY-", r"1[A-Z0-9]{58}"),
)
_EDGE = r"(?<![A-Za-z0-9_])"
_KEYS = [
    (kind, re.compile(f"{'' if start.startswith('(') else _EDGE}{start}{rest}"))
    for kind, start, rest in KEYS
]
# Where keys may be: at these ends of beginnings. A pattern that starts with one letter is found as
# fast as the letter; one that starts with a choice takes twenty times as long.
_HINTS = tuple(
    re.compile(hint)
    for hint in (
        r"_(?:(?<=gh[pousr]_)|(?<=_pat_)|(?<=gsk_)|(?<=hf_)|(?<=r8_)|(?<=live_)|(?<=test_)|"
        r"(?<=whsec_)|(?<=npm_)|(?<=_v1_)|(?<=shpat_))[A-Za-z0-9]{8}",
        r"-(?:(?<=glpat-)|(?<=sk-)|(?<=xai-)|(?<=xox[abeoprs]-)|(?<=GOCSPX-)|(?<=pypi-)|"
        r"(?<=KEY-))[\w\-]{8}",
        r"\.(?:(?<=ya29\.)|(?<=SG\.)|(?<=hvs\.)|(?<=slack\.))[\w\-]{3}",
    )
)
_LITERALS = ("AKIA", "ASIA", "AIza", ":AA", "AccountKey=")

_PRIVATE = re.compile(r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_JWT = re.compile(r"(?<![\w\-])(eyJ[\w\-]{8,2000}+)\.[\w\-]{8,8000}+\.[\w\-]{8,2000}")
_LOGIN = re.compile(r"://[^\s:/@<>{}$\"']{1,64}:([^\s:/@<>{}$\"']{3,128})@[\w.\-]{1,255}")

# Words before a secret, and how it is written there: `password: x`, `"api_key" = "x"`, `pwd is x`.
_WORDS = ("pass", "pwd", "secret", "token", "key", "kennwort", "contraseña", "credential")
_LONG = frozenset({"secret", "token", "key"})
"""Words for what is never short; the others are words for what people think up."""
_KEY_OF = re.compile(r"(?:api|access|account|auth|private|signing|encryption)[ _\-]?\Z")
_ASSIGNED = re.compile(
    r"[\w\- ]{0,24}?[\"'`]?\s{0,3}(?::=|=>|[:=]|(?<=\s)(?:is|ist|est|es|was)(?=\s))\s{0,3}"
    r"(?:bearer\s{1,2})?([\"'`]?)([^\s\"'`,;<>]{6,256})",
    re.IGNORECASE,
)
_CODE = re.compile(r"[(\[{$%*]|\.\w+\.|^[a-z_]+\.[a-z_]+|^(?:str|int|none|null|true|false)\b", re.I)


def find_secrets(text: str, lower: str) -> Iterator[Found]:
    """Keys with a known prefix, private keys, JWTs, logins in addresses, assigned secrets."""
    if any(sign in text for sign in _LITERALS) or any(hint.search(text) for hint in _HINTS):
        for kind, pattern in _KEYS:
            for match in pattern.finditer(text):
                if kind not in _UNIFORM or drawn(match[0]):
                    yield Found("secret", kind, *match.span())
    if "-----BEGIN " in text:
        for match in _PRIVATE.finditer(text):
            yield Found("secret", "private_key", *match.span())
    if "eyJ" in text:
        for match in _JWT.finditer(text):
            if _is_header(match[1]):
                yield Found("secret", "jwt", *match.span())
    if "://" in text and "@" in text:
        for match in _LOGIN.finditer(text):
            yield Found("secret", "login", *match.span(1))
    for word in _WORDS:
        yield from _assigned(text, lower, word)


def _assigned(text: str, lower: str, word: str) -> Iterator[Found]:
    start = lower.find(word)
    while start != -1:
        after = start + len(word)
        if (match := _ASSIGNED.match(text, after)) and (
            word != "key" or _KEY_OF.search(lower, max(0, start - 12), start)
        ):
            value = match[2].rstrip(".!?)")
            is_long = word in _LONG or "key" in match[0].lower()
            if _is_random(value) if is_long else _is_memorable(value):
                yield Found("secret", "assigned_secret", *match.span(2))
        start = lower.find(word, after)


def _is_memorable(value: str) -> bool:
    """A password that somebody thought up. One of letters alone is taken for a word."""
    odd = any(c.isdigit() or c in "!@#^&+=?~" for c in value)
    return len(value) >= 6 and odd and any(map(str.isalpha, value)) and not _CODE.search(value)


def _is_random(value: str) -> bool:
    has_digit = any(map(str.isdigit, value))
    return len(value) >= 16 and has_digit and entropy(value) >= _RARE and not _CODE.search(value)


def drawn(text: str) -> bool:
    """Whether the last part of a key looks drawn by chance: words and xxxx do not."""
    last = text.rpartition("-")[2]
    body = last if len(last) >= 12 else text
    mixed = any(map(str.isupper, body)) and any(map(str.islower, body))
    return entropy(body) >= _RARE and (mixed or any(map(str.isdigit, body)))


def entropy(text: str) -> float:
    """Bits per character, of the text's own letter frequencies (Shannon 1948)."""
    total = len(text)
    counts = Counter(text).values()
    return -sum(n / total * math.log2(n / total) for n in counts) if total else 0.0


def _is_header(text: str) -> bool:
    """Whether the first part of a JWT is a JSON object that names an algorithm (RFC 7519)."""
    try:
        return b'"alg"' in base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return False
