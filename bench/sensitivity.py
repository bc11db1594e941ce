"""What `sensitivity` finds and what it takes for sensitive, on texts that others made.

    pip install faker
    python bench/sensitivity.py                     # recall, on Faker's numbers of 20 countries
    python bench/sensitivity.py gsm8k.jsonl.gz ...  # what it finds in prompts of outcome tables

Faker's values are drawn with a seed; ids and telephone numbers stand behind a word for them, as
a form has it, and once more without.
"""

import sys
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

from homeward.outcomes import read
from homeward.signals.sensitivity import PUBLIC, Sensitivity

EACH = 200
# By locale: what an id and a telephone number are called. Where Faker has no ids of its own for a
# country (Germany, Spain, India ...) it draws American ones, so these are left out.
COUNTRIES = {
    "en_US": ("SSN", "Phone"), "en_CA": ("SIN", "Phone"), "fr_FR": ("numéro de sécu", "Téléphone"),
    "it_IT": ("codice fiscale", "Telefono"), "nl_NL": ("BSN", "Telefoon"),
    "sv_SE": ("personnummer", "Telefon"), "fi_FI": ("hetu", "Puhelin"), "da_DK": ("CPR", "Telefon"),
    "no_NO": ("fødselsnummer", "Telefon"), "pl_PL": ("PESEL", "Telefon"),
    "pt_BR": ("CPF", "Telefone"), "ro_RO": ("CNP", "Telefon"), "cs_CZ": ("rodné číslo", "Telefon"),
    "et_EE": ("isikukood", "Telefon"), "hr_HR": ("OIB", "Telefon"), "zh_CN": ("身份证", "电话"),
    "ko_KR": ("주민등록번호", "전화"), "tr_TR": ("kimlik", "Telefon"), "el_GR": ("AMKA", "Τηλ."),
    "en_GB": ("NI number", "Phone"),
}  # fmt: skip


def recall() -> None:
    faker: Any = import_module("faker")

    signal = Sensitivity()
    found: Counter[str] = Counter()
    seen: Counter[str] = Counter()

    def measure(what: str, text: str, label: str) -> None:
        seen[what] += 1
        found[what] += any(one.label == label for one in signal.find(text))

    for locale, (id_word, phone_word) in COUNTRIES.items():
        fake: Any = faker.Faker(locale)
        fake.seed_instance(1)
        for _ in range(EACH):
            number, phone = fake.ssn(), fake.phone_number()
            measure("id with its name", f"{id_word}: {number}", "id")
            measure("id alone", f"please note {number} thanks", "id")
            measure("telephone with a word", f"{phone_word}: {phone}", "contact")
            measure("telephone alone", f"please note {phone} thanks", "contact")
            measure("e-mail address", fake.email(), "contact")
            measure("card with a word", f"card {fake.credit_card_number()}", "payment")
    fake = faker.Faker("de_DE")
    for _ in range(EACH):
        measure("IBAN", f"to {fake.iban()} please", "payment")
    for what, count in seen.items():
        print(f"{what:<22} {found[what] / count:.3f} of {count}")


def over_blocking(path: Path) -> None:
    signal = Sensitivity()
    rows = list(read(path))
    labels = Counter(found[0].label if (found := signal.find(r.prompt)) else PUBLIC for r in rows)
    shares = ", ".join(f"{label} {count / len(rows):.4f}" for label, count in labels.most_common())
    print(f"{path.name}: {len(rows)} prompts: {shares}")


if __name__ == "__main__":
    if not sys.argv[1:]:
        recall()
    for name in sys.argv[1:]:
        over_blocking(Path(name))
