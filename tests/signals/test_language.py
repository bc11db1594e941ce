import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.model import Request
from homeward.signals.language import Language
from homeward.signals.languages import ARABIC, CYRILLIC, DEVANAGARI, LATIN, SCRIPTS

SENTENCES = {
    "en": "What is the best way to learn how to cook for a large family?",
    "de": "Kannst du mir bitte erklären, wie man eine gute Suppe für viele Leute kocht?",
    "fr": "Pouvez-vous m'expliquer comment on prépare une bonne soupe pour une grande famille ?",
    "es": "¿Puedes explicarme cómo se prepara una buena sopa para una familia muy grande?",
    "it": "Puoi spiegarmi come si prepara una buona zuppa per una famiglia che non ha tempo?",
    "pt": "Você pode me explicar como se faz uma boa sopa para uma família que não tem tempo?",
    "nl": "Kun je mij uitleggen hoe je een goede soep maakt voor een heel grote familie?",
    "sv": "Kan du förklara för mig hur man lagar en god soppa till en stor familj?",
    "fi": "Voitko kertoa minulle, miten hyvä keitto tehdään, kun perhe on suuri ja nälkäinen?",
    "pl": "Czy możesz mi wyjaśnić, jak się gotuje dobrą zupę dla dużej rodziny?",
    "cs": "Můžeš mi vysvětlit, jak se vaří dobrá polévka pro velkou rodinu?",
    "hu": "El tudod nekem magyarázni, hogy kell egy jó levest főzni, ha nagy a család?",
    "ro": "Poți să îmi explici cum se face o supă bună pentru o familie care nu are timp?",
    "tr": "Büyük bir aile için iyi bir çorba nasıl yapılır, bana anlatır mısın?",
    "id": "Bisakah kamu menjelaskan bagaimana cara membuat sup yang enak untuk keluarga?",
    "vi": "Bạn có thể giải thích cho tôi cách nấu một món canh ngon không?",
    "ru": "Можешь объяснить мне, как сварить хороший суп для большой семьи?",
    "uk": "Чи можеш ти пояснити мені, як зварити добрий суп для великої родини?",
    "bg": "Можеш ли да ми обясниш как се прави хубава супа за голямо семейство?",
    "el": "Μπορείς να μου εξηγήσεις πώς φτιάχνεται μια καλή σούπα;",
    "he": "איך מכינים מרק טוב למשפחה גדולה?",
    "ar": "كيف يمكن أن أطبخ حساء جيدا من الخضار في البيت؟",
    "fa": "چگونه می‌توانم یک سوپ خوب برای خانواده درست کنم که همه دوست داشته باشند؟",
    "hi": "क्या आप मुझे बता सकते हैं कि अच्छा सूप कैसे बनाया जाता है?",
    "ja": "家族のためにおいしいスープを作る方法を教えてください。",
    "ko": "가족을 위해 맛있는 수프를 만드는 방법을 알려 주세요.",
    "zh": "你能告诉我怎样为一家人做一碗好汤吗？",
    "th": "ช่วยอธิบายวิธีทำซุปอร่อยสำหรับครอบครัวใหญ่ให้หน่อย",
}


@pytest.mark.parametrize(("label", "text"), SENTENCES.items())
async def test_names_the_language(label: str, text: str) -> None:
    reading = await Language()(Request.of(text))
    assert reading.label == label, reading.numbers
    assert reading.score is not None
    assert 0.5 < reading.score < 1


@pytest.mark.parametrize(
    "text", ["", "ok", "42", "x = f(y)", "Zürich", "kubernetes", "12.5 % = 1/8", "😀😀😀"]
)
async def test_too_little_is_an_abstention(text: str) -> None:
    assert (await Language()(Request.of(text))).label is None


async def test_how_little_is_too_little_is_yours() -> None:
    assert (await Language(least=50.0)(Request.of(SENTENCES["en"]))).label is None


async def test_both_ends_of_a_long_text_are_read() -> None:
    filler = "0123456789 " * 500
    assert (await Language()(Request.of(f"{filler}{SENTENCES['de']}"))).label == "de"
    assert (await Language()(Request.of(f"{SENTENCES['de']}{filler}"))).label == "de"


async def test_a_script_that_is_not_known_is_no_language() -> None:
    assert (await Language()(Request.of("\U00010400" * 40))).label is None


@given(st.text())
async def test_any_text_has_a_known_label_or_none(text: str) -> None:
    known = {*LATIN, *CYRILLIC, *ARABIC, *DEVANAGARI, *SCRIPTS, "ja", "zh", None}
    assert (await Language()(Request.of(text))).label in known


def test_there_are_many_languages() -> None:
    assert len({*LATIN, *CYRILLIC, *ARABIC, *DEVANAGARI, *SCRIPTS, "ja", "zh"}) == 66
