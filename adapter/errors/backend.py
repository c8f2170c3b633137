"""A configured backend that fails."""

from adapter.errors.base import AdapterError


class BackendError(AdapterError):
    """A configured backend failed; details go to the log only."""

    code = "backend"


class CannotExpress(BackendError):
    """A backend's protocol has no way to say this; nothing was sent. `what` names it."""

    code = "cannot_express"

    def __init__(self, what: str) -> None:
        super().__init__(f"The backend cannot express {what}")
        self.what = what


class Rejected(BackendError):
    """A backend answered with an error of its own; `reason` is its text, for the log only."""

    code = "rejected"

    def __init__(self, reason: str) -> None:
        super().__init__("The backend refused the request")
        self.reason = reason


class UpstreamRefused(Rejected):
    """A legacy upstream refused in words of its own, which it means for callers."""

    code = "upstream_refused"

    def __init__(self, reason: str) -> None:
        BackendError.__init__(self, reason)
        self.reason = reason


class NotProved(BackendError):
    """A look-up proved neither that a command was carried out nor that it was not."""

    code = "not_proved"

    def __init__(self, what: str) -> None:
        super().__init__(f"It is not proved what became of the command: {what}")
        self.what = what


class BadAnswer(BackendError):
    """A backend's reply cannot be read, so it is unknown what was done."""

    code = "bad_answer"

    def __init__(self) -> None:
        super().__init__("The backend's reply cannot be read")


class NotSent(BackendError):
    """No byte of the request reached the backend; `reason` is for the log only."""

    code = "not_sent"

    def __init__(self, reason: str) -> None:
        super().__init__("The backend cannot be reached; nothing was sent, try again")
        self.reason = reason


class BackendOverloaded(NotSent):
    """The backend answered that it takes no more at present; `reason` is for the log only."""

    code = "backend_overloaded"

    def __init__(self, reason: str) -> None:
        BackendError.__init__(self, "The backend is busy; nothing was done, try again later")
        self.reason = reason


class OutcomeLost(BackendError):
    """The request left, and no answer says what became of it; `reason` is for the log only.

    `reference` names the stored attempt, which is resolved by looking it up.
    """

    code = "outcome_lost"

    def __init__(self, reference: str, reason: str) -> None:
        super().__init__(
            "The backend's answer was lost and it may have acted; this is looked into under "
            f"reference {reference}, do not send the request again"
        )
        self.reference = reference
        self.reason = reason


class PassLost(OutcomeLost):
    """A request that was passed on as it is left, and no whole reply came back.

    No attempt is stored for it: what it asked for is not ours to know.
    """

    code = "pass_lost"

    def __init__(self, reference: str, reason: str) -> None:
        super().__init__(reference, reason)
        text = (
            "The upstream's answer was lost and it may have acted; check there before you send "
            f"the request again (request {reference})"
        )
        self.args = (text,)


class Unroutable(BackendError):
    """Only the upstream may answer this command, and it came by a way that cannot be passed on."""

    code = "unroutable"

    def __init__(self, command: str) -> None:
        super().__init__(f"{command} is answered by the upstream only")
        self.command = command


class TransportLost(BackendError):
    """A request left, and no whole reply came back; `reason` is for the log only.

    What a connector's network says: whoever knows the reference raises `OutcomeLost` from it.
    """

    code = "transport_lost"

    def __init__(self, reason: str) -> None:
        super().__init__("The backend did not answer in time or not whole")
        self.reason = reason
