"""An address that cannot be had is told with a way out."""

from __future__ import annotations

import errno
import socket

import pytest

from cursor_api.cli.serving import port
from cursor_api.options.rules import Facts, Finding


def refused(number: int) -> Finding:
    """What is said of this port."""
    listener, (found,) = port.take_port(Facts({"HOST": "127.0.0.1", "PORT": number}, {}))
    assert listener is None
    assert found.is_problem
    return found.finding


def test_a_free_port_is_taken() -> None:
    """The listener is open."""
    listener, found = port.take_port(Facts({"HOST": "127.0.0.1", "PORT": 0}, {}))
    assert listener is not None
    assert found == []
    with listener:
        assert listener.getsockname()[1]


def test_a_wrong_setting_has_its_problem_already() -> None:
    """Nothing more is said of it."""
    assert port.take_port(Facts({"HOST": "127.0.0.1"}, {})) == (None, [])


@pytest.mark.parametrize(
    ("error", "variable", "advice"),
    [
        (OSError(errno.EADDRINUSE, "x"), "PORT", "as in PORT=81"),
        (OSError(errno.EACCES, "x"), "PORT", "choose one above 1023, as in PORT=3000"),
        (OSError(errno.EPERM, "x"), "PORT", "choose one above 1023, as in PORT=3000"),
        (OSError(errno.EADDRNOTAVAIL, "x"), "HOST", "use 127.0.0.1 (this machine alone)"),
        (OSError(errno.EAFNOSUPPORT, "x"), "HOST", "use an IPv4 one"),
        (socket.gaierror(socket.EAI_NONAME, "x"), "HOST", "use an address, such as 127.0.0.1"),
        (OSError(errno.ENOBUFS, "No buffers"), "HOST", "(No buffers); choose others"),
    ],
    ids=lambda value: getattr(value, "strerror", None) and str(value),
)
def test_an_address_that_is_not_to_be_had(
    monkeypatch: pytest.MonkeyPatch, error: OSError, variable: str, advice: str
) -> None:
    """Each reason has its own way out."""

    def listen(_host: str, _port: int) -> socket.socket:
        raise error

    monkeypatch.setattr(port, "listen", listen)
    problem = refused(80)
    assert problem.variable == variable
    assert advice in problem.message


def test_the_last_port_has_no_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The advice is a port that exists."""

    def listen(_host: str, _port: int) -> socket.socket:
        raise OSError(errno.EADDRINUSE, "x")

    monkeypatch.setattr(port, "listen", listen)
    assert "PORT=3000" in refused(65_535).message
