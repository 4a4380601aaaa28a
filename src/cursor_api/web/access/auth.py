"""Who is calling. Comes before anything else is looked at, in constant time, one hash a key.

The keys are known by a hash salted with this process's own secret. A caller cannot foresee the
hash of what is tried, so how long it takes to look one up tells nothing about the keys, and it
takes the same however many there are. One that has a dash behind as many characters as the
operator's key has may be that with an alias, and costs a second hash. API keys are known by the
hash that is stored of them, which is of 256 random bits: nobody has a part of them to begin with.

Wrong keys are counted by the address that they come from (lockout.py), which is the connection's:
what a header says about it is anybody's word, but for that of proxies which the settings name. A
request without a key is no try, one with two keys is one. In pass-through any text may be
somebody's own credential, and its upstream judges it, so none is wrong for a chat: what counts is
what fails where only the operator's key will do.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import unquote

from msgspec import Struct, structs

from cursor_api.domain.api_key import SECRET_PREFIX
from cursor_api.domain.caller import Caller
from cursor_api.domain.credential import Credential, NamedSecret, Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.permission import Permission
from cursor_api.options.addresses import TrustedProxies, trusted_proxies
from cursor_api.options.client_keys import client_keys
from cursor_api.options.kinds import flag, header_secret
from cursor_api.options.setting import setting
from cursor_api.service.access.keys import ApiKeys
from cursor_api.web.access.lockout import Lockout, network_of
from cursor_api.web.access.proxies import find_caller
from cursor_api.web.server.serving import Scope

log = logging.getLogger(__name__)

Headers = Iterable[tuple[bytes, bytes]]

# What callers present as their own in pass-through, and the headers beside it: their credentials,
# or None where it cannot be any. Raises Fault for a header that is wrong.
ReadOwnCredentials = Callable[[str, Headers], tuple[Credential, ...] | None]

BEARER_SCHEME = b"bearer "
# A token may have some hundred characters; a header of several of them fits well.
KEY_LENGTH_MAX = 16_384

SALT_BYTES = 32

OPERATOR = Caller("operator", Permission.ADMIN)

# It does not name the other header that is taken: at `x-api-key` in an error, a well-known client
# puts "Not logged in" in place of the message.
WRONG_KEY = (
    "The API key is missing or wrong. Send the gateway's AUTH_TOKEN as"
    " `Authorization: Bearer <key>`, or where your client has a field for its API key."
)
# 503, never 401: nobody shall throw away a key that is right.
KEYS_AWAY = (
    "The gateway cannot read its API keys at the moment; yours may be right. Come back soon."
)
KEYS_IN_DOUBT = (
    "The gateway has not been able to look up for a while whether API keys were revoked. Come back"
    " soon."
)
API_KEY_BEGINS = SECRET_PREFIX.encode()
CHAT_ONLY = (
    "This API key may chat and nothing else. For this, use the gateway's AUTH_TOKEN, or an API key"
    " with the role admin."
)


class AccessOptions(Struct, frozen=True):
    """Who may come in.

    `auth_token` is the operator's key, None only in pass-through; `client_tokens` are those that
    may only chat. With `is_passthrough`, any other bearer is taken as the caller's own credentials.
    """

    auth_token: Secret | None = setting(
        "AUTH_TOKEN",
        header_secret(),
        None,
        "The key that callers send as `Authorization: Bearer …`. Make one with"
        " `openssl rand -hex 24`. If other machines can reach the listener, it needs"
        " at least 8 characters, and below 16 there is a warning; a placeholder is"
        " always refused. It may be missing only with `PASSTHROUGH`.",
        default_note="none, required",
    )
    client_tokens: tuple[Secret, ...] = setting(
        "CLIENT_TOKENS",
        client_keys(),
        "",
        "Further keys, for callers who may only chat: addresses that show or change"
        " credentials answer them with 403. The rules for `AUTH_TOKEN` apply, and"
        " they must differ from it. A key may have a name before it, as in"
        " `anna::key`, which is used in records and in the log; the others are called"
        " `client-1`, `client-2` and so on by their position.",
        earlier="SHARED_TOKEN",
    )
    is_passthrough: bool = setting(
        "PASSTHROUGH",
        flag(),
        "false",
        "Callers send their own Cursor tokens as the key (several, separated by"
        " commas); token files are not used for them. Off by default, because"
        " otherwise anybody could use the gateway's network address for their own"
        " account.",
        key="passthrough",
    )
    trusted_proxies: TrustedProxies = setting(
        "GATEWAY_TRUSTED_PROXIES",
        trusted_proxies(),
        "",
        "Proxies in front of the gateway whose `X-Forwarded-For` gives the address of a caller:"
        " either their networks, or, if their addresses are not known, how many there are in a"
        " row. Without it, all callers behind a proxy count as one when wrong keys are counted."
        " Give a number only if nobody can reach the gateway without passing the proxies.",
    )

    @property
    def client_names(self) -> tuple[str, ...]:
        """The names that the operator gave to keys of CLIENT_TOKENS."""
        return tuple(key.name for key in self.client_tokens if isinstance(key, NamedSecret))

    def named_keys(self) -> dict[str, Secret]:
        """All keys by the names of their callers, the operator's last."""
        named: dict[str, Secret] = {
            (isinstance(key, NamedSecret) and key.name) or f"client-{number}": key
            for number, key in enumerate(self.client_tokens, start=1)
        }
        if self.auth_token is not None:
            named[OPERATOR.name] = self.auth_token
        return named


class Authenticator:
    """Turns a request's headers into a Caller.

    Each method waits for a key's turn where many wrong ones come from its address, and raises
    Fault(LOCKED_OUT) where too many wait.
    """

    def __init__(
        self,
        options: AccessOptions,
        lockout: Lockout,
        read_own_credentials: ReadOwnCredentials,
        salt: bytes | None = None,
        api_keys: ApiKeys | None = None,
    ) -> None:
        self._is_passthrough = options.is_passthrough
        self._trusted_proxies = options.trusted_proxies
        self._lockout = lockout
        self._read_own_credentials = read_own_credentials
        # Given where a change of the settings shall not make known callers unknown.
        self._salt = salt or os.urandom(SALT_BYTES)
        # The operator's comes last: a key that is both is the operator's.
        self._callers = {
            self._digest(key.reveal().encode()): OPERATOR if name == OPERATOR.name else Caller(name)
            for name, key in options.named_keys().items()
        }
        operators = options.auth_token.reveal() if options.auth_token is not None else ""
        self._operator_key_length = len(operators.encode())
        self._api_keys = api_keys
        lockout.use_keys((*self._callers, *(api_keys.digests if api_keys else ())))

    @property
    def is_passthrough(self) -> bool:
        """Whether callers may bring credentials of their own."""
        return self._is_passthrough

    async def find(self, scope: Scope, *, is_own_taken: bool = True) -> Caller | None:
        """The caller, or None when no acceptable key was sent.

        Of two keys in two places one is enough: a proxy in front may need the other place for a
        key of its own. In pass-through a caller's own credential is a key, unless `is_own_taken`
        is False.
        """
        keys = _find_keys(scope["headers"], takes_bare=self._is_passthrough)
        if not keys:
            return None
        lockout, network = self._lockout, network_of(find_caller(scope, self._trusted_proxies))
        digests = []
        for key in keys:
            if len(key) > KEY_LENGTH_MAX:
                continue
            digest, caller = self._know(key)
            if caller is not None:
                if not lockout.is_known(network, digest):
                    # Right or wrong, the wait is the same.
                    await lockout.take_turn(network)
                    lockout.let_in(network, digest)
                return caller
            if self._api_keys is not None:
                caller = await self._find_api_caller(self._api_keys, key, network)
                if caller is not None:
                    return caller
            digests.append(digest)
        if is_own_taken and self._is_passthrough:
            own = self._find_own(keys, scope["headers"])
            if own is not None:
                return own
        await self._judge_wrong(network, digests)
        return None

    def _know(self, key: bytes) -> tuple[bytes, Caller | None]:
        """The hash of a key of the settings and whose it is; None for what is none.

        `AUTH_TOKEN-ALIAS` is the operator's too, and asks for that credential.
        """
        digest = self._digest(key)
        caller = self._callers.get(digest)
        end = self._operator_key_length
        alias = key[end + 1 :]
        if caller is None and end and alias and key[end : end + 1] == b"-":
            operators = self._digest(key[:end])
            if self._callers.get(operators) is OPERATOR:
                pinned = unquote(alias.decode(errors="replace"))
                return operators, structs.replace(OPERATOR, pinned=pinned)
        return digest, caller

    async def _find_api_caller(self, api_keys: ApiKeys, key: bytes, network: str) -> Caller | None:
        """Whose API key this is; raises Fault(UNAUTHENTICATED) where it was one."""
        digest = hashlib.sha256(key).digest()
        caller = api_keys.find_caller(digest)
        if caller is None and key.startswith(API_KEY_BEGINS):
            if not await api_keys.catch_up():
                raise _keys_away(KEYS_AWAY)
            caller = api_keys.find_caller(digest)
        if caller is not None and caller.key and api_keys.is_in_doubt(caller.key.id):
            raise _keys_away(KEYS_IN_DOUBT)
        if caller is None or self._lockout.is_known(network, digest):
            return caller
        await self._lockout.take_turn(network)
        # While it waited, it may have been revoked.
        caller = api_keys.find_caller(digest)
        if caller is not None:
            self._lockout.add_key(digest)
            self._lockout.let_in(network, digest)
        return caller

    def _find_own(self, keys: Iterable[bytes], headers: Headers) -> Caller | None:
        """Who brings credentials of their own as a key."""
        for key in keys:
            if len(key) <= KEY_LENGTH_MAX:
                own = self._read_own_credentials(key.decode("latin-1"), headers)
                if own is not None:
                    return Caller("passthrough", credentials=own)
        return None

    async def refuse_wrong(self, scope: Scope) -> Caller | None:
        """Let a right key through, and whoever has none (None); raises Fault(UNAUTHENTICATED)."""
        if _find_keys(scope["headers"], takes_bare=self._is_passthrough):
            return await self.authenticate(scope)
        return None

    async def authenticate(self, scope: Scope) -> Caller:
        """The caller; raises Fault(UNAUTHENTICATED)."""
        caller = await self.find(scope)
        if caller is None:
            raise Fault(FaultKind.UNAUTHENTICATED, WRONG_KEY)
        return caller

    async def require_admin(self, scope: Scope) -> Caller:
        """Let an operator through, and say who it is.

        Raises Fault: UNAUTHENTICATED, FORBIDDEN for a chat-only key.
        In pass-through any text may be somebody's credential; here it is a wrong key.
        """
        caller = await self.find(scope, is_own_taken=False)
        if caller is None:
            raise Fault(FaultKind.UNAUTHENTICATED, WRONG_KEY)
        if not caller.is_admin:
            raise Fault(FaultKind.FORBIDDEN, CHAT_ONLY)
        return caller

    def find_api_key(self, scope: Scope) -> NamedSecret | None:
        """The API key, with its id, that a request was let in with; None: one of the settings."""
        for key in _find_keys(scope["headers"]):
            if self._know(key)[1] is not None:
                return None
            digest = hashlib.sha256(key).digest()
            if self._api_keys is not None and (caller := self._api_keys.find_caller(digest)):
                return NamedSecret(key.decode(), caller.name)
        return None

    async def _judge_wrong(self, network: str, digests: Sequence[bytes]) -> None:
        # In pure pass-through there is no key to be guessed.
        has_keys = self._callers or (self._api_keys is not None and self._api_keys.all)
        if has_keys and not self._lockout.is_wrong_again(digests):
            await self._lockout.take_turn(network)
            self._count_wrong(network, digests)

    def _count_wrong(self, network: str, digests: Sequence[bytes]) -> None:
        if self._lockout.is_wrong_again(digests):
            return  # the same one came several times at once
        delay_s = self._lockout.count_wrong(network, digests)
        if delay_s is not None:
            log.warning(
                "many wrong keys come from an address, and new ones there take turns",
                extra={"facts": {"address": network, "delay_s": delay_s}},
            )

    def _digest(self, key: bytes) -> bytes:
        return hashlib.sha256(self._salt + key).digest()


def _find_keys(headers: Headers, *, takes_bare: bool = False) -> tuple[bytes, ...]:
    """The keys that a request brings: none, one or two.

    `takes_bare`: also one without a scheme, as the earlier program's ancestors took tokens.
    """
    bearer = api_key = b""
    for name, value in headers:
        if name == b"authorization":
            if value[:7].lower() == BEARER_SCHEME:
                bearer = value[7:].strip()
            elif takes_bare and _is_bare(value):
                bearer = value.strip()
        elif name == b"x-api-key":
            api_key = value.strip()
    if not api_key:
        return (bearer,) if bearer else ()
    return (bearer, api_key) if bearer else (api_key,)


def _is_bare(value: bytes) -> bool:
    """Whether there is no scheme in front; of tokens with commas there may be a list."""
    first, space, _ = value.partition(b" ")
    return not space or b"," in first


def _keys_away(message: str) -> Fault:
    fault = Fault(FaultKind.LIMITS_UNAVAILABLE, message)
    fault.code = "keys_unavailable"
    return fault
