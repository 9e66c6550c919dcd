"""What the templates of the editor ask of a page that is being edited: what was typed, what is wrong, what has the focus."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from dashboards.editor.conversion import languages_of
from dashboards.editor.gaps import PERSONAL_TEXTS, gaps_of
from dashboards.editor.language_names import language_names, name_of
from dashboards.editor.shapes import BLOCKS, FONTS, FORMS, QUESTION_KINDS, fields_of
from dashboards.editor.trees import Tree, find, find_text, list_at, text_at, tree_at
from dashboards.speech import Speech
from linksvc.landing.contrast import SHAPE_LEAST, TEXT_LEAST, contrast
from linksvc.schedules import instant

_GIST_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two colours of the theme. `words` tell the ratio; the patterns are for the page's script."""

    name: str
    least: float
    words: str
    is_enough: bool


@dataclass
class EditorForm:
    """One page as it is typed, for one reader. `faults`: sentences by path; `focus`: the path that a button led to."""

    tree: Tree
    speech: Speech
    faults: Mapping[str, str] = field(default_factory=dict)
    focus: str = ""

    block_types = tuple(BLOCKS)
    forms = FORMS
    fonts = FONTS
    question_kinds = QUESTION_KINDS

    def __post_init__(self) -> None:
        self._waiting = not self.focus and bool(self.faults)

    @property
    def languages(self) -> tuple[tuple[str, str], ...]:
        """The page's languages with their names."""
        return tuple((code, name_of(code, self.speech.language)) for code in languages_of(self.tree))

    @property
    def other_languages(self) -> Mapping[str, str]:
        taken = languages_of(self.tree)
        return {code: name for code, name in language_names(self.speech.language).items() if code not in taken}

    def set_aside(self, path: str) -> Mapping[str, str]:
        """What was typed at a text's path in languages that the page no longer has: kept until it is saved."""
        words, present = find(self.tree, path), languages_of(self.tree)
        if not isinstance(words, dict):
            return {}
        return {code: text for code in words if code not in present and (text := text_at(words, code))}

    def typed(self, path: str) -> str:
        return find_text(self.tree, path)

    def wrong(self, path: str) -> str:
        return self.faults.get(path, "")

    def gap(self, path: str) -> str:
        """A hint on a text of a recipient's own fields that show nothing where nothing is known; empty if there are none."""
        found = gaps_of([find(self.tree, path)], languages_of(self.tree))
        if not found:
            return ""
        fields = ", ".join(map(_braced, found))
        return self.speech.say("editor.gap", fields=fields, example=_braced(f'{found[0]} | default: "…"'))

    def gaps(self) -> Iterator[tuple[str, str]]:
        """The blocks with such texts, each as its path and a line on it."""
        for at in self.items("blocks"):
            texts = [find(self.tree, f"blocks.{at}.{name}") for name in PERSONAL_TEXTS]
            found = gaps_of(texts, languages_of(self.tree))
            if found and self.typed(f"blocks.{at}.type") == "text":
                fields = ", ".join(map(_braced, found))
                yield f"blocks.{at}", self.speech.say("editor.publish.gap", what=self.what(at), fields=fields)

    def takes_focus(self, path: str) -> bool:
        """Whether a field has the focus: where a button led to, else the first that is wrong. Asked in the form's order."""
        if self.focus:
            return path == self.focus
        if self._waiting and path in self.faults:
            self._waiting = False
            return True
        return False

    def attributes(self, path: str, has_help: object = False) -> dict[str, str]:
        """What a field says of its faults, its help and the focus."""
        ids = [f"{path}-error"] * bool(self.wrong(path)) + [f"{path}-help"] * bool(has_help)
        found = {"aria-describedby": " ".join(ids)} if ids else {}
        found |= {"aria-invalid": "true"} if self.wrong(path) else {}
        return found | ({"autofocus": ""} if self.takes_focus(path) else {})

    def items(self, path: str) -> range:
        """The numbers of a list's items."""
        found = find(self.tree, path)
        return range(len(found) if isinstance(found, list) else 0)

    def block(self, at: int) -> Tree:
        return list_at(self.tree, "blocks")[at]

    def is_open(self, at: int) -> bool:
        """A block is open if it is the only one or new, if a button led into it, or if something in it is wrong."""
        path = f"blocks.{at}"
        is_new = self.focus == path and not self.gist(at)
        inside = any(one.startswith(f"{path}.") for one in (self.focus, *self.faults))
        return inside or is_new or path in self.faults or len(self.items("blocks")) == 1

    def has_faults(self, prefix: str) -> bool:
        return any(path.startswith(prefix) for path in self.faults)

    def what(self, at: int) -> str:
        """A block by its number and type."""
        block_type = self.typed(f"blocks.{at}.type")
        return self.speech.say("editor.numbered", number=at + 1, what=self.speech.say(f"block.{block_type}"))

    def gist(self, at: int) -> str:
        """The first words of a block."""
        text = next(_texts(self.block(at), languages_of(self.tree)), "")
        line = " ".join(text.split())
        return line if len(line) <= _GIST_LONGEST else f"{line[:_GIST_LONGEST]}…"

    def contrasts(self) -> Iterator[Contrast]:
        background = self.typed("theme.background")
        for name, least in (("text", TEXT_LEAST), ("accent", SHAPE_LEAST)):
            ratio = _ratio(self.typed(f"theme.{name}"), background)
            key = "editor.contrast.good" if ratio >= least else "editor.contrast.bad"
            words = self.speech.say(key, ratio=self.speech.decimal(ratio), least=self.speech.decimal(least))
            yield Contrast(name, least, words, ratio >= least)

    def odds(self, path: str) -> tuple[str, bool]:
        """What the odds of a list of prizes add up to, in words, and whether they may."""
        total = sum(_number(self.typed(f"{path}.{at}.odds")) for at in self.items(path))
        if total > 100:
            return self.speech.say("editor.odds.bad", sum=self.share(total)), False
        return self.speech.say("editor.odds.good", sum=self.share(total), rest=self.share(100 - total)), True

    def share(self, per_cent: float) -> str:
        return self.speech.share(round(per_cent * 100), 10_000)

    def moment(self, path: str) -> str:
        """When a countdown ends for the reader; empty where that depends on the recipient, or cannot be told."""
        if self.typed(f"{path}.own_zone"):
            return ""
        try:
            local = datetime.fromisoformat(self.typed(f"{path}.ends_at"))
            ends = instant(local, ZoneInfo(self.typed(f"{path}.timezone")))
        except (ValueError, OSError, LookupError):
            return ""
        time = self.speech.day_and_time(ends)
        return self.speech.say("editor.countdown.moment", time=time, zone=self.speech.timezone)


def _texts(block: Tree, languages: tuple[str, ...]) -> Iterator[str]:
    """The texts of a block in their order, of its page's languages."""
    for one in fields_of(block):
        if one.kind == "words":
            words = tree_at(block, one.name)
            yield from (text for code in languages if (text := text_at(words, code)).strip())
        elif one.kind == "line" and text_at(block, one.name):
            yield text_at(block, one.name)


def _braced(inside: str) -> str:
    return f"{{{{ {inside} }}}}"


def _ratio(one: str, other: str) -> float:
    try:
        # Rounded down: what is too small is never told as enough.
        return int(contrast(one, other) * 10) / 10
    except (ValueError, IndexError):
        return 1.0


def _number(typed: str) -> float:
    try:
        return max(0.0, min(float(typed.replace(",", ".").strip(" %\u00a0\u202f")), 1_000.0))
    except ValueError:
        return 0.0
