"""The logs of a process: one form, whoever writes the line."""

import json
import subprocess
import sys

PROGRAM = """
import logging
import structlog
from linksvc.settings import Settings
from ricochet.logs import set_up_logs

set_up_logs(Settings(log_level="{level}"))
structlog.get_logger().info("ours", action="test")
logging.getLogger("uvicorn.error").info("quiet %s", "line")
logging.getLogger("uvicorn.error").warning("Invalid HTTP request %s", "received")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("asyncio").exception("a defect\\nof two lines")
"""


def lines_at(level: str) -> list[dict[str, str]]:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("{level}", level)], capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in run.stderr.splitlines()]


def test_every_line_is_json_those_of_libraries_too() -> None:
    ours, quiet, invalid, defect = lines_at("INFO")

    assert (ours["event"], ours["level"], ours["action"]) == ("ours", "info", "test")
    assert (quiet["event"], quiet["logger"]) == ("quiet line", "uvicorn.error")
    assert (invalid["event"], invalid["level"]) == ("Invalid HTTP request received", "warning")
    assert defect["level"] == "error"
    assert "ZeroDivisionError" in defect["exception"]
    assert all(line["timestamp"].endswith("Z") for line in (ours, quiet, invalid, defect))


def test_the_level_holds_for_libraries_too() -> None:
    assert [line["level"] for line in lines_at("WARNING")] == ["warning", "error"]
