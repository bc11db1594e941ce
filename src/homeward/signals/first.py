"""First: several signals in order, and the first that has something to say decides."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from homeward.errors import ConfigError, ModelError
from homeward.model import Request
from homeward.reading import Reading, Signal, Weighing, weigh, weighed


@dataclass(frozen=True)
class First:
    """The reading of the first of ``signals`` that names a label: rules, then a classifier.

    One that fails is passed over as one that abstains; the last one's failure is raised.
    """

    signals: Sequence[Signal]

    def __post_init__(self) -> None:
        if not self.signals:
            raise ConfigError("`first` needs at least one signal, as in signals: [rules, learned]")

    async def __call__(self, request: Request) -> Reading:
        return await weighed(self.asking(request))

    async def asking(self, request: Request) -> Weighing:
        reading = Reading()
        for place, signal in enumerate(self.signals, 1):
            try:
                async with aclosing(weigh(signal, request)) as notes:
                    async for note in notes:
                        if isinstance(note, Reading):
                            reading = note
                        else:
                            yield note
            except ModelError:
                if place == len(self.signals):
                    raise
            if reading.label is not None:
                break
        yield reading
