import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.image
import numpy as np
import pytest
from msgspec.structs import replace

from homeward.errors import ConfigError
from homeward.learn.measures import Bin
from homeward.learn.plots.picture import Line, Picture
from homeward.learn.plots.png import write
from homeward.learn.plots.reliability import reliability_diagram
from tests.learn.plots.pictures import SMALL

BLUE = (0x00, 0x72, 0xB2)
INK = (0x22, 0x22, 0x22)


def pixels(picture: Picture, folder: Path) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    """Decoded: height x width x 3, 0 to 255."""
    path = folder / "picture.png"
    write(picture, path)
    decoded = np.asarray(mpl.image.imread(path))[:, :, :3]
    return np.round(decoded * 255).astype(np.uint8)


def ink(image: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]", colour: tuple[int, ...]) -> int:
    return int((image == np.array(colour, dtype=np.uint8)).all(axis=2).sum())


def test_a_png_decodes_and_has_ink(tmp_path: Path) -> None:
    image = pixels(SMALL, tmp_path)
    assert image.shape == (810, 1200, 3)
    assert 0.01 < (image < 128).any(axis=2).mean() < 0.5
    assert ink(image, BLUE) > 1000


def test_the_page_is_white(tmp_path: Path) -> None:
    assert (pixels(SMALL, tmp_path)[-1, 0] == 255).all()


def test_a_reliability_diagram_is_drawn(tmp_path: Path) -> None:
    image = pixels(reliability_diagram([Bin(0.2, 0.3, 10), Bin(0.9, 0.7, 90)]), tmp_path)
    assert image.shape == (960, 900, 3)
    assert ink(image, INK) > 500


def test_labels_are_written(tmp_path: Path) -> None:
    assert SMALL.points is not None
    bare = replace(SMALL, points=replace(SMALL.points, labels=("", "")))
    assert ink(pixels(SMALL, tmp_path), INK) > ink(pixels(bare, tmp_path), INK) + 50


def test_a_single_point_of_a_baseline_is_seen(tmp_path: Path) -> None:
    point = Line("route", "route", (5.0,), (0.2,))
    assert ink(pixels(replace(SMALL, lines=(point,), points=None), tmp_path), BLUE) > 50


def test_dollars_and_underscores_are_no_formula(tmp_path: Path) -> None:
    odd = replace(SMALL, title="$5_{ a $", x_title=r"\frac $x_1$", caption="^_$")
    assert ink(pixels(odd, tmp_path), BLUE) > 1000


def test_the_same_picture_is_the_same_file(tmp_path: Path) -> None:
    once, again = tmp_path / "a.png", tmp_path / "b.png"
    write(SMALL, once)
    write(SMALL, again)
    assert once.read_bytes() == again.read_bytes()


def test_matplotlibs_own_settings_come_back(tmp_path: Path) -> None:
    before = mpl.rcParams.copy()
    write(SMALL, tmp_path / "a.png")
    assert mpl.rcParams.copy() == before


def test_no_window_system_is_loaded(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys; from homeward.learn.plots.png import write; "
        "from tests.learn.plots.pictures import SMALL; "
        "write(SMALL, pathlib.Path(sys.argv[1])); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.png")],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert "matplotlib.pyplot" not in done.stdout.split()


def test_without_matplotlib_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigError, match=r"pip install 'homeward\[plots\]'"):
        write(SMALL, tmp_path / "a.png")


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        write(SMALL, tmp_path / "missing" / "a.png")
