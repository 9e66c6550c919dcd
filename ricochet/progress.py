"""What a person sees in the terminal while a demonstration runs, and the comparison at its end."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from linksvc.funnel import Funnel
from linksvc.stages import UNSENT
from ricochet.comparison import Comparison


class SendingBar:
    """A progress bar of one campaign: messages that left the queue, of those produced."""

    def __init__(self, shown: bool = True) -> None:
        self.console = Console(quiet=not shown)
        columns = (TextColumn("{task.description}"), BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, TextColumn("{task.fields[told]}"), console=self.console)
        self._task = self._progress.add_task("Preparing", total=None, told="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    def update(self, funnel: Funnel) -> None:
        done = funnel["submitted"] + sum(funnel[stage] for stage in UNSENT if stage != "queued")
        told = f"{funnel['delivered']} delivered, {funnel['clicked']} clicked, {funnel['redeemed']} redeemed"
        self._progress.update(
            self._task,
            description=funnel.state.capitalize(),
            completed=done,
            total=funnel["produced"] or None,
            told=told,
        )

    def print_comparison(self, comparison: Comparison) -> None:
        table = Table()
        for heading in ("figure", "counted in"):
            table.add_column(heading, no_wrap=True)
        for heading in ("the funnel says", "what truly happened"):
            table.add_column(heading, justify="right")
        table.add_column("")
        for name, truth in comparison.truth.items():
            shown = comparison.funnel[name]
            differs = "" if shown == truth else "differs"
            table.add_row(name, _unit(name, comparison), f"{shown:,}", f"{truth:,}", differs)
        self.console.print(table)
        if comparison.answers:
            self.console.print(
                f"Automatic answers to STOP, in the figures from submitted to unknown: {comparison.answers:,}. "
                "They are no messages that the campaign produced."
            )
        deceived = comparison.confusion["messages_only_a_disguised_machine_opened"]
        if deceived:
            self.console.print(
                f"Left out of clicked: {_messages(deceived)} that only a machine opened which cannot be told from a person; "
                f"the page counts {'it' if deceived == 1 else 'them'} as clicked."
            )
        if comparison.outcome_unknown:
            self.console.print(
                f"Messages with an unknown outcome: {comparison.outcome_unknown:,}. A sender ended before the operator's "
                "answer came; they may have arrived, and are never sent again by themselves."
            )


_UNITS = {"machine_hits": "visits", "revenue_minor": "cents"}
"""What is no count of messages; the demonstration's shops take EUR."""

_WITH_ANSWERS = ("submitted", "delivered", "failed", "unknown")


def _unit(name: str, comparison: Comparison) -> str:
    if comparison.answers and name in _WITH_ANSWERS:
        return "messages, answers too"
    return _UNITS.get(name, "messages")


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count:,} messages"
