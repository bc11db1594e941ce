import pytest

from homeward.backends import egress
from homeward.backends.presets import PRESETS, Preset, preset
from homeward.errors import ConfigError, Rejected, Unauthorized
from homeward.model import Clearance

LOCAL = [
    *("lmstudio", "llama.cpp", "vllm", "sglang", "tensorrt-llm", "mlx", "tgi", "jan", "gpt4all"),
    *("localai", "koboldcpp"),
]
HOSTED = [
    *("openai", "azure", "gemini", "together", "baseten", "modal", "groq", "mistral", "deepseek"),
    *("openrouter", "xai", "cerebras", "fireworks"),
]


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for known in PRESETS.values():
        for variable in [known.address_in, *(key.variable for key in known.keys)]:
            if variable:
                monkeypatch.delenv(variable, raising=False)


def headers(name: str, base_url: str | None = None, api_key: str | None = None) -> dict[str, str]:
    known = preset(name)
    return known.credentials(name, api_key, base_url or known.address(name, None, None))


def test_every_preset_is_local_or_hosted() -> None:
    assert sorted(PRESETS) == sorted([*LOCAL, *HOSTED])


@pytest.mark.parametrize("name", LOCAL)
def test_a_local_server_is_on_this_machine_and_needs_no_key(name: str) -> None:
    assert preset(name).where is Clearance.MACHINE
    assert headers(name) == {}


@pytest.mark.parametrize("name", HOSTED)
def test_a_hosted_api_is_out_in_the_world(name: str) -> None:
    assert preset(name).where is Clearance.WORLD


@pytest.mark.parametrize("name", [n for n in HOSTED if PRESETS[n].base_url])
def test_a_hosted_api_is_asked_by_https_alone(name: str) -> None:
    assert egress.parse(PRESETS[name].base_url)[0].tls


@pytest.mark.parametrize("name", [n for n in HOSTED if PRESETS[n].needs_key and n != "azure"])
def test_an_unset_key_is_asked_for_by_the_name_of_its_variable(name: str) -> None:
    with pytest.raises(Unauthorized, match=PRESETS[name].keys[0].variable):
        headers(name)


def test_a_key_comes_from_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "k")
    assert headers("groq") == {"authorization": "Bearer k"}


def test_a_key_that_is_given_comes_before_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "k")
    assert headers("groq", api_key="mine") == {"authorization": "Bearer mine"}


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://api.openai.com.evil.example/v1",
        "https://evil.example/api.openai.com",
        "http://127.0.0.1:9000/v1",
        "http://api.openai.com/v1",
    ],
)
def test_the_variables_key_goes_to_the_presets_own_address_alone(
    monkeypatch: pytest.MonkeyPatch, elsewhere: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert headers("openai", elsewhere) == {}
    assert headers("openai", elsewhere, api_key="mine") == {"authorization": "Bearer mine"}


def test_a_regional_address_of_the_preset_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert headers("openai", "https://eu.api.openai.com/v1") == {"authorization": "Bearer k"}


def test_a_variables_key_is_not_sent_unencrypted_over_a_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VLLM_API_KEY", "k")
    assert headers("vllm") == {"authorization": "Bearer k"}
    assert headers("vllm", "http://10.0.0.7:8000/v1") == {}
    assert headers("vllm", "https://10.0.0.7:8000/v1") == {"authorization": "Bearer k"}


def test_azure_takes_its_endpoint_and_a_header_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://mine.openai.azure.com/")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "k")
    assert preset("azure").address("azure", None, None) == (
        "https://mine.openai.azure.com/openai/v1"
    )
    assert headers("azure") == {"api-key": "k"}


@pytest.mark.parametrize("name", ["azure", "modal"])
def test_an_address_that_each_user_has_is_asked_for(name: str) -> None:
    with pytest.raises(Rejected, match=r"set base_url or the variable [A-Z_]+ENDPOINT"):
        preset(name).address(name, None, None)


def test_modal_takes_two_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODAL_KEY", "wk")
    monkeypatch.setenv("MODAL_SECRET", "ws")
    assert headers("modal", "https://me--llm.modal.run/v1") == {
        "modal-key": "wk",
        "modal-secret": "ws",
    }


def test_baseten_has_models_with_an_address_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASETEN_API_KEY", "k")
    url = preset("baseten").address("baseten", None, "abc123")
    assert url == "https://model-abc123.api.baseten.co/environments/production/sync/v1"
    assert headers("baseten", url) == {"authorization": "Bearer k"}


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("http://10.0.0.7:8000", "http://10.0.0.7:8000/v1"),
        ("http://10.0.0.7:8000/", "http://10.0.0.7:8000/v1"),
        ("http://10.0.0.7:8000/api/v1", "http://10.0.0.7:8000/api/v1"),
        ("unix:///run/llama.sock", "unix:///run/llama.sock"),
    ],
)
def test_an_address_without_a_path_gets_the_usual_one(given: str, asked: str) -> None:
    assert preset("vllm").address("vllm", given, None) == asked


def test_an_unknown_name_suggests_the_likely_one() -> None:
    with pytest.raises(ConfigError, match="did you mean 'mistral'"):
        preset("mistrall")


def test_a_row_of_ones_own_is_a_preset_too() -> None:
    assert Preset("https://llm.example/v1").where is Clearance.WORLD
