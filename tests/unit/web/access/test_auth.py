"""Who may come in, and as whom."""

from __future__ import annotations

import ast
import hashlib
import inspect
from contextlib import suppress
from typing import Any

import pytest
from msgspec import structs

from cursor_api.domain.api_key import KeyTerms
from cursor_api.domain.credential import NamedSecret, Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.web.access import auth
from cursor_api.web.access.auth import OPERATOR, AccessOptions, Authenticator, _find_keys
from cursor_api.web.access.lockout import Lockout, LockoutOptions
from tests.fakes import StillClock
from tests.house import KEY as HOUSE_KEY
from tests.house import House
from tests.unit.web.access.auth_stage import (
    CLIENT_KEYS,
    KEY,
    KEYED,
    OPEN,
    SHARED,
    WRONG_KEYS_MAX,
    asked,
    authenticator,
    read_own_credentials,
)


@pytest.mark.parametrize(
    "fields",
    [
        {"authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer  {KEY} "},
        {"x_api_key": KEY},
        {"authorization": "Basic eDp5", "x_api_key": KEY},
        {"authorization": "Bearer the-proxys-own", "x_api_key": KEY},
        {"authorization": f"Bearer {KEY}", "x_api_key": "the-proxys-own"},
        {"authorization": "Bearer " + "x" * 100_000, "x_api_key": KEY},
    ],
)
async def test_the_operators_key_is_taken_in_both_spellings(fields: dict[str, str]) -> None:
    """OpenAI's clients send Bearer, Anthropic's x-api-key; both work on every address.

    Where a proxy needs one of the places for a key of its own, the other one is enough.
    """
    assert await KEYED.authenticate(asked(**fields)) is OPERATOR


@pytest.mark.parametrize(
    ("ending", "pinned"),
    [("-anna", "anna"), ("-a-b", "a-b"), ("-%E5%BC%A0", "张"), ("-张", "张")],
)
async def test_the_operators_key_may_end_in_the_alias_of_a_credential(
    ending: str, pinned: str
) -> None:
    """As with the earlier program; it is as good as the header x-credential."""
    caller = await KEYED.authenticate(asked(authorization=f"Bearer {KEY}{ending}"))
    assert caller == structs.replace(OPERATOR, pinned=pinned)


async def test_which_api_key_a_request_came_with_is_known() -> None:
    """One of the settings is none; what else the request brought is no matter."""
    house = House()
    anna = await house.keys.keys.create(KeyTerms("Anna"))
    secret = anna.secret.reveal()
    for fields in (
        {"authorization": f"Bearer {secret}"},
        {"authorization": "x", "x_api_key": secret},
    ):
        found = house.authenticator.find_api_key(asked(**fields))
        assert found == NamedSecret(secret, "anna")
    for key in (HOUSE_KEY, f"{HOUSE_KEY}-alias", "wrong"):
        fields = {"authorization": f"Bearer {key}"}
        assert house.authenticator.find_api_key(asked(**fields)) is None
    assert KEYED.find_api_key(asked(authorization=f"Bearer {secret}")) is None


@pytest.mark.parametrize("ending", ["-", "anna", "_anna", " -anna"])
async def test_nothing_else_may_follow_a_key(ending: str) -> None:
    """Nor may an alias follow the key of somebody who has no choice."""
    with pytest.raises(Fault):
        await KEYED.authenticate(asked(authorization=f"Bearer {KEY}{ending}"))
    with pytest.raises(Fault):
        await KEYED.authenticate(asked(authorization=f"Bearer {CLIENT_KEYS[0]}-anna"))


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
async def test_anything_else_is_refused(fields: dict[str, str]) -> None:
    """Missing, wrong, nearly right, in the wrong place, or absurdly long.

    Where an error names `x-api-key`, Claude Code shows "Not logged in" in place of the message.
    """
    assert await KEYED.find(asked(**fields)) is None
    with pytest.raises(Fault, match="AUTH_TOKEN") as caught:
        await KEYED.authenticate(asked(**fields))
    assert caught.value.kind is FaultKind.UNAUTHENTICATED
    assert "x-api-key" not in str(caught.value)


async def test_a_key_with_a_name_is_known_by_it() -> None:
    """Those without one keep the number of their place."""
    keys = (Secret("key-of-nobody-0123"), NamedSecret("key-of-anna-01234", "anna"))
    named = authenticator(AccessOptions(Secret(KEY), keys))
    callers = [
        await named.authenticate(asked(authorization=f"Bearer {key.reveal()}")) for key in keys
    ]
    assert [caller.name for caller in callers] == ["client-1", "anna"]


async def test_every_chat_only_key_has_a_name_of_its_own() -> None:
    """The log tells callers apart, and shows nothing of their keys."""
    callers = [
        await SHARED.authenticate(asked(authorization=f"Bearer {key}")) for key in CLIENT_KEYS
    ]
    assert [caller.name for caller in callers] == ["client-1", "client-2"]
    assert await SHARED.authenticate(asked(x_api_key=KEY)) is OPERATOR
    assert await SHARED.find(asked(x_api_key=CLIENT_KEYS[0][:-1])) is None
    assert await KEYED.find(asked(x_api_key=CLIENT_KEYS[0])) is None


async def test_only_the_operator_is_let_through_to_management() -> None:
    """A wrong key is 401, a chat-only one 403; a caller's own credential is no key of ours."""
    await SHARED.require_admin(asked(authorization=f"Bearer {KEY}"))
    await OPEN.require_admin(asked(authorization=f"Bearer {KEY}"))
    for guarded, key, kind in (
        (SHARED, CLIENT_KEYS[1], FaultKind.FORBIDDEN),
        (SHARED, "wrong", FaultKind.UNAUTHENTICATED),
        (OPEN, "any-token", FaultKind.UNAUTHENTICATED),
        (OPEN, "", FaultKind.UNAUTHENTICATED),
    ):
        with pytest.raises(Fault) as caught:
            await guarded.require_admin(asked(authorization=f"Bearer {key}"))
        assert caught.value.kind is kind


async def test_a_key_in_both_lists_is_the_operators() -> None:
    """The settings refuse it; here it must not lock the operator out."""
    both = authenticator(AccessOptions(Secret(KEY), (Secret(KEY),)))
    assert await both.authenticate(asked(x_api_key=KEY)) is OPERATOR


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Everything that is hashed while the test runs."""
    seen: list[bytes] = []
    sha256 = hashlib.sha256

    def counted(data: bytes) -> Any:
        seen.append(data)
        return sha256(data)

    monkeypatch.setattr(hashlib, "sha256", counted)
    return seen


async def test_a_thousand_keys_cost_what_one_costs(hashed: list[bytes]) -> None:
    """One hash a try: a flood of wrong keys is no dearer where many callers have one."""
    keys = tuple(Secret(f"key-{number}") for number in range(1000))
    many = authenticator(AccessOptions(None, keys))
    hashed.clear()
    assert await many.find(asked(x_api_key="key-999")) is not None
    assert await many.find(asked(x_api_key="key-1000")) is None
    assert [data.removeprefix(many._salt) for data in hashed] == [b"key-999", b"key-1000"]


@pytest.mark.parametrize("is_passthrough", [False, True])
async def test_a_try_costs_one_hash_a_key(hashed: list[bytes], is_passthrough: bool) -> None:  # noqa: FBT001 - a pytest parameter
    """Right, wrong, in both headers at once, too long, none at all; before a lock and in one."""
    access = AccessOptions(Secret(KEY), (Secret(CLIENT_KEYS[0]),), is_passthrough=is_passthrough)
    guarded = authenticator(access, WRONG_KEYS_MAX)
    tries = [
        (asked(x_api_key=KEY), 1),
        (asked(x_api_key=CLIENT_KEYS[0]), 1),
        (asked(authorization="Bearer a wrong one"), 1),
        (asked(authorization="Bearer a wrong one", x_api_key="another wrong one"), 2),
        (asked(authorization="Bearer a wrong one", x_api_key="a wrong one"), 2),
        (asked(x_api_key="x" * 100_000), 0),
        (asked(x_api_key=""), 0),
        (asked(), 0),
    ]
    for _ in range(WRONG_KEYS_MAX):
        for scope, hash_count in tries:
            for ask in (guarded.authenticate, guarded.require_admin):
                hashed.clear()
                with suppress(Fault):
                    await ask(scope)
                assert len(hashed) == hash_count, scope


@pytest.mark.parametrize("name", [b"x-api-key", b"authorization"])
async def test_of_the_same_header_twice_the_last_is_the_key(
    hashed: list[bytes], name: bytes
) -> None:
    """And the only one: nobody tries two keys at once, or hides one behind another."""
    prefix = b"Bearer " if name == b"authorization" else b""
    right, wrong = (name, prefix + KEY.encode()), (name, prefix + b"wrong")
    guarded = authenticator(AccessOptions(Secret(KEY)))
    scope = asked()
    hashed.clear()
    assert await guarded.find({**scope, "headers": [wrong, right]}) is OPERATOR
    assert await guarded.find({**scope, "headers": [right, wrong]}) is None
    assert len(hashed) == 2


def test_a_key_is_never_compared() -> None:
    """Only its salted hash is looked up: nothing stops at the first character that differs."""
    tree = ast.parse(inspect.getsource(auth))
    compared = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        for part in (node.left, *node.comparators)
        if isinstance(part, ast.Name) and part.id in {"key", "digest", "bearer", "api_key", "text"}
    ]
    assert compared == []


def test_the_hash_is_another_in_every_process() -> None:
    """Nobody can work out a key whose hash begins like that of the right one."""
    assert KEYED._digest(b"x") != SHARED._digest(b"x")


async def test_permission_is_a_value_of_the_caller() -> None:
    """Whoever asks for it compares no objects."""
    assert (await KEYED.authenticate(asked(x_api_key=KEY))).is_admin
    assert not (await SHARED.authenticate(asked(x_api_key=CLIENT_KEYS[0]))).is_admin
    assert not (await OPEN.authenticate(asked(x_api_key="own"))).is_admin


async def test_without_pass_through_a_callers_own_credential_is_a_wrong_key() -> None:
    """It is off by default."""
    assert await KEYED.find(asked(authorization="Bearer user_1::jwt")) is None


async def test_in_pass_through_the_bearer_is_the_callers_own_credential() -> None:
    """Its spelling is its upstream's; what cannot be one is a wrong key, a wrong header a fault."""
    caller = await OPEN.authenticate(asked(authorization="Bearer own"))
    (credential,) = caller.credentials
    assert (caller.name, credential.secret.reveal(), credential.endpoint) == (
        "passthrough",
        "own",
        "far",
    )
    assert await OPEN.find(asked(authorization="Bearer a b")) is None
    with pytest.raises(Fault) as caught:
        await OPEN.find(asked(authorization="Bearer own", x_wrong="1"))
    assert caught.value.kind is FaultKind.INVALID_REQUEST


@pytest.mark.parametrize("bare", ["own", "own,other"])
async def test_in_pass_through_a_key_needs_no_scheme(bare: str) -> None:
    """The earlier program's ancestors took it without; a scheme of another kind is no key."""
    assert (await OPEN.authenticate(asked(authorization=bare))).name == "passthrough"
    assert await OPEN.find(asked(authorization=f"Basic {bare}")) is None
    assert await OPEN.refuse_wrong(asked(authorization="Basic eDp5")) is None
    listed = [(b"authorization", b"own, other")]
    assert _find_keys(listed, takes_bare=True) == (b"own, other",)
    assert _find_keys(listed) == ()


async def test_in_pass_through_the_operators_key_still_means_the_pool() -> None:
    """Both ways of use live side by side."""
    assert await OPEN.authenticate(asked(authorization=f"Bearer {KEY}")) is OPERATOR


def test_the_salt_can_be_kept() -> None:
    """Where the settings change, who was let in before a lock is known still."""
    first, second = (
        Authenticator(
            AccessOptions(Secret(KEY)),
            Lockout(LockoutOptions(), StillClock()),
            read_own_credentials,
            b"salt" * 8,
        )
        for _ in range(2)
    )
    assert first._digest(b"x") == second._digest(b"x")
