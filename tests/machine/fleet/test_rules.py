"""What Ollama predicts, beside numbers worked out by its own formula."""

import msgspec

from homeward.machine.fleet.rules import OLLAMA_RULES, predicted
from homeward.machine.fleet.server import Server
from homeward.machine.shapes import Recurrent, Shapes
from tests.machine.fleet.sets import (
    CARD_16,
    CARD_24,
    GEMMA_27B,
    LLAMA_8B,
    MIB,
    NO_GPU,
    QWEN_30B_A3B,
    TWO_CARDS,
    card,
    machine,
)


def test_the_cache_of_a_dense_model_is_predicted_exactly() -> None:
    assert predicted(LLAMA_8B, 0, 32768) == 4096 * MIB


def test_a_sliding_window_is_not_known_to_it() -> None:
    assert predicted(GEMMA_27B, 0, 32768) == 20832 * MIB  # llama.cpp allocates 3,184


def test_the_heads_are_taken_to_be_as_wide_as_the_model_over_their_number() -> None:
    assert predicted(QWEN_30B_A3B, 0, 32768) == 1536 * MIB  # llama.cpp allocates 3,072


def test_latent_attention_counts_as_one_head() -> None:
    lite = Shapes(
        architecture="deepseek2", layers=27, hidden=2048, heads=16, kv_heads=16, kv_lora_rank=512
    )
    assert predicted(lite, 0, 32768) == 432 * MIB


def test_the_least_number_of_heads_counts() -> None:
    mixed = Shapes(layers=2, hidden=1024, heads=8, kv_heads=(8, 2), head_dim=128)
    assert predicted(mixed, 0, 1024) == 2 * 2 * 2 * 128 * 1024 * 2


def test_a_hybrid_whose_file_says_none_for_some_layers_counts_as_one_head() -> None:
    jamba = Shapes(
        architecture="jamba",
        layers=8,
        hidden=1024,
        heads=8,
        kv_heads=8,
        pattern="RRRF",
        recurrent=Recurrent(conv=4, inner=2048),
    )
    assert predicted(jamba, 0, 1024) == 2 * 8 * 1 * 128 * 1024 * 2


def test_the_file_is_added() -> None:
    assert predicted(LLAMA_8B, 1000, 0) == 1000


def test_the_context_depends_on_the_memory_of_all_gpus() -> None:
    server = Server()
    found = [server.window(machine, LLAMA_8B) for machine in (NO_GPU, CARD_16, CARD_24, TWO_CARDS)]
    assert found == [4096, 4096, 32768, 131072]  # of 262144 it was trained for half


def test_the_context_of_the_environment_goes_before() -> None:
    assert Server.of({"OLLAMA_CONTEXT_LENGTH": "8192"}).window(CARD_24, LLAMA_8B) == 8192


def test_an_empty_environment_is_its_defaults() -> None:
    assert Server.of({}) == Server()


def test_what_the_environment_says_is_read() -> None:
    server = Server.of(
        {
            "OLLAMA_NUM_PARALLEL": "4",
            "OLLAMA_KEEP_ALIVE": "1h30m",
            "OLLAMA_MAX_LOADED_MODELS": '"5"',
            "OLLAMA_KV_CACHE_TYPE": "Q8_0",
            "OLLAMA_SCHED_SPREAD": "1",
            "OLLAMA_FLASH_ATTENTION": "false",
            "OLLAMA_GPU_OVERHEAD": "1024",
        }
    )
    assert server == Server(
        parallel=4,
        keep_alive=5400.0,
        most=5,
        kv="q8_0",
        spread=True,
        flash_attention=False,
        overhead=1024,
    )


def test_a_negative_time_is_for_ever() -> None:
    assert Server.of({"OLLAMA_KEEP_ALIVE": "-1"}).keep_alive == float("inf")


def test_a_bare_number_is_in_seconds() -> None:
    assert Server.of({"OLLAMA_KEEP_ALIVE": "60"}).keep_alive == 60.0


def test_what_cannot_be_read_is_not_said() -> None:
    server = Server.of({"OLLAMA_KEEP_ALIVE": "soon", "OLLAMA_NUM_PARALLEL": "many"})
    assert server == Server()


def test_an_integrated_gpu_is_not_used_unless_it_is_asked_for() -> None:
    integrated = msgspec.structs.replace(card(8), vendor="amd", integrated=True)
    both = machine(integrated, card(24))
    assert Server().sees(both) == (1,)
    assert Server(integrated=True).sees(both) == (0, 1)


def test_strix_halo_is_used() -> None:
    halo = msgspec.structs.replace(card(96), vendor="amd", unified=True, architecture="gfx1151")
    assert Server().sees(machine(halo)) == (0,)


def test_an_embedding_model_has_one_slot() -> None:
    assert Server(parallel=4).slots(LLAMA_8B, embeds=True) == 1


def test_some_architectures_have_one_slot() -> None:
    assert Server(parallel=4).slots(Shapes(architecture="qwen35")) == 1


def test_the_release_is_named() -> None:
    assert OLLAMA_RULES.release == "0.32.15"
