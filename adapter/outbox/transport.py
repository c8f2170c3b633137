"""Ways out: files in a folder for sandboxes, SMTP for the world."""

import os
import re
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Protocol

from adapter.outbox.config import MailConfig, Security

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9.-]")
_PERMANENT: Final = 500


class TransportDown(Exception):
    """No mail can leave at present; trying another one at once is of no use."""


class NotNow(Exception):
    """A mail was not taken, but may be later."""


class Refused(Exception):
    """A mail will never be taken."""


class MailTransport(Protocol):
    """What a message leaves through."""

    def send(self, message: EmailMessage) -> str:
        """Deliver one message; return what the operator should know of it, mostly nothing.

        Raises `TransportDown`, `NotNow` or `Refused`.
        """

    def close(self) -> None:
        """Let go of what is kept between messages."""


class FileTransport:
    """Writes each message to a file of its own; one that is delivered again replaces itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, message: EmailMessage) -> str:
        """Write one message."""
        name = _UNSAFE.sub("-", str(message["Message-ID"]).strip("<>").rpartition("@")[0])
        draft = self.folder / f".{name}.{os.getpid()}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(bytes(message))
            draft.replace(self.folder / f"{name}.eml")
        except OSError as error:
            raise TransportDown(f"{self.folder}: {error.strerror or error}") from error
        return ""

    def close(self) -> None:
        """Nothing is kept."""


class SmtpTransport:
    """One connection, opened when it is needed and closed when there is nothing more to send."""

    def __init__(self, config: MailConfig) -> None:
        self._config = config
        self._server: smtplib.SMTP | None = None

    def send(self, message: EmailMessage) -> str:
        """Hand one message to the server; refused ones of several recipients are told."""
        server = self._server or self._connect()
        self._server = server
        try:
            refused = server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            self._calm()
            codes = [code for code, _ in error.recipients.values()]
            told = _recipients_told(error.recipients)
            if all(code >= _PERMANENT for code in codes):
                raise Refused(told) from error
            raise NotNow(told) from error
        except smtplib.SMTPDataError as error:
            self._calm()
            told = _reply(error.smtp_code, error.smtp_error)
            if error.smtp_code >= _PERMANENT:
                raise Refused(told) from error
            raise NotNow(told) from error
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise TransportDown(_told(error)) from error
        return _recipients_told(refused) if refused else ""

    def close(self) -> None:
        """Say goodbye to the server."""
        server, self._server = self._server, None
        if server is not None:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()

    def _connect(self) -> smtplib.SMTP:
        config = self._config
        server: smtplib.SMTP | None = None
        try:
            context = ssl.create_default_context(cafile=config.ca_file or None)
            if config.security is Security.TLS:
                server = smtplib.SMTP_SSL(
                    config.host, config.port, timeout=config.timeout_seconds, context=context
                )
            else:
                server = smtplib.SMTP(config.host, config.port, timeout=config.timeout_seconds)
                if config.security is Security.STARTTLS:
                    server.starttls(context=context)
            if config.username:
                server.login(config.username, config.password)
        except (smtplib.SMTPException, OSError) as error:
            if server is not None:
                server.close()
            raise TransportDown(_told(error)) from error
        return server

    def _calm(self) -> None:
        """Begin anew on the same connection, or on another one."""
        try:
            if self._server is not None:
                self._server.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _drop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()


def _told(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _reply(error.smtp_code, error.smtp_error)
    return f"{type(error).__name__}: {error}"


def _reply(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(f"{code} {words}".split())


def _recipients_told(recipients: dict[str, tuple[int, bytes]]) -> str:
    return "; ".join(f"{name}: {_reply(code, text)}" for name, (code, text) in recipients.items())
