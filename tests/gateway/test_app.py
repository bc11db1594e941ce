"""Where a request enters."""

from tests.gateway.running import running


async def test_an_unknown_url_is_404_in_words() -> None:
    async with running("models: {echo: {echo: {}}}") as gateway:
        answer = await gateway.ask("GET", "/v2/models")
        assert (answer.status, "there is nothing at" in answer.text) == (404, True)
