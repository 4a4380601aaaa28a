"""What the machine says to the settings, asked before anything is started: all of it at once.

Rules of this file:
- A check looks and changes nothing, except that a save of the token files that was cut off is
  finished, as it would be by any load.
- A check says nothing of a setting that has a problem already.
- Each finding is one sentence about what is so, and one about what to do.
- A problem is what cannot serve. What serves with a part missing is a warning.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from cursor_api.cli.home.folder import find_home
from cursor_api.cli.serving.found import Found, as_problem, as_warning, give_rights, is_full
from cursor_api.cli.serving.port import take_port
from cursor_api.cli.serving.token_checks import check_tokens
from cursor_api.cli.terminal.telling import told_shortly
from cursor_api.domain.errors import StoreError
from cursor_api.files.running import find_running_url
from cursor_api.installed import Settings
from cursor_api.options.rules import Facts, Finding, find_mode
from cursor_api.options.said import tell
from cursor_api.settings import Loaded
from cursor_api.stores.files.pool_state import FilePoolStateStore
from cursor_api.stores.sqlite.file import RecordFile
from cursor_api.web.server import descriptors
from cursor_api.web.server.tls import TlsFileError, TlsOptions, load_certificate, utc_now

FILE_VARIABLES: Final = ("TOKEN_FILE", "TOKEN_LIST_FILE", "POOL_STATE_FILE", "REQUEST_LOG_FILE")


_Check = Callable[[Facts], Iterable[Found]]


def check_and_listen(
    loaded: Loaded[Settings], *, has_files: bool = True
) -> tuple[Loaded[Settings], socket.socket | None]:
    """Ask the machine about all that could be read; gives the listener, open, if it is to be had.

    `has_files` False leaves out files, for a gateway that has none (the demo). The process's limit
    of file descriptors is raised on the way.
    """
    facts = _valid_facts(loaded)
    listener, found = take_port(facts)
    if has_files:
        found.extend(_run(FILE_CHECKS, facts))
    found.extend(_check_the_rest(loaded, facts))
    return _with_found(loaded, found), listener


def check_without_listening(loaded: Loaded[Settings]) -> Loaded[Settings]:
    """The same without taking the port, for a gateway that may be running already.

    That this gateway has the port is as it should be; a port that somebody has is only a warning,
    as a gateway may run that cannot be seen from here, such as one of another folder.
    """
    facts = _valid_facts(loaded)
    listener, found = take_port(facts)
    if listener is not None:
        listener.close()
    if _is_served_here(facts):
        found = [one for one in found if not one.may_be_ours]
    found = [Found(one.finding, one.is_problem and not one.may_be_ours) for one in found]
    found.extend(_run(FILE_CHECKS, facts))
    found.extend(_check_the_rest(loaded, facts))
    return _with_found(loaded, found)


def _is_served_here(facts: Facts) -> bool:
    """Whether the gateway of this home runs, and has the port of these settings."""
    url = find_running_url(find_home())
    return url is not None and urlsplit(url).port == facts.find("PORT")


def recheck(loaded: Loaded[Settings]) -> Loaded[Settings]:
    """What a gateway asks that runs and reads its settings again: neither its port nor its files.

    Those it has; the token files are read by themselves.
    """
    return _with_found(loaded, _check_the_rest(loaded, _valid_facts(loaded)))


def _run(checks: Iterable[_Check], facts: Facts) -> Iterator[Found]:
    for check in checks:
        yield from check(facts)


def _check_the_rest(loaded: Loaded[Settings], facts: Facts) -> Iterator[Found]:
    upstreams = [_without_wrong(loaded, upstream) for upstream in loaded.upstreams]
    for upstream in upstreams:
        yield from _run(UPSTREAM_CHECKS, upstream)
    yield from _check_certificate(facts)
    yield from _check_descriptors(facts, upstreams)


def _valid_facts(loaded: Loaded[Settings]) -> Facts:
    return _without_wrong(loaded, loaded.facts)


def _without_wrong(loaded: Loaded[Settings], facts: Facts) -> Facts:
    """The values without those that have a problem."""
    wrong = {problem.variable for problem in loaded.problems}
    right = {name: value for name, value in facts.values.items() if facts.label(name) not in wrong}
    return replace(facts, values=right)


def _with_found(loaded: Loaded[Settings], found: Iterable[Found]) -> Loaded[Settings]:
    findings: dict[bool, list[Finding]] = {True: [], False: []}
    for one in found:
        findings[one.is_problem].append(one.finding)
    return loaded.with_findings(tuple(findings[True]), tuple(findings[False]))


# --- Files


def _check_folders(facts: Facts) -> Iterator[Found]:
    """Each folder once, named by the first setting that leads there."""
    seen: set[Path] = set()
    for variable in FILE_VARIABLES:
        path: Path | None = facts.find(variable)
        if path is None:
            continue
        folder = Path(os.path.realpath(path)).parent
        if folder not in seen:
            seen.add(folder)
            yield from _check_folder(facts, variable, folder)


def _check_folder(facts: Facts, variable: str, folder: Path) -> Iterator[Found]:
    mode = find_mode(folder)
    if not mode and not os.path.lexists(folder):
        message = tell(
            "the folder {folder} does not exist; make it with: mkdir -p {folder}", folder=folder
        )
        yield as_problem(facts, variable, message)
    elif not stat.S_ISDIR(mode):
        yield as_problem(
            facts,
            variable,
            tell("{folder} is no folder that can be entered; name a file in one", folder=folder),
        )
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield as_warning(
            facts,
            variable,
            tell(
                "the folder {folder} cannot be written, so that credentials cannot be changed here"
                " and the pool and the request log forget at a restart; {remedy}",
                folder=folder,
                remedy=give_rights("write"),
            ),
        )
    elif is_full(folder):
        message = tell(
            "the disk of {folder} is full, so that nothing can be saved; make room on it",
            folder=folder,
        )
        yield as_warning(facts, variable, message)


def _check_pool_state(facts: Facts) -> Iterator[Found]:
    path = facts.find("POOL_STATE_FILE")
    if path is None:
        return
    try:
        asyncio.run(FilePoolStateStore(path).load())
    except StoreError as error:
        yield as_warning(
            facts,
            "POOL_STATE_FILE",
            tell(
                "{error} All credentials begin as healthy, and the file is replaced;"
                " to keep it, move it away first",
                error=told_shortly(error),
            ),
        )


def _check_request_log(facts: Facts) -> Iterator[Found]:
    path: Path | None = facts.find("REQUEST_LOG_FILE")
    if path is None or not facts.find("GATEWAY_LOG_KEPT_MAX"):
        return
    try:
        RecordFile(path).check()
    except StoreError as error:
        yield as_problem(facts, "REQUEST_LOG_FILE", told_shortly(error).rstrip(".。"))


# --- Certificates


def _check_certificate(facts: Facts) -> Iterator[Found]:
    try:
        found = load_certificate(
            TlsOptions(facts.find("TLS_CERT_FILE"), facts.find("TLS_KEY_FILE"))
        )
    except TlsFileError as error:
        yield as_problem(facts, error.variable, error.message)
        return
    for variable, message in found.find_flaws(utc_now()) if found else ():
        yield as_warning(facts, variable, message)


def _check_ca_file(upstream: Facts) -> Iterator[Found]:
    path: Path | None = upstream.find("ca_file")
    if path is None:
        return
    try:
        ssl.create_default_context().load_verify_locations(cafile=path)
    except ssl.SSLError:
        yield as_problem(
            upstream,
            "ca_file",
            tell(
                "{path} holds no certificate in PEM form (-----BEGIN"
                " CERTIFICATE-----); make one of a DER file with: openssl x509 -inform"
                " der -in FILE -out FILE.pem",
                path=path,
            ),
        )
    except OSError as error:
        message = tell(
            "{path} cannot be read ({reason}); {remedy}",
            path=path,
            reason=error.strerror,
            remedy=give_rights("read"),
        )
        yield as_problem(upstream, "ca_file", message)


def _check_trust(upstream: Facts) -> Iterator[Found]:
    url = upstream.find("base_url") or ""
    if not url.startswith("https://") or upstream.find("ca_file") or _has_authorities():
        return
    yield as_warning(
        upstream,
        "base_url",
        tell(
            "this machine knows no certificate authority, so that no TLS address"
            " can be trusted; install its ca-certificates package, or set {name}",
            name=upstream.label("ca_file"),
        ),
    )


def _has_authorities() -> bool:
    if ssl.create_default_context().cert_store_stats()["x509_ca"]:
        return True
    # Of a folder each is loaded when it is needed.
    folder = ssl.get_default_verify_paths().capath
    return bool(folder) and any(Path(folder).iterdir())


# --- The process


def _check_descriptors(facts: Facts, upstreams: Sequence[Facts]) -> Iterator[Found]:
    callers = facts.find("GATEWAY_CONNECTIONS_MAX")
    counts = {
        one.label("connections_max"): count
        for one in upstreams
        if (count := one.find("connections_max")) is not None
    }
    if callers is None or not counts:
        return
    needed_count = descriptors.count_needed(callers, max(counts.values()))
    limit_count = descriptors.raise_limit(needed_count)
    if limit_count is None or limit_count >= needed_count:
        return
    share_count = descriptors.share(callers, limit_count)
    names = " and ".join(["GATEWAY_CONNECTIONS_MAX", *counts])
    yield as_warning(
        facts,
        "GATEWAY_CONNECTIONS_MAX",
        tell(
            "the system lets this process have {limit_count} files and connections"
            " open, and {needed_count} are needed: callers get {share_count}"
            " connections. Raise the limit (`ulimit -n`, LimitNOFILE= of systemd,"
            " --ulimit nofile= of Docker), or set {names} to {share_count}",
            limit_count=limit_count,
            needed_count=needed_count,
            share_count=share_count,
            names=names,
        ),
    )


FILE_CHECKS: Final[tuple[_Check, ...]] = (
    _check_folders,
    check_tokens,
    _check_pool_state,
    _check_request_log,
)
# Each is asked about every upstream.
UPSTREAM_CHECKS: Final[tuple[_Check, ...]] = (_check_ca_file, _check_trust)
