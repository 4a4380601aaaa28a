"""Which keys can be sent, and which of several is asked with."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.keys import HEADERS, NO_KEY, ask_with_keys, reveal_key


def test_a_key_that_no_header_can_carry_is_the_keys_fault() -> None:
    """And never repeated in the message."""
    assert reveal_key(Secret("sk-1")) == "sk-1"
    assert reveal_key(NO_KEY) == "-"
    for text in ("", "a b", "a\r\nx: y", "schlüssel"):
        with pytest.raises(Fault) as caught:
            reveal_key(Secret(text), "The credential 'me'")
        assert caught.value.kind is FaultKind.CREDENTIAL_REJECTED
        assert caught.value.message == ("The credential 'me' holds characters that cannot be sent.")


async def test_the_first_key_that_is_accepted_answers() -> None:
    """What is not the key's fault is not tried again with another."""
    asked: list[str] = []
    kinds = {
        "limited": FaultKind.RATE_LIMITED,
        "revoked": FaultKind.CREDENTIAL_REJECTED,
        "down": FaultKind.UNREACHABLE,
    }

    async def ask(key: Secret) -> str:
        asked.append(key.reveal())
        if key.reveal() in kinds:
            raise Fault(kinds[key.reveal()], "no")
        return key.reveal()

    def keys(*texts: str) -> list[Secret]:
        return [Secret(text) for text in texts]

    assert await ask_with_keys(keys("limited", "good", "other"), "somewhere", ask) == "good"
    assert asked == ["limited", "good"]
    for texts, kind in (
        ((), FaultKind.NO_CREDENTIALS),
        (("limited", "revoked"), FaultKind.CREDENTIAL_REJECTED),
        (("limited", "down", "good"), FaultKind.UNREACHABLE),
    ):
        with pytest.raises(Fault) as caught:
            await ask_with_keys(keys(*texts), "somewhere", ask)
        assert caught.value.kind is kind


def test_no_header_tells_anything_of_the_caller() -> None:
    """They are the same for everybody."""
    assert set(HEADERS) == {"Content-Type", "Accept", "Accept-Encoding", "User-Agent"}
