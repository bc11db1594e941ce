"""A judge compares two answers, in both orders; where the order decides, neither is better."""

from contextlib import aclosing

from homeward.fence import ask, conversation, fenced, suspicious, verdict
from homeward.model import Answer, Event, Model, Request
from homeward.store.experiments import Choice

QUESTION = (
    "Two answers, A and B, to the conversation above. Which one is better? What counts is whether "
    "it is correct, then whether it is complete, then whether it is clear. Length is no merit. "
    "Reply with one letter and nothing else: A, B, or T if neither is better."
)
TOKENS = 8
SHOWN = 1500


async def compare(
    judge: Model,
    request: Request,
    control: str,
    treatment: str,
    heard: list[Event],
    *,
    tokens: int = TOKENS,
    shown: int = SHOWN,
) -> Choice | None:
    """Which of two answers a judge prefers, asked twice with the places changed. ModelError.

    None where it says anything but a verdict. It sees the answers fenced and without names (see
    `homeward.fence`), ``shown`` tokens of each, and has ``tokens`` for a verdict: one that thinks
    first needs more. An answer that speaks to the judge loses unseen, and so does an empty one.
    What the judge says is put into ``heard`` as it comes, its bills too.
    """
    lost = [not text.strip() or suspicious(text) is not None for text in (control, treatment)]
    if any(lost):
        return "tie" if all(lost) else "treatment" if lost[0] else "control"
    points = 0
    for left, right, side in ((control, treatment, -1), (treatment, control, 1)):
        asked = ask(
            request,
            conversation(request, shown),
            fenced([("A", left), ("B", right)], shown),
            QUESTION,
            tokens=tokens,
        )
        start = len(heard)
        async with aclosing(judge.chat(asked)) as events:
            async for event in events:
                heard.append(event)  # noqa: PERF401  cut off, what was heard is kept
        said = verdict(Answer(tuple(heard[start:])).text, "ABT")
        if said is None:
            return None
        points += {"A": side, "B": -side, "T": 0}[said]
    return "treatment" if points > 0 else "control" if points < 0 else "tie"
