"""The size and the names of things. A file that is too long is two files."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
PARAMETER_COUNT_MAX = 5

# A name that says nothing attracts everything.
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "core"}

# Modules with nothing that a test could break, each with its reason.
WITHOUT_A_UNIT_TEST = {
    "__init__.py": "holds no code (another test sees to that)",
    "__main__.py": "one line; the installed wheel is started as a program in acceptance/",
}

# Protocols without a body: contract/ holds every implementation to them.
FOLDER_WITHOUT_UNIT_TESTS = "ports"

SOURCE_SUFFIXES = {".py", ".js", ".mjs", ".cjs", ".ts", ".css", ".html", ".sh", ".sql", ".lua"}

# Where a node has statements, or what has statements itself.
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def long_functions(functions: Iterable[Function]) -> Iterator[str]:
    """Every function above the limit, its decorators not counted."""
    for function in functions:
        line_count = (function.end_lineno or function.lineno) - function.lineno + 1
        if line_count > FUNCTION_LINES_MAX:
            yield f"{function.name} (line {function.lineno}) has {line_count} lines"


def crowded_functions(functions: Iterable[Function]) -> Iterator[str]:
    """Every function with too many parameters; `self`, `cls`, `*` and `**` are not counted."""
    for function in functions:
        arguments = function.args
        names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        count = len([name for name in names if name not in {"self", "cls"}])
        if count > PARAMETER_COUNT_MAX:
            yield f"{function.name} (line {function.lineno}) has {count} parameters"


def forbidden_parts(path: Path) -> set[str]:
    """The words of a path that may not name a module or a package."""
    words = {word for part in path.with_suffix("").parts for word in part.strip("_").split("_")}
    return words & FORBIDDEN_NAMES


def functions_in(source: str) -> list[Function]:
    """All of them, those inside others too. No expression has one, so none is gone through."""
    found: list[Function] = []
    nodes: list[ast.AST] = [ast.parse(source)]
    while nodes:
        for node in _statements(nodes.pop()):
            nodes.append(node)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.append(node)
    return found


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    for name in BLOCKS:
        yield from getattr(node, name, ())


@pytest.fixture(scope="module")
def python_files(root: Path, tracked_files: list[Path]) -> list[Path]:
    """All Python of the repository, relative to its root."""
    return [path.relative_to(root) for path in tracked_files if path.suffix == ".py"]


@pytest.fixture(scope="module")
def functions(root: Path, python_files: list[Path]) -> dict[Path, list[Function]]:
    """All functions of each file."""
    return {path: functions_in((root / path).read_text(encoding="utf-8")) for path in python_files}


@pytest.fixture(scope="module")
def modules(root: Path) -> list[Path]:
    """The package's modules, relative to the package."""
    package = root / "src" / "cursor_api"
    return sorted(path.relative_to(package) for path in package.rglob("*.py"))


def test_no_file_is_longer_than_the_limit(root: Path, tracked_files: list[Path]) -> None:
    """A source file, a test and a page's script all end at 400 lines."""
    long = {
        str(path.relative_to(root)): line_count
        for path in tracked_files
        if path.suffix in SOURCE_SUFFIXES
        and "vendor" not in path.parts  # other people's files, unchanged
        and (line_count := len(path.read_text(encoding="utf-8").splitlines())) > FILE_LINES_MAX
    }
    assert long == {}


def test_no_function_is_longer_than_the_limit(functions: dict[Path, list[Function]]) -> None:
    """A function, in tests and benchmarks too, ends at 50 lines."""
    assert [
        f"{path}: {problem}" for path, some in functions.items() for problem in long_functions(some)
    ] == []


def test_no_function_takes_more_parameters_than_the_limit(
    functions: dict[Path, list[Function]],
) -> None:
    """More than five parameters are a frozen dataclass; a test's are its fixtures."""
    assert [
        f"{path}: {problem}"
        for path, some in functions.items()
        if path.parts[0] != "tests"
        for problem in crowded_functions(some)
    ] == []


def test_no_module_has_a_name_that_says_nothing(python_files: list[Path]) -> None:
    """No utils, helpers, common, misc, manager or core, alone or as part of a name."""
    assert {str(path): parts for path in python_files if (parts := forbidden_parts(path))} == {}


def test_every_module_has_its_unit_test(root: Path, modules: list[Path]) -> None:
    """`cursor_api/a/b.py` is tested by `tests/unit/a/test_b.py`."""
    expected = {
        str(module): root / "tests" / "unit" / module.parent / f"test_{module.name}"
        for module in modules
        if module.name not in WITHOUT_A_UNIT_TEST and module.parts[0] != FOLDER_WITHOUT_UNIT_TESTS
    }
    assert [module for module, test in expected.items() if not test.is_file()] == []


def test_every_unit_test_has_its_module(root: Path, modules: list[Path]) -> None:
    """A unit test whose module was moved or removed goes with it.

    `test_b.py` may have companions named `test_b_<what>.py`, so that no test file is too long.
    """
    unit = root / "tests" / "unit"
    known = {str(module.with_suffix("")) for module in modules}

    def is_of_a_module(test: Path) -> bool:
        stem = str(test.relative_to(unit).parent / test.stem.removeprefix("test_"))
        return any(stem == module or stem.startswith(module + "_") for module in known)

    assert [str(test) for test in sorted(unit.rglob("test_*.py")) if not is_of_a_module(test)] == []


def test_package_files_hold_no_code(root: Path, modules: list[Path]) -> None:
    """An `__init__.py` has a docstring, names from its own package, at most a version."""
    allowed = {"__version__", "__all__"}

    def is_plain(node: ast.stmt) -> bool:
        if isinstance(node, ast.Assign):
            return {t.id for t in node.targets if isinstance(t, ast.Name)} <= allowed
        if isinstance(node, ast.ImportFrom):
            return (node.module or "").startswith("cursor_api.")
        return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)

    package = root / "src" / "cursor_api"
    assert [
        str(module)
        for module in modules
        if module.name == "__init__.py"
        and not all(map(is_plain, ast.parse((package / module).read_text("utf-8")).body))
    ] == []


def test_the_rules_can_fail() -> None:
    """Each rule finds one thing too many, and lets the last allowed one pass."""
    body = "    x = 1\n"
    assert list(long_functions(functions_in("def f():\n" + body * (FUNCTION_LINES_MAX - 1)))) == []
    assert list(long_functions(functions_in("async def f():\n" + body * FUNCTION_LINES_MAX))) == [
        "f (line 1) has 51 lines"
    ]
    assert (
        list(crowded_functions(functions_in("class C:\n def f(self, a, b, c, /, d, *, e): ...")))
        == []
    )
    assert list(crowded_functions(functions_in("def f(a, b, c, d, *, e, g): ..."))) == [
        "f (line 1) has 6 parameters"
    ]
    assert forbidden_parts(Path("src/cursor_api/web/http_utils.py")) == {"utils"}
    assert forbidden_parts(Path("src/cursor_api/core/chat.py")) == {"core"}
    assert forbidden_parts(Path("src/cursor_api/web/scores.py")) == set()
