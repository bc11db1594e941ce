"""Further prompts for the router alone: what lies just outside the domains, and short forms.

The members are trained on questions they can answer and on plain refusals. The router has to draw
a finer line, between a sum and a word problem of three steps, or between a function the box knows
and one it does not; so it also sees questions that were spoiled by one more sentence, problems
with several steps, and programming tasks put together from parts.
"""

from collections.abc import Callable, Iterator
from random import Random

from data import code, facts
from data.arithmetic import PEOPLE, THINGS
from data.general_prompts import SENTENCE_TEMPLATES, filled
from data.row import Row, Split, rows
from data.style import restyled
from data.words import any_word

EVENTS = (
    "{who} {did} {amount} {what}",
    "{who} {did} {amount} {what} than {who}",
    "there are {amount} {what} in the {place2}",
    "each {what2} costs ${d}",
    "{who} {did} {amount} {what} on {day}",
    "{amount} {what} are {quality}",
    "every {day} {who} {did} {amount} {what}",
    "{who} is {amount} years older than {who}",
    "it takes {who} {n} minutes to get {amount} {what}",
    "the {place2} has {amount} {what} and {amount} {what}",
    "if {who} {did} {amount} {what}",
    "{who} pays {n} dollars for {amount} {what}",
    "then {who} {did} {amount} {what}",
)
ASKED = (
    "How many {what} does {who} have left?", "How many {what} are there in total?",
    "How much money does {who} have?", "How many {what} did {who} {do}?", "How old is {who}?",
    "What is the total cost?", "How many more {what} does {who} need?",
    "How many {what} are {quality}?", "How many minutes does it take?",
    "How much does {who} earn in {d} weeks?", "What is the average number of {what}?",
    "How many hours is that altogether?", "How many {what} does each of them get?",
    "What percentage of the {what} is {quality}?", "How many {what} remain?",
)  # fmt: skip
TAILS = (
    " and why?", " and explain why", " and tell me its history", " in 1950", " and what else?",
    " Then translate it to French.", " Explain your reasoning step by step.", " in detail, please",
    " and multiply the result by {d}", " or maybe not?", " What is its population?",
    " and then subtract {d}", ", and how do you know?", " plus {d} minus {n}", " for my homework",
    " A. {n} B. {d} C. {n}", " + {n}", " per year", " but in {strange}", " of the {strange}",
)  # fmt: skip
CODE_ENDINGS = (
    "",
    "",
    "\nassert {strange}({d}) == {n}",
    " Your code should pass this test: assert {strange}({d}, {n}) == {n}",
    "\n>>> {strange}([{d}, {n}])\n{n}",
    " Return {n} if there is none.",
)
FILL = {
    "amount": (
        "{n},{d},two,three,four,ten,half of the,a third of the,twice as many,"
        "three times as many,{d} times as many,{d} more than that,{n} fewer,{d}% of the,"
        "a dozen,1/{d} of the,some"
    ),
    "verb": (
        "find,calculate,check whether,count,remove,replace,convert,compute,return,extract,"
        "get,print,sort,merge,generate,parse,validate,rotate,split,sum,shift,insert,search,"
        "filter,display,update,read,write,draw,encrypt,compress,download,swap,verify if,"
        "identify,determine,create,sum up"
    ),
    "object": (
        "the {nth} {thing2},all {things2},the {quality2} {thing2},{things2} and {things2},"
        "a {thing2},two {things2},the {quality2} {things2},"
        "the number of {quality2} {things2},every {nth} {thing2},"
        "the {thing2} and the {thing2},the {quality2} sum of {things2},pairs of {things2}"
    ),
    "ending": (
        ", in a given {thing2}, of a {thing2}, using {tool}, with the given {thing2},"
        " from the {thing2}, in the given tuple list, to a {thing2}, without {tool},"
        " by {quality2} {thing2}, in O({letter}), using recursion, of the given matrix,"
        " from a list of tuples, between two {things2}"
    ),
    "did": "has,buys,sells,ate,made,found,lost,gives away,collected,spent,read,planted,got,used",
    "do": "buy,sell,eat,make,find,lose,collect,plant,use,give away,bake,earn",
    "what2": "ticket,pound,shirt,meal,book,toy,lesson,bottle,kilogram",
    "day": "Monday,Friday,day,week,morning,Sunday,weekend,month,year",
    "quality": "red,broken,new,empty,girls,boys,blue,sold,left,spoiled,cheap,tall",
    "place2": "store,school,garden,box,farm,classroom,bag,library,city,zoo,team,bus",
    "nth": "nth,third,kth,second,next,previous,n-th,{nth2} smallest,{nth2} largest",
    "nth2": "kth,second,nth,third",
    "thing2": (
        "tuple,matrix,list,string,array,dictionary,number,element,index,substring,set,tree,node,"
        "character,digit,word,column,polygon,file,date,sequence,octagonal number,regex,path,graph,"
        "triangle,cube,sublist,integer,sentence,bit,queue,heap,module,pattern,{strange}"
    ),
    "things2": (
        "tuples,elements,integers,strings,numbers,characters,digits,indices,values,rows,columns,"
        "words,keys,lists,arrays,nodes,substrings,bits,matrices,dictionaries,subsets,permutations"
    ),
    "quality2": (
        "maximum,minimum,longest,common,unique,duplicate,even,odd,nested,given,different,cumulative,"
        "missing,first,last,repeated,equal,consecutive,sorted,prime,perfect,total,specified,smallest"
    ),
    "tool": "regex,lambda function,heap queue,a loop,numpy,bitwise operators,recursion,sorting",
}
SHORT_FORMS: dict[str, tuple[str, ...]] = {
    "arith": ("{a}+{b}", "{a}-{b}", "{a} x {b}", "{a}*{b}", "what's {a} times {b}",
              "{a} or {b}, which is bigger", "what is {a}+{b}", "how much is {a}*{b}?",
              "{a} plus {b} please"),
    "facts": ("symbol for {e}", "atomic number {e}", "{c} capital", "capital city of {c}",
              "the capital of {c}", "symbol of {e}", "plural {w}", "antonym {o}",
              "capital of {c} please", "antonym of {o} please"),
    "words": ("uppercase {w}", "{w} backwards", "{w} reversed", "how many letters are in {w}",
              "reverse the string {w}", "number of letters in {w}", "{w} in uppercase",
              "reverse this word: {w}", "how many letters in {w}?", "sentiment of: I love this {w}",
              "is this review positive or negative? I love this {w}",
              "is this positive or negative: the {w} was terrible"),
    "code": ("def {d}", "{d} in Python", "{d}, in Python", "python {d}", "code to {d} in python"),
}  # fmt: skip


def nearly(split: Split, rng: Random, domains: dict[str, Callable[[Random], Row]]) -> Iterator[str]:
    """Endless prompts that are almost a question of a domain, and are none."""
    streams = [rows(draw, split, rng) for draw in domains.values()]
    while True:
        dice = rng.random()
        if dice < 0.35:
            yield restyled(several_steps(rng), rng)
        elif dice < 0.65:
            yield restyled(unknown_function(rng), rng)
        else:
            yield spoiled(next(rng.choice(streams)).prompt, rng)


def short_form(domain: str, rng: Random) -> str:
    """A question of a domain the way it is typed into a search box."""
    return rng.choice(SHORT_FORMS[domain]).format(
        a=rng.randint(0, 99),
        b=rng.randint(0, 99),
        c=rng.choice(facts.FACTS["capital"]).about,
        e=rng.choice(facts.FACTS["symbol"]).about,
        o=rng.choice(facts.FACTS["opposite"]).about,
        d=rng.choice(code.FIXED).task,
        w=any_word(rng),
    )


def several_steps(rng: Random) -> str:
    events = [with_parts(rng.choice(EVENTS), rng) for _ in range(rng.randint(2, 5))]
    story = "".join(event + rng.choice((". ", ", ", " and ", ". ")) for event in events)
    return story[0].upper() + story[1:] + with_parts(rng.choice(ASKED), rng)


def unknown_function(rng: Random) -> str:
    wording = rng.choice(code.WORDINGS).replace("{n}", "{strange}")
    wording = wording.replace("{d}", "{verb} {object}{ending}")
    wording = wording.replace("{s}", "{verb}s {object}{ending}")
    return with_parts(wording + rng.choice(CODE_ENDINGS), rng)


def spoiled(prompt: str, rng: Random) -> str:
    """One sentence too many, before or after."""
    if rng.random() < 0.4:
        return filled(rng.choice(SENTENCE_TEMPLATES), rng) + " " + prompt
    return prompt.rstrip("?.!") + with_parts(rng.choice(TAILS), rng)


def with_parts(template: str, rng: Random) -> str:
    text = template
    while "{" in text:
        head, _, tail = text.partition("{")
        slot, _, rest = tail.partition("}")
        text = head + part(slot, rng) + rest
    return text


def part(slot: str, rng: Random) -> str:
    match slot:
        case "n":
            return str(rng.randint(2, 999))
        case "d":
            return str(rng.randint(2, 9))
        case "who":
            return any_word(rng).title() if rng.random() < 0.5 else rng.choice(PEOPLE.split())
        case "what":
            return any_word(rng) + "s" if rng.random() < 0.5 else rng.choice(THINGS.split())
        case "strange":
            return any_word(rng)
        case "letter":
            return rng.choice("nmkxy")
        case _:
            return rng.choice(FILL[slot].split(","))
