"""Whatever a client sends to OpenAI's URLs is read, or refused in words."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from homeward.errors import Rejected
from homeward.wire import openai_chat, openai_completions, openai_embeddings, openai_responses

FIELDS = (
    *("model", "prompt", "suffix", "echo", "best_of", "n", "logprobs", "top_logprobs", "stop"),
    *("stream", "stream_options", "input", "encoding_format", "dimensions", "messages", "tools"),
    *("tool_choice", "text", "reasoning", "include", "instructions", "metadata", "max_tokens"),
    "response_format",
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "function", "name", "role"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "decode",
    [
        openai_chat.decode_request,
        openai_completions.decode_request,
        openai_embeddings.decode_request,
        openai_responses.decode_request,
    ],
)
@given(body=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8))
def test_any_body_is_read_or_rejected(decode: Callable[[bytes], Any], body: Any) -> None:
    with suppress(Rejected):
        decode(json.encode({"model": "m", "prompt": "p", "input": "i", "messages": [], **body}))
