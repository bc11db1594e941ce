"""Refused: the gateway itself says no, with a status of its own choosing."""

from collections.abc import Mapping

from homeward.errors import ModelError


class Refused(ModelError):
    """``status`` is the HTTP status; ``headers`` go with the answer."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status  # type: ignore[misc]  # narrower than the class says
        self.headers = dict(headers or {})
