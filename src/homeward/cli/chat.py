"""``homeward chat``: a conversation, with its history."""

import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from homeward.cli.ask import show_answer
from homeward.cli.options import ClearanceOption, Config, Json, Route
from homeward.cli.show import Shown, show_error
from homeward.cli.text import printable
from homeward.errors import AllFailed, HomewardError, TooLong
from homeward.interrupt import interrupting
from homeward.model import Answer, Clearance, Message, Request

if TYPE_CHECKING:
    from homeward.house import House

HELP = """\
/route NAME   ask another route or model      /models   what there is to ask
/work         show or hide each model's work  /clear    forget the conversation
/help         this                            /quit     leave (or Ctrl-D)"""


def chat(
    route: Route = None,
    clearance: ClearanceOption = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Talk to a route. Ctrl-C stops an answer, Ctrl-D leaves; /help says the rest."""
    with suppress(ImportError):  # line editing and history, where the system has them
        import readline  # noqa: F401
    asyncio.run(_chat(route, clearance, config, json=json))


async def _chat(
    route: str | None, clearance: Clearance | None, config: Path | None, *, json: bool
) -> None:
    from homeward.house import open_house

    async with open_house(config) as house:
        reach = house.clearance if clearance is None else clearance
        talk = Conversation(house, route or house.default, reach, json=json)
        house[talk.route]  # a wrong name is said before the first question
        if not json and sys.stdin.isatty():
            print(f"{talk.route}, from {house.origin}; /help for help")
        while (line := _read(json)) is not None:
            if line.startswith("/"):
                if not talk.command(line):
                    return
            elif line.strip():
                await talk.say(line)


def _read(json: bool) -> str | None:
    """The next line, empty on Ctrl-C; None at the end of the input.

    It blocks the loop, on purpose: a thread that reads could not be interrupted, and while
    somebody types nothing else is under way. Ctrl-C is taken back from asyncio for as long.
    """
    asyncios = signal.signal(signal.SIGINT, signal.default_int_handler)
    typed = sys.stdin.isatty() and not json
    try:
        return input("› " if typed else "")
    except EOFError:
        if typed:
            print()
        return None
    except KeyboardInterrupt:
        if not typed:
            raise
        print("\n(Ctrl-D leaves)")
        return ""
    finally:
        signal.signal(signal.SIGINT, asyncios)


class Conversation:
    """What was said so far, and to whom."""

    def __init__(self, house: "House", route: str, clearance: Clearance, *, json: bool) -> None:
        self.house = house
        self.route = route
        self.clearance = clearance
        self.json = json
        self.work = False
        self.history: tuple[Message, ...] = ()

    def command(self, line: str) -> bool:
        """Obey a line that begins with a slash; False ends the conversation."""
        name, _, rest = line[1:].partition(" ")
        match name:
            case "quit" | "exit" | "bye":
                return False
            case "route" if rest:
                try:
                    self.house[rest.strip()]
                    self.route = rest.strip()
                except HomewardError as error:
                    show_error(error, json=self.json)
            case "models":
                print(printable("\n".join(self.house.models)))
            case "work":
                self.work = not self.work
            case "clear":
                self.history = ()
            case _:
                print(HELP)
        return True

    async def say(self, line: str) -> None:
        """One turn. A failed or interrupted turn is left out of the history."""
        messages = (*self.history, Message("user", line))
        request = Request(messages, clearance=self.clearance)
        shown = Shown(json=self.json, work=self.work)
        turn = show_answer(self.house[self.route], request, shown, self.route)
        task = asyncio.create_task(turn)
        try:
            with interrupting(task):
                await task
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            print("(interrupted)")
        except HomewardError as error:
            show_error(error, json=self.json)
            if self.history and _too_long(error):
                print("homeward: /clear forgets the conversation so far", file=sys.stderr)
        else:
            answer = Answer(tuple(shown.events))
            said = Message("assistant", answer.text, tool_calls=answer.tool_calls)
            self.history = (*messages, said)


def _too_long(error: HomewardError) -> bool:
    if isinstance(error, AllFailed):
        return any(_too_long(reason) for reason in error.errors)
    return isinstance(error, TooLong)
