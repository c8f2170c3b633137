"""What is wrong with a request as it was sent."""

from typing import Final

from adapter.errors.base import AdapterError

# So many mistakes of one file are shown.
_MOST_MISTAKES: Final = 50


class RequestError(AdapterError):
    """The caller's request cannot be carried out as it stands."""

    code = "request"


class Malformed(RequestError):
    """The bytes cannot be read as the protocol's request."""

    code = "malformed"


class LimitExceeded(Malformed):
    """The request is larger than a configured limit; nothing of it was used."""

    code = "limit_exceeded"

    def __init__(self, what: str, allowed: int) -> None:
        super().__init__(f"Request exceeds the limit of {allowed} {what}")
        self.what = what
        self.allowed = allowed


class MethodNotAllowed(RequestError):
    """The HTTP method never executes anything here."""

    code = "method_not_allowed"

    def __init__(self, method: str) -> None:
        super().__init__("Method Not Allowed")
        self.method = method


class InvalidCatalogue(RequestError):
    """An operator's catalogue file cannot be applied; nothing of it was.

    `path` is the key at fault (`products[2].prices.ZAR.monthly`), the first one of several;
    `others` are the rest as path and detail; the text shows the first ones.
    """

    code = "invalid_catalogue"

    def __init__(self, path: str, detail: str, others: tuple[tuple[str, str], ...] = ()) -> None:
        mistakes = ((path, detail), *others)
        lines = [f"{where}: {what}" for where, what in mistakes[:_MOST_MISTAKES]]
        if len(mistakes) > len(lines):
            lines.append(f"... and {len(mistakes) - len(lines)} more")
        if others:
            lines.append(f"{len(mistakes)} mistakes: nothing was written")
        super().__init__("\n".join(lines))
        self.path = path
        self.detail = detail
        self.others = others

    @property
    def mistakes(self) -> tuple[tuple[str, str], ...]:
        """All of them, the first one included."""
        return ((self.path, self.detail), *self.others)


class InvalidMapping(RequestError):
    """A mapping file cannot be used; `path` is the key at fault (`commands.GetClient.proof`)."""

    code = "invalid_mapping"

    def __init__(self, file: str, path: str, detail: str, remedy: str) -> None:
        super().__init__(f"{file}: {path}: {detail}; {remedy}")
        self.file = file
        self.path = path
        self.detail = detail
        self.remedy = remedy


class UnknownAction(RequestError):
    """No such action or endpoint."""

    code = "unknown_action"

    def __init__(self, action: str) -> None:
        super().__init__(f"Unknown action: {action}")
        self.action = action


class NotSupported(RequestError):
    """A documented action that this gateway does not carry out; `what` in the caller's words."""

    code = "not_supported"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} are not supported here")
        self.what = what


class InvalidField(RequestError):
    """A field is missing, of the wrong form, or out of its bounds.

    `path` is the field's name as the caller wrote it (`data[2][3]`), `rule` a stable word for the
    broken rule (`required`, `integer`, `date`, `max_length`, ...), `detail` a sentence.
    """

    code = "invalid_field"

    def __init__(self, path: str, rule: str, detail: str) -> None:
        super().__init__(detail)
        self.path = path
        self.rule = rule


class NotAuthenticated(RequestError):
    """Credentials are missing or wrong."""

    code = "not_authenticated"

    def __init__(self) -> None:
        super().__init__("Authentication Failed")


class UnknownIdentifier(NotAuthenticated):
    """The identifier names no live credential."""

    code = "unknown_identifier"


class AddressNotAllowed(RequestError):
    """The caller's address is not on the allow list and no access key was valid."""

    code = "address_not_allowed"

    def __init__(self, address: str) -> None:
        super().__init__(f"Invalid IP {address}")
        self.address = address


class ActionNotAllowed(RequestError):
    """The credential's roles lack the action."""

    code = "action_not_allowed"

    def __init__(self, action: str) -> None:
        super().__init__(f"Action {action} is not allowed")
        self.action = action


class WrongBusiness(RequestError):
    """The business id sent is not the one the credentials open."""

    code = "wrong_business"

    def __init__(self) -> None:
        super().__init__("Invalid business ID for these credentials")


class KeyReused(RequestError):
    """An idempotency key came again with another request than it was first sent with."""

    code = "key_reused"

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key was used for another request; nothing was done, send a new key"
        )
