"""A letter as a message on the wire.

Nothing of a caller's text becomes a header but the subject, and that is one line.
"""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from adapter.documents.mail import Letter, Undeliverable

_NO_SENDER: Final = "billing@localhost.invalid"


def build_message(
    letter: Letter, *, sender_name: str, sender: str, message_id: str, sent_at: datetime
) -> EmailMessage:
    """Return the message of a letter; the same row has the same Message-ID, however often it goes.

    Raises `Undeliverable` for what no header may hold.
    """
    address = sender or _NO_SENDER
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = Address(display_name=sender_name, addr_spec=address)
        message["To"] = tuple(Address(addr_spec=each) for each in letter.recipients)
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(sent_at)
        message["Message-ID"] = f"<{message_id}@{address.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
    except (ValueError, IndexError, TypeError) as error:
        raise Undeliverable(f"A header cannot be written: {error}") from error
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    for name, content in letter.attachments:
        message.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return message
