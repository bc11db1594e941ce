"""How often a language is recognised, on other people's texts: the messages of Django's admin.

    pip download --no-deps django && python -m zipfile -e django-*.whl django-wheel
    python bench/languages.py django-wheel/django

Sentences of a user interface, by Django's translators (BSD). For each language all messages of 20
characters and more, alone and three at a time: named right, abstained, named wrong.
"""

import asyncio
import re
import sys
from collections import Counter
from pathlib import Path

from homeward.model import Request
from homeward.signals.language import Language
from homeward.signals.languages import ARABIC, CYRILLIC, DEVANAGARI, LATIN, SCRIPTS

FOLDERS = {"no": "nb", "zh": "zh_Hans"}
MESSAGE = re.compile(r'^msgstr(?:\[\d\])? ((?:".*"\n?)+)', re.MULTILINE)
BESIDE = re.compile(r"%\(\w+\)s|%[sd]|\{\w+\}|<[^>]+>|\\n|&\w+;")


def messages(folder: Path) -> list[str]:
    found: list[str] = []
    for path in sorted(folder.glob("*.po")):
        for match in MESSAGE.findall(path.read_text()):
            text = "".join(re.findall(r'"(.*)"', match))
            found.append(" ".join(BESIDE.sub(" ", text).split()))
    ours = [text for text in dict.fromkeys(found) if "Project-Id-Version" not in text]
    return [text for text in ours if len(text) >= 20]


async def named(texts: list[str]) -> Counter[str]:
    signal = Language()
    return Counter([(await signal(Request.of(text))).label or "abstained" for text in texts])


async def main(django: Path) -> None:
    total: dict[int, Counter[str]] = {1: Counter(), 3: Counter()}
    for label in sorted({*LATIN, *CYRILLIC, *ARABIC, *DEVANAGARI, *SCRIPTS, "ja", "zh", "en"}):
        texts: list[str] = []
        for app in ("admin", "auth", "admindocs"):
            at = django / "contrib" / app / "locale" / FOLDERS.get(label, label) / "LC_MESSAGES"
            texts += messages(at)
        if len(texts) < 30:
            continue
        line = f"{label}  {len(texts):4} messages"
        for together, seen in total.items():
            joined = [" ".join(texts[i : i + together]) for i in range(0, len(texts), together)]
            counts = await named(joined)
            right, none = counts.pop(label, 0), counts.pop("abstained", 0)
            seen.update(right=right, abstained=none, wrong=counts.total(), all=len(joined))
            line += f"   of {together}: right {right / len(joined):.3f} abstained"
            line += f" {none / len(joined):.3f}"
            line += f" wrong {dict(counts.most_common(3))}" if counts else ""
        print(line)
    for together, seen in total.items():
        shares = {name: round(count / seen["all"], 4) for name, count in seen.items()}
        print(f"of {together}: {seen['all']} texts, {shares}")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
