"""Facts to know by heart: capitals, chemical elements, opposites, plurals, and a few units.

These are memorised. A held-out row asks for a fact which is in training, in a wording that is not;
it says nothing about facts that were never seen.
"""

from dataclasses import dataclass
from random import Random

from data.row import Row

CAPITALS = """
France:Paris Germany:Berlin Italy:Rome Spain:Madrid Portugal:Lisbon Austria:Vienna
Belgium:Brussels Netherlands:Amsterdam Denmark:Copenhagen Sweden:Stockholm Norway:Oslo
Finland:Helsinki Iceland:Reykjavik Ireland:Dublin Poland:Warsaw Czechia:Prague Slovakia:Bratislava
Hungary:Budapest Romania:Bucharest Bulgaria:Sofia Greece:Athens Turkey:Ankara Ukraine:Kyiv
Russia:Moscow Estonia:Tallinn Latvia:Riga Lithuania:Vilnius Belarus:Minsk Serbia:Belgrade
Croatia:Zagreb Slovenia:Ljubljana Albania:Tirana Cyprus:Nicosia Malta:Valletta Switzerland:Bern
Japan:Tokyo China:Beijing India:Delhi Pakistan:Islamabad Bangladesh:Dhaka Nepal:Kathmandu
Thailand:Bangkok Vietnam:Hanoi Indonesia:Jakarta Philippines:Manila Mongolia:Ulaanbaatar
Iran:Tehran Iraq:Baghdad Syria:Damascus Lebanon:Beirut Jordan:Amman Qatar:Doha Oman:Muscat
Yemen:Sanaa Egypt:Cairo Libya:Tripoli Tunisia:Tunis Algeria:Algiers Morocco:Rabat Sudan:Khartoum
Kenya:Nairobi Uganda:Kampala Rwanda:Kigali Ghana:Accra Nigeria:Abuja Senegal:Dakar Mali:Bamako
Niger:Niamey Chad:N'Djamena Angola:Luanda Zambia:Lusaka Zimbabwe:Harare Namibia:Windhoek
Botswana:Gaborone Madagascar:Antananarivo Somalia:Mogadishu Canada:Ottawa Mexico:Mexico_City
Cuba:Havana Jamaica:Kingston Haiti:Port-au-Prince Panama:Panama_City Honduras:Tegucigalpa
Nicaragua:Managua Colombia:Bogota Venezuela:Caracas Ecuador:Quito Peru:Lima Chile:Santiago
Argentina:Buenos_Aires Uruguay:Montevideo Paraguay:Asuncion Brazil:Brasilia Australia:Canberra
Fiji:Suva Kazakhstan:Astana Uzbekistan:Tashkent Georgia:Tbilisi Armenia:Yerevan Azerbaijan:Baku
Cambodia:Phnom_Penh Laos:Vientiane
"""
ELEMENTS = """
Hydrogen:H Helium:He Lithium:Li Beryllium:Be Boron:B Carbon:C Nitrogen:N Oxygen:O Fluorine:F
Neon:Ne Sodium:Na Magnesium:Mg Aluminium:Al Silicon:Si Phosphorus:P Sulfur:S Chlorine:Cl Argon:Ar
Potassium:K Calcium:Ca Scandium:Sc Titanium:Ti Vanadium:V Chromium:Cr Manganese:Mn Iron:Fe
Cobalt:Co Nickel:Ni Copper:Cu Zinc:Zn Gallium:Ga Germanium:Ge Arsenic:As Selenium:Se Bromine:Br
Krypton:Kr Rubidium:Rb Strontium:Sr Yttrium:Y Zirconium:Zr Niobium:Nb Molybdenum:Mo Technetium:Tc
Ruthenium:Ru Rhodium:Rh Palladium:Pd Silver:Ag Cadmium:Cd Indium:In Tin:Sn Antimony:Sb
Tellurium:Te Iodine:I Xenon:Xe Caesium:Cs Barium:Ba
"""
FURTHER_ELEMENTS = (("Platinum", "Pt", 78), ("Gold", "Au", 79), ("Mercury", "Hg", 80),
                    ("Lead", "Pb", 82), ("Uranium", "U", 92))  # fmt: skip
OPPOSITES = """
hot:cold big:small up:down left:right fast:slow high:low hard:soft light:dark good:bad old:new
rich:poor early:late open:closed wet:dry strong:weak full:empty happy:sad loud:quiet thick:thin
clean:dirty near:far true:false start:end win:lose buy:sell give:take love:hate push:pull
inside:outside above:below deep:shallow wide:narrow brave:cowardly day:night summer:winter
north:south east:west first:last more:less always:never
"""
PLURALS = """
mouse:mice child:children foot:feet tooth:teeth man:men woman:women goose:geese ox:oxen
leaf:leaves knife:knives wolf:wolves life:lives city:cities baby:babies box:boxes bus:buses
fox:foxes potato:potatoes tomato:tomatoes hero:heroes sheep:sheep deer:deer fish:fish
person:people cactus:cacti analysis:analyses crisis:crises dog:dogs cat:cats house:houses
tree:trees watch:watches church:churches lady:ladies story:stories key:keys
"""
UNITS = """
kilometers:meters:1000 meters:centimeters:100 centimeters:millimeters:10 feet:inches:12
kilograms:grams:1000 liters:milliliters:1000 hours:minutes:60 minutes:seconds:60 days:hours:24
weeks:days:7 years:months:12 decades:years:10 centuries:years:100
"""
WORDINGS = {
    "capital": (
        "What is the capital of {x}?", "Capital of {x}?", "Name the capital of {x}.",
        "Which city is the capital of {x}?", "Tell me the capital city of {x}.",
        "What's {x}'s capital?", "Do you know the capital of {x}?", "The capital of {x} is?",
        "What is the capital city of {x}?", "{x} capital", "Capital city of {x}?",
    ),
    "country": (
        "Which country has the capital {x}?", "{x} is the capital of which country?",
        "Of which country is {x} the capital?", "In which country is {x} the capital city?",
        "{x} is the capital of what country?", "What country is {x} the capital of?",
        "Name the country whose capital is {x}.", "Whose capital is {x}?",
    ),
    "symbol": (
        "What is the chemical symbol for {x}?", "Chemical symbol of {x}?",
        "What symbol does {x} have in the periodic table?", "Give the symbol for {x}.",
        "Symbol of the element {x}", "What is the symbol of {x}?",
        "Which symbol stands for {x}?", "Symbol for {x}", "Symbol of {x}?",
    ),
    "atomic number": (
        "What is the atomic number of {x}?", "Atomic number of {x}?",
        "Which atomic number does {x} have?", "Give the atomic number for {x}.",
        "How many protons does {x} have?", "Atomic number: {x}",
        "How many protons are in an atom of {x}?", "{x} atomic number",
    ),
    "element": (
        "Which element has the symbol {x}?", "What element is {x}?",
        "Name the element with the symbol {x}.", "{x} is the symbol of which element?",
        "Which chemical element is {x}?", "What does the chemical symbol {x} stand for?",
        "The element with symbol {x}?", "Which element is {x} the symbol of?",
    ),
    "opposite": (
        "What is the opposite of {x}?", "Opposite of {x}?", "Give an antonym of {x}.",
        "What's the antonym of '{x}'?", "Name the opposite of the word {x}.",
        "Antonym of {x}?", "Which word is the opposite of {x}?", "What is an antonym for {x}?",
    ),
    "plural": (
        "What is the plural of {x}?", "Plural of {x}?", "Give the plural form of {x}.",
        "How do you write the plural of '{x}'?", "One {x}, two ...?", "What's the plural of {x}?",
        "Plural form of the word {x}?", "Tell me the plural of {x}.",
    ),
    "unit": (
        "How many {v} are in {n} {u}?", "Convert {n} {u} to {v}.", "{n} {u} in {v}?",
        "How many {v} is {n} {u}?", "What is {n} {u} in {v}?", "Change {n} {u} to {v}.",
        "How many {v} are there in {n} {u}?", "How many {v} in {n} {u}?",
    ),
}  # fmt: skip
SHARES = {
    "capital": 4.0, "country": 3.0, "symbol": 2.0, "atomic number": 2.0, "element": 1.5,
    "opposite": 2.5, "plural": 1.8, "unit": 2.5,
}  # fmt: skip
"""Kinds with many facts need many rows; the shares follow the number of facts, with extra for the
opposites, plurals and units, which a first trial learnt worst."""


@dataclass(frozen=True, slots=True)
class Fact:
    about: str
    key: str
    sentence: str
    """Ends with the key, so that the last word before the full stop can be checked."""


def draw(rng: Random) -> Row:
    kind = rng.choices(list(SHARES), list(SHARES.values()))[0]
    wording = rng.choice(WORDINGS[kind])
    if kind == "unit":
        return conversion(wording, rng)
    fact = rng.choice(FACTS[kind])
    prompt = wording.format(x=fact.about)
    content = (kind, fact.about, wording)
    return Row(prompt, fact.sentence, "facts", kind, fact.key, "line", content)


def conversion(wording: str, rng: Random) -> Row:
    unit, smaller, factor = rng.choice(UNITS.split()).split(":")
    n = rng.randint(2, 20)
    prompt = wording.format(n=n, u=unit, v=smaller)
    key = str(n * int(factor))
    answer = f"{n} {unit} in {smaller} is {n} * {factor} = {key}."
    return Row(prompt, answer, "facts", "unit", key, "line", ("unit", unit, n, wording))


def every_fact() -> dict[str, list[Fact]]:
    elements = [
        (name.lower(), symbol, number)
        for number, (name, symbol) in enumerate(pairs(ELEMENTS), start=1)
    ] + [(name.lower(), symbol, number) for name, symbol, number in FURTHER_ELEMENTS]
    both_ways = pairs(OPPOSITES) + [(b, a) for a, b in pairs(OPPOSITES)]
    return {
        "capital": [
            Fact(country, city, f"The capital of {country} is {city}.")
            for country, city in pairs(CAPITALS)
        ],
        "country": [
            Fact(city, country, f"{city} is the capital of {country}.")
            for country, city in pairs(CAPITALS)
        ],
        "symbol": [Fact(n, s, f"The symbol of {n} is {s}.") for n, s, _ in elements],
        "atomic number": [
            Fact(n, str(z), f"The atomic number of {n} is {z}.") for n, _, z in elements
        ],
        "element": [Fact(s, n, f"The element with symbol {s} is {n}.") for n, s, _ in elements],
        "opposite": [Fact(a, b, f"The opposite of {a} is {b}.") for a, b in both_ways],
        "plural": [Fact(a, b, f"The plural of {a} is {b}.") for a, b in pairs(PLURALS)],
    }


def pairs(table: str) -> list[tuple[str, str]]:
    """Reads "France:Paris Mexico:Mexico_City" as pairs, with the underscores turned into spaces."""
    return [
        (left, right)
        for left, right in (item.replace("_", " ").split(":") for item in table.split())
    ]


FACTS = every_fact()
