"""A sender as a process of its own, to be killed; its settings come from the environment. Started by `test_killed`."""

import asyncio

from linksvc.database import open_engine
from linksvc.keys import open_keyring
from linksvc.settings import Settings
from sender.worker import run_sender
from tests.sender.conftest import FAST


async def main() -> None:
    settings = Settings()
    await run_sender(settings, open_engine(settings.database), open_keyring(settings), asyncio.Event(), timing=FAST)


if __name__ == "__main__":
    asyncio.run(main())
