"""A real mail server on loopback that keeps what it receives."""

import email
import email.policy
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

USER, PASSWORD = b"gateway", b"mail-secret"


@dataclass
class Received:
    """One message as it came: the envelope's recipients and the message."""

    recipients: list[str]
    message: EmailMessage

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def pdf(self) -> bytes:
        (part,) = self.message.iter_attachments()
        content: bytes = part.get_content()
        return content


@dataclass
class Inbox:
    """What the server received, in order; `refusals` are answers it gives first."""

    received: list[Received] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address.startswith("unknown"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refusals:
            return self.refusals.pop(0)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        with self.arrived:
            self.received.append(Received(list(envelope.rcpt_tos), message))
            self.arrived.notify_all()
        return "250 OK"

    def wait_for(self, count: int, seconds: float) -> bool:
        """Wait until so many messages of different ids are here."""
        with self.arrived:
            return self.arrived.wait_for(lambda: len(self.ids()) >= count, seconds)

    def ids(self) -> set[str]:
        return {each.message_id for each in self.received}


@contextmanager
def mail_server(port: int, inbox: Inbox, tls: tuple[Path, Path] | None = None) -> Iterator[None]:
    """Serve SMTP on loopback; with `tls` (certificate and key) only after STARTTLS and a login."""
    options: dict[str, Any] = {}
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        options = {
            "tls_context": context,
            "require_starttls": True,
            "auth_required": True,
            "authenticator": _authenticate,
        }
    controller = Controller(inbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


def _authenticate(
    _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER, PASSWORD)
    return AuthResult(success=right)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Return a certificate for 127.0.0.1 that signs itself, and its key."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subject = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    files = ("-keyout", str(key), "-out", str(cert))
    openssl = shutil.which("openssl") or "openssl"
    subprocess.run(  # noqa: S603 - a fixed command
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files],
        check=True,
        capture_output=True,
    )
    return cert, key
