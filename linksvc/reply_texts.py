"""What is answered to STOP, START and HELP: the workspace's own words, or these, in French or English.

For the sender's answers and for `ricochet inbox`, which shows and changes them. A text is a template as a campaign's is
(`linksvc.templates`), without link and code.
"""

from linksvc.errors import FieldError, InvalidRequest
from linksvc.fragments import analyse
from linksvc.models import Workspace
from linksvc.templates import Template

STOP, START, HELP = "stop", "start", "help"

_OWN = {STOP: "stop_reply", START: "start_reply", HELP: "help_reply"}

_BUILT_IN = {
    (STOP, "fr"): "vous ne recevrez plus nos SMS. Pour en recevoir à nouveau, répondez START.",
    (START, "fr"): "vous recevrez à nouveau nos SMS. Pour ne plus en recevoir, répondez STOP.",
    (
        HELP,
        "fr",
    ): "nous vous écrivons par SMS avec votre accord. STOP pour ne plus rien recevoir, START pour recevoir à nouveau.",
    (STOP, "en"): "you will get no more texts from us. Reply START to get them again.",
    (START, "en"): "you will get our texts again. Reply STOP to get no more.",
    (HELP, "en"): "we text you with your consent. Reply STOP to get no more texts, START to get them again.",
}
"""Behind the workspace's name. Every letter is in GSM-7, which has no ê: with a short name each is one fragment."""

_FRENCH_SPEAKING = """
    FR BE LU MC CH GP MQ GF RE YT PM BL MF WF PF NC TF
    BF BI BJ CD CF CG CI CM DJ DZ GA GN HT KM MA MG ML NE RW SN TD TG TN
"""
"""Where French is what most people are written to in; and Belgium, Luxembourg and Switzerland, where many are."""

_FRENCH = frozenset(_FRENCH_SPEAKING.split())

_UNFIT_FIELDS = ("link", "code")


def language_of(country: str) -> str:
    """fr or en: how somebody in that country (ISO 3166) is answered whose word does not tell."""
    return "fr" if country in _FRENCH else "en"


def own_reply(workspace: Workspace, kind: str) -> str:
    """The workspace's own text, or empty."""
    return str(getattr(workspace, _OWN[kind]))


def reply_text(workspace: Workspace, kind: str, language: str) -> str:
    """The template of an answer."""
    if own := own_reply(workspace, kind):
        return own
    text = _BUILT_IN[kind, language]
    space = " " if language == "fr" else ""
    named = f"{workspace.name}{space}: {text}"
    return named if _is_short(named) else text[0].upper() + text[1:]


def change_reply(workspace: Workspace, kind: str, text: str) -> None:
    """Lets a workspace answer in its own words; empty: the built-in ones again. Raises InvalidRequest
    (template_invalid, template_unknown_field, text_too_long)."""
    text = text.strip()
    if text:
        unfit = Template.parse(text).fields.intersection(_UNFIT_FIELDS)
        if unfit:
            detail = f"An answer has no {' and no '.join(sorted(unfit))}: it is no campaign's."
            raise InvalidRequest(detail, code="template_unknown_field", errors=(FieldError(_OWN[kind], detail),))
        analyse(text)
    setattr(workspace, _OWN[kind], text)


def _is_short(text: str) -> bool:
    """Whether it is one fragment, and nothing in it is taken for a field."""
    return "{{" not in text and "{%" not in text and analyse(text).fragments == 1
