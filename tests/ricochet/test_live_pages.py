"""A live page and the process that serves it: a stream that stands open does not hold up its end."""

import shutil
import signal
from pathlib import Path

import httpx2
from pydantic import SecretStr

from linksvc import accounts
from linksvc.clock import now
from linksvc.database import open_engine, writing
from linksvc.settings import Settings
from tests.dashboards.scenes import new_campaign
from tests.dashboards.site import add_user, read_token, sign_in_path
from tests.ricochet.served import served

SECRET = SecretStr("a secret key for the tests, of 42 characters")


def test_a_process_that_is_stopped_ends_its_streams_and_waits_for_none(tmp_path: Path, sqlite_template: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "ricochet.db")
    settings = Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path / 'ricochet.db'}", secret_key=SECRET)
    engine = open_engine(settings.database)
    with writing(engine) as session:
        workspace_id = accounts.ensure_workspace(session, "Boutique Lumen", now())
        user_id = add_user(session, workspace_id)
    campaign_id = new_campaign(engine, workspace_id, 1)
    with (
        served(settings, "serve", "web", "--port", "0", "--internal", "0") as web,
        httpx2.Client(base_url=web.public, trust_env=False, verify=False, timeout=60) as client,
    ):
        path = sign_in_path(engine, user_id)
        client.post(path, data={"csrf_token": read_token(client.get(path).text)})
        with client.stream("GET", f"/campaigns/cmp_{campaign_id}/live") as answer:
            lines = answer.iter_lines()
            assert "event: figures" in (next(lines), next(lines))
            web.process.send_signal(signal.SIGTERM)
            # The answer is ended as an answer is: to one that is cut off, reading would raise.
            assert len(list(lines)) > 10
        assert web.process.wait(60) == -signal.SIGTERM
    engine.dispose()
    said = web.said.read_text()
    assert "Traceback" not in said
    assert "exceeded" not in said, "the server gave up waiting"
