"""The README's commands, typed as they stand there, on a new installation."""

import os
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parent.parent.parent / "README.md"


def commands(section: str) -> str:
    """The lines of a section that a reader types, but for those that ask the network or run until Ctrl-C."""
    text = README.read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    typed = "\n".join(line.removeprefix("    ") for line in text.splitlines() if line.startswith("    "))
    return typed.split("curl")[0].removesuffix(".venv/bin/ricochet up")


def typed(folder: Path, *sections: str) -> str:
    lines = "\n".join(commands(section) for section in sections)
    lines = lines.replace("user create you@example.com", "user create you@example.com --link")
    script = "set -e\n" + lines.replace(".venv/bin/ricochet", f"{sys.executable} -m ricochet")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RICOCHET_")}
    environment["RICOCHET_DATA_DIR"] = "lumen"
    run = subprocess.run(
        ["/bin/bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_commands_of_the_readme_work_as_they_are_written(tmp_path: Path) -> None:
    said = typed(tmp_path, "For operators", "For marketers", "For shops' developers")
    assert "cmp_1 will be sent." in said
    assert "imp_1 of contacts.csv" in said
    assert (tmp_path / "lumen" / "ricochet.db").exists()
