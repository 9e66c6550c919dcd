"""What can go wrong with a session, for whoever opens one or submits through it.

SessionError
├── Unreachable   no connection, or no SMSC at its end; trying again may help
├── BindRefused   the SMSC said no; `permanent` when only a person can change that
├── NotSent       the session ended before the PDU was written: it may be sent on another
└── AnswerLost    the PDU was written and its answer has not come: what became of it is not known
"""

from sender.pdus import Status, describe

_BIND_ERRORS = {
    Status.INVALID_SYSTEM_ID: "the SMSC does not know this system id",
    Status.INVALID_PASSWORD: "the SMSC does not accept the password",
    Status.INVALID_SYSTEM_TYPE: "the SMSC does not accept the system type",
    Status.BIND_FAILED: "the SMSC refuses the bind",
}


class SessionError(Exception):
    """The root."""


class Unreachable(SessionError):
    pass


class BindRefused(SessionError):
    def __init__(self, status: int) -> None:
        reason = _BIND_ERRORS[Status(status)] if status in _BIND_ERRORS else describe(status)
        super().__init__(f"The bind was refused: {reason} (0x{status:08X}).")
        self.status = status
        self.permanent = status in _BIND_ERRORS and status != Status.BIND_FAILED


class NotSent(SessionError):
    pass


class AnswerLost(SessionError):
    pass
