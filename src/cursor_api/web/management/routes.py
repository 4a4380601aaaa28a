"""The rows of the management API: every operation on the credentials and the token files."""

from __future__ import annotations

from collections.abc import Sequence

from cursor_api.ports.process import Clock
from cursor_api.service.credentials.roster import Roster
from cursor_api.service.credentials.use_cases import Credentials
from cursor_api.web.access.auth import Authenticator
from cursor_api.web.http.operation import Operation
from cursor_api.web.management.credentials import CredentialRoutes
from cursor_api.web.management.tokens import TokenFileOptions, TokenTexts


def management_operations(
    roster: Roster,
    credentials: Credentials,
    clock: Clock,
    options: TokenFileOptions,
    authenticator: Authenticator,
) -> Sequence[Operation]:
    """With one state behind them, wherever their addresses are."""
    texts = TokenTexts(roster, clock, options, authenticator)
    return (*texts.operations(), *CredentialRoutes(credentials).operations())
