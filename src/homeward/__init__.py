"""Homeward makes many language models answer as one, and keeps the work at home.

>>> import homeward
>>> print(homeward.ask("What is 17 + 25?"))  # doctest: +SKIP
"""

from typing import TYPE_CHECKING, Any

from homeward.errors import ConfigError, HomewardError, ModelError
from homeward.model import (
    Answer,
    Call,
    Candidate,
    Clearance,
    Decision,
    Event,
    Finish,
    Message,
    Model,
    Note,
    Reasoning,
    Request,
    Sampling,
    Stream,
    Text,
    Tool,
    ToolCall,
    Usage,
    collect,
)

if TYPE_CHECKING:
    from homeward.blocking import ask
    from homeward.house import House, open_house

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "Call",
    "Candidate",
    "Clearance",
    "ConfigError",
    "Decision",
    "Event",
    "Finish",
    "HomewardError",
    "House",
    "Message",
    "Model",
    "ModelError",
    "Note",
    "Reasoning",
    "Request",
    "Sampling",
    "Stream",
    "Text",
    "Tool",
    "ToolCall",
    "Usage",
    "ask",
    "collect",
    "open_house",
]

_LATER = {  # these need the configuration, and with it YAML: loaded when they are used
    "House": "homeward.house",
    "ask": "homeward.blocking",
    "open_house": "homeward.house",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'homeward' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATER[name]), name)
