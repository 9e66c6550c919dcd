import os
import subprocess
import sys
from pathlib import Path

import pytest

from linksvc.errors import ConfigurationError
from ricochet.data_dir_lock import FILE_NAME, locked

HOLD = """
import sys
from pathlib import Path
from ricochet.data_dir_lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_second_up_on_a_data_directory_is_told_who_holds_it(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RICOCHET_")}
    command = [sys.executable, "-m", "ricochet", "up", "--data-dir", str(tmp_path)]
    with locked(tmp_path):
        second = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert second.returncode == 1
    assert second.stderr == (
        f"ricochet: Another `ricochet up` is running in {tmp_path} (process {os.getpid()}); "
        "stop it or choose another --data-dir.\n"
    )
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]


def test_a_process_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin and holder.stdout
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(ConfigurationError, match=f"process {holder.pid}"), locked(tmp_path):
        pass
    holder.kill()
    holder.communicate()
    with locked(tmp_path):
        assert (tmp_path / FILE_NAME).read_text() == f"{os.getpid()}\n"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be written"), locked(tmp_path / "file" / "x"):
        pass
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(ConfigurationError, match="cannot be written"), locked(tmp_path):
        pass
