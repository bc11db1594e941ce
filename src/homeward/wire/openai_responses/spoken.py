"""An output item of a response while it is spoken."""

from typing import Any

from msgspec import Struct, field

from homeward.model import Logprob
from homeward.wire.logprobs import encoded


class Spoken(Struct):
    """``kind`` is message, reasoning or function_call."""

    kind: str
    place: int
    id: str
    pieces: list[str] = field(default_factory=list[str])
    logprobs: list[Logprob] = field(default_factory=list[Logprob])
    signature: str = ""
    call_id: str = ""
    name: str = ""
    status: str = "in_progress"

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def item(self) -> dict[str, Any]:
        """As it is by now."""
        parts = [self.part()] if self.pieces else []
        if self.kind == "message":
            return {
                "type": "message",
                "id": self.id,
                "role": "assistant",
                "status": self.status,
                "content": parts,
            }
        if self.kind == "function_call":
            return {
                "type": "function_call",
                "id": self.id,
                "call_id": self.call_id,
                "name": self.name,
                "arguments": self.text,
                "status": self.status,
            }
        item = {"type": "reasoning", "id": self.id, "summary": [], "content": parts}
        return item | ({"encrypted_content": self.signature} if self.signature else {})

    def part(self) -> dict[str, Any]:
        if self.kind == "reasoning":
            return {"type": "reasoning_text", "text": self.text}
        return {
            "type": "output_text",
            "text": self.text,
            "annotations": [],
            "logprobs": encoded(self.logprobs),
        }
