"""The internal listener, as one application for every process: does it live, can it do its work, what does it count.

Served on an address of its own by `ricochet.http_servers`, never on a public one: the numbers say how a business goes.
"""

from collections.abc import Sequence

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from linksvc.readiness import Condition, Conditions

_NO_STORE = {"cache-control": "no-store"}


async def always_ready() -> Sequence[Condition]:
    """The conditions of a process that can do its work as soon as it runs."""
    return ()


def create_listener(conditions: Conditions = always_ready, collectors: Sequence[Collector] = ()) -> Starlette:
    """GET /livez, /readyz and /metrics. The process's memory, processor time and open files are always among the metrics."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    for collector in collectors:
        registry.register(collector)

    async def live(_: Request) -> Response:
        return Response("alive\n", media_type="text/plain", headers=_NO_STORE)

    async def ready(_: Request) -> Response:
        return _answer(await conditions())

    # Not a coroutine: Starlette gives it a thread, so that no click waits while the numbers are written out.
    def read_metrics(_: Request) -> Response:
        return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST} | _NO_STORE)

    return Starlette(routes=[Route("/livez", live), Route("/readyz", ready), Route("/metrics", read_metrics)])


def _answer(conditions: Sequence[Condition]) -> Response:
    ready = all(one.met for one in conditions if one.needed)
    whole = all(one.met for one in conditions)
    told = {
        "status": "not ready" if not ready else "ready" if whole else "degraded",
        "conditions": {one.name: {"met": one.met, "needed": one.needed, "detail": one.detail} for one in conditions},
    }
    body = orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return Response(body, 200 if ready else 503, _NO_STORE, "application/json")
