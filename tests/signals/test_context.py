import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.errors import ConfigError
from homeward.model import (
    ImagePart,
    Message,
    Raw,
    Request,
    ResponseFormat,
    Sampling,
    TextPart,
    Tool,
    estimated_tokens,
)
from homeward.signals.context import Context, Needs, prompt_tokens

WINDOWS = {"small": 2_000, "large": 20_000}
IMAGE = Message("user", (TextPart("what is it?"), ImagePart("data:image/png;base64,AA")))


async def label(request: Request, signal: Context | None = None) -> str | None:
    return (await (signal or Context(WINDOWS))(request)).label


async def test_the_first_window_that_holds_it_is_the_label() -> None:
    assert await label(Request.of("hi")) == "small"
    assert await label(Request.of("word " * 2_000)) == "large"


async def test_none_that_holds_it_is_an_abstention() -> None:
    reading = await Context(WINDOWS)(Request.of("word " * 40_000))
    assert reading.label is None
    assert "more than 20000" in reading.because


async def test_room_for_the_answer_counts() -> None:
    request = Request.of("hi")
    assert await label(request.with_(sampling=Sampling(max_tokens=4_000))) == "large"
    assert await label(request, Context(WINDOWS, reserve=4_000)) == "large"


async def test_images_and_tools_count() -> None:
    assert await label(Request((IMAGE,)), Context(WINDOWS, image_tokens=3_000)) == "large"
    tool = Tool("t", "word " * 2_000)
    assert await label(Request.of("hi", tools=(tool,))) == "large"


def test_letters_beyond_latin_are_more_tokens() -> None:
    assert prompt_tokens(Request.of("汤" * 400)) > 2 * estimated_tokens(Request.of("汤" * 400))


@given(st.text(), st.text())
def test_more_text_is_never_fewer_tokens(one: str, more: str) -> None:
    assert prompt_tokens(Request.of(one + more)) >= prompt_tokens(Request.of(one))


@pytest.mark.parametrize("windows", [{}, {"a": 0}])
def test_windows_that_cannot_be_fail_at_construction(windows: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="window"):
        Context(windows)


TOOL = Tool("look", "looks")
JSON = ResponseFormat()


@pytest.mark.parametrize(
    ("request_", "needs"),
    [
        (Request.of("hi"), "plain"),
        (Request.of("hi", response_format=JSON), "json"),
        (Request.of("hi", response_format=JSON, tools=(TOOL,)), "tools"),
        (Request.of("hi", tools=(TOOL,), tool_choice="none"), "plain"),
        (Request((IMAGE,), tools=(TOOL,)), "images"),
        (Request((Message("user", (Raw("openai", {"type": "input_audio"}),)),)), "files"),
    ],
)
async def test_names_the_rarest_ability(request_: Request, needs: str) -> None:
    assert (await Needs()(request_)).label == needs


async def test_all_that_is_needed_is_told() -> None:
    request = Request((IMAGE, IMAGE), tools=(TOOL,), response_format=JSON)
    assert (await Needs()(request)).numbers == {"images": 2.0, "tools": 1.0, "json": 1.0}
