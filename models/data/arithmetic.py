"""Sums, differences, products, comparisons and one-step word problems, with the steps written out.

The steps are the method a child learns: column by column with a carry. They turn one hard
prediction into several easy ones, which is what lets a million parameters get them right.
"""

from random import Random

from data.row import Row

WORDINGS = {
    "+": (
        "What is {a} + {b}?", "{a} + {b}", "{a}+{b}", "{a} + {b} = ?", "Calculate {a} + {b}.",
        "What is {a} plus {b}?", "Add {a} and {b}.", "What's the sum of {a} and {b}?",
        "Compute {a}+{b}", "How much is {a} plus {b}?", "{a}+{b}=", "Work out {a} + {b}.",
        "{a} plus {b}", "What does {a} + {b} equal?",
    ),
    "-": (
        "What is {a} - {b}?", "{a} - {b}", "{a}-{b}", "{a} - {b} = ?", "Calculate {a} - {b}.",
        "What is {a} minus {b}?", "Subtract {b} from {a}.", "Take {b} away from {a}.",
        "Compute {a}-{b}", "How much is {a} minus {b}?", "{a}-{b}=", "Work out {a} - {b}.",
        "{a} minus {b}", "What does {a} - {b} equal?",
    ),
    "*": (
        "What is {a} * {b}?", "{a} * {b}", "{a}*{b}", "{a} x {b} = ?", "Calculate {a} * {b}.",
        "What is {a} times {b}?", "Multiply {a} by {b}.", "What's the product of {a} and {b}?",
        "Compute {a}*{b}", "How much is {a} times {b}?", "{a}*{b}=", "Work out {a} * {b}.",
        "{a} times {b}", "What does {a} * {b} equal?", "What is {a} multiplied by {b}?",
        "{a} × {b}", "What is {a} x {b}?",
    ),
}  # fmt: skip
LARGER = (
    "Which is larger, {a} or {b}?", "Which is bigger: {a} or {b}?", "Which is greater, {a} or {b}?",
    "What is the maximum of {a} and {b}?", "Compare {a} and {b}: which is greater?",
    "Which number is larger: {a} or {b}?",
)  # fmt: skip
SMALLER = (
    "Which number is smaller, {a} or {b}?", "Which is less, {a} or {b}?",
    "What is the minimum of {a} and {b}?", "Which is smaller: {a} or {b}?",
)  # fmt: skip
IS_LARGER = ("Is {a} greater than {b}?", "Is {a} larger than {b}?", "Is {a} bigger than {b}?")
IS_SMALLER = ("Is {a} less than {b}?", "Is {a} smaller than {b}?")
PEOPLE = (
    "Tom Anna Ben Lucy Sam Mia Jack Emma Leo Zoe Max Nina Paul Sara Dan Kate Omar Lena Ravi Ida"
)
THINGS = (
    "apples books pens coins cards stamps marbles eggs cookies balls shells stickers oranges "
    "pencils toys flowers"
)
STORIES = (
    ("+", "{n} has {a} {t} and gets {b} more. How many {t} does {n} have now?"),
    ("+", "There are {a} {t} in one box and {b} {t} in another. "
          "How many {t} are there in total?"),
    ("+", "{n} finds {a} {t} on Monday and {b} {t} on Tuesday. How many {t} is that altogether?"),
    ("-", "{n} has {a} {t} and gives away {b}. How many {t} are left?"),
    ("-", "A shop had {a} {t} and sold {b} of them. How many {t} remain?"),
    ("-", "{n} had {a} {t} but lost {b}. How many {t} does {n} still have?"),
    ("*", "There are {a} boxes with {b} {t} each. How many {t} are there in total?"),
    ("*", "{n} buys {b} bags of {a} {t}. How many {t} does {n} have?"),
    ("*", "Each of {b} friends has {a} {t}. How many {t} do they have together?"),
)  # fmt: skip


def draw(rng: Random) -> Row:
    """Comparisons get a quarter: their few decisive tokens are learnt slowest of all."""
    dice = rng.random()
    if dice < 0.25:
        return comparison(rng)
    if dice < 0.46:
        return sum_or_difference("+", rng)
    if dice < 0.69:
        return sum_or_difference("-", rng)
    if dice < 0.86:
        return product(rng)
    return story(rng)


def sum_or_difference(operator: str, rng: Random) -> Row:
    a, b = two_operands(rng)
    prompt = rng.choice(WORDINGS[operator]).format(a=a, b=b)
    return calculation(prompt, operator, a, b, kind=operator)


def product(rng: Random) -> Row:
    a = rng.randint(2, 99)
    b = rng.randint(2, 9) if rng.random() < 0.45 else rng.randint(11, 99)
    prompt = rng.choice(WORDINGS["*"]).format(a=a, b=b)
    return calculation(prompt, "*", a, b, kind="*1" if b < 10 else "*2")


def story(rng: Random) -> Row:
    operator, wording = rng.choice(STORIES)
    if operator == "*":
        a, b = rng.randint(2, 99), rng.randint(2, 9)
    else:
        a, b = two_operands(rng)
        a, b = a + 2, b + 2
    if operator == "-" and b > a:
        a, b = b, a
    prompt = wording.format(n=rng.choice(PEOPLE.split()), t=rng.choice(THINGS.split()), a=a, b=b)
    return calculation(prompt, operator, a, b, kind="story")


def calculation(prompt: str, operator: str, a: int, b: int, kind: str) -> Row:
    result, steps = {
        "+": (a + b, addition_steps),
        "-": (a - b, subtraction_steps),
        "*": (a * b, multiplication_steps),
    }[operator]
    answer = f"{steps(a, b)}\n{a} {operator} {b} = {result}"
    return Row(prompt, answer, "arith", kind, str(result), "number", (operator, a, b))


def comparison(rng: Random) -> Row:
    a, b = two_operands(rng)
    if a == b:
        b += 1
    asked = rng.choice((LARGER, SMALLER, IS_LARGER, IS_SMALLER))
    if asked is LARGER or asked is SMALLER:
        verdict = str(max(a, b) if asked is LARGER else min(a, b))
    else:
        verdict = "Yes" if (a > b) == (asked is IS_LARGER) else "No"
    prompt = rng.choice(asked).format(a=a, b=b)
    answer = f"{comparison_steps(a, b)}\n{verdict}"
    check = "number" if verdict.isdigit() else "line"
    return Row(prompt, answer, "arith", "compare", verdict, check, ("compare", a, b))


def two_operands(rng: Random) -> tuple[int, int]:
    """A quarter are near neighbours: there the first digits of a comparison say nothing."""
    a = operand(rng)
    b = max(0, a + rng.randint(-9, 9)) if rng.random() < 0.25 else operand(rng)
    return a, b


def operand(rng: Random) -> int:
    """Small numbers far more often than their share: they are what people try first."""
    dice = rng.random()
    if dice < 0.2:
        return rng.randint(0, 9)
    return rng.randint(10, 99) if dice < 0.55 else rng.randint(100, 999)


def addition_steps(a: int, b: int) -> str:
    """From the right, digit + digit + carry = sum: 58 + 67 is "8+7+0=15 5+6+1=12"."""
    width, carry, steps = max(len(str(a)), len(str(b))), 0, []
    for p, q in zip(digits(a, width), digits(b, width), strict=True):
        steps.append(f"{p}+{q}+{carry}={p + q + carry}")
        carry = (p + q + carry) // 10
    return " ".join(steps)


def subtraction_steps(a: int, b: int) -> str:
    """Which is larger comes first, because it says which is taken from which."""
    larger, smaller = max(a, b), min(a, b)
    return f"{comparison_steps(a, b)}\n{larger}-{smaller}: {column_subtraction(larger, smaller)}"


def column_subtraction(a: int, b: int) -> str:
    """From the right, digit - digit - borrowed; a "b" says that this column borrows in turn."""
    width, borrowed, steps = len(str(a)), 0, []
    for p, q in zip(digits(a, width), digits(b, width), strict=True):
        left = p - q - borrowed
        borrows = left < 0
        steps.append(f"{p}-{q}-{borrowed}={left + 10 * borrows}" + "b" * borrows)
        borrowed = int(borrows)
    return " ".join(steps)


def multiplication_steps(a: int, b: int) -> str:
    """A factor of two digits is two products of one digit, and their sum."""
    if b < 10:
        carry, steps = 0, []
        for p in digits(a, len(str(a))):
            steps.append(f"{p}*{b}+{carry}={p * b + carry}")
            carry = (p * b + carry) // 10
        return " ".join(steps)
    tens, ones = divmod(b, 10)
    return (
        f"{a}*{ones}: {multiplication_steps(a, ones)} = {a * ones}; "
        f"{a}*{tens}: {multiplication_steps(a, tens)} = {a * tens}; "
        f"{addition_steps(a * tens * 10, a * ones)}"
    )


def comparison_steps(a: int, b: int) -> str:
    """From the left, until two digits differ: 345 and 72 is "345 vs 072: 3>0 so 345 > 72"."""
    width = max(len(str(a)), len(str(b)))
    left, right = str(a).zfill(width), str(b).zfill(width)
    sign, steps = "=", []
    for p, q in zip(left, right, strict=True):
        sign = "=" if p == q else ">" if p > q else "<"
        steps.append(p + sign + q)
        if sign != "=":
            break
    return f"{left} vs {right}: {' '.join(steps)} so {a} {sign} {b}"


def digits(number: int, width: int) -> list[int]:
    """The digits from the right, with zeros up to the width."""
    return [int(digit) for digit in reversed(str(number).zfill(width))]
