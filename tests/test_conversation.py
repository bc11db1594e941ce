from hypothesis import given
from hypothesis import strategies as st

from homeward.conversation import arm_of, conversation, fraction
from homeward.model import ImagePart, Message, Raw, Request, TextPart

words = st.text(min_size=1, max_size=20)


def begun(*said: str, **fields: str) -> Request:
    """A system message, and turns of the user and the assistant."""
    roles = ["user", "assistant"] * len(said)
    turns = [Message(role, text) for role, text in zip(roles, said, strict=False)]  # type: ignore[arg-type]
    return Request((Message("system", "be brief"), *turns), **fields)  # type: ignore[arg-type]


@given(st.lists(words, min_size=1, max_size=5), words)
def test_all_turns_of_a_conversation_are_one(said: list[str], salt: str) -> None:
    assert conversation(begun(*said), salt) == conversation(begun(said[0]), salt)


@given(words, words, words)
def test_another_beginning_is_another(first: str, second: str, salt: str) -> None:
    same = conversation(begun(first), salt) == conversation(begun(second), salt)
    assert same == (first == second)


def test_another_tenant_is_another() -> None:
    north, south = begun("hi", tenant="north"), begun("hi", tenant="south")
    assert conversation(north, "salt") != conversation(south, "salt")


def test_another_system_message_is_another() -> None:
    other = Request((Message("system", "be long"), Message("user", "hi")))
    assert conversation(other, "salt") != conversation(begun("hi"), "salt")


def test_words_cannot_move_from_one_message_to_the_next() -> None:
    first = Request((Message("system", "ab"), Message("user", "c")))
    second = Request((Message("system", "a"), Message("user", "bc")))
    assert conversation(first, "salt") != conversation(second, "salt")


def test_another_picture_is_another() -> None:
    def shown(url: str) -> Request:
        return Request((Message("user", (TextPart("what is it?"), ImagePart(url))),))

    assert conversation(shown("data:a"), "salt") != conversation(shown("data:b"), "salt")


def test_marks_that_clients_move_from_turn_to_turn_do_not_matter() -> None:
    marked = Message("user", "hi", extra={"cache_control": {"type": "ephemeral"}})
    assert conversation(Request((marked,)), "s") == conversation(Request.of("hi"), "s")


def test_a_part_that_is_not_read_is_a_part_all_the_same() -> None:
    with_file = Message("user", (TextPart("hi"), Raw("openai_chat", {"file": 1})))
    assert conversation(Request((with_file,)), "s") != conversation(Request.of("hi"), "s")


def test_without_a_message_of_the_user_all_of_it_counts() -> None:
    first = Request((Message("system", "a"), Message("assistant", "b")))
    second = Request((Message("system", "a"), Message("assistant", "c")))
    assert conversation(first, "salt") != conversation(second, "salt")


def test_half_of_a_surrogate_pair_is_hashed() -> None:
    assert len(conversation(Request.of("\ud800"), "salt")) == 32


def test_a_share_of_the_conversations_is_the_treatments() -> None:
    hashes = [conversation(Request.of(str(n)), "salt") for n in range(2000)]
    treated = sum(arm_of(each, 0.2) == "treatment" for each in hashes)
    assert 340 < treated < 460  # 400, five standard deviations to either side at most


def test_arms_of_two_salts_are_independent() -> None:
    both = sum(
        arm_of(conversation(Request.of(str(n)), "a"), 0.5)
        == arm_of(conversation(Request.of(str(n)), "b"), 0.5)
        for n in range(2000)
    )
    assert 890 < both < 1110


@given(words, words)
def test_a_fraction_is_from_0_up_to_1(text: str, salt: str) -> None:
    assert 0 <= fraction(conversation(Request.of(text), salt)) < 1


def test_the_highest_hash_is_below_1() -> None:
    assert fraction("f" * 32) < 1
