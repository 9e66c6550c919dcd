"""The questions of a survey. Answers are checked against them by `linksvc.landing.surveys`."""

from typing import Literal, Self

from pydantic import Field, model_validator

from linksvc.landing.parts import Part, Slug
from linksvc.landing.words import UNSAID, Label, Sentence

OPTIONS_MOST = 20
SCALE_MOST = 10


_OF_SCALE = ("low", "high", "low_label", "high_label")


class Option(Part):
    id: Slug
    label: Label = UNSAID


class Question(Part):
    """`options` are of choice and several, `low` to `high` with the words at their ends of scale; text is written freely,
    and consent is a box that is ticked or not."""

    id: Slug
    kind: Literal["choice", "several", "scale", "text", "consent"]
    label: Sentence = UNSAID
    required: bool = False
    options: tuple[Option, ...] = Field(default=(), max_length=OPTIONS_MOST)
    low: int = Field(default=1, ge=0, le=1)
    high: int = Field(default=5, ge=2, le=SCALE_MOST)
    low_label: Label = UNSAID
    high_label: Label = UNSAID

    def needless(self) -> frozenset[str]:
        return frozenset({"low_label", "high_label"})

    @property
    def has_options(self) -> bool:
        return self.kind in ("choice", "several")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.options and not self.has_options:
            raise ValueError(f"options: a question of the kind {self.kind} has none; choice and several have")
        fields = type(self).model_fields
        strays = [name for name in _OF_SCALE if getattr(self, name) != fields[name].default]
        if strays and self.kind != "scale":
            raise ValueError(f"{strays[0]}: only a question of the kind scale has it")
        ids = [option.id for option in self.options]
        if repeated := [one for one in ids if ids.count(one) > 1]:
            raise ValueError(f"options: two have the id “{repeated[0]}”; each option has one of its own")
        return self
