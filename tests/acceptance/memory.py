"""The memory and the time of a running gateway. Linux only."""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.acceptance.programs import Program
from tests.serving import Answer, ask

KEY: Final = "a-key-for-acceptance-tests"


@dataclass(frozen=True, slots=True)
class Process:
    """A gateway's process and its memory."""

    program: Program

    @property
    def folder(self) -> Path:
        """What the kernel tells of it."""
        return Path("/proc") / str(self.program.process.pid)

    def memory_bytes(self, name: str) -> int:
        """VmRSS: now. VmHWM: the most since `forget`."""
        found = re.search(
            rf"^{name}:\s+(\d+) kB$", (self.folder / "status").read_text(), re.MULTILINE
        )
        assert found is not None
        return int(found[1]) * 1024

    def cpu_s(self) -> float:
        """What it has worked since it began; other work on the machine is no part of it."""
        # Behind the program's name, which may hold blanks.
        fields = (self.folder / "stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def forget(self) -> int:
        """Let the highest memory begin anew; gives what there is now."""
        (self.folder / "clear_refs").write_text("5")
        return self.memory_bytes("VmRSS")

    def ask(self, body: bytes, **headers: str) -> Answer:
        """One chat request."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        fields["Authorization"] = f"Bearer {KEY}"
        asking = ask(self.program.port, "POST", "/v1/chat/completions", headers=fields, body=body)
        return asyncio.run(asyncio.wait_for(asking, 30))
