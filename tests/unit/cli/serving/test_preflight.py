"""All that can be known to be wrong before the start is said at once, with what to do."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from cursor_api.cli.serving.preflight import check_and_listen, check_without_listening
from cursor_api.files.lock import LOCK_NAME
from cursor_api.files.running import claim, describe_running
from cursor_api.installed import SCHEMA
from cursor_api.options.rules import Finding
from cursor_api.settings import load_settings
from tests.ports import free_port
from tests.unit.cli.called import call

KEY = "preflight-key-0123456789"
TOKEN = "eyJhIjoxfQ.eyJiIjoyfQ.c2ln"
CHECKSUM = f"AAAAAAAA{1:064x}"
PEM = Path(__file__).parents[3] / "vectors" / "localhost.pem"
UNPRIVILEGED_FROM = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


def found(folder: Path, **variables: str) -> tuple[Sequence[Finding], Sequence[Finding]]:
    """Problems and warnings of a gateway in this folder."""
    given = {"AUTH_TOKEN": KEY, "PORT": "0"} | variables
    loaded, listener = check_and_listen(load_settings(SCHEMA, given, folder))
    if listener is not None:
        listener.close()
    assert (loaded.checked is None) is bool(loaded.problems)
    return loaded.problems, loaded.warnings


def one(findings: Sequence[Finding]) -> Finding:
    """The only one."""
    assert len(findings) == 1, list(map(str, findings))
    return findings[0]


def test_a_good_folder_has_nothing_to_say_and_is_left_alone(tmp_path: Path) -> None:
    """New tokens get their devices when the gateway starts, not when somebody looks."""
    (tmp_path / ".token").write_text(f"work::{TOKEN}\n")
    (tmp_path / ".token").chmod(0o600)
    assert found(tmp_path) == ((), ())
    assert [path.name for path in tmp_path.iterdir()] == [".token"]


def test_everything_is_told_at_once(tmp_path: Path) -> None:
    """Settings, files, certificates and the address, each in a sentence of its own."""
    (tmp_path / ".token").write_text("a::one\ntw o\nb c\n")
    (tmp_path / "ca.pem").write_text("nonsense")
    (tmp_path / ".token-state").write_text('{"version": 1')
    problems, warnings = found(
        tmp_path,
        AUTH_TOKEN="",
        HOST="192.0.2.1",
        CURSOR_CA_FILE="ca.pem",
        CURSOR_IDLE_TIMEOUT_S="x",
    )
    told = [problem.variable or Path(problem.where).name for problem in problems]
    assert told == [
        "CURSOR_IDLE_TIMEOUT_S",
        "AUTH_TOKEN",
        "HOST",
        ".token:2",
        ".token:3",
        "CURSOR_CA_FILE",
    ]
    assert "POOL_STATE_FILE" in [warning.variable for warning in warnings]


def test_a_port_in_use_may_be_the_gateways_own_for_who_only_asks(tmp_path: Path) -> None:
    """`serve` cannot go on; `check-config` beside a running gateway can."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert one(found(tmp_path, PORT=port)[0]).variable == "PORT"
        rehearsed = check_without_listening(
            load_settings(SCHEMA, {"AUTH_TOKEN": KEY, "PORT": port}, tmp_path)
        )
    assert rehearsed.problems == ()
    assert one(rehearsed.warnings).variable == "PORT"
    assert rehearsed.settings.server.port == int(port)


def test_nothing_is_said_of_the_port_of_the_gateway_that_runs_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to stop it."""
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as ours:
        port = ours.getsockname()[1]
        loaded = load_settings(SCHEMA, {"AUTH_TOKEN": KEY, "PORT": str(port)}, tmp_path)
        with claim(tmp_path, describe_running(f"http://127.0.0.1:{port}")):
            assert check_without_listening(loaded).warnings == ()
        with claim(tmp_path, describe_running(f"http://127.0.0.1:{port - 1}")):
            assert one(check_without_listening(loaded).warnings).variable == "PORT"


def test_a_rehearsal_gives_the_port_back(tmp_path: Path) -> None:
    """Whoever starts right after it gets it."""
    port = free_port()
    loaded = check_without_listening(
        load_settings(SCHEMA, {"AUTH_TOKEN": KEY, "PORT": str(port)}, tmp_path)
    )
    assert (loaded.problems, loaded.warnings) == ((), ())
    socket.create_server(("127.0.0.1", port)).close()


def test_token_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A link in a circle stands for whatever the system refuses to open."""
    (tmp_path / ".token").symlink_to(".token")
    problem = one(found(tmp_path)[0])
    assert problem.variable == "TOKEN_FILE"
    assert ".token cannot be read: Too many levels" in problem.message


def test_what_others_can_read_is_worth_a_word(tmp_path: Path) -> None:
    """As when the gateway runs."""
    (tmp_path / ".token").write_text(f"{TOKEN}\n")
    (tmp_path / ".token").chmod(0o644)
    problems, warnings = found(tmp_path)
    assert problems == ()
    assert "chmod 600" in one(warnings).message


def test_what_looks_like_no_token_is_asked_about(tmp_path: Path) -> None:
    """By its line, and not by what stands there; an API key is one."""
    text = f"# mine\na-canary-token\nwork::{TOKEN}\ncrsr_0123456789abcdef\n"
    (tmp_path / ".token").write_text(text)
    (tmp_path / ".token").chmod(0o600)
    problems, warnings = found(tmp_path)
    assert problems == ()
    message = one(warnings).message
    assert message.startswith("line 2 is not an API key (crsr_…), and not a session token (a JWT")
    assert "canary" not in message


def test_a_folder_that_is_missing_or_none(tmp_path: Path) -> None:
    """Each folder is named once, with the first setting that leads there."""
    (tmp_path / "file").write_text("")
    variables = {"TOKEN_FILE": "no/t", "TOKEN_LIST_FILE": "no/l", "POOL_STATE_FILE": "file/s"}
    missing, none = found(tmp_path, **variables)[0][:2]
    assert (missing.variable, none.variable) == ("TOKEN_FILE", "POOL_STATE_FILE")
    assert f"mkdir -p {tmp_path}/no" in missing.message
    assert f"{tmp_path}/file is no folder" in none.message


def test_a_pool_state_that_cannot_be_used_is_a_warning_and_stays(tmp_path: Path) -> None:
    """Losing it costs little; whoever wants it back has it still."""
    state = tmp_path / ".token-state"
    state.write_text('{"version": 99, "credentials": {}}')
    problems, warnings = found(tmp_path)
    assert problems == ()
    assert "version 99" in one(warnings).message
    assert "move it away first" in one(warnings).message
    assert "99" in state.read_text()


def test_a_request_log_that_is_none_is_a_problem_and_stays(tmp_path: Path) -> None:
    """The gateway would not start; whose file it is has it still."""
    (tmp_path / "notes").write_text("my notes")
    problems, warnings = found(tmp_path, REQUEST_LOG_FILE="notes")
    assert warnings == ()
    assert "notes is no request log of this program; move it away" in one(problems).message
    assert (tmp_path / "notes").read_text() == "my notes"
    assert found(tmp_path, REQUEST_LOG_FILE="notes", GATEWAY_LOG_KEPT_MAX="0") == ((), ())
    assert not (tmp_path / ".request-log.sqlite3").exists(), "a check writes nothing"


def test_a_certificate_file_is_tried(tmp_path: Path) -> None:
    """Missing, no certificate, and a good one."""
    (tmp_path / "ca.der").write_bytes(b"\x30\x82")
    assert "no such file" in one(found(tmp_path, CURSOR_CA_FILE="nowhere.pem")[0]).message
    assert "openssl x509" in one(found(tmp_path, CURSOR_CA_FILE="ca.der")[0]).message
    (tmp_path / "ca.pem").write_text(PEM.read_text())
    assert found(tmp_path, CURSOR_CA_FILE="ca.pem")[0] == ()


def test_every_upstream_is_looked_at(tmp_path: Path) -> None:
    """Those of blocks by their name, the line and the key."""
    (tmp_path / "ca.der").write_bytes(b"\x30\x82")
    (tmp_path / "cursor-api.toml").write_text(
        '[[upstream]]\nname = "more"\nkind = "cursor"\napi_key = "k"\nca_file = "ca.der"\n'
    )
    problem = one(found(tmp_path)[0])
    assert (problem.variable, problem.where) == ("upstream.more.ca_file", "cursor-api.toml:5")
    assert "openssl x509" in problem.message


def test_a_machine_that_trusts_nobody_is_worth_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slim container without certificates could reach no TLS address."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "none.pem").write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "empty"))
    assert ssl.create_default_context().cert_store_stats()["x509_ca"] == 0
    assert "ca-certificates" in one(found(tmp_path)[1]).message
    assert found(tmp_path, CURSOR_BASE_URL="http://127.0.0.1:1")[1] == ()


def test_the_demo_has_no_files(tmp_path: Path) -> None:
    """Whatever lies where it is started is not its business."""
    (tmp_path / ".token").write_text("a::one\nb::t w o\n")
    loaded = load_settings(SCHEMA, {"AUTH_TOKEN": KEY, "PORT": "0"}, tmp_path)
    examined, listener = check_and_listen(loaded, has_files=False)
    assert listener is not None
    listener.close()
    assert examined.problems == ()


# --- As a user without rights, and with other limits


def run(folder: Path, *arguments: str, prefix: Sequence[str] = (), **variables: str) -> str:
    """The exit status of a command in the folder, and what it says, on one line."""
    environ = {"PATH": os.environ["PATH"], "AUTH_TOKEN": KEY, "PORT": "0"} | variables
    if not prefix:
        done = call(folder, environ, *arguments)
        return f"{done.status} {' '.join(f'{done.out} {done.err}'.split())}"
    ended = subprocess.run(
        [*prefix, sys.executable, "-m", "cursor_api", *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = " ".join(f"{ended.stdout} {ended.stderr}".split())
    assert "Traceback" not in said
    return f"{ended.returncode} {said}"


def after(line: str) -> list[str]:
    """Run behind a line of shell."""
    return ["/bin/sh", "-c", f'{line}; exec "$@"', "sh"]


@pytest.fixture
def powerless() -> list[str]:
    """What goes before a command so that modes of files and low ports hold for it.

    Root may do everything, until it gives up what makes it so.
    """
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("the tests run as root, and there is no setpriv to give its power up")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-net_bind_service"]


def test_a_user_without_rights_is_told_who_he_is(tmp_path: Path, powerless: list[str]) -> None:
    """Unreadable tokens and certificates are problems; a folder that cannot be written is none."""
    (tmp_path / ".token").write_text("a-token\n")
    (tmp_path / "ca.pem").write_text(PEM.read_text())
    for name in (".token", "ca.pem"):
        (tmp_path / name).chmod(0)
    tmp_path.chmod(0o555)
    said = run(tmp_path, "check-config", prefix=powerless, CURSOR_CA_FILE="ca.pem")
    tmp_path.chmod(0o755)
    rights = f"the user with the id {os.geteuid()} the right to"
    assert said.startswith("1 ")
    assert f".token cannot be read: Permission denied; give {rights} read it" in said
    assert f"ca.pem cannot be read (Permission denied); give {rights} read it" in said
    assert "so that credentials cannot be changed here" in said
    assert f"give {rights} write it" in said
    assert "2 problems, 1 warning" in said


@pytest.mark.parametrize("has_known", [True, False])
def test_new_tokens_that_cannot_get_a_device(
    tmp_path: Path, powerless: list[str], *, has_known: bool
) -> None:
    """They wait as long as others serve; where nobody else is left, there is nothing to start."""
    (tmp_path / ".token").write_text("known\nnew\n" if has_known else "new\n")
    (tmp_path / ".token-list").write_text(f"known,{CHECKSUM}\n" if has_known else "")
    tmp_path.chmod(0o555)
    said = run(tmp_path, "check-config", prefix=powerless)
    tmp_path.chmod(0o755)
    assert said.startswith("0 " if has_known else "1 ")
    assert "1 new token(s) cannot be served" in said


@pytest.mark.skipif(not UNPRIVILEGED_FROM.exists(), reason="needs Linux's privileged ports")
def test_a_privileged_port(tmp_path: Path, powerless: list[str]) -> None:
    """One sentence and a way out."""
    if int(UNPRIVILEGED_FROM.read_text()) <= 80:
        pytest.skip("everybody may use port 80 here")
    said = run(tmp_path, "serve", prefix=powerless, PORT="80")
    assert said.startswith("1 ")
    assert "80 is for privileged programs only" in said


def test_too_few_descriptors_are_told_with_what_there_is_for_callers(tmp_path: Path) -> None:
    """The hard limit is the system's; the soft one is ours to raise."""
    few = after("ulimit -n 296")
    said = run(tmp_path, "check-config", prefix=few)
    assert said.startswith("0 ")
    assert "have 296 files and connections open, and 8288 are needed" in said
    assert "callers get 100 connections" in said
    own = [f"{name}_CONNECTIONS_MAX" for name in ("GATEWAY", "CURSOR")]
    assert f"{' and '.join(own)} to 100" in said
    (tmp_path / "cursor-api.toml").write_text(
        '[[upstream]]\nname = "more"\nkind = "cursor"\napi_key = "k"\nconnections_max = 5000\n'
    )
    said = run(tmp_path, "check-config", prefix=few)
    assert "10096 are needed" in said
    assert f"{' and '.join([*own, 'upstream.more.connections_max'])} to 100" in said
    (tmp_path / "cursor-api.toml").unlink()
    enough = dict.fromkeys(own, "100")
    assert "no warnings" in run(tmp_path, "check-config", prefix=few, **enough)


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 8288, reason="low hard limit")
def test_the_soft_limit_is_raised(tmp_path: Path) -> None:
    """A shell's 1,024 is no reason for a warning."""
    assert "no warnings" in run(tmp_path, "check-config", prefix=after("ulimit -Sn 256"))


def test_a_working_directory_that_is_gone(tmp_path: Path) -> None:
    """One sentence, whatever the command."""
    folder = tmp_path / "gone"
    folder.mkdir()
    said = run(folder, "serve", prefix=after('rmdir "$PWD"'))
    assert said.startswith("1 error: the working directory cannot be used (No such file")
    assert said.endswith("change to another one.")


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """`check-config` writes no file and leaves no lock, except where a save had been cut off."""
    (tmp_path / ".token").write_text("a-token\n")
    (tmp_path / ".token").chmod(0o600)
    run(tmp_path, "check-config")
    assert [path.name for path in tmp_path.iterdir()] == [".token"]
    (tmp_path / ".token.saving").write_text("cut off")
    run(tmp_path, "check-config")
    assert {path.name for path in tmp_path.iterdir()} == {".token", LOCK_NAME}


def test_the_listeners_certificate_is_looked_at_before_the_start(tmp_path: Path) -> None:
    """With the place where it is named; what clients refuse is a warning."""
    (tmp_path / ".env").write_text("TLS_CERT_FILE=cert.pem\n")
    problem = one(found(tmp_path)[0])
    assert (problem.variable, problem.where) == ("TLS_CERT_FILE", ".env:1")
    assert "there is no file" in problem.message
    (tmp_path / "cert.pem").write_bytes((PEM.parent / "tls" / "expired.pem").read_bytes())
    (tmp_path / "cert.pem").chmod(0o600)
    problems, warnings = found(tmp_path)
    assert not problems
    assert "expired on 2021-01-01" in one(warnings).message
