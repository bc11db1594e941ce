"""National ids: their shapes, what people call them, and their check digits by python-stdnum.

An id of digits alone is one number in ten or in a hundred by chance, so it counts only with a word
for it nearby. One whose shape says what it is (``XXX.XXX.XXX-XX``, letters at fixed places) does
not need the word. Those without a module have no check digit, or none any more.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import NamedTuple


class Spelled(NamedTuple):
    """An id that its shape betrays. ``shape`` begins with a digit, or looks back from one.

    ``digits`` are the fewest in it. ``sign`` is a character that every one of them has, or
    ``letter`` for one that goes on with a letter where its digits end.
    """

    kind: str
    module: str
    shape: str
    digits: int
    sign: str = ""


class Lettered(NamedTuple):
    """An id with ``lead`` characters, letters among them, before its first two digits."""

    kind: str
    module: str
    shape: str
    lead: int


class Counted(NamedTuple):
    """An id of digits alone: how many there are, and what it is called.

    ``words`` are in lower case, between ``|``; one that ends with * may go on.
    """

    kind: str
    module: str
    digits: Sequence[int]
    words: str


_MONTH_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_SSN = r"(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}"

SPELLED: Sequence[Spelled] = (
    Spelled("us_ssn", "", _SSN, 9, "-"),
    Spelled("us_itin", "us.itin", r"9[0-9]{2}-[0-9]{2}-[0-9]{4}", 9, "-"),
    Spelled("br_cpf", "br.cpf", r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", 11, "-"),
    Spelled("be_nn", "be.nn", r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}", 11, "-"),
    Spelled("ch_ahv", "ch.ssn", r"756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}", 13, "."),
    Spelled("cl_rut", "cl.rut", r"[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9Kk]", 7, "-"),
    Spelled("se_pnr", "se.personnummer", r"(?:19|20)?[0-9]{6}[-+][0-9]{4}", 10),
    Spelled("fi_hetu", "fi.hetu", r"[0-9]{6}[-+][0-9]{3}[0-9A-Y]", 9),
    Spelled("kr_rrn", "", rf"[0-9]{{2}}{_MONTH_DAY}-[1-8][0-9]{{6}}", 13, "-"),
    Spelled("cn_ric", "iso7064.mod_11_2",
            rf"[1-8][0-9]{{5}}(?:19|20)[0-9]{{2}}{_MONTH_DAY}[0-9]{{3}}[0-9Xx]", 17),
    Spelled("fr_nir", "fr.nir",
            r"[12] [0-9]{2} [0-9]{2} [0-9][0-9AB] [0-9]{3} [0-9]{3} [0-9]{2}", 14, " "),
    Spelled("es_dni", "es.dni", r"[0-9]{8}-?[A-Z]", 8, "letter"),
)  # fmt: skip
LETTERED: Sequence[Lettered] = (
    Lettered("it_cf", "it.codicefiscale", r"(?<=[A-Za-z]{6})[0-9]{2}[A-EHLMPR-Ta-ehlmpr-t]"
             r"[0-9]{2}[A-Za-z][0-9]{3}[A-Za-z]", 6),
    Lettered("mx_curp", "mx.curp", r"(?<=[A-Z]{4})[0-9]{6}[HM][A-Z]{5}[0-9A-Z][0-9]", 4),
    Lettered("es_nie", "es.nie", r"(?<=[XYZ])[0-9]{7}-?[A-Z]", 1),
    Lettered("fi_hetu", "fi.hetu", r"(?<=[0-9]{6}[A-FU-Y])[0-9]{3}[0-9A-Y]", 7),
    Lettered("gb_nino", "", r"(?<=[A-Z]{2} )[0-9]{2} [0-9]{2} [0-9]{2} ?[A-Z]", 3),
    Lettered("gb_nino", "", r"(?<=[A-Z]{2})[0-9]{6}[A-Z]", 2),
    Lettered("in_pan", "in_.pan", r"(?<=[A-Z]{5})[0-9]{4}[A-Z]", 5),
)  # fmt: skip
CALLED: Mapping[str, re.Pattern[str]] = {
    "gb_nino": re.compile(r"national insurance|\bnino\b|\bni (?:no|num|number)"),
    "in_pan": re.compile(r"\bpan\b|permanent account"),
}
"""Shapes that part numbers have too: these need their name as well."""

COUNTED: Sequence[Counted] = (
    Counted("us_ssn", "", (9,), "ssn|ssns|social security"),
    Counted("us_itin", "us.itin", (9,), "itin"),
    Counted("gb_nhs", "gb.nhs", (10,), "nhs"),
    Counted("gb_utr", "gb.utr", (10,), "utr|taxpayer reference"),
    Counted("de_idnr", "de.idnr", (11,), "steuer-id*|steuerid*|idnr|id-nr|identifikationsnummer|"
            "tin|german tax"),
    Counted("fr_nir", "fr.nir", (15,), "nir|sécu*|secu*|insee|numéro ss"),
    Counted("nl_bsn", "nl.bsn", (9,), "bsn|burgerservice*|sofi*"),
    Counted("be_nn", "be.nn", (11,), "rijksregister*|registre national|national register|niss"),
    Counted("dk_cpr", "dk.cpr", (10,), "cpr|personnummer"),
    Counted("se_pnr", "se.personnummer", (10, 12), "personnummer"),
    Counted("no_fnr", "no.fodselsnummer", (11,), "fødselsnummer|fodselsnummer|personnummer|fnr"),
    Counted("pl_pesel", "pl.pesel", (11,), "pesel*"),
    Counted("br_cpf", "br.cpf", (11,), "cpf"),
    Counted("in_aadhaar", "in_.aadhaar", (12,), "aadhaar|aadhar|uid|uidai"),
    Counted("pt_nif", "pt.nif", (9,), "nif|contribuinte"),
    Counted("at_vnr", "at.vnr", (10,), "sozialversicherung*|svnr|versicherungsnummer"),
    Counted("ch_ahv", "ch.ssn", (13,), "ahv|avs"),
    Counted("ro_cnp", "ro.cnp", (13,), "cnp|cod numeric"),
    Counted("cz_rc", "cz.rc", (9, 10), "rodné číslo|rodne cislo|rč|birth number"),
    Counted("bg_egn", "bg.egn", (10,), "egn|егн"),
    Counted("hr_oib", "hr.oib", (11,), "oib"),
    Counted("lt_ak", "lt.asmens", (11,), "asmens kod*"),
    Counted("ee_ik", "ee.ik", (11,), "isikukood*"),
    Counted("ca_sin", "ca.sin", (9,), "sin|social insurance"),
    Counted("au_tfn", "au.tfn", (9,), "tfn|tax file"),
    Counted("za_id", "za.idnr", (13,), "south african|rsa id"),
    Counted("kr_rrn", "", (13,), "rrn|resident registration|주민등록*"),
    Counted("cn_ric", "iso7064.mod_11_2", (18,), "resident id|身份证*"),
    Counted("tr_kimlik", "tr.tckimlik", (11,), "kimlik|tckn"),
    Counted("il_id", "il.idnr", (9,), "teudat|תעודת זהות|israeli"),
    Counted("gr_amka", "gr.amka", (11,), "amka|αμκα"),
    Counted("ar_dni", "ar.dni", (7, 8), "dni|documento nacional"),
)  # fmt: skip


@cache
def _check(module: str) -> Callable[[str], bool]:
    """The module's ``is_valid``, imported when a number of its shape is first seen."""
    valid: Callable[[str], bool] = import_module(f"stdnum.{module}").is_valid
    return valid


def is_valid(module: str, number: str) -> bool:
    """Whether the check digits are right; an id without any is what its shape says."""
    return not module or _check(module)(number.upper())
