"""The mails that can be sent by name. Their words are the worker's; here is what each is about."""

from dataclasses import dataclass
from typing import Final

from adapter.commands.context import Context
from adapter.commands.model import ListMailTemplates, MailKind
from adapter.commands.results import MailTemplate, MailTemplatesListed
from adapter.store.unit_of_work import UnitOfWork

LANGUAGE: Final = "english"


@dataclass(frozen=True, slots=True)
class Template:
    """A template; its id is its place in `TEMPLATES`, so new ones are added at the end."""

    name: str
    kind: MailKind
    subject: str


TEMPLATES: Final = (
    Template("Client Welcome", MailKind.GENERAL, "Welcome"),
    Template("Order Confirmation", MailKind.GENERAL, "Order Confirmation"),
    Template("Invoice Created", MailKind.INVOICE, "Customer Invoice"),
    Template("Invoice Payment Reminder", MailKind.INVOICE, "Invoice Payment Reminder"),
    Template("Invoice Payment Confirmation", MailKind.INVOICE, "Invoice Payment Confirmation"),
    Template("First Invoice Overdue Notice", MailKind.INVOICE, "First Invoice Overdue Notice"),
    Template("Invoice Refund Confirmation", MailKind.INVOICE, "Invoice Refund Confirmation"),
    Template("Quote Delivery with PDF", MailKind.GENERAL, "Quote"),
    Template("Quote Accepted", MailKind.GENERAL, "Quote Accepted"),
    Template("Service Welcome", MailKind.PRODUCT, "New Service Information"),
    Template("Service Suspension Notification", MailKind.PRODUCT, "Service Suspension"),
    Template("Domain Renewal Notice", MailKind.DOMAIN, "Upcoming Domain Renewal"),
)
BY_NAME: Final = {template.name.lower(): template for template in TEMPLATES} | {
    "client_welcome": TEMPLATES[0]
}


def list_templates(
    _uow: UnitOfWork, command: ListMailTemplates, _context: Context
) -> MailTemplatesListed:
    """List the templates; there are none in another language."""
    known = (command.language or LANGUAGE).strip().lower() == LANGUAGE
    return MailTemplatesListed(
        tuple(
            MailTemplate(template_id, template.name, template.subject)
            for template_id, template in enumerate(TEMPLATES, start=1)
            if known and command.kind in {None, template.kind}
        )
    )
