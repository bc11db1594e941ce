"""What ``serve:`` cannot mean is told when the file is read."""

from typing import Any

import pytest

from homeward.errors import ConfigError
from homeward.gateway.settings import Settings


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"port": 70000}, "port is 70000: say one from 1 to 65535"),
        ({"certificate_key": "a.pem"}, "certificate_key is without its certificate"),
        ({"watts": 250}, "kwh_usd and watts price electricity together"),
        ({"hosts": ("https://x.org",)}, "hosts has 'https://x.org': say the name alone"),
        ({"hosts": ("x.org:7373",)}, "hosts has 'x.org:7373': say the name alone"),
        ({"origins": ("x.org",)}, "origins has 'x.org': begin it with https://"),
    ],
)
def test_what_cannot_be_meant_is_refused(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as told:
        Settings(**fields)
    assert sentence in str(told.value)


def test_names_and_patterns_are_taken() -> None:
    Settings(
        hosts=("chat.example.org", "*.lab.example.org"),
        origins=("https://chat.example.org", "chrome-extension://*", "*://localhost"),
    )
