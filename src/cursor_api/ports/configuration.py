"""The settings as they are shown to the operator, whoever has read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec import Struct

from cursor_api.options.said import Words
from cursor_api.ports.upstream_blocks import INVALID, NewUpstream, ShownUpstreams


class ShownSetting(Struct, frozen=True):
    """One setting as it stands; the `value` of one that `is_secret` only says that there is one.

    `default_text` says where a default comes from that is no fixed one, else what it is.
    `name` is its variable, or `upstream.NAME.key` for one of a block; `key` is its name in TOML,
    "" where it has none. `source` says where it was found. `is_waiting`: it was read anew, and is
    used after a restart. `fixed_by` says why it cannot be changed while the gateway runs:
    `restart`, `environment`, `command_line`, `block`, `config` (it says where the files are),
    `machine` (it says what runs there) or `no_files`; "" where it can.
    """

    name: str
    key: str
    group: Words
    value: str
    is_set: bool
    source: str
    is_secret: bool
    default: str
    default_text: Words
    needs_restart: bool
    is_waiting: bool
    fixed_by: str
    text: Words


class ShownFinding(Struct, frozen=True):
    """Something that is wrong, or looks wrong, with what to do about it; never a secret.

    `name` is the setting, "" where it is about a file; `where` is the place in it. `text` is the
    English of its `words`.
    """

    name: str
    where: str
    text: str
    words: Words


class ShownFindings(Struct, frozen=True):
    """What is wrong. `problems` are why the settings that were read last are not in use."""

    problems: tuple[ShownFinding, ...] = ()
    warnings: tuple[ShownFinding, ...] = ()


class ShownSettings(ShownFindings, frozen=True):
    """All settings in use, and what is wrong."""

    settings: tuple[ShownSetting, ...] = ()


class Reloaded(Struct, frozen=True):
    """What came of reading settings and token files again.

    `changed` are the names of settings that are used from now on, `waiting` those that a restart
    takes up; `added` and `removed` are whole blocks, such as `upstream.mine`. With `problems` the
    old settings serve on, with a `credential_problem` the old credentials; else `credential_count`
    says how many there are now.
    """

    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    problems: tuple[ShownFinding, ...] = ()
    credential_count: int | None = None
    credential_problem: str | None = None


def list_changes(changed: Iterable[str], added: Iterable[str], removed: Iterable[str]) -> str:
    """What a reload has changed, in one line that is the same in every language."""
    return ", ".join([*(f"+{name}" for name in added), *(f"-{name}" for name in removed), *changed])


class UnknownSettingError(Exception):
    """There is no setting of this name."""


class FixedSettingError(Exception):
    """It cannot be changed here; says why, and where it can."""


class WrongSettingError(Exception):
    """A value, or what follows from it, is wrong; nothing was changed."""

    def __init__(self, problems: Sequence[ShownFinding]) -> None:
        super().__init__("\n".join(one.text for one in problems))
        self.problems = tuple(problems)


class WrongUpstreamError(Exception):
    """It cannot be added as it is said; nothing was changed. `field` is the one to blame, or ""."""

    def __init__(
        self,
        field: str,
        message: str,
        code: str = INVALID,
        findings: tuple[ShownFinding, ...] = (),
    ) -> None:
        super().__init__(message)
        self.field = field
        self.code = code
        self.findings = findings


class SettingsWriter(Protocol):
    """Changes the files that settings stand in. The methods block, and are for a thread."""

    def etag(self) -> str:
        """The version of what is there."""
        ...

    def change(self, name: str, value: str | None, if_match: str | None) -> str:
        """Set one, or None: leave it to what else says it; gives the name it is listed under.

        Raises UnknownSettingError, FixedSettingError, WrongSettingError, StoreError, and
        StaleTextError where `if_match` is not the version; nothing is changed then.
        """
        ...

    def add_upstream(self, new: NewUpstream, keys: Sequence[str], if_match: str | None) -> None:
        """Append its block, and put its keys into a file of their own.

        Raises WrongUpstreamError, FixedSettingError, StoreError, and StaleTextError as above;
        nothing is changed then.
        """
        ...


class Configuration(Protocol):
    """What the gateway was told."""

    @property
    def writer(self) -> SettingsWriter | None:
        """What changes it; None where nothing does."""
        ...

    def show(self) -> ShownSettings:
        """All of it, as it stands now."""
        ...

    def findings(self) -> ShownFindings:
        """What is wrong with it, as it stands now."""
        ...

    def upstreams(self) -> ShownUpstreams:
        """The upstreams of it, and what another one can be made of."""
        ...

    async def reload(self) -> Reloaded:
        """Read it again, and the token files; what cannot be used changes nothing."""
        ...


class Unshown:
    """Implements Configuration for a gateway whose settings nobody is shown."""

    writer: SettingsWriter | None = None

    def show(self) -> ShownSettings:
        """None of them."""
        return ShownSettings()

    def findings(self) -> ShownFindings:
        """Nothing."""
        return ShownFindings()

    def upstreams(self) -> ShownUpstreams:
        """None of them."""
        return ShownUpstreams()

    async def reload(self) -> Reloaded:
        """There is nothing to be read."""
        return Reloaded()
