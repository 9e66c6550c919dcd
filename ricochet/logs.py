"""Logs: one JSON object a line on standard error, or plain lines on a terminal. Set up once a process."""

import logging
import sys

import structlog

from linksvc.settings import Settings

_SHARED: tuple[structlog.types.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def set_up_logs(settings: Settings) -> None:
    level = logging.getLevelNamesMapping().get(settings.log_level.upper(), logging.INFO)
    rendered = _for_people() if sys.stderr.isatty() else _for_machines()
    logging.basicConfig(level=level, handlers=[_libraries_handler(rendered)])
    # It tells of every look at the database's revision.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    structlog.configure(
        processors=[*_SHARED, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )


def _libraries_handler(rendered: list[structlog.types.Processor]) -> logging.Handler:
    """What libraries log through Python's own logging, written as ours is: whoever reads the lines reads one form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
            foreign_pre_chain=[*_SHARED, structlog.stdlib.add_logger_name],
        )
    )
    return handler


def _for_people() -> list[structlog.types.Processor]:
    return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]


def _for_machines() -> list[structlog.types.Processor]:
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
