"""Draw: a model asked once more, at a temperature and with a seed of its own."""

from dataclasses import dataclass

from homeward.errors import ConfigError
from homeward.model import Model, Request, Stream


@dataclass(frozen=True)
class Draw:
    """``model``, asked with this temperature and ``seed`` places after the request's own seed.

    With a seed, because a greedy request or a cache would give the same answer every time; the
    same request gets the same draws. Where the runtime knows no seed, the temperature remains.
    """

    model: Model
    temperature: float
    seed: int

    def chat(self, request: Request) -> Stream:
        seed = (request.sampling.seed or 0) + self.seed
        return self.model.chat(request.sampled(temperature=self.temperature, seed=seed))


def draws(model: Model, count: int, temperature: float) -> dict[str, Draw]:
    """By name, "sample 1" the first; `ConfigError` for none, or for a greedy temperature."""
    if count < 1:
        raise ConfigError(f"{count} samples say nothing; draw at least 1")
    if not temperature > 0:
        raise ConfigError(
            f"`temperature` is {temperature:g}, which draws the same answer again; say 0.7 or so"
        )
    return {f"sample {place}": Draw(model, temperature, place) for place in range(1, count + 1)}
