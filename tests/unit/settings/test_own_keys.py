"""Which keys are refused, which are told to be short, and which are known to everybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.installed import SCHEMA
from cursor_api.options.rules import Facts, check
from cursor_api.settings.load import load_settings
from cursor_api.settings.own_keys import KEY_LENGTH_GOOD, KEY_LENGTH_MIN
from cursor_api.settings.rules import MUST, SHOULD

GOOD = Secret("k" * KEY_LENGTH_GOOD)
SHORT = Secret("k" * (KEY_LENGTH_GOOD - 1))
SHORTEST = Secret("k" * KEY_LENGTH_MIN)
TOO_SHORT = Secret("k" * (KEY_LENGTH_MIN - 1))
FAR = ["0.0.0.0", "::", "192.168.1.2", "gateway.example"]
NEAR = ["127.0.0.1", "localhost", "::1"]


def wrong(**values: object) -> list[str]:
    """The variables that must not be so."""
    return [finding.variable for finding in check(MUST, Facts(values, {}))]


def doubtful(**values: object) -> list[str]:
    """The variables that are worth a word."""
    return [finding.variable for finding in check(SHOULD, Facts(values, {}))]


@pytest.mark.parametrize("host", FAR)
def test_where_others_reach_the_listener_a_key_has_eight_characters(host: str) -> None:
    """7 are too few, 8 to 15 are told and serve, 16 are enough."""
    assert wrong(AUTH_TOKEN=TOO_SHORT, HOST=host) == ["AUTH_TOKEN"]
    assert doubtful(AUTH_TOKEN=TOO_SHORT, HOST=host) == []
    for key in (SHORTEST, SHORT):
        assert wrong(AUTH_TOKEN=key, HOST=host) == []
        assert doubtful(AUTH_TOKEN=key, HOST=host) == ["AUTH_TOKEN"]
    assert wrong(AUTH_TOKEN=GOOD, HOST=host) == doubtful(AUTH_TOKEN=GOOD, HOST=host) == []


@pytest.mark.parametrize("host", NEAR)
def test_on_ones_own_machine_a_short_key_is_ones_own_business(host: str) -> None:
    """Nobody else can try it."""
    assert wrong(AUTH_TOKEN=TOO_SHORT, HOST=host) == doubtful(AUTH_TOKEN=SHORT, HOST=host) == []


def test_chat_only_keys_are_as_long_as_the_operators() -> None:
    """Each of them; the finding says which."""
    found = check(MUST, Facts({"CLIENT_TOKENS": (GOOD, TOO_SHORT), "HOST": "0.0.0.0"}, {}))
    assert [finding.variable for finding in found] == ["CLIENT_TOKENS"]
    assert "key number 2" in str(found[0])
    assert doubtful(CLIENT_TOKENS=(GOOD, SHORT), HOST="0.0.0.0") == ["CLIENT_TOKENS"]
    assert wrong(CLIENT_TOKENS=(GOOD,), HOST="0.0.0.0") == []
    assert wrong(CLIENT_TOKENS=(TOO_SHORT,), HOST="127.0.0.1") == []
    assert wrong(CLIENT_TOKENS=(), HOST="0.0.0.0") == []


@pytest.mark.parametrize(
    "key",
    [
        *("changeme", "change-me-please", "your-api-key", "sk-your-own-key", "sk-xxxxxxxx"),
        *("<the key>", "the-value-of-AUTH_TOKEN", "REPLACE_WITH_A_KEY", "your_token", "sk-123456"),
        *("YOUR_AUTH_TOKEN_HERE", "my_secret_key", "12345678", "password123"),
    ],
)
@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
def test_a_key_that_everybody_knows_is_none(tmp_path: Path, key: str, host: str) -> None:
    """It is refused wherever the gateway listens, once, with the line that makes a good one."""
    loaded = load_settings(SCHEMA, {"AUTH_TOKEN": key, "HOST": host}, tmp_path)
    [problem] = loaded.problems
    assert str(problem).startswith("AUTH_TOKEN (environment): is the text of an example")
    assert "openssl rand -hex 24" in problem.message
    assert loaded.warnings == ()
    assert wrong(CLIENT_TOKENS=(GOOD, Secret(key)), HOST=host) == ["CLIENT_TOKENS"]


@pytest.mark.parametrize(
    "key", ["my-own-key-1", "a-key-of-my-own", "put-the-cat-out", "yourhighness42", "adminium"]
)
def test_words_alone_make_no_example(key: str) -> None:
    """Only what documents have, and nothing that merely begins like it."""
    assert wrong(AUTH_TOKEN=Secret(key), HOST="127.0.0.1") == []


def test_a_short_key_beside_pass_through_is_told() -> None:
    """There it can be tried as often as anybody likes."""
    assert doubtful(AUTH_TOKEN=SHORT, PASSTHROUGH=True) == ["AUTH_TOKEN"]
    assert doubtful(AUTH_TOKEN=SHORT, PASSTHROUGH=False) == []
    assert doubtful(AUTH_TOKEN=GOOD, PASSTHROUGH=True) == []
    assert doubtful(AUTH_TOKEN=None, PASSTHROUGH=True) == []


def test_the_key_is_never_told() -> None:
    """A finding about a key does not hold it, nor say more of it than its length."""
    for key in ("canary", "canary-canary", "your-secret-key"):
        secret = Secret(key)
        values = {"AUTH_TOKEN": secret, "CLIENT_TOKENS": (secret,), "HOST": "0.0.0.0"}
        found = check((*MUST, *SHOULD), Facts(values, {}))
        assert len(found) == 2
        assert key not in str(found)
