"""What people are told about the keys of endpoints: what happened, what to do."""

from __future__ import annotations

from typing import Final

from cursor_api.domain.credential_health import QuarantineReason
from cursor_api.domain.errors import FaultKind, Scope
from cursor_api.domain.words import UpstreamWords
from cursor_api.options.said import tell

_RENEW = (
    "Look at the key on the provider's page, put a good one where cursor-api.toml takes it from,"
    " and reload the gateway."
)
_NETWORK = (
    "This says nothing about the credential. Look whether base_url is right, the server runs and"
    " this machine reaches it, and test again."
)
_SERVERS = (
    "This says nothing about the credential: the server has a problem. Test again in a minute."
)
_ADVICE: Final[dict[FaultKind, str]] = {
    FaultKind.CREDENTIAL_REJECTED: _RENEW,
    FaultKind.CREDENTIAL_FORBIDDEN: (
        "The key may not use this model. Test with another model, or look at the key's rights on"
        " the provider's page."
    ),
    FaultKind.CREDENTIAL_BLOCKED: "The provider has blocked the account; its page says why.",
    FaultKind.RATE_LIMITED: (
        "Nothing to do: it is tried again by itself when the wait is over. A second route of the"
        " model, or more keys, make it rarer."
    ),
    FaultKind.QUOTA_EXHAUSTED: (
        "The account has no credit left. It is tried again by itself; until it is topped up, other"
        " keys or routes have to serve."
    ),
    FaultKind.UNREACHABLE: _NETWORK,
    FaultKind.UPSTREAM_TIMEOUT: (
        "This says nothing about the credential: no answer came in time. Raise"
        " first_token_timeout_s of this upstream if its model takes longer."
    ),
    FaultKind.UPSTREAM_ERROR: _SERVERS,
    FaultKind.UPSTREAM_OVERLOADED: _SERVERS,
    FaultKind.INCOMPLETE: _SERVERS,
    FaultKind.UPSTREAM_UNAVAILABLE: _SERVERS,
    FaultKind.CREDENTIAL_FAILING: (
        "Nothing to do: it is tried again by itself. If it goes on failing while other keys are"
        " answered, look at the key on the provider's page."
    ),
    FaultKind.CREDENTIAL_SILENT: (
        "Nothing to do: it is tried again by itself. If it stays silent while others are answered,"
        " look at the account."
    ),
}
# For every other kind, by whom it blames.
_ADVICE_BY_SCOPE: Final[dict[Scope, str]] = {
    Scope.REQUEST: "The server did not take the request itself. Test with another model.",
    Scope.CREDENTIAL: _RENEW,
    Scope.ENDPOINT: _SERVERS,
    Scope.GATEWAY: "This is the gateway's own failure; its log says more.",
}


def key_words(api: str, test_models: tuple[str, ...]) -> UpstreamWords:
    """The texts for endpoints that speak this API; see UpstreamWords for `test_models`."""
    address = (
        "This says nothing about the credential: the answer was not of the known form. Is base_url"
        f" right, and does the server speak {api}?"
    )
    return UpstreamWords(
        quarantine={
            QuarantineReason.REVOKED: (
                "The server refuses the key: it is wrong, or was revoked. Put a good one where"
                " cursor-api.toml takes it from."
            ),
            QuarantineReason.EXPIRED: "The key has expired. Make a new one on the provider's page.",
            QuarantineReason.BLOCKED: (
                "The provider has blocked the account for now. Its page says why; then test it."
            ),
        },
        cooling="The server limits it for {models}. It is tried again by itself.",
        advice={
            **_ADVICE,
            FaultKind.CLIENT_OUTDATED: address,
            FaultKind.PROTOCOL_ERROR: address,
        },
        advice_by_scope=_ADVICE_BY_SCOPE,
        client_outdated="the upstream does not serve this call any more: look at its base_url",
        no_credentials=tell(
            "This upstream has no key that may be used: give one in its [[upstream]] block in"
            " cursor-api.toml."
        ),
        test_models=test_models,
    )
