"""user-agents' rules for phones, tablets and computers. Imported by `tracker.agents` for the first device asked for."""

from dataclasses import astuple

import ua_parser
import user_agents.parsers as devices


class ParsedAgent(devices.UserAgent):  # type: ignore[misc]
    """The rules over ua-parser's present API; their own constructor calls the old, slower one."""

    def __init__(self, user_agent: str) -> None:
        parsed = ua_parser.parse(user_agent).with_defaults()
        self.ua_string = user_agent
        self.os = devices.parse_operating_system(*astuple(parsed.os))
        self.browser = devices.parse_browser(*astuple(parsed.user_agent)[:4])
        self.device = devices.parse_device(*astuple(parsed.device))
