"""Replies about mail to clients."""

from adapter.commands.results import (
    MailQueued,
    MailRecord,
    MailsListed,
    MailTemplate,
    MailTemplatesListed,
)
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.formats import Reply
from adapter.protocols.whmcs.replies.common import (
    counters,
    flag,
    flag_text,
    rows,
    success,
    time_text,
)


def send_email(_result: MailQueued, _call: Call) -> Reply:
    """Write `SendEmail`."""
    return success()


def get_emails(result: MailsListed, call: Call) -> Reply:
    """Write `GetEmails`."""
    return success(
        **counters(result.listing, len(result.mails)),
        **rows("emails", "email", (_mail(mail, call) for mail in result.mails)),
    )


def get_email_templates(result: MailTemplatesListed, _call: Call) -> Reply:
    """Write `GetEmailTemplates`."""
    return success(
        totalresults=len(result.templates),
        **rows("emailtemplates", "emailtemplate", map(_template, result.templates)),
    )


def _mail(mail: MailRecord, call: Call) -> Reply:
    return {
        "id": mail.mail_id,
        "userid": mail.client_id,
        "subject": mail.subject,
        "message": mail.message,
        "date": time_text(mail.queued_at, call.quirks.zone),
        "to": mail.to,
        "cc": "",
        "bcc": "",
        "attachments": None,
        "pending": flag(mail.pending),
        "message_data": None,
        "failed": flag(mail.failed),
        "failure_reason": "",
        "retry_count": mail.attempts,
        "created_at": None,
        "updated_at": None,
        "campaign_id": 0,
    }


def _template(template: MailTemplate) -> Reply:
    return {
        "id": template.template_id,
        "name": template.name,
        "subject": template.subject,
        "custom": flag_text(template.custom),
    }
