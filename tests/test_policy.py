"""What a policy refuses when the file is loaded."""

from pathlib import Path

import pytest

from homeward.backends import variants
from homeward.config import Config, WrongFile, parse
from tests.backends import shape_gguf

MODELS = """
models:
  small: {ollama: {model: "qwen2.5:3b"}}
  big: {ollama: {model: "qwen3:30b"}}
  gemma: {ollama: {model: "gemma3:27b"}}
  own: {ollama: {model: "house:7b"}}
  file: {embedded: {model: "/models/LFM2-1.2B-Q4_K_M.gguf"}}
  box: {embedded: {model: box/general}}
  far: {openai: {model: gpt-5.2, api_key: x}}
  near: {openai: {model: llama3.1, base_url: "http://127.0.0.1:8000/v1"}}
"""


def demanded(route: str, policy: str) -> Config:
    return parse(f"{MODELS}  auto: {route}\npolicy: {policy}", origin="f", environ={})


def refused(route: str, policy: str) -> str:
    """The sentences about the models that the route asks."""
    with pytest.raises(WrongFile) as caught:
        demanded(route, policy)
    return str(caught.value)


ALLOWED = "{licence: {commercial: [yes, conditional]}, licences: {own: mit, small: mit}}"


def test_a_file_without_a_policy_has_none() -> None:
    assert parse("models: {a: {echo: }}").policy is None


def test_what_is_allowed_loads() -> None:
    assert demanded("{fallback: [big, gemma]}", ALLOWED).policy is not None


def test_a_refusal_names_route_model_licence_clause_and_mend() -> None:
    said = refused("{fallback: [big, small]}", "{licence: {commercial: [yes, conditional]}}")
    assert "f:3:3: model 'small' (qwen2.5:3b), which route 'auto' asks, is under the Qwen" in said
    assert "LicenseRef-qwen-research: research and evaluation only" in said
    assert "`policy.licence.commercial` allows yes, conditional" in said
    assert "choose another model, or change the policy" in said


def test_a_model_within_a_route_is_found_too() -> None:
    said = refused('{fallback: [{ollama: {model: "exaone3.5:2.4b"}}, big]}', ALLOWED)
    assert "model 'exaone3.5:2.4b', which route 'auto' asks, is under the EXAONE" in said


def test_a_licence_that_is_forbidden() -> None:
    said = refused("big", "{licence: {forbid: [gemma]}}")
    assert said.count("\n") == 0
    assert "model 'gemma' (gemma3:27b) is under the Gemma Terms of Use" in said
    assert "`policy.licence.forbid` has gemma" in said


def test_a_licence_is_forbidden_by_its_spdx_identifier_too() -> None:
    assert "'gemma'" in refused(
        "big", "{licence: {forbid: [LicenseRef-scancode-gemma-tou-2025-03-24]}}"
    )


def test_one_of_two_licences_is_enough_to_forbid() -> None:
    said = refused(
        "{ollama: {model: nvidia/Llama-3.1-Nemotron-Nano-8B-v1}}",
        "{licence: {forbid: [llama3.1]}}",
    )
    assert "NVIDIA Open Model License with the Llama 3.1" in said


def test_a_model_nobody_knows_is_refused_where_an_answer_is_demanded() -> None:
    said = refused("big", "{licence: {commercial: [yes, conditional, no]}}")
    assert "model 'own' (house:7b) has a licence that nobody here knows" in said
    assert "say it as `policy: {licences: {own: ...}}`" in said


def test_a_model_nobody_knows_is_not_what_is_forbidden() -> None:
    assert demanded("big", "{licence: {forbid: [exaone]}}").policy is not None


def test_what_is_declared_goes_before_the_catalogue() -> None:
    assert "'big'" in refused("big", "{licence: {forbid: [exaone]}, licences: {big: exaone}}")


def test_a_model_is_declared_by_what_the_runtime_calls_it() -> None:
    policy = '{licence: {commercial: [yes, conditional, no]}, licences: {"house:7b": mit}}'
    assert demanded("big", policy).policy is not None


def test_a_hosted_service_is_not_concerned() -> None:
    said = refused("far", "{licence: {commercial: [no]}}")
    assert "gpt-5.2" not in said


def test_weights_on_a_server_of_ours_are_concerned() -> None:
    assert "model 'near' (llama3.1)" in refused("far", "{licence: {commercial: [yes, no]}}")


def test_a_file_of_weights_is_known_by_its_name() -> None:
    assert "model 'file'" in refused("big", "{licence: {forbid: [lfm1.0]}}")


def test_the_models_of_the_box_are_free() -> None:
    said = refused("big", "{licence: {forbid: [apache-2.0]}}")
    assert "model 'box' (box/general)" in said


def test_an_address_of_nobody_known_is_declared_hosted() -> None:
    text = (
        "models: {a: {openai: {model: m, api_key: x, base_url: 'https://api.example.org/v1'}}}\n"
        "policy: {licence: {commercial: [yes]}, licences: {a: hosted}}"
    )
    assert parse(text).policy is not None


def test_a_cloud_model_of_ollama_is_hosted() -> None:
    models = "models: {a: {ollama: {model: 'gpt-oss:120b-cloud'}}}"
    assert parse(f"{models}\npolicy: {{licence: {{commercial: [no]}}}}").policy is not None


def test_models_that_are_added_are_held_to_it() -> None:
    config = parse("models: {a: {echo: }}\npolicy: {licence: {forbid: [gemma]}}")
    with pytest.raises(WrongFile, match="Gemma Terms"):
        config.with_models({"b": {"ollama": {"model": "gemma3:4b"}}})


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        ("{licence: {forbid: [gpl]}}", "the catalogue has no licence 'gpl'"),
        ("{licences: {a: gpl}}", "the catalogue has no licence 'gpl'"),
        ("{licence: {commercial: [maybe]}}", "`commercial` takes"),
        ("{license: {}}", "did you mean 'licence'"),
    ],
)
def test_a_policy_that_makes_no_sense(policy: str, sentence: str) -> None:
    with pytest.raises(WrongFile) as caught:
        parse(f"models: {{a: {{echo: }}}}\npolicy: {policy}")
    assert sentence in str(caught.value)


def test_the_policy_is_written_out_again() -> None:
    config = parse("models: {a: {echo: }}\npolicy: {licence: {forbid: [gemma]}}")
    assert parse(config.as_yaml()).policy == config.policy


GEMMA_FORBIDDEN = "{licence: {forbid: [gemma]}}"


@pytest.mark.parametrize(
    "model",
    [
        "registry.ollama.ai/library/gemma3:27b",
        "REGISTRY.OLLAMA.AI/library/gemma3:27b",
        "HF.co/bartowski/google_gemma-3-27b-it-GGUF:Q4_K_M",
        "hf.co/google/gemma-3-27b-it-qat-q4_0-gguf:Q4_0",
        "someone/gemma3:27b",
        "someone/gemma3",
        "gemma3:custom",
        "gemma-3-27b-it-abliterated",
        "box/gemma3",
    ],
)
def test_no_way_to_write_a_name_gets_around_it(model: str) -> None:
    said = refused(f'{{ollama: {{model: "{model}"}}}}', GEMMA_FORBIDDEN)
    assert f"model 'auto' ({model})" in said


def test_a_name_that_is_like_an_allowed_one_is_still_unknown() -> None:
    policy = "{licence: {commercial: [yes]}, licences: {small: mit, big: mit, file: mit}}"
    assert "(someone/phi4:mine) has a licence that nobody" in refused(
        '{ollama: {model: "someone/phi4:mine"}}', policy
    )


@pytest.mark.parametrize("file", ["foo.gguf", "weights/foo.gguf"])
def test_a_file_of_a_repository_is_that_repositorys(file: str) -> None:
    model = f"unsloth/gemma-3-27b-it-GGUF:{file}"
    assert "Gemma Terms" in refused(f'{{embedded: {{model: "{model}"}}}}', GEMMA_FORBIDDEN)


def test_a_file_that_was_renamed_says_what_it_is(tmp_path: Path) -> None:
    said = {"general.architecture": "gemma3", "general.license": "gemma"}
    file = shape_gguf.write(tmp_path / "mine.gguf", said, [])
    route = f'{{embedded: {{model: "{file}"}}}}'
    assert "Gemma Terms" in refused(route, GEMMA_FORBIDDEN)


def test_a_draft_is_asked_too() -> None:
    route = '{embedded: {model: "/m/Qwen3-8B.gguf", draft: "/m/gemma-3-1b-it.gguf"}}'
    assert "(/m/gemma-3-1b-it.gguf) is" in refused(route, GEMMA_FORBIDDEN)


def test_a_variant_is_what_it_was_made_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))
    variants.keep("mario", variants.Variant(model="unsloth/gemma-3-4b-it-GGUF"))
    assert "Gemma Terms" in refused("{embedded: {model: mario}}", GEMMA_FORBIDDEN)


def test_a_server_that_speaks_a_services_protocol_is_no_service() -> None:
    route = '{anthropic: {model: gemma3, base_url: "http://127.0.0.1:8080", api_key: x}}'
    assert "model 'auto' (gemma3)" in refused(route, GEMMA_FORBIDDEN)
    assert "claude" not in refused("{anthropic: {model: claude, api_key: x}}", GEMMA_FORBIDDEN)


@pytest.mark.parametrize(
    "route",
    [
        "{cached: {model: INNER}}",
        "{router: {by: task, code: INNER, else: own}}",
        "{experiment: {control: own, treatment: INNER, share: 0.1}}",
        "{cascade: {drafts: [own], accept: {judge: {model: INNER}}, final: near}}",
        "{cascade: {drafts: [own], accept: heuristic, final: {sequential: {model: INNER}}}}",
        "{ensemble: {models: [own, near], merge: {fuse: {judge: INNER}}}}",
        "{router: {by: {judge: {model: INNER, labels: {code: c}}}, code: own, else: near}}",
    ],
)
def test_wherever_it_is_asked_it_is_found(route: str) -> None:
    policy = "{licence: {forbid: [gemma]}, licences: {gemma: mit}}"
    said = refused(route.replace("INNER", '{ollama: {model: "gemma2:2b"}}'), policy)
    assert "model 'gemma2:2b', which route 'auto' asks" in said
