"""What people are told about API keys of Cursor's dashboard: what happened, and what to do."""

from __future__ import annotations

from cursor_api.domain.credential_health import QuarantineReason
from cursor_api.domain.errors import FaultKind, Scope
from cursor_api.domain.words import UpstreamWords
from cursor_api.options.said import tell

_RENEW = (
    "Make a new API key in Cursor's dashboard (cursor.com/dashboard, Integrations) and renew the"
    " credential with it: it keeps its name."
)
_BRIDGE = (
    "This says nothing about the credential: the Cursor SDK bridge on this machine does not run, or"
    " does not reach Cursor. The message and the gateway's log say which; test again after that."
)
_CURSORS = "This says nothing about the credential: Cursor has a problem. Test again in a minute."
_UPGRADE = (
    "This says nothing about the credential: the versions do not fit. Upgrade the package"
    " cursor-sdk (pip install --upgrade cursor-sdk), or the gateway."
)

_ADVICE: dict[FaultKind, str] = {
    FaultKind.CREDENTIAL_REJECTED: _RENEW,
    FaultKind.CREDENTIAL_FORBIDDEN: (
        "The account or the key may not do this: look at its plan. The key has to be one of a user"
        " or of a service account; a team's admin key cannot be used."
    ),
    FaultKind.CREDENTIAL_BLOCKED: "Cursor has blocked the account; its dashboard says why.",
    FaultKind.RATE_LIMITED: (
        "Nothing to do: it is tried again by itself when the wait is over. More credentials, or a"
        " lower weight, make it rarer."
    ),
    FaultKind.QUOTA_EXHAUSTED: (
        "The account's usage limit is reached: raise it in Cursor's dashboard, or wait. It is tried"
        " again by itself; until then other credentials have to serve."
    ),
    FaultKind.CLIENT_OUTDATED: _UPGRADE,
    FaultKind.UNREACHABLE: _BRIDGE,
    FaultKind.UPSTREAM_TIMEOUT: (
        "This says nothing about the credential: no answer came in time. The bridge tries several"
        " times by itself before it gives up; test again in a minute."
    ),
    FaultKind.UPSTREAM_ERROR: _CURSORS,
    FaultKind.UPSTREAM_OVERLOADED: _CURSORS,
    FaultKind.PROTOCOL_ERROR: _UPGRADE,
    FaultKind.INCOMPLETE: _CURSORS,
    FaultKind.UPSTREAM_UNAVAILABLE: _CURSORS,
    FaultKind.CREDENTIAL_SILENT: (
        "Nothing to do: it is tried again by itself. If it stays silent while others are answered,"
        " look at the account in Cursor's dashboard."
    ),
    FaultKind.CREDENTIAL_FAILING: (
        "Nothing to do: it is tried again by itself. If it goes on failing while others are"
        " answered, look at the account in Cursor's dashboard."
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
            "Cursor refuses the API key: it is wrong, or was deleted. Make a new one in Cursor's"
            " dashboard and renew the credential with it."
        ),
        QuarantineReason.EXPIRED: (
            "The API key has expired. Make a new one in Cursor's dashboard and renew the credential"
            " with it."
        ),
        QuarantineReason.BLOCKED: (
            "Cursor has blocked the account for now; its dashboard says why. Then test it."
        ),
    },
    cooling="Cursor limits it for {models}. It is tried again by itself.",
    advice=_ADVICE,
    advice_by_scope=_ADVICE_BY_SCOPE,
    client_outdated=(
        "Cursor wants a newer version of its SDK: pip install --upgrade cursor-sdk, and restart the"
        " gateway; until then it is asked once in a while only"
    ),
    no_credentials=tell(
        "No Cursor API key is configured. Make one in Cursor's dashboard and add it"
        " with `cursor-api token add`, on the page /tokeninfo, or as a line of the token file"
        " (.token by default)."
    ),
    test_models=("composer-2.5", "auto"),
)
