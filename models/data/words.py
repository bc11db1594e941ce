"""Tasks about the letters of a word, and small extractions from a sentence.

A tokenizer hides letters. The answers are therefore spelled, one token per character, and the
harder ones first write the word out: "c a t" before "tac".
"""

import string
from collections.abc import Callable
from random import Random

from data.arithmetic import PEOPLE, THINGS
from data.row import Row

LISTED = (
    "apple banana cherry river mountain ocean planet garden window kitchen bottle paper yellow "
    "orange purple silver golden summer winter spring autumn monday friday market street bridge "
    "castle dragon forest island jungle ladder mirror needle office pencil rabbit school ticket "
    "turtle village wagon zebra animal basket candle doctor engine flower guitar hammer insect "
    "jacket kettle lemon magnet napkin onion parrot quilt rocket saddle tunnel umbrella violin "
    "whistle yogurt anchor button carpet dinner elbow feather ginger honey iron jelly kite lizard "
    "monkey nest olive pepper queen ribbon salad tiger uncle velvet water cloud stone bread chair "
    "table house light music night plant robot smile storm sugar train truth voice watch world "
    "young beach brain brush chess clock dance dream drink earth field flame fruit glass grape "
    "grass green group heart horse hotel juice knife laugh lunch maple metal model money mouse "
    "novel nurse paint party peace phone piano pilot pizza place power price radio range route "
    "salt scale shape sheep shirt shoe skill sleep snow soup space sport steel story sweet tooth "
    "tower toy track tree truck valley video visit wheel white woman zero hello python computer "
    "keyboard internet science history teacher student library hospital airport station factory "
    "friend family morning evening picture holiday weather country language question chocolate "
    "breakfast butterfly adventure elephant sunshine notebook keyhole backpack football birthday"
)
KNOWN = LISTED.split()
LETTER_TASKS: dict[str, tuple[float, tuple[str, ...]]] = {
    "reverse": (0.24, (
        'Reverse the word "{w}".', "Reverse the word {w}", "Spell {w} backwards.",
        'What is "{w}" reversed?', "Reverse: {w}", "Write the word {w} backwards.",
        "Reverse {w}", "What is {w} spelled backwards?", "{w} backwards",
    )),
    "upper": (0.12, (
        'Write "{w}" in uppercase.', "Convert {w} to upper case.", "Uppercase: {w}",
        'Put the word "{w}" in capital letters.', "{w} in capital letters",
        "Uppercase {w}", "{w} in uppercase",
    )),
    "count": (0.13, (
        'How many letters are in the word "{w}"?', "Count the letters in {w}.",
        "How long is the word {w}?", "How many letters does {w} have?",
        "How many letters are in {w}?", "How many letters in {w}?",
    )),
    "first": (0.05, (
        'What is the first letter of "{w}"?', "First letter of {w}?",
        "Which letter does {w} start with?",
    )),
    "last": (0.07, (
        'What is the last letter of "{w}"?', "Last letter of {w}?",
        "Which letter does {w} end with?",
    )),
    "spell": (0.06, ("Spell the word {w}.", 'Spell "{w}".', "Spell {w}", "How do you spell {w}?")),
}  # fmt: skip
CAPITAL_SHARE = 0.1
"""Words that begin with a capital letter, which the answer must keep."""
EMAIL_WORDINGS = (
    "Extract the email address: {s}", "Find the email in this text: {s}",
    "What is the e-mail address in the sentence: {s}", "Extract the email from: {s}",
)  # fmt: skip
EMAIL_SENTENCES = (
    "Please write to {e} for details.", "You can reach {n} at {e} after {k} pm.",
    "My address is {e}, thanks.", "Contact: {e} (room {k}).", "Send the {k} files to {e} today.",
)  # fmt: skip
NUMBER_WORDINGS = (
    "Extract the number: {s}", "Find the number in this text: {s}",
    "Which number appears in the sentence: {s}", "Extract the number from: {s}",
)  # fmt: skip
NUMBER_SENTENCES = (
    "The room has {k} {t}.", "We sold {k} {t} yesterday.", "{n} is {k} years old.",
    "Bus {k} leaves from the station.", "The price was {k} dollars.",
    "{n} counted {k} {t} in the garden.",
)  # fmt: skip
SENTIMENT_WORDINGS = (
    "Is this review positive or negative? {s}", "Sentiment: {s}",
    "Classify the sentiment of this review: {s}", "What is the sentiment? {s}",
    "Positive or negative: {s}",
)  # fmt: skip
REVIEWS = (
    "The {o} was {a}. {s}", "{s} The {o} is {a}.", "What a {a} {o}! {s}",
    "This {o} is really {a}.", "The {o} was {a} and the {p} was {b}.",
)  # fmt: skip
REVIEWED = "movie hotel phone pizza book service food camera room game song car laptop coffee shop"
OPINIONS = {
    "Positive": (
        "great wonderful excellent fantastic amazing lovely perfect brilliant delicious superb "
        "nice good",
        ("I love it.", "I would buy it again.", "Highly recommended!", "We were very happy.",
         "Best purchase ever."),
    ),
    "Negative": (
        "terrible awful horrible bad disgusting boring poor disappointing dreadful broken ugly "
        "useless",
        ("I hate it.", "I want my money back.", "Do not buy this.", "We were very unhappy.",
         "What a waste of money."),
    ),
}  # fmt: skip


def draw(rng: Random) -> Row:
    kinds = [*LETTER_TASKS, "email", "number", "sentiment"]
    shares = [share for share, _ in LETTER_TASKS.values()] + [0.13, 0.09, 0.11]
    kind = rng.choices(kinds, shares)[0]
    if kind in LETTER_TASKS:
        return letter_task(kind, rng)
    return {"email": email, "number": number, "sentiment": sentiment}[kind](rng)


def letter_task(kind: str, rng: Random) -> Row:
    word = any_word(rng)
    capital = rng.random() < CAPITAL_SHARE
    word = word.capitalize() if capital else word
    prompt = rng.choice(LETTER_TASKS[kind][1]).format(w=word)
    answer: Callable[[str], str] = {
        "reverse": lambda w: f"{' '.join(w)}\n{w[::-1]}",
        "upper": str.upper,
        "count": lambda w: " ".join(f"{c}{i}" for i, c in enumerate(w, 1)) + f"\n{len(w)}",
        "first": lambda w: w[0],
        "last": lambda w: f"{' '.join(w)}\n{w[-1]}",
        "spell": "-".join,
    }[kind]
    text = answer(word)
    reference = text.split("\n")[-1]
    return Row(
        prompt, text, "words", kind, reference, "line", (kind, word),
        spelled=True, verbatim=capital,
    )  # fmt: skip


def email(rng: Random) -> Row:
    name = any_word(rng)
    if rng.random() < 0.5:
        name += rng.choice((".", "_", str(rng.randint(1, 99)))) + any_word(rng)
    address = f"{name}@{any_word(rng)}.{rng.choice(('com', 'org', 'net', 'de', 'io'))}"
    sentence = rng.choice(EMAIL_SENTENCES).format(
        e=address, n=rng.choice(PEOPLE.split()), k=rng.randint(1, 12)
    )
    prompt = rng.choice(EMAIL_WORDINGS).format(s=sentence)
    return Row(prompt, address, "words", "email", address, "line", ("email", address), spelled=True)


def number(rng: Random) -> Row:
    value = str(rng.choice((rng.randint(0, 9), rng.randint(10, 99), rng.randint(100, 999))))
    sentence = rng.choice(NUMBER_SENTENCES).format(
        k=value, n=rng.choice(PEOPLE.split()), t=rng.choice(THINGS.split())
    )
    prompt = rng.choice(NUMBER_WORDINGS).format(s=sentence)
    return Row(prompt, value, "words", "number", value, "line", ("number", sentence))


def sentiment(rng: Random) -> Row:
    verdict = rng.choice(list(OPINIONS))
    adjectives, verdict_sentences = OPINIONS[verdict]
    review = rng.choice(REVIEWS).format(
        o=rng.choice(REVIEWED.split()),
        p=rng.choice(REVIEWED.split()),
        a=rng.choice(adjectives.split()),
        b=rng.choice(adjectives.split()),
        s=rng.choice(verdict_sentences),
    )
    prompt = rng.choice(SENTIMENT_WORDINGS).format(s=review)
    return Row(prompt, verdict, "words", "sentiment", verdict, "line", ("sentiment", review))


def any_word(rng: Random) -> str:
    """A listed word, random letters, or syllables: the task is about letters, not vocabulary."""
    dice = rng.random()
    if dice < 0.40:
        return rng.choice(KNOWN)
    if dice < 0.64:
        return "".join(rng.choices(string.ascii_lowercase, k=rng.randint(3, 9)))
    return "".join(syllable(rng) for _ in range(rng.randint(1, 4)))


def syllable(rng: Random) -> str:
    coda = rng.choice("nrstlmk") if rng.random() < 0.33 else ""
    return rng.choice("bcdfghjklmnprstvwz") + rng.choice("aeiou") + coda
