from pathlib import Path

import msgspec
import pytest

from homeward.config import parse
from homeward.errors import ConfigError
from homeward.model import Decision, ImagePart, Message, Request, collect
from homeward.signals.learned.file import CARD, save
from homeward.signals.learned.router import LearnedRouter, Point
from homeward.signals.learned.signal import Learned
from homeward.strategies.router import Router
from tests.contract import Tree, check_promises, heard, said, says
from tests.learn.train.drawn import ELSEWHERE, PAIR, THREE, prompt, router, rows


@pytest.fixture
def two(tmp_path: Path) -> Path:
    save(router(PAIR), tmp_path / "two")
    return tmp_path / "two"


@pytest.fixture
def three(tmp_path: Path) -> Path:
    save(router(THREE), tmp_path / "three")
    return tmp_path / "three"


def asked(*texts: str) -> Request:
    return Request(tuple(Message("user", text) for text in texts))


EASY, HARD = Request.of(prompt()), Request.of(prompt(hard=True))


async def test_a_router_by_it_keeps_every_promise(two: Path) -> None:
    def build() -> Tree:
        leaves = (says("one", "two"), says("large"), says("else"))
        return Router(Learned(two), dict(zip(PAIR, leaves, strict=False)), leaves[2]), leaves

    await check_promises(build, EASY)


async def test_the_label_is_the_cheap_model_until_the_strong_one_is_worth_it(two: Path) -> None:
    signal = Learned(two, spend=0.5)
    assert (await signal(EASY)).label == "small"
    assert (await signal(HARD)).label == "large"


async def test_the_reading_has_every_model_s_chance_and_the_likeness(two: Path) -> None:
    reading = await Learned(two)(EASY)
    assert {*reading.numbers} == {"p(small)", "p(large)", "likeness"}
    assert reading.because.startswith(f"{reading.label} is right with p = 0.")


async def test_the_score_is_the_lead_over_the_next_best(two: Path) -> None:
    signal = Learned(two, spend=1)
    reading = await signal(HARD)
    lead = reading.numbers["p(large)"] - reading.numbers["p(small)"]
    assert reading.score == pytest.approx(lead - signal.trade(router(PAIR)))


# ---------------------------------------------------------------- what may be spent


async def test_nothing_to_spend_is_always_the_cheapest(three: Path) -> None:
    signal = Learned(three, spend=0)
    labels = {(await signal(Request.of(row.prompt))).label for row in rows(60, seed=3)}
    assert labels - {None} == {"small"}


async def test_all_to_spend_is_what_is_likeliest_right(three: Path) -> None:
    reading = await Learned(three, spend=1)(HARD)
    likeliest = max(THREE, key=lambda model: reading.numbers[f"p({model})"])
    assert reading.label == likeliest


async def test_more_to_spend_never_asks_the_dearest_model_less(two: Path) -> None:
    prompts = [Request.of(row.prompt) for row in rows(80, seed=3)]
    counts = []
    for spend in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        labels = [(await Learned(two, spend=spend)(request)).label for request in prompts]
        counts.append(labels.count("large"))
    assert counts == sorted(counts)


def test_without_a_limit_as_little_as_reaches_the_best_single_model(two: Path) -> None:
    card = router(PAIR).card
    trade = Learned(two).trade(router(PAIR))
    point = next(point for point in card.points if point.trade == trade)
    wanted = max(card.accuracy.values())
    enough = [each for each in card.points if each.quality >= wanted]
    assert point.spent == min(each.spent for each in enough or card.points[:1])


def carded(of: LearnedRouter, *points: Point) -> LearnedRouter:
    card = msgspec.structs.replace(of.card, points=points)
    return LearnedRouter(card, of.reader, of.parts, of.familiar)


def test_where_nothing_reaches_the_best_single_model_quality_goes_first(two: Path) -> None:
    router_ = carded(router(PAIR), Point(0, 0.9, 0.1), Point(9, 0, 0.05))
    assert Learned(two).trade(router_) == 0


def test_where_nothing_is_cheap_enough_the_cheapest_is_taken(two: Path) -> None:
    router_ = carded(router(PAIR), Point(0, 0.9, 0.1), Point(9, 0.2, 0.05))
    assert Learned(two, spend=0.1).trade(router_) == 9


# ---------------------------------------------------------------- out of distribution


@pytest.mark.parametrize("text", [ELSEWHERE, "", "请把这句话翻译成法语。"])
async def test_it_abstains_on_what_it_was_not_trained_on(two: Path, text: str) -> None:
    reading = await Learned(two)(Request.of(text))
    assert (reading.label, reading.score) == (None, None)
    assert "out of the distribution" in reading.because
    assert "300 prompts of drawn.jsonl" in reading.because


async def test_a_route_falls_to_its_else_then_and_says_why(two: Path) -> None:
    route = Router(Learned(two), {"small": says("s"), "large": says("l")}, says("safe"))
    events = await heard(route, Request.of(ELSEWHERE))
    assert await said(route, Request.of(ELSEWHERE)) == "safe"
    decision = next(event for event in events if isinstance(event, Decision))
    assert decision.chose == "else"
    assert "out of the distribution" in decision.because


async def test_the_latest_question_decides_whether_it_is_known(two: Path) -> None:
    signal = Learned(two)
    assert (await signal(asked(prompt(), ELSEWHERE))).label is None
    assert (await signal(asked(ELSEWHERE, prompt()))).label is not None


async def test_a_request_without_a_question_abstains(two: Path) -> None:
    reading = await Learned(two)(Request((Message("system", "Be brief."),)))
    assert reading.label is None
    assert "no user message" in reading.because


async def test_a_picture_without_words_is_not_known(two: Path) -> None:
    picture = Message("user", (ImagePart("data:image/png;base64,AA=="),))
    assert (await Learned(two)(Request((picture,)))).label is None


# ---------------------------------------------------------------- conversations


async def test_a_conversation_changes_models_where_the_lead_is_large(two: Path) -> None:
    signal = Learned(two, spend=0.5, stay=0.01)
    assert (await signal(asked(prompt(), prompt(hard=True)))).label == "large"


async def test_a_conversation_stays_where_it_is_not(two: Path) -> None:
    signal = Learned(two, spend=0.5, stay=2.0)
    assert (await signal(asked(prompt(), prompt(hard=True)))).label == "small"
    assert (await signal(asked(prompt(hard=True), prompt()))).label == "large"


async def test_only_the_latest_questions_are_looked_at(two: Path) -> None:
    signal = Learned(two, spend=0.5, stay=2.0)
    assert (await signal(asked(prompt(hard=True), *[prompt()] * 8))).label == "small"


async def test_the_same_request_gets_the_same_reading(two: Path) -> None:
    signal = Learned(two)
    first = await signal(HARD)
    await signal(EASY)
    assert await signal(HARD) == first


# ---------------------------------------------------------------- its settings


@pytest.mark.parametrize("given", [{}, {"path": Path("r"), "name": "r"}], ids=["neither", "both"])
def test_a_path_or_a_name_and_not_both(given: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="either its folder in `path` or its `name`"):
        Learned(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"spend": 1.5}, "from 0 .cheapest. to 1 .dearest."),
        ({"spend": -0.1}, "from 0 .cheapest. to 1 .dearest."),
        ({"spend": float("nan")}, "from 0 .cheapest. to 1 .dearest."),
        ({"stay": -0.1}, "a lead, 0 or more"),
        ({"stay": float("nan")}, "a lead, 0 or more"),
    ],
)
def test_numbers_that_cannot_be_meant_fail_at_construction(
    two: Path, given: dict[str, float], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        Learned(two, **given)  # type: ignore[arg-type]


def test_a_folder_without_a_router_fails_at_construction(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no router in"):
        Learned(tmp_path / "nowhere")


def test_a_name_that_no_router_has_fails_at_construction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="no router 'support' is in use"):
        Learned(name="support")


async def test_in_a_file_it_is_a_signal_of_a_router(two: Path) -> None:
    text = (
        "models:\n  small: {echo: {}}\n  large: {echo: {}}\n"
        f"  auto: {{router: {{by: {{learned: {{path: '{two}', spend: 0}}}},"
        " small: small, else: large}}\n"
    )
    async with parse(text, origin="test").open() as models:
        answer = await collect(models["auto"].chat(EASY))
        assert answer.decisions[0].chose == "small"


# ---------------------------------------------------------------- a router that changes


async def test_a_router_that_was_trained_anew_is_used_at_once(two: Path) -> None:
    signal = Learned(two, spend=0)
    await signal(EASY)
    save(router(("middle", "large")), two)
    assert (await signal(EASY)).label == "middle"


@pytest.mark.parametrize("content", [None, b"{}"], ids=["gone", "damaged"])
async def test_one_that_cannot_be_read_any_more_is_not_given_up(
    two: Path, content: bytes | None
) -> None:
    signal = Learned(two)
    before = await signal(EASY)
    if content is None:
        (two / CARD).unlink()
    else:
        (two / CARD).write_bytes(content)
    assert await signal(EASY) == before


async def test_a_name_follows_the_version_that_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from homeward.signals.learned.versions import CURRENT, routers

    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))
    folder = routers("support")
    save(router(PAIR), folder / "1")
    save(router(("middle", "large")), folder / "2")
    (folder / CURRENT).write_text('{"version": 1}')
    signal = Learned(name="support", spend=0)
    assert (await signal(EASY)).label == "small"
    (folder / CURRENT).write_text('{"version": 2}')
    assert (await signal(EASY)).label == "middle"
