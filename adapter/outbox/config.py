"""What an operator chooses about mail."""

from dataclasses import dataclass, field
from enum import StrEnum


class Transport(StrEnum):
    """How mail leaves."""

    FILES = "files"
    SMTP = "smtp"
    NONE = "none"


class Security(StrEnum):
    """How the connection to the mail server is kept private."""

    STARTTLS = "starttls"
    TLS = "tls"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class MailConfig:
    """How mail leaves, and how patiently.

    `timeout_seconds` bounds each step of a delivery, `lease_seconds` the whole of one: past it
    another worker may deliver the same mail again. `hold` is how many seconds mail of a run waits
    before it may leave.
    """

    transport: Transport = Transport.FILES
    folder: str = ""
    host: str = "localhost"
    port: int = 587
    security: Security = Security.STARTTLS
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    timeout_seconds: float = 20.0
    lease_seconds: float = 300.0
    retry_seconds: float = 30.0
    max_attempts: int = 20
    max_age_hours: int = 24
    links_per_hour: int = 10
    hold: float = 0.0
