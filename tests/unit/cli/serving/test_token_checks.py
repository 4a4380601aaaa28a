"""What is told of the token files' key; of their lines and devices, see test_preflight.py."""

from __future__ import annotations

from pathlib import Path

from cursor_api.domain.credential import Secret
from cursor_api.files.sealing import Sealer
from cursor_api.upstreams.cursor.token_files.sealed import Opened, close_lines
from cursor_api.upstreams.cursor.token_files.text import TextLimits, parse_tokens
from tests.unit.cli.serving.test_preflight import TOKEN, found, one


def test_the_key_that_seals_tokens_is_tried(tmp_path: Path) -> None:
    """A wrong one, and one that is missing, are told before the start."""
    token, right, wrong = tmp_path / ".token", "a" * 64, "b" * 64
    entries = parse_tokens(TOKEN.encode(), "", TextLimits()).entries
    token.write_bytes(close_lines(Opened(TOKEN.encode()), entries, Sealer([Secret(right)])))
    token.chmod(0o600)
    before = token.read_bytes()
    assert found(tmp_path, CREDENTIALS_KEY=right) == ((), ())
    assert found(tmp_path, CREDENTIALS_KEY=f"{wrong},{right}") == ((), ())
    assert "line 1 can only be read" in one(found(tmp_path)[0]).message
    assert "CREDENTIALS_KEY does not have" in one(found(tmp_path, CREDENTIALS_KEY=wrong)[0]).message
    told = one(found(tmp_path, CREDENTIALS_KEY_FILE="nowhere")[0])
    assert (told.variable, "cannot be read" in told.message) == ("CREDENTIALS_KEY_FILE", True)
    assert "64 hexadecimal" in one(found(tmp_path, CREDENTIALS_KEY="canary")[0]).message
    assert token.read_bytes() == before
