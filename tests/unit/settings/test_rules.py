"""What must hold between settings, and what is allowed but told."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.options.rules import Facts, check
from cursor_api.settings.rules import KEY_LENGTH_MIN, MUST, SHOULD

STRONG = Secret("k" * KEY_LENGTH_MIN)
WEAK = Secret("k" * (KEY_LENGTH_MIN - 1))


def wrong(**values: object) -> list[str]:
    """The variables that must not be so."""
    return [finding.variable for finding in check(MUST, Facts(values, {}))]


def doubtful(**values: object) -> list[str]:
    """The variables that are worth a word."""
    return [finding.variable for finding in check(SHOULD, Facts(values, {}))]


def test_a_key_is_required_unless_callers_bring_their_own() -> None:
    """No start without one; pass-through may do without."""
    assert wrong(AUTH_TOKEN=None, PASSTHROUGH=False, HOST="127.0.0.1") == ["AUTH_TOKEN"]
    assert wrong(AUTH_TOKEN=None, PASSTHROUGH=True, HOST="127.0.0.1") == []
    assert wrong(AUTH_TOKEN=WEAK, PASSTHROUGH=False, HOST="127.0.0.1") == []


def test_missing_and_empty_are_told_apart() -> None:
    """Who wrote an empty one looks for the mistake in the right place."""
    missing = check(MUST, Facts({"AUTH_TOKEN": None}, {}))
    empty = check(MUST, Facts({"AUTH_TOKEN": None}, {"AUTH_TOKEN": ".env:2"}))
    assert str(missing[0]).startswith("AUTH_TOKEN: is not set;")
    assert str(empty[0]).startswith("AUTH_TOKEN (.env:2): is empty;")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "gateway.example"])
def test_a_weak_key_is_refused_where_others_reach_the_listener(host: str) -> None:
    """15 characters are too few there, 16 are enough; pass-through makes no difference."""
    assert wrong(AUTH_TOKEN=WEAK, HOST=host) == ["AUTH_TOKEN"]
    assert wrong(AUTH_TOKEN=WEAK, HOST=host, PASSTHROUGH=True) == ["AUTH_TOKEN"]
    assert wrong(AUTH_TOKEN=STRONG, HOST=host) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_a_weak_key_is_allowed_on_loopback(host: str) -> None:
    """On one's own machine a short key is one's own business."""
    assert wrong(AUTH_TOKEN=WEAK, HOST=host) == []


def test_chat_only_keys_are_as_strong_as_the_operators() -> None:
    """Each of them, where others reach the listener; the finding says which."""
    found = check(MUST, Facts({"CLIENT_TOKENS": (STRONG, WEAK), "HOST": "0.0.0.0"}, {}))
    assert [finding.variable for finding in found] == ["CLIENT_TOKENS"]
    assert "key number 2" in str(found[0])
    assert wrong(CLIENT_TOKENS=(STRONG,), HOST="0.0.0.0") == []
    assert wrong(CLIENT_TOKENS=(WEAK,), HOST="127.0.0.1") == []
    assert wrong(CLIENT_TOKENS=(), HOST="0.0.0.0") == []


def test_a_chat_only_key_is_not_the_operators() -> None:
    """It would open what it was made to keep closed."""
    assert wrong(AUTH_TOKEN=STRONG, CLIENT_TOKENS=(Secret("other"), STRONG)) == ["CLIENT_TOKENS"]
    assert wrong(AUTH_TOKEN=STRONG, CLIENT_TOKENS=(Secret("other"),)) == []


def test_the_key_is_never_told() -> None:
    """A finding about a key does not hold it."""
    key = Secret("canary-1")
    values = {"AUTH_TOKEN": key, "CLIENT_TOKENS": (key,), "HOST": "0.0.0.0"}
    found = check(MUST, Facts(values, {}))
    assert len(found) == 3
    assert "canary" not in str(found)


def test_the_two_token_files_are_two(tmp_path: Path) -> None:
    """The list would overwrite the tokens, by whatever way it gets there."""
    one = tmp_path / "one"
    (tmp_path / "link").symlink_to(one)
    for other in (one, tmp_path / "link", tmp_path / "x" / ".." / "one"):
        assert wrong(TOKEN_FILE=one, TOKEN_LIST_FILE=other) == ["TOKEN_LIST_FILE"]
    assert wrong(TOKEN_FILE=one, TOKEN_LIST_FILE=tmp_path / "two") == []


def test_the_pools_memory_is_no_token_file(tmp_path: Path) -> None:
    """It would replace the tokens."""
    one = tmp_path / "one"
    assert wrong(TOKEN_FILE=one, POOL_STATE_FILE=one) == ["POOL_STATE_FILE"]
    assert wrong(TOKEN_LIST_FILE=one, POOL_STATE_FILE=one) == ["POOL_STATE_FILE"]
    assert wrong(TOKEN_FILE=one, POOL_STATE_FILE=tmp_path / "two") == []


def test_the_request_log_is_none_of_the_others(tmp_path: Path) -> None:
    """It would refuse to open a file that is not its own, and never keep anything."""
    one = tmp_path / "one"
    for other in ("TOKEN_FILE", "TOKEN_LIST_FILE", "POOL_STATE_FILE"):
        assert wrong(REQUEST_LOG_FILE=one, **{other: one}) == ["REQUEST_LOG_FILE"]
        assert wrong(REQUEST_LOG_FILE=one, **{other: tmp_path / "two"}) == []


def test_paths_that_cannot_be_looked_at_are_no_crash(tmp_path: Path) -> None:
    """Too long, or a link to itself: whoever opens the file will say so."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path in (tmp_path / ("x" * 5000), tmp_path / "loop"):
        assert wrong(TOKEN_FILE=path, TOKEN_LIST_FILE=tmp_path / "list") == []


def test_a_token_file_is_no_folder(tmp_path: Path) -> None:
    """Containers make a folder where a mounted file is missing."""
    assert wrong(TOKEN_FILE=tmp_path) == ["TOKEN_FILE"]
    assert wrong(TOKEN_LIST_FILE=tmp_path) == ["TOKEN_LIST_FILE"]
    assert wrong(POOL_STATE_FILE=tmp_path) == ["POOL_STATE_FILE"]
    assert wrong(REQUEST_LOG_FILE=tmp_path) == ["REQUEST_LOG_FILE"]
    assert wrong(TOKEN_FILE=tmp_path / "not-yet") == []


def test_a_key_for_tls_has_a_certificate(tmp_path: Path) -> None:
    """By itself it would do nothing, and the listener would speak plain HTTP."""
    file = tmp_path / "key.pem"
    assert wrong(TLS_KEY_FILE=file, TLS_CERT_FILE=None) == ["TLS_KEY_FILE"]
    assert wrong(TLS_KEY_FILE=file, TLS_CERT_FILE=file) == []
    assert wrong(TLS_KEY_FILE=None, TLS_CERT_FILE=file) == []


def test_an_open_log_is_told() -> None:
    """It is allowed, and said."""
    assert doubtful(LOGS_PUBLIC=True, HOST="0.0.0.0") == ["LOGS_PUBLIC"]
    assert doubtful(LOGS_PUBLIC=True, HOST="127.0.0.1") == []
    assert doubtful(LOGS_PUBLIC=False, HOST="0.0.0.0") == []


def test_a_short_key_beside_pass_through_is_told() -> None:
    """There it can be tried as often as anybody likes."""
    assert doubtful(AUTH_TOKEN=WEAK, PASSTHROUGH=True) == ["AUTH_TOKEN"]
    assert doubtful(AUTH_TOKEN=WEAK, PASSTHROUGH=False) == []
    assert doubtful(AUTH_TOKEN=STRONG, PASSTHROUGH=True) == []
    assert doubtful(AUTH_TOKEN=None, PASSTHROUGH=True) == []


def test_values_that_could_not_be_parsed_have_no_second_finding() -> None:
    """Rules say nothing about what is missing."""
    assert wrong() == []
    assert doubtful() == []
