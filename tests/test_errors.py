from homeward.errors import AllFailed, ModelError, Overloaded, Unauthorized


def test_all_failed_tells_every_reason() -> None:
    assert str(AllFailed([Overloaded("a is busy"), Unauthorized("b: no key")])) == (
        "a is busy; b: no key"
    )


def test_all_failed_may_be_tried_again_when_one_of_them_may() -> None:
    assert AllFailed([Unauthorized("no key"), Overloaded("busy")]).transient
    assert not AllFailed([Unauthorized("no key")]).transient


def test_all_failed_has_the_status_of_the_last_reason() -> None:
    assert AllFailed([Overloaded("busy"), Unauthorized("no key")]).status == 401


def test_every_error_of_a_model_has_a_status_for_the_gateway() -> None:
    pending = [ModelError]
    while pending:
        kind = pending.pop()
        assert 400 <= kind.status <= 599
        pending += kind.__subclasses__()


def test_a_reason_that_several_share_is_told_once() -> None:
    assert str(AllFailed([Overloaded("busy"), Overloaded("busy")])) == "busy"
