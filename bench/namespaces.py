"""Network namespaces, as if each node were a machine: its own address, a cable, a switch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final, NamedTuple

LOOPBACK: Final = "127.0.0.1"
# For measuring networks (RFC 2544), so nobody's.
NET: Final = "198.18.77"


class NodePlace(NamedTuple):
    """Where a node is to listen, and what comes before its command."""

    host: str
    prefix: Sequence[str] = ()


class Network(NamedTuple):
    """`host` is this side, where everything else listens."""

    host: str
    nodes: Sequence[NodePlace]

    @property
    def has_namespaces(self) -> bool:
        """Whether the nodes have networks of their own."""
        return self.host != LOOPBACK


def can_make_namespaces() -> bool:
    """Whether this user may, and the machine has the tool."""
    return sys.platform == "linux" and os.geteuid() == 0 and shutil.which("ip") is not None


@contextmanager
def network(node_count: int) -> Iterator[Network]:
    """So many nodes, each behind a cable of its own; all on the loopback where that cannot be."""
    if not can_make_namespaces():
        yield Network(LOOPBACK, [NodePlace(LOOPBACK)] * node_count)
        return
    # Names have fifteen characters at most.
    bridge = f"cab{os.getpid() % 10**7}"
    with ExitStack() as stack:
        _ip("link", "add", bridge, "type", "bridge")
        stack.callback(_ip, "link", "del", bridge)
        _ip("addr", "add", f"{NET}.1/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        places = [_add_node(stack, bridge, number) for number in range(node_count)]
        yield Network(f"{NET}.1", places)


def _add_node(stack: ExitStack, bridge: str, number: int) -> NodePlace:
    name, host, cable = f"{bridge}-{number}", f"{NET}.{number + 2}", f"{bridge}v{number}"
    _ip("netns", "add", name)
    # The cable goes with it.
    stack.callback(_ip, "netns", "del", name)
    _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
    _ip("link", "set", cable, "master", bridge, "up")
    _ip("-n", name, "addr", "add", f"{host}/24", "dev", "eth0")
    for link in ("lo", "eth0"):
        _ip("-n", name, "link", "set", link, "up")
    return NodePlace(host, ("ip", "netns", "exec", name))


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False, timeout=10)
    if done.returncode:
        raise SystemExit(f"ip {' '.join(words)}: {done.stderr.strip()}")
