"""Who may come in, and as whom."""

from __future__ import annotations

from typing import ClassVar

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.web.auth import OPERATOR, AccessOptions, Authenticator, device_checksum
from cursor_api.wire.checksum import parse_checksum

KEY = "gateway-key-0123456789"
SUM = "a" * 8 + "b" * 64
KEYED = Authenticator(AccessOptions(Secret(KEY)))
CLIENT_KEYS = ("chat-key-0123456789", "other-key-0123456789")
SHARED = Authenticator(AccessOptions(Secret(KEY), tuple(map(Secret, CLIENT_KEYS))))
OPEN = Authenticator(AccessOptions(Secret(KEY), is_passthrough=True))


def headers(**fields: str) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI gives them; underscores stand for dashes."""
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]


@pytest.mark.parametrize(
    "fields",
    [
        {"authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer  {KEY} "},
        {"x_api_key": KEY},
        {"authorization": "Basic eDp5", "x_api_key": KEY},
    ],
)
def test_the_operators_key_is_taken_in_both_spellings(fields: dict[str, str]) -> None:
    """OpenAI's clients send Bearer, Anthropic's x-api-key; both work on every address."""
    assert KEYED.authenticate(headers(**fields)) is OPERATOR


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer "},
        {"authorization": KEY},
        {"authorization": f"Bearer {KEY}x"},
        {"authorization": f"Bearer {KEY[:-1]}"},
        {"authorization": f"Basic {KEY}"},
        {"x_api_key": ""},
        {"cookie": f"key={KEY}"},
        {"authorization": "Bearer " + "x" * 100_000},
    ],
)
def test_anything_else_is_refused(fields: dict[str, str]) -> None:
    """Missing, wrong, nearly right, in the wrong place, or absurdly long."""
    assert KEYED.find(headers(**fields)) is None
    with pytest.raises(Fault, match="AUTH_TOKEN") as caught:
        KEYED.authenticate(headers(**fields))
    assert caught.value.kind is FaultKind.UNAUTHENTICATED


def test_every_chat_only_key_has_a_name_of_its_own() -> None:
    """The log tells callers apart, and shows nothing of their keys."""
    callers = [SHARED.authenticate(headers(authorization=f"Bearer {key}")) for key in CLIENT_KEYS]
    assert [caller.name for caller in callers] == ["client-1", "client-2"]
    assert SHARED.authenticate(headers(x_api_key=KEY)) is OPERATOR
    assert SHARED.find(headers(x_api_key=CLIENT_KEYS[0][:-1])) is None
    assert KEYED.find(headers(x_api_key=CLIENT_KEYS[0])) is None


def test_only_the_operator_is_let_through_to_management() -> None:
    """A wrong key is 401, a chat-only one 403; a pass-through token is no key of ours."""
    SHARED.require_operator(headers(authorization=f"Bearer {KEY}"))
    OPEN.require_operator(headers(authorization=f"Bearer {KEY}"))
    for authenticator, key, kind in (
        (SHARED, CLIENT_KEYS[1], FaultKind.FORBIDDEN),
        (SHARED, "wrong", FaultKind.UNAUTHENTICATED),
        (OPEN, "any-token", FaultKind.UNAUTHENTICATED),
        (OPEN, "", FaultKind.UNAUTHENTICATED),
    ):
        with pytest.raises(Fault) as caught:
            authenticator.require_operator(headers(authorization=f"Bearer {key}"))
        assert caught.value.kind is kind


def test_a_key_in_both_lists_is_the_operators() -> None:
    """The settings refuse it; here it must not lock the operator out."""
    both = Authenticator(AccessOptions(Secret(KEY), (Secret(KEY),)))
    assert both.authenticate(headers(x_api_key=KEY)) is OPERATOR


class CountingAuthenticator(Authenticator):
    """Keeps what it hashed."""

    hashed: ClassVar[list[bytes]] = []

    def _digest(self, key: bytes) -> bytes:
        self.hashed.append(key)
        return super()._digest(key)


def test_a_thousand_keys_cost_what_one_costs() -> None:
    """One hash a try: a flood of wrong keys is no dearer where many callers have one."""
    keys = tuple(Secret(f"key-{number}") for number in range(1000))
    many = CountingAuthenticator(AccessOptions(None, keys))
    many.hashed.clear()
    assert many.find(headers(x_api_key="key-999")) is not None
    assert many.find(headers(x_api_key="key-1000")) is None
    assert many.hashed == [b"key-999", b"key-1000"]


def test_the_hash_is_another_in_every_process() -> None:
    """Nobody can work out a key whose hash begins like that of the right one."""
    assert KEYED._digest(b"x") != SHARED._digest(b"x")


def test_without_pass_through_a_cursor_token_is_a_wrong_key() -> None:
    """It is off by default."""
    assert KEYED.find(headers(authorization="Bearer user_1::jwt")) is None


def test_in_pass_through_the_bearer_is_the_callers_own_credential() -> None:
    """Several with commas; the cookie's spellings are split; the checksum is the header's."""
    caller = OPEN.authenticate(
        headers(authorization="Bearer user_1%3A%3Ajwt1, work::jwt2,jwt3", x_cursor_checksum=SUM)
    )
    assert [(item.alias, item.secret.reveal()) for item in caller.credentials] == [
        ("user_1", "jwt1"),
        ("work", "jwt2"),
        ("caller", "jwt3"),
    ]
    assert {item.checksum for item in caller.credentials} == {SUM}


def test_in_pass_through_the_operators_key_still_means_the_pool() -> None:
    """Both ways of use live side by side."""
    assert OPEN.authenticate(headers(authorization=f"Bearer {KEY}")) is OPERATOR


def test_the_configured_checksum_serves_callers_who_send_none() -> None:
    """The ancestors' environment variable."""
    access = AccessOptions(None, is_passthrough=True, passthrough_checksum=SUM)
    caller = Authenticator(access).authenticate(headers(authorization="Bearer jwt"))
    assert caller.credentials[0].checksum == SUM


def test_a_made_up_device_stays_the_same_for_a_token() -> None:
    """The upstream counts devices: one token is one device, over requests and restarts."""
    assert device_checksum("jwt") == device_checksum("jwt")
    one, other = parse_checksum(device_checksum("jwt")), parse_checksum(device_checksum("jwt2"))
    assert one.machine_id != other.machine_id
    assert one.mac_machine_id != one.machine_id


@pytest.mark.parametrize("value", ["a b", "x\r\nx-evil: 1", "é", "a" * 257])
def test_a_hostile_checksum_never_goes_upstream(value: str) -> None:
    """It would become a header of ours."""
    with pytest.raises(Fault) as caught:
        OPEN.find(headers(authorization="Bearer jwt", x_cursor_checksum=value))
    assert caught.value.kind is FaultKind.INVALID_REQUEST


@pytest.mark.parametrize("token", ["a b", "a\x00b", "é", ",", ", ,", ",".join("x" * 21)])
def test_a_bearer_that_cannot_be_a_token_is_refused(token: str) -> None:
    """Nothing that could break a header line, nor an endless list."""
    assert OPEN.find([(b"authorization", b"Bearer " + token.encode())]) is None
