"""What a pasted line is said to be."""

from __future__ import annotations

from tests.unit.service.credentials.office import Office


async def test_a_preview_tells_what_a_token_says_of_itself() -> None:
    """Expiry is in the token; an opaque one says nothing."""
    office = Office()
    text = "e30.eyJleHAiOjIwMDB9.x\neyJhIjox.eyJleHAiOjk5OTk5OTk5OX0.x\nopaque"
    over, valid, opaque = (await office.credentials.preview(text)).lines
    assert (over.is_expired, over.expiry_warning) == (False, True)
    office.clock.seconds = 2000.0
    assert (await office.credentials.preview(text)).lines[0].is_expired
    assert (valid.is_usual, valid.expiry_warning, valid.is_expired) == (True, False, False)
    assert valid.expires_at is not None
    assert (opaque.is_usual, opaque.expires_at) == (False, None)
