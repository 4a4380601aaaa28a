"""A JSON text against a schema, in a process of its own.

A schema of a few lines can take years to check (each definition names the next one twice), and the
library that checks it cannot be interrupted: in this process it would hold up everybody. The system
ends the other one when its time is up.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import Any, Final

import jsonschema_rs
from msgspec import Struct

from cursor_api.domain.own_program import own_environment, own_program

if sys.platform != "win32":
    import resource

# Not `__name__`, which is another where it runs as a program.
MODULE: Final = "cursor_api.service.inference.output_trial"
# Real schemas take milliseconds.
CPU_S_MAX: Final = 2
# On a machine that has much else to do.
TRIAL_S_MAX: Final = 15.0
MEMORY_BYTES_MAX: Final = 1 << 30
# Each may have a core for CPU_S_MAX.
TRIALS_MAX: Final = 2
# Of the library: steps back in one pattern, and memory for one.
PATTERNS: Final = jsonschema_rs.FancyRegexOptions(10_000, 1 << 20, 1 << 20)
VALID: Final = b"valid"
INVALID: Final = b"invalid"

_room = asyncio.Semaphore(TRIALS_MAX)


class Verdict(Struct, frozen=True):
    """`problem` is "" where the text fits, or where describing what is wrong took too long."""

    is_valid: bool
    problem: str


async def judge_apart(schema: bytes, text: str) -> Verdict | None:
    """None where the time was not enough."""
    asked = json.dumps([schema.decode(), text]).encode()
    async with _room:
        process = await asyncio.create_subprocess_exec(
            *own_program(MODULE, __file__, "-P", "-s", "-B"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Nothing of this environment, which holds secrets, but the library is found alike.
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **own_environment()},
        )
        try:
            async with asyncio.timeout(TRIAL_S_MAX):
                said, _ = await process.communicate(asked)
        except TimeoutError:
            return None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    word, _, problem = said.partition(b"\n")
    if word not in {VALID, INVALID}:
        return None
    return Verdict(word == VALID, problem.decode(errors="replace"))


class SchemaError(Exception):
    """This is no schema; its text is the library's."""


def read_schema(schema: Any) -> jsonschema_rs.Validator:
    """What checks against a schema, decoded or as JSON text; raises SchemaError."""
    try:
        return jsonschema_rs.validator_for(schema, pattern_options=PATTERNS, offline=True)
    # The first is a ValueError too; for a reference it may be another of the library's.
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise SchemaError(str(error)) from error


def describe(validator: jsonschema_rs.Validator, value: object) -> str:
    """What is wrong first of all; "" where nothing is."""
    found = next(validator.iter_errors(value), None)
    if found is None:
        return ""
    place = ".".join(map(str, found.instance_path)) or "the value itself"
    return f"At {place}: {found.message}"


def _serve() -> None:
    """The other process: the word first, as what is wrong may take longer than there is time."""
    # Elsewhere TRIAL_S_MAX ends it.
    if sys.platform != "win32":
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S_MAX, CPU_S_MAX))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    schema, text = json.load(sys.stdin.buffer)
    validator = read_schema(schema)
    value = json.loads(text)
    out = sys.stdout.buffer
    is_valid = validator.is_valid(value)
    out.write((VALID if is_valid else INVALID) + b"\n")
    out.flush()
    if not is_valid:
        out.write(describe(validator, value)[:1_000].encode(errors="replace"))


if __name__ == "__main__":
    _serve()
