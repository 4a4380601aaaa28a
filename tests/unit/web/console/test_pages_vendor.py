"""The library that the console brings with it is the one that its authors published."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cursor_api.web.console.pages import read_static_files

FILES = read_static_files()
VENDORED: list[dict[str, Any]] = json.loads(FILES["vendor/vendor.json"].body)


def test_every_vendored_file_is_unchanged() -> None:
    """Each file has the hash that was written down when it was taken from the package."""
    for package in VENDORED:
        for name, expected in package["files"].items():
            found = hashlib.sha256(FILES[f"vendor/{name}"].body).hexdigest()
            assert f"sha256-{found}" == expected, name


def test_no_vendored_file_is_unaccounted_for() -> None:
    """What lies in the folder stands in the list."""
    listed = {f"vendor/{name}" for package in VENDORED for name in package["files"]}
    found = {name for name in FILES if name.startswith("vendor/")}
    assert found == listed | {"vendor/vendor.json"}


def test_each_package_says_where_it_is_from_and_brings_its_licence() -> None:
    """Name, version, licence, and npm's own hash of the whole package."""
    for package in VENDORED:
        assert package["version"]
        assert package["license"] == "BSD-3-Clause"
        algorithm, _, digest = package["integrity"].partition("-")
        assert (algorithm, len(base64.b64decode(digest))) == ("sha512", 64)
        (licence,) = [name for name in package["files"] if name.endswith("LICENSE.txt")]
        assert b"BSD 3-Clause" in FILES[f"vendor/{licence}"].body
