"""Medical and legal matters, by the words that people write of them with.

These are cues and no proof: a weighted count of words, that a question out of curiosity can reach
and a veiled one does not. One word alone never suffices, and general words weigh at most `GENERAL`
together: the rest must say whose matter it is (a patient, my doctor, I). English, with the
commonest words of German, French and Spanish.
"""

from collections.abc import Iterator, Mapping

from homeward.signals.sensitive.found import Found

ENOUGH = 3.0
"""The weight from which a text is of the class."""
GENERAL = 2.0
"""The most that words of weight 1 add up to."""

# By weight. An entry of several words is looked for as a whole where its longest word is there.
MEDICAL: Mapping[float, str] = {
    3.0: "medical record|patient id|patient record|medical history|diagnosed with|hiv positive|"
    "tested positive for|discharge summary|my diagnosis|my medication|my doctor|my therapist|"
    "my psychiatrist|my symptoms|my blood pressure|suicidal thoughts|health insurance number|"
    "meine ärztin|mein arzt|krankenakte|arztbrief|mon médecin|mi médico|historia clínica|"
    "dossier médical|patientenakte|lab results",
    2.0: "patient|patients|prescribed|prescription|biopsy|chemotherapy|oncologist|psychiatrist|"
    "anamnesis|anamnese|diagnosis|diagnose|diagnostic|diagnosed|patientin|miscarriage|antidepressant|"
    "antidepressants|insulin|rezept|ordonnance|receta|icd-10|relapse|remission",
    1.0: "symptoms|symptom|disease|cancer|tumor|tumour|diabetes|hiv|depression|anxiety|surgery|"
    "doctor|physician|hospital|clinic|treatment|therapy|dose|dosage|mg|medication|allergy|allergies|"
    "asthma|epilepsy|bipolar|schizophrenia|pregnant|pregnancy|abortion|infection|chronic|pain|fever|"
    "hypertension|cholesterol|metformin|ibuprofen|sertraline|lisinopril|krankheit|schmerzen|krebs|"
    "maladie|douleur|enfermedad|dolor|arzt|krankenhaus|hôpital",
}
LEGAL: Mapping[float, str] = {
    3.0: "attorney-client|attorney client privilege|privileged and confidential|"
    "non-disclosure agreement|under nda|without prejudice|settlement agreement|our counsel|"
    "my lawyer|my attorney|my client|our client|court order|restraining order|mein anwalt|"
    "meine anwältin|meinen mandanten|mon avocat|mi abogado|custody of my|custody of our|"
    "custody of the child|strictly confidential",
    2.0: "plaintiff|plaintiffs|defendant|defendants|subpoena|deposition|indemnify|indemnification|"
    "affidavit|lawsuit|litigation|nda|mandant|mandantin|klage|kläger|beklagte|plaignant|demandante|"
    "hereinafter|whereas|injunction|prosecutor",
    1.0: "contract|clause|liability|confidential|court|attorney|lawyer|counsel|settlement|divorce|"
    "custody|alleged|allegations|breach|damages|arbitration|jurisdiction|hereby|herein|party|parties|"
    "sued|sue|arrested|witness|testimony|vertrag|gericht|anwalt|avocat|tribunal|contrat|abogado|"
    "contrato|juicio",
}
_SOMEBODY = frozenset(
    ("i", "i'm", "i've", "my", "me", "ich", "mein", "meine", "mon", "ma", "j'ai", "mi", "tengo",
     "he", "his", "she", "her")
)  # fmt: skip
"""What makes a general medical word somebody's: adds 1. Courts are in too many stories for that."""
_PUNCTUATION = '.,;:!?"()[]{}<>*`\u2019\u201c\u201d\u201e'
_BLANKS = str.maketrans(dict.fromkeys(_PUNCTUATION, " "))


def _by_key(classes: Mapping[str, Mapping[float, str]]) -> dict[str, list[tuple[str, str, float]]]:
    """Entries by the one word of theirs that is looked up: class, entry, weight."""
    found: dict[str, list[tuple[str, str, float]]] = {}
    for label, weights in classes.items():
        for weight, entries in weights.items():
            for entry in entries.split("|"):
                key = max(entry.split(), key=len)
                found.setdefault(key, []).append((label, entry, weight))
    return found


_ENTRIES = _by_key({"medical": MEDICAL, "legal": LEGAL})
_KEYS = frozenset(_ENTRIES)


def find_cues(text: str, lower: str) -> Iterator[Found]:
    """One of each class that is there, over the whole text: no single place is the evidence."""
    if lower.isascii():  # of these alone, to translate is faster than to strip every word
        words = set(lower.translate(_BLANKS).split())
    else:
        words = set(lower.split())
        words |= {word.strip(_PUNCTUATION) for word in words if not word.isalnum()}
    strong = {"medical": 0.0, "legal": 0.0}
    general = dict(strong)
    for key in words & _KEYS:
        for label, entry, weight in _ENTRIES[key]:
            if entry == key or entry in lower:
                (strong if weight > 1 else general)[label] += weight
    if general["medical"] and words & _SOMEBODY:
        strong["medical"] += 1.0
    for label in strong:
        if strong[label] + min(general[label], GENERAL) >= ENOUGH:
            yield Found(label, f"{label}_cues", 0, len(text))
