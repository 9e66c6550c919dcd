"""A terminal in which commands are typed, against an installation of the test's own."""

import io
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from ricochet.cli import main


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Terminal:
    """Types commands, against an installation in a folder of the test's own."""

    data_dir: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str, typed: str = "") -> Result:
        self.monkeypatch.setattr(sys, "argv", ["ricochet", *arguments])
        self.monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:
            # The command set its logs up for a standard error that ends with this test.
            structlog.reset_defaults()
        captured = self.capsys.readouterr()
        return Result(ended.value.code if isinstance(ended.value.code, int) else 0, captured.out, captured.err)

    def done(self, *arguments: str, typed: str = "") -> str:
        result = self.run(*arguments, typed=typed)
        assert result.status == 0, result
        return result.out

    def refused(self, *arguments: str, status: int = 2, typed: str = "") -> str:
        result = self.run(*arguments, typed=typed)
        assert result.status == status, result
        assert result.err.startswith("ricochet: ")
        assert "Traceback" not in result.err
        return result.err


@pytest.fixture
def terminal(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    monkeypatch.setenv("RICOCHET_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RICOCHET_DATABASE_URL", sqlite_url)
    return Terminal(tmp_path, monkeypatch, capsys)


@pytest.fixture
def lumen(terminal: Terminal) -> Terminal:
    """A terminal in an installation with one workspace."""
    terminal.done("workspace", "create", "Boutique Lumen")
    return terminal
