import pytest

from homeward.machine.scan.visible import visible, visible_to_rocm

GPUS = ["GPU-aa11", "GPU-ab22", "MIG-cc33"]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (None, [0, 1, 2]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("1", [1]),
        ("2,0", [2, 0]),
        (" 0 , 1 ", [0, 1]),
        ("0,7,1", [0]),
        ("GPU-aa", [0]),
        ("GPU-ab22,GPU-aa11", [1, 0]),
        ("GPU-a", []),  # two of them begin so
        ("MIG-cc33", [2]),
        ("1,1", [1]),
    ],
)
def test_what_is_left(said: str | None, left: list[int]) -> None:
    assert visible(said, GPUS) == left


def test_hip_counts_among_what_rocr_leaves() -> None:
    environ = {"ROCR_VISIBLE_DEVICES": "1,2", "HIP_VISIBLE_DEVICES": "1"}
    assert visible_to_rocm(environ, GPUS) == [2]


def test_hip_reads_the_variable_of_cuda() -> None:
    assert visible_to_rocm({"CUDA_VISIBLE_DEVICES": "0"}, GPUS) == [0]
    assert visible_to_rocm({"CUDA_VISIBLE_DEVICES": "0", "HIP_VISIBLE_DEVICES": "1"}, GPUS) == [1]
