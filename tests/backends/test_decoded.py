import pytest

from homeward.backends.decoded import key


@pytest.fixture(autouse=True)
def in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "from-env")


def test_the_key_that_was_given_goes_first() -> None:
    assert key("given", "SOME_KEY", "http://192.168.0.7") == "given"


@pytest.mark.parametrize("url", ["https://api.example", "http://127.0.0.1:1", "http://localhost"])
def test_the_environments_key_goes_encrypted_or_stays_here(url: str) -> None:
    assert key(None, "SOME_KEY", url) == "from-env"


@pytest.mark.parametrize("url", ["http://192.168.0.7:11434", "http://nas", "http://api.example"])
def test_the_environments_key_does_not_cross_a_network_in_the_clear(url: str) -> None:
    assert key(None, "SOME_KEY", url) is None


def test_the_environments_key_goes_to_the_service_itself() -> None:
    own = "https://api.example/v1"
    assert key(None, "SOME_KEY", "https://api.example/", own) == "from-env"
    assert key(None, "SOME_KEY", "http://127.0.0.1:8080", own) is None


def test_no_key_is_none() -> None:
    assert key(None, "NO_SUCH_KEY", "https://api.example") is None
