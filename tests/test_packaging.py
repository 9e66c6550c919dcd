"""What is installed is whole: the wheel carries the migrations, the pages and everything else that is no Python."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what the wheel holds."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(ROOT)], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_an_installed_ricochet_migrates_a_database(installed: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed), "RICOCHET_DATA_DIR": str(tmp_path)}
    script = "import linksvc, ricochet.cli; print(linksvc.__file__); ricochet.cli.main()"
    run = subprocess.run(
        [sys.executable, "-P", "-c", script, "migrate"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(str(installed))
    assert "The database is at revision 0012." in run.stdout


def test_the_wheel_holds_every_file_of_the_rooms_and_no_package_called_alembic(installed: Path) -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    for room in ("linksvc/", "tracker/", "sender/", "dashboards/", "ricochet/"):
        files = [name for name in listed if name.startswith(room)]
        assert files
        assert [name for name in files if not (installed / name).exists()] == []
    assert not (installed / "alembic").exists()


def test_the_locks_name_versions_and_hashes_and_no_address() -> None:
    for lock in ROOT.glob("*.lock"):
        text = lock.read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text
        assert "--index" not in text and "--find-links" not in text
