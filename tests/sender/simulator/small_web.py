"""A small web of real HTTP: a short domain that redirects and a shop that takes codes."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


@dataclass(frozen=True)
class Hit:
    method: str
    path: str
    peer: str
    headers: dict[str, str]


@dataclass
class SmallWeb:
    """What the server saw. `code_uses`: by code, as a shop normalises it."""

    url: str = ""
    status: int = 302
    hits: list[Hit] = field(default_factory=list)
    code_uses: Counter[str] = field(default_factory=Counter)
    paid_minor: int = 0
    answers: dict[str, tuple[int, dict[str, object]]] = field(default_factory=dict)
    replays: int = 0
    stumbles: int = 0
    """How many of the next redemptions are answered 503."""

    def forget(self) -> None:
        """Begins anew."""
        vars(self).update(vars(SmallWeb(self.url)))

    async def follow(self, request: Request) -> Response:
        peer = request.client.host if request.client else ""
        self.hits.append(Hit(request.method, request.url.path, peer, dict(request.headers)))
        return Response(status_code=self.status, headers={"Location": "https://shop.example/sale"})

    async def validate(self, request: Request) -> Response:
        body = await request.json()
        valid = not self.code_uses[_normalise(body["code"])]
        return JSONResponse({"valid": valid})

    async def redeem(self, request: Request) -> Response:
        if self.stumbles:
            self.stumbles -= 1
            return JSONResponse({"code": "unavailable"}, 503)
        assert request.headers["authorization"] == "Bearer rk_live_small_web"
        key = request.headers["idempotency-key"]
        if key in self.answers:
            self.replays += 1
        else:
            self.answers[key] = self._sell(await request.json())
        status, answer = self.answers[key]
        return JSONResponse(answer, status)

    def _sell(self, body: dict[str, object]) -> tuple[int, dict[str, object]]:
        code, order = _normalise(str(body["code"])), body["order"]
        assert body["order_ref"] and isinstance(order, dict)
        if self.code_uses[code]:
            return 409, {"code": "code_exhausted"}
        self.code_uses[code] += 1
        paid = order["amount"] * 9 // 10
        self.paid_minor += paid
        return 201, {"paid": {"amount": paid, "currency": order["currency"]}}


def _normalise(code: str) -> str:
    return code.upper().replace("-", "").replace(" ", "").replace("O", "0")


@contextmanager
def serve_small_web() -> Iterator[SmallWeb]:
    """On a free port, in a thread of its own."""
    web = SmallWeb()
    app = Starlette(
        routes=[
            Route("/v1/codes/validate", web.validate, methods=["POST"]),
            Route("/v1/redemptions", web.redeem, methods=["POST"]),
            Route("/{code:path}", web.follow),
        ]
    )
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, ws="none", proxy_headers=False)
    )
    started = threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(_serve(server, started),))
    thread.start()
    assert started.wait(10)
    web.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield web
    finally:
        server.should_exit = True
        thread.join()


async def _serve(server: uvicorn.Server, started: threading.Event) -> None:
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(0.005)
    started.set()
    await serving
