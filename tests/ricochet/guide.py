"""docs/redeem-your-first-code.md as somebody follows it: its commands typed, its programs saved and run as they stand.

Used by the tests of curl and Python, and by those of `make interop` for every language.
"""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from linksvc.settings import Settings
from ricochet.installation import environment_of
from tests.ricochet.served import served

GUIDE = Path(__file__).parents[2] / "docs" / "redeem-your-first-code.md"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
_PROGRAM = re.compile(r"^`([^`]+ (redeem\.\w+) [^`]+)`[^\n]*\n\n```\w+\n(.*?)^```$", re.M | re.S)

DRAWN = {"id", "request_id", "redeemed_at", "received_at"}
"""What differs from one reader to the next."""


@dataclass(frozen=True)
class Trial:
    """A shop's developer: a key of the sandbox, and where Ricochet is reached."""

    folder: Path
    url: str
    key: str

    def run(self, *command: str, url: str = "", **environment: str) -> str:
        """What a command prints that ends well."""
        given = os.environ | {"RICOCHET_URL": url or self.url, "RICOCHET_KEY": self.key} | environment
        done = subprocess.run(command, cwd=self.folder, env=given, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert not done.stderr, done.stderr
        return done.stdout


@contextmanager
def trial(settings: Settings) -> Iterator[Trial]:
    """Types what an operator is told to type; then Ricochet runs."""
    (typed,) = blocks("sh")
    script = 'set -e\nricochet workspace create "Boutique Lumen"\n' + typed
    script = script.replace("ricochet ", f"{shlex.quote(sys.executable)} -m ricochet ")
    environment = os.environ | environment_of(settings)
    done = subprocess.run(
        ["/bin/bash", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    with served(settings, "serve", "web", "--port", "0", internals=0) as server:
        yield Trial(settings.data_dir, server.public, done.stdout.splitlines()[-1])


def blocks(language: str) -> list[str]:
    return [text for name, text in _BLOCK.findall(GUIDE.read_text()) if name == language]


def by_hand(reader: Trial) -> list[Any]:
    """Types every command of the part for curl, each with the answer that stands below it; returns the answers."""
    answers: list[Any] = []
    redemption = ""
    for name, text in _BLOCK.findall(GUIDE.read_text()):
        if name == "bash":
            answers.append(json.loads(reader.run("/bin/bash", "-c", text, REDEMPTION=redemption)))
            redemption = answers[-1].get("id", redemption)
        elif name == "json":
            assert masked(answers[-1]) == masked(json.loads(text))
    return answers


def masked(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer without what is drawn, of which only the form is told."""
    return {name: re.sub(r"[0-9a-f]", "x", value) if name in DRAWN else value for name, value in answer.items()}


def run_program(reader: Trial, ending: str, url: str = "") -> None:
    """Saves the guide's program with this ending, runs it as the guide says, and compares what it prints."""
    ((command, name, program),) = [one for one in _PROGRAM.findall(GUIDE.read_text()) if one[1].endswith(f".{ending}")]
    (reader.folder / name).write_text(program)
    (expected,) = blocks("text")
    printed = reader.run(*shlex.split(command), url=url)
    assert re.sub("rdm_[0-9a-f]{32}", "rdm", printed) == re.sub("rdm_[0-9a-f]{32}", "rdm", expected)


@contextmanager
def bad_line(url: str) -> Iterator[str]:
    """An address that leads to the server, and loses of the answers to a redemption the first, and half of the second."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    server = (parts.hostname, parts.port)
    passes = iter((0, 0.5))
    lost = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(client: socket.socket) -> None:
        with client, socket.create_connection(server, timeout=30) as upstream, suppress(OSError):
            while asked := _read_message(client):
                upstream.sendall(asked)
                answer = _read_message(upstream)
                if asked.startswith(b"POST /v1/redemptions ") and not lost.is_set():
                    if (part := next(passes, None)) is not None:
                        client.sendall(answer[: int(len(answer) * part)])
                        return
                    lost.set()
                client.sendall(answer)
                if re.search(rb"(?im)^connection:\s*close", asked):
                    return

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=carry, args=(listener.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(10)
    assert lost.is_set()


def _read_message(stream: socket.socket) -> bytes:
    """One request or answer with its body; nothing when the other side has gone."""
    read = b""
    while b"\r\n\r\n" not in read:
        more = stream.recv(65_536)
        if not more:
            return b""
        read += more
    head, _, body = read.partition(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length:\s*(\d+)", head)
    while length and len(body) < int(length[1]):
        body += stream.recv(65_536)
    return head + b"\r\n\r\n" + body
