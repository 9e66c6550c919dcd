"""Somebody's server that webhooks are sent to: real HTTP on 127.0.0.1, which answers as it is told and keeps what it got."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook

WAIT_S = 30.0
"""Far more than anything takes; a test that waits so long has failed."""


@dataclass(frozen=True)
class Got:
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verify(self, secret: str) -> None:
        """Raises unless it is signed with the secret, a few minutes ago at most: by the library that receivers use."""
        Webhook(secret).verify(self.body, dict(self.headers))


@dataclass(frozen=True)
class Say:
    """`held`: the answer waits for it."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    held: threading.Event | None = None


@dataclass
class Receiver:
    url: str
    answer: Callable[[Got], Say] = lambda _: Say()
    got: list[Got] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def take(self, got: Got) -> Say:
        with self.news:
            self.got.append(got)
            self.news.notify_all()
        return self.answer(got)

    def wait_for(self, count: int) -> list[Got]:
        """What it got, once that is as many."""
        return self.wait_until(lambda: len(self.got) >= count)

    def wait_until(self, condition: Callable[[], bool]) -> list[Got]:
        with self.news:
            assert self.news.wait_for(condition, WAIT_S), f"it got {len(self.got)}"
            return list(self.got)


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver while the block runs. Its connections stay open, as most servers' do."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            say = receiver.take(Got(headers, body))
            if say.held:
                say.held.wait(WAIT_S)
            self.send_response(say.status)
            for name, value in {"content-length": str(len(say.body)), **say.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(say.body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

        def handle_error(self, *_: object) -> None:
            """Senders go away; that is none of a test's business."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "https" if tls else "http"
    receiver = Receiver(f"{scheme}://127.0.0.1:{server.server_port}/hooks")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def wait_until(condition: Callable[[], bool]) -> None:
    """Until something in a database is as it will be."""
    ends = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < ends, "it did not come to be"
        time.sleep(0.01)
