import pytest

from homeward.conversation import arm_of, conversation
from homeward.errors import ConfigError
from homeward.model import Assigned, Message, Note, Request
from homeward.strategies.experiment import Experiment, salted
from tests.contract import Tree, check_promises, heard, said, says


def of(arm: str, share: float = 0.5, name: str = "experiment") -> Request:
    """A request whose conversation is of that arm."""
    asked = (Request.of(str(n)) for n in range(1000))
    salt = salted(name, "")
    return next(each for each in asked if arm_of(conversation(each, salt), share) == arm)


@pytest.mark.parametrize("arm", ["control", "treatment"])
async def test_keeps_every_promise(arm: str) -> None:
    def build() -> Tree:
        leaves = (says("one", "two"), says("three", "four"))
        return Experiment(*leaves), leaves

    request = of(arm).with_(tenant="tenant-7")  # as the contract has it
    await check_promises(build, request)


@pytest.mark.parametrize("arm", ["control", "treatment"])
async def test_each_arm_is_asked(arm: str) -> None:
    model = Experiment(says("control"), says("treatment"))
    assert await said(model, of(arm)) == arm


async def test_the_arm_is_the_first_note() -> None:
    events = await heard(
        Experiment(says("a"), says("b"), name="mine"), of("treatment", name="mine")
    )
    assert isinstance(events[0], Assigned)
    assert (events[0].experiment, events[0].arm) == ("mine", "treatment")
    assert isinstance(events[1], Note)


async def test_a_conversation_keeps_its_arm() -> None:
    model = Experiment(says("control"), says("treatment"))
    first = of("treatment")
    turns = (*first.messages, Message("assistant", "treatment"), Message("user", "and then?"))
    assert await said(model, Request(turns)) == "treatment"


async def test_the_salt_draws_anew() -> None:
    arms = set()
    for salt in "abcdefgh":
        events = await heard(Experiment(says(), says(), salt=salt))
        assert isinstance(events[0], Assigned)
        arms.add(events[0].arm)
    assert arms == {"control", "treatment"}


def test_two_names_draw_independently() -> None:
    same = sum(
        arm_of(conversation(Request.of(str(n)), salted("a", "s")), 0.5)
        == arm_of(conversation(Request.of(str(n)), salted("b", "s")), 0.5)
        for n in range(1000)
    )
    assert 400 < same < 600


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, 2.0])
def test_a_share_of_nothing_or_all_is_no_experiment(share: float) -> None:
    with pytest.raises(ConfigError, match="share"):
        Experiment(says(), says(), share)


def test_it_needs_a_name() -> None:
    with pytest.raises(ConfigError, match="name"):
        Experiment(says(), says(), name=" ")


def test_the_salt_is_not_shown() -> None:
    assert "secret" not in repr(Experiment(says(), says(), salt="secret"))
