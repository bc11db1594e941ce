"""Where in a text the answer stands: a JSON field, a box, a last line that says so."""

import re
import unicodedata

from homeward.model import Answer

_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_END_TOKEN = re.compile(r"(?:</s>|<\|[a-z_]{1,20}\|>)\Z")
_JSON_SLOT = re.compile(r'"(?:final[_ ]?)?answer"\s*:\s*(?:"((?:\\.|[^"\\])*)|([^}\n]*))', re.I)
_NEXT_FIELD = re.compile(r',\s*(?:"|\Z)')
_HASHES = re.compile(r"^[ \t]*####[ \t]*(\S.*)$", re.MULTILINE)
_PHRASE = re.compile(r"\banswer\b[*_\"']*\s*(?:is|=|:)[:*_\s]*(\S.*)", re.IGNORECASE)
_REFUSAL = re.compile(
    r"\W*(?:"
    r"(?:i'm|i am)(?: sorry| not sure| not certain| unable| not able)"
    r"|sorry,?(?: but)? i\b"
    r"|unfortunately,? i\b"
    r"|i(?: do not|don't| cannot| can't| can not| am unable to| won't| don't|'m unable to)"
    r" (?:know|answer|help|assist|determine|provide|comply|say|fulfil)"
    r"|i don't (?:know|have)"
    r"|as an ai\b"
    r"|(?:(?:it|this|the answer) )?(?:cannot|can't|can not) be (?:determined|answered|known)"
    r"|(?:unknown|not known|n/a|none|null|idk|no answer|not enough information)\W*\Z"
    r")",
    re.IGNORECASE,
)


def visible(answer: Answer) -> str:
    """The words without reasoning in ``<think>`` tags and without stray end tokens.

    Empty where a tool is called: what stands beside a call ("let me add 17 and 25") is no answer.
    """
    if answer.tool_calls:
        return ""
    text = _THOUGHT.sub("", answer.text).strip()
    while found := _END_TOKEN.search(text, max(0, len(text) - 24)):
        text = text[: found.start()].rstrip()
    return text


def slot(text: str) -> str | None:
    r"""What stands in the place marked as the answer, the last one where there are several.

    In this order: a JSON field ``"answer"`` (read by pattern: LaTeX in it, or a cut, makes it
    no JSON), ``#### 18``, ``\boxed{18}``, "the answer is 18". Empty for a field that holds an
    object; None where no place is marked.
    """
    if found := _last(_JSON_SLOT, text):
        quoted, bare = found.groups()
        if quoted is not None:
            return re.sub(r'\\(["\\/])', r"\1", quoted).strip()
        bare = _NEXT_FIELD.split(bare, maxsplit=1)[0].strip()
        return "" if bare.startswith(("{", "[")) else bare
    if found := _last(_HASHES, text):
        return str(found[1]).strip()
    if (boxed := _boxed(text)) is not None:
        return boxed
    if found := _last(_PHRASE, text):
        return str(found[1]).strip()
    return None


def refused(text: str) -> bool:
    """Whether a text begins as a refusal, or says that the answer is not known."""
    return _REFUSAL.match(text[:200].replace("\u2019", "'")) is not None


def lines(text: str) -> list[str]:
    """The lines with a letter or a digit in them."""
    return [line.strip() for line in text.splitlines() if any(map(str.isalnum, line))]


def normalised(text: str) -> str:
    """NFKC, case folded, single spaces, no punctuation around words (C# and C++ stay)."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return " ".join(bare for word in folded.split() if (bare := _bare(word)))


def _bare(word: str) -> str:
    start, end = 0, len(word)
    while start < end and _is_punctuation(word[start]):
        start += 1
    while end > start and _is_punctuation(word[end - 1]):
        end -= 1
    return word[start:end]


def _is_punctuation(letter: str) -> bool:
    return letter in "`*" or (letter not in "#%" and unicodedata.category(letter)[0] == "P")


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = None
    for found in pattern.finditer(text):  # noqa: B007 - the last one is what is wanted
        pass
    return found


def _boxed(text: str) -> str | None:
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    start += len("\\boxed{")
    depth = 1
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[start:place].strip()
    return text[start:].strip()
