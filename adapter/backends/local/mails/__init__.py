"""Mail to clients: queueing it, and what the log of it says."""

from collections.abc import Callable, Mapping
from typing import Any

from adapter.backends.local.mails.log import list_mails
from adapter.backends.local.mails.sending import send_mail
from adapter.backends.local.mails.templates import list_templates
from adapter.commands.context import Context
from adapter.commands.model import Command, ListMails, ListMailTemplates, SendMail
from adapter.commands.results import Result
from adapter.store.unit_of_work import UnitOfWork

HANDLERS: Mapping[type[Command], Callable[[UnitOfWork, Any, Context], Result]] = {
    SendMail: send_mail,
    ListMails: list_mails,
    ListMailTemplates: list_templates,
}
