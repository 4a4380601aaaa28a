"""What people are told about Cursor's session tokens: what happened, and what to do."""

from __future__ import annotations

from cursor_api.domain.credential_health import QuarantineReason
from cursor_api.domain.errors import FaultKind, Scope
from cursor_api.domain.words import UpstreamWords
from cursor_api.options.said import tell

_RENEW = (
    "Sign in to Cursor again, copy the new token and renew the credential with it: it keeps its"
    " name and its device."
)
_NETWORK = (
    "This says nothing about the credential. Look whether this machine reaches Cursor, whether a"
    " proxy is needed (CURSOR_PROXY), and test again."
)
_CURSORS = "This says nothing about the credential: Cursor has a problem. Test again in a minute."

_ADVICE: dict[FaultKind, str] = {
    FaultKind.CREDENTIAL_REJECTED: _RENEW,
    FaultKind.CREDENTIAL_FORBIDDEN: (
        "The account may not use this model. Test with another model, or look at its plan."
    ),
    FaultKind.CREDENTIAL_BLOCKED: (
        "Cursor suspects the account: too many computers, or unusual activity. Use it from one"
        " place for a while and keep its checksum; then test again."
    ),
    FaultKind.RATE_LIMITED: (
        "Nothing to do: it is tried again by itself when the wait is over. More credentials, or a"
        " lower weight, make it rarer."
    ),
    FaultKind.QUOTA_EXHAUSTED: (
        "The account's quota is used up. It is tried again by itself; until it is renewed, other"
        " credentials have to serve."
    ),
    FaultKind.CLIENT_OUTDATED: (
        "This says nothing about the credential: Cursor wants a newer client version. Set"
        " CURSOR_CLIENT_VERSION to that of the current editor."
    ),
    FaultKind.UNREACHABLE: _NETWORK,
    FaultKind.UPSTREAM_TIMEOUT: _NETWORK,
    FaultKind.UPSTREAM_ERROR: _CURSORS,
    FaultKind.UPSTREAM_OVERLOADED: _CURSORS,
    FaultKind.PROTOCOL_ERROR: (
        "This says nothing about the credential: the answer was not of the known form. Is"
        " CURSOR_BASE_URL right, and no other program in between?"
    ),
    FaultKind.INCOMPLETE: _CURSORS,
    FaultKind.UPSTREAM_UNAVAILABLE: _CURSORS,
    FaultKind.CREDENTIAL_SILENT: (
        "Nothing to do: it is tried again by itself. If it stays silent while others are answered,"
        " sign in to Cursor and look at the account."
    ),
    FaultKind.CREDENTIAL_FAILING: (
        "Nothing to do: it is tried again by itself. If it goes on failing while others are"
        " answered, sign in to Cursor and look at the account."
    ),
}
# For every other kind, by whom it blames.
_ADVICE_BY_SCOPE: dict[Scope, str] = {
    Scope.REQUEST: "Cursor did not take the request itself. Test with another model.",
    Scope.CREDENTIAL: _RENEW,
    Scope.ENDPOINT: _CURSORS,
    Scope.GATEWAY: "This is the gateway's own failure; its log says more.",
}

WORDS = UpstreamWords(
    quarantine={
        QuarantineReason.REVOKED: (
            "Cursor refuses the token: it was signed out or is not valid. Sign in again and renew"
            " it."
        ),
        QuarantineReason.EXPIRED: "The token has expired. Sign in again and renew it.",
        QuarantineReason.BLOCKED: (
            "Cursor has blocked the account for now: too many computers, or suspicious activity."
            " Use it from fewer places, then test it."
        ),
    },
    cooling="Cursor limits it for {models}. It is tried again by itself.",
    advice=_ADVICE,
    advice_by_scope=_ADVICE_BY_SCOPE,
    client_outdated=(
        "the upstream wants a newer client version: set CURSOR_CLIENT_VERSION to that of the"
        " current editor; until then it is asked once in a while only"
    ),
    no_credentials=tell(
        "No session token of Cursor's is configured. The operator can add one with `cursor-api"
        " token add`, on the page /tokeninfo, or as a line of the token file (.token by default)."
        " GET /v1/models lists the models that can be asked."
    ),
    test_models=("gpt-4o-mini", "cursor-small", "claude-3.5-haiku"),
)
