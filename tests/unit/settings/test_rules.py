"""What must hold between settings, and what is allowed but told."""

from __future__ import annotations

from pathlib import Path

from cursor_api.domain.credential import Secret
from cursor_api.options.rules import Facts, check
from cursor_api.settings.rules import MUST, SHOULD

KEY = Secret("k" * 16)


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
    assert wrong(AUTH_TOKEN=KEY, PASSTHROUGH=False, HOST="127.0.0.1") == []


def test_missing_and_empty_are_told_apart() -> None:
    """Who wrote an empty one looks for the mistake in the right place."""
    missing = check(MUST, Facts({"AUTH_TOKEN": None}, {}))
    empty = check(MUST, Facts({"AUTH_TOKEN": None}, {"AUTH_TOKEN": ".env:2"}))
    assert str(missing[0]).startswith("AUTH_TOKEN: is not set;")
    assert str(empty[0]).startswith("AUTH_TOKEN (.env:2): is empty;")


def test_a_chat_only_key_is_not_the_operators() -> None:
    """It would open what it was made to keep closed."""
    assert wrong(AUTH_TOKEN=KEY, CLIENT_TOKENS=(Secret("other"), KEY)) == ["CLIENT_TOKENS"]
    assert wrong(AUTH_TOKEN=KEY, CLIENT_TOKENS=(Secret("other"),)) == []


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


def test_values_that_could_not_be_parsed_have_no_second_finding() -> None:
    """Rules say nothing about what is missing."""
    assert wrong() == []
    assert doubtful() == []
