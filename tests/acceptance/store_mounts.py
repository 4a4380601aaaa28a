"""The token files on file systems that refuse things. Linux only.

`python store_mounts.py <scenario> <folder>` mounts what it needs inside `folder`, so it has to run
in a mount namespace of its own (`unshare --user --map-root-user --mount`). Exit status 0 means that
everything was as it should be.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from cursor_api.domain.errors import BindingNotStoredError, StoreError
from cursor_api.upstreams.cursor.token_files.book import Names
from cursor_api.upstreams.cursor.token_files.files import TokenFiles

REFUSED = 77
FAILED = 1

has_mounted: list[bool] = []


def mount(*arguments: str | Path) -> None:
    """Mount something; end the program where that is not allowed."""
    done = subprocess.run(["mount", *arguments], capture_output=True, check=False)
    if done.returncode:
        sys.stderr.buffer.write(done.stderr)
        # Who may mount at all may do the rest as well: what fails then is the scenario.
        sys.exit(FAILED if has_mounted else REFUSED)
    has_mounted.append(True)


def checksum(number: int) -> str:
    """A checksum of the known form, another one for each number."""
    return f"AAAAAAAA{number:064x}"


def store(folder: Path) -> TokenFiles:
    """A store whose new devices count from 1000."""
    numbers = itertools.count(1000)
    names = Names(str(folder / ".token"), str(folder / ".token-list"))
    return TokenFiles(names, lambda: checksum(next(numbers)))


def make_folder(path: Path, tokens: str) -> Path:
    """A folder with tokens, the first of which is listed."""
    path.mkdir(exist_ok=True)
    (path / ".token").write_text(tokens)
    (path / ".token-list").write_text(f"a,{checksum(1)}\n")
    return path


def mount_list(folder: Path, source: Path) -> Path:
    """Mount a file by itself over the token list, as containers do; gives the file."""
    source.write_bytes((folder / ".token-list").read_bytes())
    mount("--bind", source, folder / ".token-list")
    return source


def fill(folder: Path) -> Path:
    """A file that takes all the room that is left."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 1024)
        except OSError:
            pass
    return filler


def error_of(step: Callable[[], object]) -> StoreError:
    """What a step is refused with."""
    try:
        step()
    except StoreError as error:
        return error
    raise AssertionError("the step succeeded")


def refusal(files: TokenFiles) -> str:
    """What a load says that cannot store a device; the token that has one could be served."""
    error = error_of(files.load)
    assert isinstance(error, BindingNotStoredError), error
    assert [one.secret.reveal() for one in error.known] == ["a"], error.known
    return str(error)


def single_file(root: Path) -> None:
    """A file mounted by itself is saved in place, and an edit outside is noticed."""
    folder = make_folder(root / "app", "a\nb\n")
    outside = mount_list(folder, root / "outside")
    before = outside.stat()
    files = store(folder)
    assert len(files.load()) == 2
    assert outside.read_text() == f"a,{checksum(1)}\nb,{checksum(1000)}\n"
    assert outside.stat().st_ino == before.st_ino
    files.replace_text("a\n", f"a,{checksum(1)}\n")
    assert outside.read_text() == f"a,{checksum(1)}\n"
    files.load()
    assert [files.has_changed() for _ in range(2)] == [False, False]
    outside.write_text(f"a,{checksum(1)}\nz,{checksum(2)}\n")
    assert [files.has_changed() for _ in range(2)] == [False, True]
    assert len(files.load()) == 2
    left = {path.name for path in folder.iterdir()}
    assert left == {".token", ".token-list", ".cursor-api.lock"}, left
    # An editor that replaces the file outside cannot be followed: the mount shows the old one.
    (root / "new").write_text("")
    (root / "new").rename(outside)
    assert [files.has_changed() for _ in range(2)] == [False, True]
    files.load()
    assert any("was replaced outside" in notice.text for notice in files.warnings), files.warnings


def full_disk(root: Path) -> None:
    """Nothing is lost, the operator is told, and room makes it good."""
    (root / "app").mkdir()
    mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", root / "app")
    folder = make_folder(root / "app", "a\nb\n")
    (folder / ".cursor-api.lock").touch()
    filler = fill(folder)
    files = store(folder)
    before = (folder / ".token-list").read_bytes()
    assert "No space left on device" in refusal(files)
    assert "is as it was: No space left" in str(error_of(lambda: files.add("c")))
    assert (folder / ".token-list").read_bytes() == before
    assert (folder / ".token").read_text() == "a\nb\n"
    filler.unlink()
    assert len(files.load()) == 2


def full_disk_in_place(root: Path) -> None:
    """A file mounted by itself on a full disk is put back as it was."""
    (root / "small").mkdir()
    mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", root / "small")
    tokens = "a\n" + "".join(f"b{number}\n" for number in range(100))
    folder = make_folder(root / "app", tokens)
    outside = mount_list(folder, root / "small" / "outside")
    filler = fill(root / "small")
    files = store(folder)
    before = outside.read_bytes()
    assert "No space left on device" in refusal(files)
    assert outside.read_bytes() == before
    assert {path.name for path in folder.iterdir()} == {
        ".token",
        ".token-list",
        ".cursor-api.lock",
    }
    filler.unlink()
    assert len(files.load()) == 101


def read_only(root: Path) -> None:
    """What is stored serves; what is new cannot; nothing is tried that is not needed."""
    (root / "app").mkdir()
    mount("-t", "tmpfs", "tmpfs", root / "app")
    folder = make_folder(root / "app", "a\n")
    mount("-o", "remount,bind,ro", root / "app")
    files = store(folder)
    assert len(files.load()) == 1
    mount("-o", "remount,bind,rw", root / "app")
    (folder / ".token").write_text("a\nb\n")
    mount("-o", "remount,bind,ro", root / "app")
    assert "Read-only file system" in refusal(files)
    mount("-o", "remount,bind,rw", root / "app")
    assert len(files.load()) == 2


def read_only_around(root: Path) -> None:
    """A writable file in a folder that is not: no safe way to save, so it says what to do."""
    (root / "app").mkdir()
    mount("-t", "tmpfs", "tmpfs", root / "app")
    folder = make_folder(root / "app", "a\nb\n")
    outside = mount_list(folder, root / "outside")
    mount("-o", "remount,bind,ro", root / "app")
    message = refusal(store(folder))
    assert "so mount a folder, not a single file" in message, message
    assert outside.read_text() == f"a,{checksum(1)}\n"


def read_only_file(root: Path) -> None:
    """A read-only file in a folder that is not: as it was, nothing beside it, and edits are taken.

    The message says to write a line for each token into the file; whoever does so is served.
    """
    folder = make_folder(root / "app", "a\nb\n")
    outside = mount_list(folder, root / "outside")
    mount("-o", "remount,bind,ro", folder / ".token-list")
    for _ in range(2):
        message = refusal(store(folder))
        assert "is as it was: Read-only file system" in message, message
        left = {path.name for path in folder.iterdir()}
        assert left == {".token", ".token-list", ".cursor-api.lock"}, left
    outside.write_text(f"a,{checksum(1)}\nb,{checksum(2)}\n")
    assert len(store(folder).load()) == 2


SCENARIOS: dict[str, Callable[[Path], None]] = {
    "single-file": single_file,
    "full-disk": full_disk,
    "full-disk-in-place": full_disk_in_place,
    "read-only": read_only,
    "read-only-around": read_only_around,
    "read-only-file": read_only_file,
}

if __name__ == "__main__":
    SCENARIOS[sys.argv[1]](Path(sys.argv[2]))
