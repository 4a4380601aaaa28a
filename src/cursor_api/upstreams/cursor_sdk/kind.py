"""Cursor by API key of its dashboard, over its SDK's bridge, as a kind of upstream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from cursor_api.domain.credential import CredentialForm
from cursor_api.domain.diagnosis import Check
from cursor_api.domain.errors import Fault
from cursor_api.domain.features import Feature
from cursor_api.ports.upstream import Upstream, UpstreamParts
from cursor_api.upstreams.cursor_sdk.late import LateUpstream
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from cursor_api.upstreams.cursor_sdk.words import WORDS


class CursorSdkKind:
    """Implements `ports.UpstreamKind`."""

    name = "cursor-sdk"
    options = SdkOptions
    words = WORDS
    # Its keys stand in the file of session tokens, whose kind knows both forms.
    forms: Sequence[CredentialForm] = ()
    features = frozenset({Feature.TOOLS, Feature.FORCED_TOOLS, Feature.IMAGES, Feature.REASONING})
    dialect = ""

    def diagnose(self, options: SdkOptions, parts: UpstreamParts) -> AsyncIterator[Check]:
        """See domain.diagnosis.Diagnosing."""
        from cursor_api.upstreams.cursor_sdk.checkup import diagnose  # noqa: PLC0415

        return diagnose(options, parts)

    def find_lack(self, options: SdkOptions) -> str:
        """See domain.diagnosis.Needing."""
        from cursor_api.upstreams.cursor_sdk.program import find_program  # noqa: PLC0415

        if options.bridge_url is None:
            try:
                find_program(options.bridge_bin)
            except Fault as fault:
                return fault.said
        return ""

    @asynccontextmanager
    async def build(self, options: SdkOptions, parts: UpstreamParts) -> AsyncIterator[Upstream]:
        """The bridge's services; a bridge of our own ends with the context."""

        def build_it() -> AbstractAsyncContextManager[Upstream]:
            # Loaded only where somebody needs it.
            from cursor_api.upstreams.cursor_sdk.building import build_upstream  # noqa: PLC0415

            return build_upstream(options, parts)

        async with LateUpstream(build_it, parts.find_api_keys) as upstream:
            if options.is_started_early:
                await upstream.find_built()
            yield upstream
