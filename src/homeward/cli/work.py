"""``--show-work``: each model's own answer, side by side, and every decision on the way."""

from typing import TextIO

from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from homeward.cli.text import printable, shorten
from homeward.model import Answer, Candidate

NARROWEST = 36  # columns that an answer needs, to be read beside another
FRAME = 6  # columns that a panel puts around its title


def show_work(answer: Answer, out: TextIO) -> None:
    console = Console(file=out, highlight=False)
    drafts = answer.candidates
    beside = min(len(drafts), console.width // NARROWEST)
    width = console.width // max(1, beside) - 1
    if drafts:
        panels = [_panel(draft, width - FRAME) for draft in drafts]
        widest = max(_breadth(console, panel) for panel in panels)
        for panel in panels:
            panel.width = min(widest, width)
        console.print(Columns(panels))
    for decision in answer.decisions:
        numbers = ", ".join(f"{key} {value:g}" for key, value in decision.numbers.items())
        line = f"{decision.by} → {decision.chose}: {decision.because}"
        console.print(Text(printable(line + (f" ({numbers})" if numbers else ""))))


def _panel(draft: Candidate, room: int) -> Panel:
    words = draft.text if draft.error is None else draft.error
    style = "green" if draft.kept else "dim" if draft.error is None else "red"
    head = shorten(printable(draft.label), room - 2) + (" ✓" if draft.kept else "")
    foot = "" if draft.extracted is None else shorten(f"= {printable(draft.extracted)}", room)
    body = Text(printable(words).strip())
    return Panel(body, title=Text(head), subtitle=Text(foot) if foot else None, border_style=style)


def _breadth(console: Console, panel: Panel) -> int:
    """Columns that it takes unwrapped; rich itself does not count what is in the frame."""
    framed = [text.cell_len for text in (panel.title, panel.subtitle) if isinstance(text, Text)]
    return max(console.measure(panel).maximum, max(framed) + FRAME)
