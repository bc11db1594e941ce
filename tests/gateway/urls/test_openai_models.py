"""The list of models as OpenAI's clients read it."""

from tests.gateway.running import running
from tests.gateway.urls.openai_answers import check

ROUTES = """
models:
  echo: {echo: {}}
  team/small: {embedded: {model: box/draft}}
  roomy: {embedded: {model: box/arith, context: 128}}
  either: {fallback: {models: [team/small, roomy]}}
  unknown: {fallback: {models: [team/small, echo]}}
default: echo
"""


async def test_the_list_is_what_openai_publishes() -> None:
    async with running(ROUTES) as gateway:
        check("ListModelsResponse", (await gateway.ask("GET", "/v1/models")).json)


async def test_a_model_is_found_by_a_name_with_a_slash() -> None:
    async with running(ROUTES) as gateway:
        for path in ("/v1/models/team/small", "/v1/models/team%2Fsmall", "/models/team/small"):
            answer = await gateway.ask("GET", path)
            check("Model", answer.json)
            assert answer.json["id"] == "team/small"


async def test_a_model_that_is_not_there_is_404() -> None:
    async with running(ROUTES) as gateway:
        answer = await gateway.ask("GET", "/v1/models/smal")
        assert (answer.status, answer.json["error"]["code"]) == (404, "model_not_found")


async def test_the_context_is_told_where_it_is_known_and_of_a_tree_the_shortest() -> None:
    async with running(ROUTES) as gateway:
        data = (await gateway.ask("GET", "/v1/models")).json["data"]
    contexts = {model["id"]: model.get("context_length") for model in data}
    assert contexts == {
        "echo": None,
        "team/small": 256,
        "roomy": 128,
        "either": 128,
        "unknown": None,
    }
