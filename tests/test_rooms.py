"""Imports run downwards only: ricochet -> dashboards -> tracker | sender -> linksvc (docs/flow.md)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "linksvc": set[str](),
    "tracker": {"linksvc"},
    "sender": {"linksvc"},
    "dashboards": {"linksvc", "tracker", "sender"},
    "ricochet": {"linksvc", "tracker", "sender", "dashboards"},
}
WEB = {"starlette", "uvicorn", "smpplib"}
"""What only the edges of the ground may know: domain modules answer to the command line too."""


def imported(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_run_downwards(room: str) -> None:
    files = list((ROOT / room).rglob("*.py"))
    assert files
    for file in files:
        foreign = imported(file) & set(MAY_IMPORT) - {room} - MAY_IMPORT[room]
        assert not foreign, f"{file.relative_to(ROOT)} imports {foreign}"


def test_the_domain_knows_neither_the_web_nor_smpp() -> None:
    for file in (ROOT / "linksvc").rglob("*.py"):
        if "api" not in file.parts:
            assert not imported(file) & WEB, file


def test_the_migrations_do_not_hide_the_library() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()
