"""Readers of one campaign share a look at the database. Here and not beside the pages, where a browser's event loop runs."""

import anyio
import pytest

from dashboards.readings import Reading
from dashboards.shared_looks import SharedLooks
from tests.dashboards.test_figures import DETAILS, NONE_BEFORE, funnel

PATIENCE_S = 30.0


async def test_however_many_read_a_campaign_one_looks_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[tuple[int, int]] = []

    def read(workspace_id: int, campaign_id: int) -> Reading:
        looks.append((workspace_id, campaign_id))
        return Reading(funnel(), DETAILS, NONE_BEFORE)

    monkeypatch.setattr("dashboards.shared_looks.LOOK_S", PATIENCE_S)
    shared, found = SharedLooks(read), []

    async def one() -> None:
        found.append(await shared.look((1, 7)))

    with shared.reader((1, 7)):
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(one)
    assert looks == [(1, 7)]
    assert len({id(reading) for reading in found}) == 1
    with shared.reader((1, 7)):
        await shared.look((1, 7))
    assert len(looks) == 2, "nobody read it meanwhile, so nothing was kept"


async def test_a_reading_stays_the_same_as_long_as_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.shared_looks.LOOK_S", 0.0)
    figures = [funnel(), funnel(), funnel(queued=4, submitted=15, pending=2)]
    shared = SharedLooks(lambda *_: Reading(figures.pop(0), DETAILS, NONE_BEFORE))
    with shared.reader((1, 7)):
        first, second, third = [await shared.look((1, 7)) for _ in range(3)]
    assert first is second
    assert third is not second


async def test_a_look_that_fails_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.shared_looks.LOOK_S", PATIENCE_S)
    answers: list[Reading | Exception] = [ValueError("once"), Reading(funnel(), DETAILS, NONE_BEFORE)]

    def read(*_: int) -> Reading:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    shared = SharedLooks(read)
    with shared.reader((1, 7)):
        with pytest.raises(ValueError, match="once"):
            await shared.look((1, 7))
        assert await shared.look((1, 7)) == Reading(funnel(), DETAILS, NONE_BEFORE)
