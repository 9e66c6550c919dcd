import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from linksvc.errors import RicochetError
from linksvc.settings import Settings
from ricochet.sockets import address_of, listen
from ricochet.stack import Ports, Stack, start_stack
from ricochet.supervisor import Part, ProcessFailed, Supervisor
from tests.ricochet.served import runs, status, wait_until


def answers(url: str) -> bool:
    return status(url) == 200


@pytest.fixture
def sqlite_settings(sqlite_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=sqlite_url)


def start(settings: Settings) -> Stack:
    stack = start_stack(settings, Ports(any_port=True), {})
    wait_until(lambda: answers(f"{stack.settings.public_url}/healthz"))
    wait_until(lambda: answers(f"{address_of(stack.internal['tracker'])}/readyz"))
    return stack


def test_a_killed_process_is_started_again_on_the_same_port_and_all_stop_together(sqlite_settings: Settings) -> None:
    stack = start(sqlite_settings)
    try:
        killed = stack.supervisor.process_id("tracker")
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: stack.supervisor.process_id("tracker") != killed)
        wait_until(lambda: answers(f"{address_of(stack.internal['tracker'])}/readyz"))
        stack.supervisor.check()
    finally:
        running = [stack.supervisor.process_id(part.name) for part in stack.supervisor.parts]
        unclean = stack.stop()
    assert unclean == []
    assert not any(runs(pid) for pid in running)


def test_a_process_that_cannot_start_is_reported_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a machine that is busy it takes its time to find out.
    monkeypatch.setattr("ricochet.supervisor.QUICK_S", 60.0)
    supervisor = Supervisor((Part("worker", ("work",)),), {"RICOCHET_DATA_DIR": str(tmp_path)}, tmp_path / "logs")
    supervisor.start()
    try:
        wait_until(lambda: supervisor.failed is not None)
        with pytest.raises(ProcessFailed, match="ricochet migrate"):
            supervisor.check()
    finally:
        supervisor.stop()


def test_no_process_outlives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    environment = {**os.environ, "RICOCHET_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "ricochet", "up"]
    with (tmp_path / "out").open("wb") as output:
        up = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
    children = Path(f"/proc/{up.pid}/task/{up.pid}/children")

    def started() -> bool:
        return b"Running." in (tmp_path / "out").read_bytes()

    wait_until(started)
    pids = {int(pid) for task in children.parent.parent.glob("*/children") for pid in task.read_text().split()}
    assert len(pids) == 5
    up.kill()
    up.wait()
    wait_until(lambda: not any(runs(pid) for pid in pids))


def test_up_prints_where_everything_is_and_a_sign_in_link_and_stops_cleanly_on_ctrl_c(tmp_path: Path) -> None:
    environment = {**os.environ, "RICOCHET_DATA_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "ricochet", "up", "--trackers", "2"]
    up = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert up.stdout
    said = ""
    while "Running." not in said:
        line = up.stdout.readline()
        assert line, said
        said += line
    link = next(word for word in said.split() if "/sign-in/link/" in word)
    wait_until(lambda: answers(link))
    internal = re.findall(r"^Metrics (\S+) +(http://\S+)/metrics$", said, re.MULTILINE)
    assert [name for name, _ in internal] == ["tracker-1", "tracker-2", "ingest"]
    for _, url in internal:
        wait_until(lambda ready=f"{url}/readyz": answers(ready))  # type: ignore[misc]
    up.send_signal(signal.SIGINT)
    assert up.wait(60) == 0
    up.stdout.close()
    assert oct((tmp_path / "secret.key").stat().st_mode & 0o777) == "0o600"
    for log in (tmp_path / "logs").glob("*.log"):
        assert "Fatal" not in log.read_text()
        assert "Traceback" not in log.read_text()


def test_a_host_that_is_not_this_machines_is_told_at_once() -> None:
    with pytest.raises(RicochetError, match=r"on 192\.0\.2\.1 cannot be used: Cannot assign"):
        listen("192.0.2.1", None, 8000)


def test_a_port_in_use_is_passed_over_unless_it_was_asked_for() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with listen("127.0.0.1", None, port) as free:
            assert free.getsockname()[1] != port
        with pytest.raises(RicochetError, match=f"Port {port}"):
            listen("127.0.0.1", port, 8000)
