"""A caller's own tokens and the device behind them."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential import Credential
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.upstreams.cursor.passthrough import device_checksum, passthrough_reader
from cursor_api.wire.checksum import parse_checksum

SUM = "a" * 8 + "b" * 64


def read(text: str, checksum: str = "", default: str = "") -> tuple[Credential, ...] | None:
    """What a caller with this bearer brings."""
    headers = [(b"x-cursor-checksum", checksum.encode())] if checksum else []
    return passthrough_reader(default)(text, headers)


def test_a_bearer_is_one_or_more_tokens_and_the_checksum_is_the_headers() -> None:
    """Several with commas; the cookie's spellings are split. They are sent to Cursor only."""
    credentials = read("user_1%3A%3Ajwt1, work::jwt2,jwt3", SUM) or ()
    assert [(item.alias, item.secret.reveal()) for item in credentials] == [
        ("user_1", "jwt1"),
        ("work", "jwt2"),
        ("caller", "jwt3"),
    ]
    assert {(item.binding, item.endpoint) for item in credentials} == {(SUM, "cursor")}


def test_a_bearer_is_read_as_a_token_file_is() -> None:
    """By the same parser: an SDK's settings have quotes and cookies in them as files have."""
    jwt = "eyJh.eyJz.sig"
    given = f'"{jwt}", Bearer {jwt}, me:{jwt}, WorkosCursorSessionToken=user_1%253A%253A{jwt}'
    assert [(item.alias, item.secret.reveal()) for item in read(given) or ()] == [
        ("caller", jwt),
        ("caller", jwt),
        ("me", jwt),
        ("user_1", jwt),
    ]


def test_the_configured_checksum_serves_callers_who_send_none() -> None:
    """The ancestors' environment variable."""
    (credential,) = read("jwt", default=SUM) or ()
    assert credential.binding == SUM
    (credential,) = read("jwt", "c" * 72, default=SUM) or ()
    assert credential.binding == "c" * 72


def test_a_made_up_device_stays_the_same_for_a_token() -> None:
    """The upstream counts devices: one token is one device, over requests and restarts."""
    (credential,) = read("jwt") or ()
    assert credential.binding == device_checksum("jwt") == device_checksum("jwt")
    one, other = parse_checksum(device_checksum("jwt")), parse_checksum(device_checksum("jwt2"))
    assert one.machine_id != other.machine_id
    assert one.mac_machine_id != one.machine_id


@pytest.mark.parametrize("value", ["a b", "x\r\nx-evil: 1", "é", "a" * 257])
def test_a_hostile_checksum_never_goes_upstream(value: str) -> None:
    """It would become a header of ours."""
    with pytest.raises(Fault) as caught:
        read("jwt", value)
    assert caught.value.kind is FaultKind.INVALID_REQUEST


@pytest.mark.parametrize(
    "token", ["a b", "a\x00b", "é", ",", ", ,", ",".join("x" * 21), "a;b", "a|b", "sk-" + "0" * 48]
)
def test_a_bearer_that_cannot_be_a_token_is_refused(token: str) -> None:
    """Nothing that could break a header line, nor an endless list."""
    assert read(token) is None


def test_an_api_key_of_a_caller_is_for_the_official_route() -> None:
    """The private one would only learn it."""
    (token, key) = read("jwt,crsr_0123456789abcdef") or ()
    assert (token.endpoint, key.endpoint) == ("cursor", "cursor-sdk")


def test_a_checksum_may_stand_behind_its_token() -> None:
    """`token,checksum`, as the earlier program's later versions had it; before a header's."""
    credentials = read(f"jwt1,{SUM},jwt2", "c" * 72) or ()
    assert [(one.secret.reveal(), one.binding) for one in credentials] == [
        ("jwt1", SUM),
        ("jwt2", "c" * 72),
    ]
    assert len(read(",".join(f"jwt{n},{SUM}" for n in range(20))) or ()) == 20
    assert read(",".join(f"jwt{n}" for n in range(21))) is None
