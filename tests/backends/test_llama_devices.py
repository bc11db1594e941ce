import sys

import pytest

from homeward.backends.llama_devices import offers_gpu, with_gpu


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["GGML_BACKEND_DEVICE_TYPE_CPU"], False),
        (["GGML_BACKEND_DEVICE_TYPE_ACCEL", "GGML_BACKEND_DEVICE_TYPE_CPU"], False),
        (["GGML_BACKEND_DEVICE_TYPE_GPU", "GGML_BACKEND_DEVICE_TYPE_CPU"], True),
        (["GGML_BACKEND_DEVICE_TYPE_IGPU", "GGML_BACKEND_DEVICE_TYPE_CPU"], True),
        (["GGML_BACKEND_DEVICE_TYPE_META"], False),
        ([], False),
    ],
)
def test_what_the_engine_says_of_its_devices(words: list[str], found: bool) -> None:  # noqa: FBT001
    assert with_gpu(words) is found


def test_the_engine_itself_is_asked() -> None:
    import xllamacpp

    types = [device["type"].name for device in xllamacpp.get_device_info()]
    assert offers_gpu() is with_gpu(types)


def test_an_engine_that_cannot_be_loaded_offers_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    assert offers_gpu() is False
