"""What a campaign's page says in words where figures alone would mislead: nothing left, nothing arrived, nobody clicked, a
single message. For `dashboards.funnel_page`."""

from collections.abc import Iterator

from dashboards.figures import Figures, label_of
from dashboards.notices import Notice
from linksvc.rates import bounds_of
from linksvc.stages import SENT, UNSENT
from linksvc.standing_campaigns import SINGLE


def remarks_of(figures: Figures) -> tuple[Notice, ...]:
    """The words, empty for most campaigns."""
    if not figures.funnel["produced"]:
        return ()
    return (*_about_size(figures), *_about_sending(figures), *_about_clicks(figures))


def nothing_of(figures: Figures, public_id: str) -> Notice | None:
    """What stands instead of the figures where there is none; None where there are some."""
    if figures.funnel["produced"]:
        return None
    say, state = figures.speech.say, figures.funnel.state
    about = state if state in ("draft", "sent", "cancelled") else "waiting"
    text = say(f"funnel.empty.{about}.text", id=public_id, button=say("send.open"))
    return Notice("info", say(f"funnel.empty.{about}.title"), (text,))


def _about_size(figures: Figures) -> Iterator[Notice]:
    if figures.funnel.kind == SINGLE:
        yield _remark(figures, "single")
    elif figures.funnel["produced"] == 1:
        yield _remark(figures, "one")


def _about_sending(figures: Figures) -> Iterator[Notice]:
    """Once it is settled: what waits may still leave, and what is on its way may still arrive."""
    funnel = figures.funnel
    if not funnel["submitted"]:
        if not funnel["queued"] and not funnel["held"]:
            yield _remark(figures, "none_left", produced=funnel["produced"], states=_states(figures, UNSENT))
    elif not funnel["pending"] and not funnel["reached"]:
        yield _remark(figures, "none_arrived", submitted=funnel["submitted"], states=_states(figures, SENT))


def _about_clicks(figures: Figures) -> Iterator[Notice]:
    funnel = figures.funnel
    if funnel["clicked"] or not funnel["submitted"]:
        return
    if suspects := funnel["suspect"]:
        most = figures.per_cent(bounds_of(funnel.counts).within)
        yield _remark(figures, "suspects", suspects, share=most or "")
    elif machines := funnel["machine"]:
        yield _remark(figures, "machines", machines)


def _states(figures: Figures, stages: tuple[str, ...]) -> str:
    """`Stopped 3, Refused 1`: those that are not zero."""
    speech = figures.speech
    told = [f"{label_of(speech, s)} {speech.number(figures.funnel[s])}" for s in stages if figures.funnel[s]]
    return ", ".join(told)


def _remark(figures: Figures, name: str, count: int | None = None, **values: str | int) -> Notice:
    say = figures.speech.say
    return Notice("info", say(f"remark.{name}.title"), (say(f"remark.{name}.text", count, **values),))
