"""What can go wrong, drawn as a tree. Every sentence says how to mend it.

* HomewardError
  - ConfigError              the file names what does not exist, or calls it wrongly
  - ModelError               a model could not answer; a parent may try another
    + Forbidden              the request's clearance does not reach where the model lives
    + OverBudget             the money is used up, and this model costs some
    + Unreachable            nothing answers there (refused, unknown host, bad certificate)
    + TimedOut               no answer, or no further word, in the time allowed
    + Overloaded             busy or rate-limited; ``retry_after`` says for how long
    + Garbled                malformed or cut answer: not JSON, no end mark, an impossible event
    + Failed                 the runtime broke while it worked (5xx, a crash, out of memory)
    + Rejected               the runtime refused this request; asking again will not help
      . Unauthorized         the key is missing or wrong
      . ModelMissing         no model of that name there
      . TooLong              prompt and answer do not fit the context window
    + BadModelFile           a model file is missing, truncated or not what it says
    + AllFailed              every child of a strategy failed; ``errors`` has each reason
"""

from collections.abc import Sequence
from typing import ClassVar


class HomewardError(Exception):
    """Anything that Homeward itself raises."""


class ConfigError(HomewardError):
    """The configuration names something that does not exist, or calls it with wrong arguments."""


class ModelError(HomewardError):
    """A model could not answer; a parent may try another.

    ``status`` is the HTTP status a gateway answers with. ``transient`` says whether the same
    question to the same model may succeed a moment later.
    """

    status: ClassVar[int] = 502
    transient: ClassVar[bool] = False


class Forbidden(ModelError):
    """The request's clearance does not reach where this model lives."""

    status = 403


class OverBudget(ModelError):
    """The request's budget does not pay for this model."""

    status = 402


class Unreachable(ModelError):
    """Nothing answers at that address."""

    transient = True


class TimedOut(ModelError):
    """No answer, or no further word, in the time allowed."""

    status = 504
    transient = True


class Overloaded(ModelError):
    """Busy or rate-limited. ``retry_after`` is in seconds, where the runtime said it."""

    status = 429
    transient = True

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Garbled(ModelError):
    """The answer was malformed, or it stopped without its end mark."""

    transient = True


class Failed(ModelError):
    """The runtime broke while it worked."""

    transient = True


class Rejected(ModelError):
    """The runtime refused this request; asking again will not help."""

    status = 400


class Unauthorized(Rejected):
    """The key is missing or wrong."""

    status = 401


class ModelMissing(Rejected):
    """There is no model of that name there."""

    status = 404


class TooLong(Rejected):
    """Prompt and answer do not fit the model's context window."""


class BadModelFile(ModelError):
    """A model file is missing, truncated, or not what it says it is."""

    status = 500


class AllFailed(ModelError):
    """Every child of a strategy failed.

    The status is that of the last reason; it is transient if one of the reasons is.
    """

    def __init__(self, errors: Sequence[ModelError]) -> None:
        reasons = dict.fromkeys(map(str, errors))  # twenty models of one dead server have one
        super().__init__("; ".join(reasons) or "there was nobody to ask")
        self.errors = tuple(errors)
        if errors:  # narrower than the class says
            self.status = errors[-1].status  # type: ignore[misc]
            self.transient = any(error.transient for error in errors)  # type: ignore[misc]
