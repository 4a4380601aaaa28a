"""The pool hands out credentials in rotation and forgets no lease."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.pool import Pool


def credential(name: str) -> Credential:
    """A credential whose alias, secret and checksum are told apart by one name."""
    return Credential(name, Secret(f"token-{name}"), f"checksum-{name}")


A, B, C, D = (credential(name) for name in "abcd")


def aliases(pool: Pool, count: int) -> str:
    """Whom the next `count` leases get."""
    leases = [pool.lease() for _ in range(count)]
    for lease in leases:
        lease.settle()
    return "".join(lease.credential.alias for lease in leases)


def test_credentials_serve_in_file_order_in_strict_rotation() -> None:
    """The reference's promise."""
    assert aliases(Pool([A, B, C]), 7) == "abcabca"


def test_a_tried_credential_is_not_handed_out_again() -> None:
    """Failover never asks the same credential twice."""
    pool = Pool([A, B])
    assert pool.lease(tried={A}).credential is B
    with pytest.raises(Fault) as caught:
        pool.lease(tried={A, B})
    assert caught.value.kind is FaultKind.NO_CREDENTIALS


def test_an_empty_pool_says_how_to_add_a_credential() -> None:
    """The message is the next step."""
    with pytest.raises(Fault, match=r"token file") as caught:
        Pool().lease()
    assert caught.value.kind is FaultKind.NO_CREDENTIALS


def test_a_callers_own_credentials_are_used_instead_of_the_pools() -> None:
    """Pass-through never touches the operator's credentials."""
    pool = Pool([A, B])
    assert [pool.lease(own=(C, D)).credential.alias for _ in range(3)] == ["c", "d", "c"]


def test_reloading_goes_on_behind_the_credential_used_last() -> None:
    """A reload under load keeps the rotation fair."""
    pool = Pool([A, B, C])
    assert aliases(pool, 2) == "ab"
    pool.replace([A, D, B, C])
    assert aliases(pool, 4) == "cadb"
    pool.replace([D])
    assert aliases(pool, 1) == "d"
    pool.replace([])
    pool.replace([A])
    assert aliases(pool, 1) == "a"


def test_leases_are_counted_until_settled_once() -> None:
    """Settling twice gives back one."""
    pool = Pool([A])
    first, second = pool.lease(), pool.lease()
    assert repr(pool) == "Pool(credentials=1, cursor=1, leased=2)"
    first.settle()
    first.settle()
    assert pool.leased_count == 1
    second.settle()
    assert pool.leased_count == 0
