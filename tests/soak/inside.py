"""`cursor-api`, and what only its own process can see: `python -m tests.soak.inside serve`.

At SIGUSR1 it writes how many tasks it has, and how many objects the collector had to free, into the
file that LOOK_FILE names. Nothing else is different from the installed command.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from cursor_api.cli import main
from tests.soak.stand import LOOK_FILE


def look(_number: int, _frame: FrameType | None) -> None:
    """Count, between two steps of the event loop's work.

    `circled` are the objects that only the collector could free, since the start.
    """
    gc.collect()
    seen = {
        "tasks": len(asyncio.all_tasks()),
        "circled": sum(generation["collected"] for generation in gc.get_stats()),
    }
    target = Path(os.environ[LOOK_FILE])
    draft = target.with_suffix(".draft")
    draft.write_text(json.dumps(seen), encoding="utf-8")
    draft.replace(target)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, look)
    sys.exit(main())
