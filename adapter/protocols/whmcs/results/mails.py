"""Replies about mail to clients."""

from typing import Final

from adapter.commands.model import Command, ListMails, ListMailTemplates, SendMail
from adapter.commands.results import (
    MailQueued,
    MailRecord,
    MailsListed,
    MailTemplate,
    MailTemplatesListed,
)
from adapter.protocols.upstream import NO_TIME, Fields, Reader, UpstreamAnswer
from adapter.protocols.whmcs.results.billing import listing


def _queued(_: Fields, __: SendMail, ___: UpstreamAnswer) -> MailQueued:
    return MailQueued(0)  # whose it was is not told


def _listed(reply: Fields, _: ListMails, answer: UpstreamAnswer) -> MailsListed:
    return MailsListed(
        listing(reply),
        tuple(
            MailRecord(
                mail_id=row.integer("id"),
                client_id=row.integer("userid", 0),
                subject=row.text("subject"),
                message=row.text("message"),
                queued_at=row.time("date", answer.zone) or NO_TIME,
                to=row.text("to"),
                pending=row.flag("pending"),
                failed=row.flag("failed"),
                attempts=row.integer("retry_count", 0),
            )
            for row in reply.rows("emails", "email")
        ),
    )


def _templates(reply: Fields, _: ListMailTemplates, __: UpstreamAnswer) -> MailTemplatesListed:
    return MailTemplatesListed(
        tuple(
            MailTemplate(
                row.integer("id"), row.text("name"), row.text("subject"), row.flag("custom")
            )
            for row in reply.rows("emailtemplates", "emailtemplate")
        )
    )


READERS: Final[dict[type[Command], Reader]] = {
    SendMail: _queued,
    ListMails: _listed,
    ListMailTemplates: _templates,
}
