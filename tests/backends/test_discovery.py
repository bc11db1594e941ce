import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeward.backends.discovery import PORTS, Found, FoundModel, discover
from homeward.backends.http import Http
from homeward.backends.presets import PRESETS
from homeward.model import Clearance
from tests.backends.servers import NEVER, Reply, Route, Routes, Server, answers, playing
from tests.contract import PATIENCE


@pytest.fixture
async def http() -> AsyncGenerator[Http, None]:
    async with Http() as client:
        yield client


@pytest.fixture(autouse=True)
def no_ollama_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OLLAMA_HOST", raising=False)


def port_of(server: str) -> int:
    return int(server.rpartition(":")[2])


async def found(
    http: Http, routes: Routes, usual: str = "openai", within: float = PATIENCE
) -> Found | None:
    async with playing(routes) as server:
        servers = await discover(http, ports={port_of(server): usual}, within=within)
        assert {asked.method for asked in server.asked} == {"GET"}
        assert not any("authorization" in asked.headers for asked in server.asked)
        assert all(each.base_url.startswith(server) for each in servers)
    return servers[0] if servers else None


def gets(paths: Mapping[str, Any]) -> Routes:
    """Each path's JSON, or its `Reply` as it is."""
    return {
        ("GET", path): value if isinstance(value, Reply) else answers(value)
        for path, value in paths.items()
    }


def listed(*names: str, owner: str | None = None, **more: Any) -> dict[str, Any]:
    owned = {} if owner is None else {"owned_by": owner}
    items = [{"id": name, "object": "model", "created": 1, **owned, **more} for name in names]
    return {"object": "list", "data": items}


def text(words: str, **headers: str) -> Reply:
    return Reply(words.encode(), headers={"content-type": "text/plain", **headers})


# ---------------------------------------------------------------- each server, as it answers

LLAMA_META = {"n_ctx_train": 40960, "n_params": 10, "size": 2_500_000}
LLAMA_CPP = {
    "/v1/models": {
        "models": [{"name": "qwen", "model": "qwen", "capabilities": ["completion"]}],
        **listed("qwen", owner="llamacpp", meta=LLAMA_META),
    },
    "/props": {"default_generation_settings": {"n_ctx": 4096}, "build_info": "b11549-abc"},
}
TAGS: list[dict[str, Any]] = [
    {
        "name": "qwen3:4b",
        "size": 2_600_000_000,
        "details": {"family": "qwen3", "context_length": 40960},
        "capabilities": ["completion", "tools", "thinking"],
    },
    {"name": "gpt-oss:120b-cloud", "size": 384, "remote_host": "https://ollama.com:443"},
    {"name": "mine:latest", "remote_model": "gpt-oss:120b", "remote_host": "https://ollama.com"},
    {"name": "deepseek-v3.1:cloud", "size": 300},
    {"name": "nomic:latest", "size": 270_000_000, "capabilities": ["embedding"]},
]
OLLAMA = {
    "/": text("Ollama is running"),
    "/api/version": {"version": "0.33.0"},
    "/api/ps": {"models": []},
    "/api/tags": {"models": TAGS},
    "/v1/models": listed(*(tag["name"] for tag in TAGS), owner="library"),
}
SGLANG = {
    "/": text("Ollama is running"),  # with SGLANG_OLLAMA_ROOT_ROUTE
    "/api/tags": {"models": [{"name": "qwen"}]},
    "/v1/models": listed("qwen", owner="sglang", max_model_len=32768),
}
VLLM = {
    "/v1/models": listed("Qwen/Qwen3-4B", owner="vllm", max_model_len=32768),
    "/version": {"version": "0.19.1"},
}
KOBOLD = {
    "/": text("Ollama is running"),
    "/api/version": {"version": "0.7.0"},
    "/api/ps": {"models": []},
    "/api/tags": {"models": [{"name": "koboldcpp"}]},
    "/api/extra/version": {"result": "KoboldCpp", "version": "1.102", "llm": True},
    "/v1/models": listed("koboldcpp/qwen", owner="koboldcpp"),
}
APHRODITE = {
    "/api/extra/version": {"result": "KoboldCpp", "version": "1.63"},
    "/v1/models": listed("m", owner="pygmalionai"),
}
LMSTUDIO_NEW = {
    "/v1/models": listed("qwen3-4b", "nomic", owner="organization_owner"),
    "/api/v1/models": {
        "models": [
            {
                "type": "llm",
                "key": "qwen3-4b",
                "size_bytes": 2_500_000_000,
                "max_context_length": 40960,
                "loaded_instances": [],
            },
            {"type": "embedding", "key": "nomic", "loaded_instances": []},
        ]
    },
}
LMSTUDIO_OLD = {
    "/v1/models": listed("qwen3-4b", owner="organization_owner"),
    "/api/v0/models": {
        "data": [
            {
                "id": "qwen3-4b",
                "type": "vlm",
                "compatibility_type": "gguf",
                "state": "not-loaded",
                "max_context_length": 40960,
            },
            {"id": "nomic", "type": "embeddings", "compatibility_type": "gguf"},
        ]
    },
}
LOCALAI = {
    "/v1/models": listed("gpt-4"),
    "/.well-known/localai.json": {"version": "v4.0", "endpoints": {"chat": "/v1/chat"}},
}
TGI = {
    "/v1/models": listed("HuggingFaceTB/SmolLM2", owner="HuggingFaceTB/SmolLM2"),
    "/info": {"model_id": "HuggingFaceTB/SmolLM2", "version": "3.3.6", "max_total_tokens": 4096},
}
MLX = {
    "/v1/models": Reply(
        answers(listed("mlx-community/Qwen3")).body,
        headers={"content-type": "application/json", "server": "BaseHTTP/0.6 Python/3.13.1"},
    )
}
SERVERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "llama.cpp": ("llama.cpp", "b11549-abc", LLAMA_CPP),
    "Ollama": ("ollama", "0.33.0", OLLAMA),
    "SGLang, which imitates Ollama": ("sglang", "", SGLANG),
    "vLLM": ("vllm", "0.19.1", VLLM),
    "KoboldCpp, which imitates Ollama": ("koboldcpp", "1.102", KOBOLD),
    "Aphrodite, which imitates KoboldCpp": ("openai", "", APHRODITE),
    "LM Studio": ("lmstudio", "", LMSTUDIO_NEW),
    "LM Studio before 0.4": ("lmstudio", "", LMSTUDIO_OLD),
    "LocalAI": ("localai", "v4.0", LOCALAI),
    "TGI": ("tgi", "3.3.6", TGI),
    "TensorRT-LLM": ("tensorrt-llm", "", {"/v1/models": listed("m", owner="tensorrt_llm")}),
    "GPT4All": ("gpt4all", "", {"/v1/models": listed("m", owner="humanity")}),
    "mlx_lm": ("mlx", "", MLX),
    "any other": ("openai", "", {"/v1/models": listed("m", owner="somebody")}),
}


@pytest.mark.parametrize("name", SERVERS)
async def test_knows_a_server_by_what_it_says(http: Http, name: str) -> None:
    kind, version, paths = SERVERS[name]
    server = await found(http, gets(paths), usual="jan")
    assert server is not None
    assert (server.kind, server.version, server.needs_key) == (kind, version, False)
    assert server.models
    assert server.base_url.endswith("/v1") is (kind != "ollama")


async def test_llama_cpp_is_known_by_its_header_alone(http: Http) -> None:
    items = answers(listed("m"), server="llama.cpp")
    server = await found(http, gets({"/v1/models": items}))
    assert server is not None
    assert server.kind == "llama.cpp"


async def test_llama_cpp_says_the_window_that_it_runs_with(http: Http) -> None:
    server = await found(http, gets(LLAMA_CPP))
    assert server is not None
    assert server.models == (FoundModel("qwen", size_bytes=2_500_000, context=4096),)


async def test_a_user_called_vllm_does_not_make_ollama_a_vllm(http: Http) -> None:
    paths = {**OLLAMA, "/v1/models": listed("vllm/qwen", owner="vllm")}
    server = await found(http, gets(paths))
    assert server is not None
    assert server.kind == "ollama"


async def test_an_ollama_without_models_is_one(http: Http) -> None:
    empty = {"/v1/models": {"object": "list", "data": None}, "/api/tags": {"models": None}}
    server = await found(http, gets({**OLLAMA, **empty}))
    assert server is not None
    assert (server.kind, server.models) == ("ollama", ())


async def test_ollamas_cloud_models_lie_out_in_the_world(http: Http) -> None:
    server = await found(http, gets(OLLAMA))
    assert server is not None
    assert {model.name: model.where.name for model in server.models} == {
        "qwen3:4b": "MACHINE",
        "gpt-oss:120b-cloud": "WORLD",
        "mine:latest": "WORLD",
        "deepseek-v3.1:cloud": "WORLD",
        "nomic:latest": "MACHINE",
    }


async def test_ollama_says_size_window_and_abilities(http: Http) -> None:
    server = await found(http, gets(OLLAMA))
    assert server is not None
    assert server.models[0] == FoundModel(
        "qwen3:4b",
        size_bytes=2_600_000_000,
        context=40960,
        capabilities=frozenset({"completion", "tools", "thinking"}),
    )


@pytest.mark.parametrize("paths", [LMSTUDIO_NEW, LMSTUDIO_OLD, OLLAMA])
async def test_models_for_embeddings_alone_do_not_chat(http: Http, paths: dict[str, Any]) -> None:
    server = await found(http, gets(paths))
    assert server is not None
    assert [model.name for model in server.models if not model.chats] == [server.models[-1].name]


def test_a_name_tells_where_nothing_else_does() -> None:
    names = ("qwen3:4b", "nomic-embed-text", "BAAI/bge-m3", "all-minilm")
    assert [name for name in names if FoundModel(name).chats] == ["qwen3:4b"]


def test_every_usual_kind_can_be_configured() -> None:
    assert set(PORTS.values()) <= {*PRESETS, "ollama"}


# ---------------------------------------------------------------- our own gateway


async def test_a_gateway_like_this_one_is_recognised_and_offers_nothing(http: Http) -> None:
    paths = {**OLLAMA, "/v1/models": answers(listed("auto"), x_homeward="0.1.0")}
    server = await found(http, gets(paths))
    assert server is not None
    assert (server.kind, server.models) == ("homeward", ())


async def test_a_gateway_that_wants_a_key_is_recognised_too(http: Http) -> None:
    locked = answers({"error": {"message": "no key"}}, 401, x_homeward="0.1.0")
    server = await found(http, gets({"/v1/models": locked}))
    assert server is not None
    assert server.kind == "homeward"


# ---------------------------------------------------------------- keys

LOCKED = answers({"error": {"message": "missing key"}}, 401)


async def test_a_locked_server_is_there_and_needs_a_key(http: Http) -> None:
    server = await found(http, gets({"/v1/models": LOCKED}), usual="jan")
    assert server is not None
    assert (server.kind, server.needs_key, server.models) == ("jan", True, ())


async def test_a_locked_server_is_still_known_by_its_header(http: Http) -> None:
    locked = answers({"error": {}}, 401, server="llama.cpp")
    server = await found(http, gets({"/v1/models": locked}), usual="mlx")
    assert server is not None
    assert (server.kind, server.needs_key) == ("llama.cpp", True)


async def test_llama_cpp_shows_its_models_and_needs_a_key_all_the_same(http: Http) -> None:
    server = await found(http, gets({**LLAMA_CPP, "/props": LOCKED}))
    assert server is not None
    assert (server.needs_key, len(server.models)) == (True, 1)


async def test_a_web_page_that_wants_a_password_is_no_model_server(http: Http) -> None:
    page = Reply(b"<html>log in", 403, {"content-type": "text/html"}, framing="length")
    assert await found(http, gets({"/v1/models": page})) is None


# ---------------------------------------------------------------- what else may listen there


@pytest.mark.parametrize(
    "reply",
    [
        answers({"error": "not found"}, 404),
        text("<html>my site</html>"),
        answers([1, 2]),
        answers({"data": []}, 302, location="http://127.0.0.1:1/"),
        Reply(b"\x00\xff garbage", framing="raw"),
        Reply(b"[" * 100_000, framing="length"),
        Reply([b"x" * 65536] * 500),
        Reply((b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", NEVER), framing="raw"),
        Reply((NEVER,), framing="raw"),
    ],
)
async def test_what_is_no_model_server_is_passed_over(http: Http, reply: Reply) -> None:
    assert await found(http, gets({"/v1/models": reply}), within=0.2) is None


async def test_a_server_that_is_no_model_server_is_asked_once(http: Http) -> None:
    async with playing({}) as server:
        assert await discover(http, ports={port_of(server): "vllm"}) == []
        assert [asked.path for asked in server.asked] == ["/v1/models"]


async def test_hostile_ports_do_not_hide_the_others(http: Http) -> None:
    hostile: list[Route] = [
        Reply((NEVER,), framing="raw"),
        Reply([b'{"data":['] + [b"1," * 30_000] * 2000),
        Reply([b"x", 0.01] * 10_000),
    ]
    async with AsyncExitStack() as stack:
        servers: list[Server] = []
        for reply in [*hostile, *gets({"/v1/models": listed("m", owner="sglang")}).values()]:
            routes = {("GET", "/v1/models"): reply}
            servers.append(await stack.enter_async_context(playing(routes)))
        async with asyncio.timeout(PATIENCE):
            kinds = await discover(http, ports={port_of(s): "vllm" for s in servers}, within=2.0)
    assert [server.kind for server in kinds] == ["sglang"]


async def test_silence_after_a_first_answer_leaves_what_is_known(http: Http) -> None:
    quiet = {"/version": Reply((NEVER,), framing="raw")}
    server = await found(http, gets({**VLLM, **quiet}), within=2.0)
    assert server is not None
    assert (server.kind, server.version) == ("vllm", "")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "name", "owned_by", "meta", "details", "permissions", "size"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(SERVERS)), json_values)
async def test_lists_of_any_shape_break_nothing(name: str, value: Any) -> None:
    paths = dict(SERVERS[name][2])
    paths |= {"/v1/models": {"data": value}, "/api/tags": {"models": value}, "/props": value}
    async with Http() as client:
        server = await found(client, gets(paths))
    assert server is not None
    assert all(isinstance(model.name, str) and model.name for model in server.models)


async def test_a_name_that_would_move_a_terminal_is_left_out(http: Http) -> None:
    server = await found(http, gets({"/v1/models": listed("ok", "\x1b[2J", "x" * 1000)}))
    assert server is not None
    assert [model.name for model in server.models] == ["ok"]


async def test_where_nobody_listens_nothing_is_found(http: Http) -> None:
    async with playing({}) as server:
        pass
    assert await discover(http, ports={port_of(server): "vllm"}) == []


# ---------------------------------------------------------------- OLLAMA_HOST


@pytest.mark.parametrize("form", ["127.0.0.1:{}", "http://localhost:{}/", "0.0.0.0:{}", ":{}"])
async def test_ollama_host_is_asked_too(
    http: Http, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    async with playing(gets(OLLAMA)) as server:
        monkeypatch.setenv("OLLAMA_HOST", form.format(port_of(server)))
        (ollama,) = await discover(http, ports={})
        assert (ollama.kind, ollama.base_url) == ("ollama", server)


async def test_one_server_is_found_once(http: Http) -> None:
    async with playing(gets(OLLAMA)) as server:
        host = f"localhost:{port_of(server)}"
        assert len(await discover(http, ports={port_of(server): ""}, ollama_host=host)) == 1


async def test_an_ollama_host_out_in_the_world_is_not_asked(http: Http) -> None:
    # the tests' network fails loudly at any address that is not this machine
    assert await discover(http, ports={}, ollama_host="8.8.8.8:11434") == []


async def test_models_of_an_ollama_on_the_network_lie_there(
    http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homeward.backends.egress.lies", lambda _: Clearance.NETWORK)
    async with playing(gets(OLLAMA)) as server:
        (ollama,) = await discover(http, ports={}, ollama_host=server)
    assert ollama.models[0].where is Clearance.NETWORK
