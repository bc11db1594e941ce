"""Promised: a check whose threshold was calibrated, with the promise that goes with it."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from homeward.errors import ConfigError, ModelError
from homeward.model import Answer, Request
from homeward.reading import Check, Reading, Signal, Weighing, weigh, weighed
from homeward.signals.drift import Drift, Drifts
from homeward.signals.promise import Part, Promise, read
from homeward.signals.task import Task


@dataclass(frozen=True)
class Promised:
    """``score`` is 1 where ``check`` reaches its calibrated threshold, else 0.

    The promise is read from ``path``, which `homeward calibrate` writes. Abstains, so that a
    cascade escalates, where ``check`` does, where nothing could be promised for questions of
    this kind, and for good once what comes in is no longer what was calibrated on (see `Drifts`);
    in the latter two without asking ``check``. ``by`` labels the request where the promise has
    groups; task types need none. Numbers: ``calibrated`` (1, 0 after an alarm), the score and
    the threshold of ``check``, ``target``, ``bound`` (of the share wrong) and ``rows``.
    """

    check: Check
    path: Path
    by: Signal | None = None
    drifts: Drifts = field(default_factory=Drifts, repr=False, compare=False)
    promise: Promise = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        promise = read(self.path)
        if promise.by == "group" and self.by is None:
            raise ConfigError(
                f"the promise at {self.path} has groups of its table: name the signal that labels "
                "requests so in `by`, or calibrate with --by task or none"
            )
        object.__setattr__(self, "promise", promise)

    @property
    def logprobs(self) -> int | None:
        """What ``check`` reads of the tokens' probabilities; None: nothing."""
        wanted: int | None = getattr(self.check, "logprobs", None)
        return wanted

    @property
    def drift(self) -> Drift:
        return self.drifts.of(str(self.path), self.promise)

    async def __call__(self, request: Request, answer: Answer, /) -> Reading:
        return await weighed(self.asking(request, answer))

    async def asking(self, request: Request, answer: Answer, /) -> Weighing:
        if self.drift.alarm:
            yield self._off()
            return
        group = Reading()
        if self.promise.by != "none":
            async with aclosing(weigh(self.by or Task(), request)) as notes:
                async for note in notes:
                    if isinstance(note, Reading):
                        group = note
                    else:
                        yield note
        part = self.promise.part(group.label)
        if part is None or part.threshold is None:
            yield self._nothing(part, group.label)
            return
        reading = Reading()
        try:
            async with aclosing(weigh(self.check, request, answer)) as notes:
                async for note in notes:
                    if isinstance(note, Reading):
                        reading = note
                    else:
                        yield note
        except ModelError as error:
            reading = Reading(because=f"the check failed: {error}")
        yield self._judged(reading, part, part.threshold)

    def _judged(self, reading: Reading, part: Part, threshold: float) -> Reading:
        numbers = {**reading.numbers, **self._numbers(part), "threshold": threshold}
        if reading.score is None:  # an outage of a judge is no drift; nothing is kept meanwhile
            because = f"{reading.because or 'the check abstains'}; {self._made}"
            return Reading(reading.label, None, because, numbers)
        kept = reading.score >= threshold
        if self.drift.kept.see(kept):
            return self._off()
        sign = ">=" if kept else "<"
        because = f"{reading.score:.3g} {sign} {threshold:.3g}: {self._made}"
        numbers["score"] = reading.score
        return Reading(reading.label, float(kept), because, numbers)

    @property
    def _made(self) -> str:
        promise = self.promise
        return f"{promise.words}, calibrated {promise.date} on {promise.rows} rows"

    def _numbers(self, part: Part | None) -> Mapping[str, float]:
        numbers = {"calibrated": 1.0, "target": self.promise.target}
        if part is None:
            return numbers
        return {**numbers, "bound": part.bound, "rows": float(part.rows)}

    def _nothing(self, part: Part | None, group: str | None) -> Reading:
        of = "" if self.promise.by == "none" else f" of {group or 'no known kind'}"
        if part is None:
            because = f"questions{of} were not calibrated on; {self._made}"
        else:
            because = f"nothing{of} can be promised {self.promise.words} on {part.rows} rows"
            if part.needs is not None:
                because += f", about {part.needs} would do"
        return Reading(because=because, numbers=self._numbers(part))

    def _off(self) -> Reading:
        reason = self.drift.because(self.promise)
        return Reading(
            because=f"the promise of {self.promise.date} is off: {reason}; calibrate anew",
            numbers={**self._numbers(None), "calibrated": 0.0, "alarm": 1.0},
        )
