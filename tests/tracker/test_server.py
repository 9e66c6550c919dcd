import asyncio

from sqlalchemy import Engine

from linksvc.settings import Settings
from tests.tracker.conftest import Serve
from tests.tracker.http import read_answer, request
from tracker.server import KEEP_ALIVE_S, server_config

USUAL_PROXY_S = 60
UVICORN_S = 5
"""After which uvicorn closes an idle connection unless told otherwise."""


async def test_an_idle_connection_outlives_a_proxys_patience(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine
) -> None:
    async with serve(sqlite_settings, sqlite_engine) as served:
        assert server_config(served.tracker).timeout_keep_alive == KEEP_ALIVE_S > USUAL_PROXY_S
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        for idle_s in (UVICORN_S + 0.5, 0):
            writer.write(request("/nothing"))
            assert (await read_answer(reader)).status == 404
            await asyncio.sleep(idle_s)
        writer.close()
        await writer.wait_closed()
