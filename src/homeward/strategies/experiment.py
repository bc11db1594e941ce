"""Experiment: some conversations are answered by another model, to see whether it is as good."""

from contextlib import aclosing
from dataclasses import dataclass, field

from homeward.conversation import arm_of, conversation
from homeward.errors import ConfigError
from homeward.model import Assigned, Model, Request, Stream


@dataclass(frozen=True)
class Experiment:
    """Asks ``treatment`` in a ``share`` (above 0, below 1) of the conversations, else ``control``.

    All turns of a conversation get the same arm (see `homeward.conversation`), and the first note
    of the stream says which (`Assigned`). Streams; tool calls pass unchanged. Two experiments need
    two names, as the data and the chance of each go by its name. Who can read the ledger and
    guesses how a conversation began could confirm the guess by its hash: a secret ``salt`` is
    against that.
    """

    control: Model
    treatment: Model
    share: float = 0.5
    name: str = "experiment"
    salt: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        checked(self.name)
        if not 0 < self.share < 1:
            raise ConfigError(
                f"`share` is {self.share:g}; of the conversations, more than 0 and less than 1 "
                "must be the treatment's"
            )

    async def chat(self, request: Request) -> Stream:
        hashed = conversation(request, salted(self.name, self.salt))
        arm = arm_of(hashed, self.share)
        yield Assigned(self.name, arm, hashed)
        model = self.treatment if arm == "treatment" else self.control
        async with aclosing(model.chat(request)) as events:
            async for event in events:
                yield event


def checked(name: str) -> None:
    """ConfigError for an experiment without a name."""
    if not name.strip():
        raise ConfigError("an experiment needs a `name`, by which its results are found")


def salted(name: str, salt: str) -> str:
    """The salt of one experiment: two of them draw independently, even with one ``salt``."""
    return f"{name}\0{salt}"
