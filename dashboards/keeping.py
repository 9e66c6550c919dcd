"""The two forms below the rows behind a number: keep these people as a segment, or send to them again. For the rows' page
and for `dashboards.pages.keeping`, which takes the forms.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from dashboards.forms import Filled
from dashboards.speech import Speech
from linksvc.errors import Problem
from linksvc.funnel import Funnel
from linksvc.left_out import LEAVES_OUT
from linksvc.message_filters import MessageFilter
from linksvc.names import LONGEST
from linksvc.public_ids import format_id
from linksvc.standing_campaigns import SINGLE

SEGMENT_NAME, CAMPAIGN_NAME, FILTER = "segment_name", "campaign_name", "filter"

_LEAVE = "leave_"


@dataclass(frozen=True, slots=True)
class Choice:
    """A box to tick: its field, what it says, whether it is ticked."""

    name: str
    words: str
    is_ticked: bool


@dataclass(frozen=True, slots=True)
class Keeping:
    """The forms, ready for their template. `send_button` is empty where nothing can be sent again: of single messages each
    has a text of its own."""

    keep_path: str
    send_path: str
    filter: str
    send_button: str
    choices: tuple[Choice, ...]
    form: Filled


def keeping_of(funnel: Funnel, chosen: MessageFilter, people: int, speech: Speech, form: Filled | None = None) -> Keeping:
    """The forms of the people behind a number; `form` is what was typed before, with what is wrong in it."""
    path = f"/campaigns/{format_id('campaign', funnel.campaign_id)}"
    return Keeping(
        keep_path=f"{path}/segments",
        send_path=f"{path}/follow-ups",
        filter=chosen.query(),
        send_button="" if funnel.kind == SINGLE else speech.say("keep.send.button", count=people),
        choices=tuple(
            Choice(f"{_LEAVE}{stage}", speech.say(f"keep.leave_out.{stage}"), _is_ticked(stage, chosen, form))
            for stage in LEAVES_OUT
            if funnel.tells(stage) and stage != chosen.stage
        ),
        form=form or Filled(),
    )


def left_out_in(form: Mapping[str, str]) -> tuple[str, ...]:
    """The stages that are ticked in the form."""
    return tuple(stage for stage in LEAVES_OUT if f"{_LEAVE}{stage}" in form)


def refused(field: str, form: Mapping[str, str], problem: Problem, speech: Speech) -> Filled:
    """The form with what is wrong in it, beside its one field."""
    key = _WRONG.get(problem.code, "keep.wrong.other")
    words = speech.say(key, most=LONGEST) if key == "keep.wrong.name" else speech.say(key)
    return Filled(form, {field: words})


_WRONG = {
    "invalid_request": "keep.wrong.name",
    "segment_name_taken": "keep.wrong.taken",
    "segment_empty": "keep.wrong.empty",
    "offer_ended": "keep.wrong.offer_ended",
    "offer_withdrawn": "keep.wrong.offer_withdrawn",
    "window_empty": "keep.wrong.link_over",
    "code_source_empty": "keep.wrong.no_codes",
}


def _is_ticked(stage: str, chosen: MessageFilter, form: Filled | None) -> bool:
    return stage in (chosen.without if form is None else left_out_in(form.values))
