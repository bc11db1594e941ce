from threading import Event

from homeward.machine.scan.probing import Asked, Told
from tests.contract import PATIENCE


def test_an_answer_is_on_record() -> None:
    told, probe = Asked("memory", lambda: Told(7, "seven of them")).answer(PATIENCE)
    assert told == Told(7, "seven of them")
    assert (probe.name, probe.found, probe.problem) == ("memory", "seven of them", "")


def test_who_breaks_is_on_record() -> None:
    def broken() -> Told[int]:
        raise OSError("no such device")

    told, probe = Asked("disk", broken, "say it with --disk").answer(PATIENCE)
    assert told is None
    assert probe.problem == "OSError: no such device; say it with --disk"


def test_who_never_answers_is_on_record() -> None:
    never = Event()

    def hang() -> Told[bool]:
        return Told(never.wait())

    told, probe = Asked("nvidia", hang, "say it with --vram").answer(0.01)
    assert told is None
    assert probe.problem == "did not answer within 0.01 s; say it with --vram"
    never.set()


def test_one_that_hangs_does_not_hold_up_another() -> None:
    never = Event()
    hung = Asked("hung", lambda: Told(never.wait()))
    quick = Asked("quick", lambda: Told(1))
    assert quick.answer(PATIENCE)[0] == Told(1)
    never.set()
    assert hung.answer(PATIENCE)[0] == Told(True)
