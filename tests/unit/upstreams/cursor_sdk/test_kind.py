"""Cursor's official way as a kind of upstream."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from cursor_api.domain.credential import Secret
from cursor_api.domain.diagnosis import Needing
from cursor_api.installed import FORMS, KINDS
from cursor_api.ports.upstream import UpstreamKind, UpstreamParts
from cursor_api.service.steps import StepRunner
from cursor_api.upstreams.cursor_sdk.kind import CursorSdkKind
from cursor_api.upstreams.cursor_sdk.late import LateUpstream
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from cursor_api.upstreams.cursor_sdk.upstream import SdkUpstream
from tests.fake_bridge import SystemTime

KIND: UpstreamKind = CursorSdkKind()


@pytest.mark.parametrize("is_early", [True, False])
async def test_it_is_built_from_its_options(*, is_early: bool) -> None:
    """When it is first needed, or with the gateway where its bridge starts together with that."""
    options = SdkOptions(
        bridge_url="http://127.0.0.1:9", bridge_token=Secret("t"), is_started_early=is_early
    )
    parts = UpstreamParts("cursor-sdk", SystemTime(), StepRunner())
    async with KIND.build(options, parts) as upstream:
        assert isinstance(upstream, LateUpstream)
        assert ("SdkUpstream" in repr(upstream)) is is_early
        assert isinstance(await upstream.find_built(), SdkUpstream)


def test_it_is_installed_and_the_token_files_api_keys_are_its_own() -> None:
    """Both spellings of the dashboard's keys, and nothing else."""
    assert isinstance(KINDS["cursor-sdk"], CursorSdkKind)
    for key in ("crsr_0123456789abcdef", "key_0123456789abcdef"):
        form = next(form for form in FORMS if form.is_form_of(key))
        assert (form.endpoint, form.is_bound) == ("cursor-sdk", False)
    other = next(form for form in FORMS if form.is_form_of("eyJhbGciOi.J9.x"))
    assert other.endpoint == "cursor"


def test_it_says_what_it_lacks_on_this_machine(tmp_path: Path) -> None:
    """Nothing, where somebody else runs the bridge."""
    assert isinstance(KIND, Needing)
    gone = SdkOptions(bridge_bin=tmp_path / "gone")
    assert "not a program that can be run" in KIND.find_lack(gone)
    assert KIND.find_lack(replace(gone, bridge_url="http://127.0.0.1:9")) == ""
