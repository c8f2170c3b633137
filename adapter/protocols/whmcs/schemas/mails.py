"""Parameters about mail to clients."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

from adapter.commands.model import (
    Command,
    CustomMail,
    ListMails,
    ListMailTemplates,
    MailKind,
    SendMail,
)
from adapter.errors import ClientNotFound, InvalidField, NotFound
from adapter.protocols.fields import Empty
from adapter.protocols.whmcs.fields import Blob, Choice, Day, Line, Prose, RecordId
from adapter.protocols.whmcs.schemas.base import ActionSchema, PagedSchema, changed, required

_CUSTOM: Final = ("custom_kind", "custom_subject", "custom_message")


class SendEmailSchema(ActionSchema):
    """`SendEmail`; the name of a template comes before words of the caller's own.

    Source: contracts/whmcs/sendemail.md.
    """

    action = "SendEmail"
    command = SendMail

    template = Line(data_key="messagename", empty=Empty.ABSENT)
    custom_kind = Choice(MailKind, data_key="customtype")
    custom_subject = Line(data_key="customsubject", empty=Empty.ABSENT)
    custom_message = Prose(data_key="custommessage", empty=Empty.ABSENT)
    variables = Blob(data_key="customvars")
    related_id = RecordId(data_key="id")

    def build(self, data: dict[str, Any]) -> Command:
        """Check what each way of saying it needs, in the order of the documents."""
        kind, subject, message = (data.pop(name, None) for name in _CUSTOM)
        if data.get("template") is None:
            if kind is None:
                raise InvalidField("messagename", "required", "messagename is required")
            for name, value in (("customsubject", subject), ("custommessage", message)):
                if value is None:
                    raise required(name)
            data["custom"] = CustomMail(kind, subject, message)
        if data.get("related_id") is None:
            raise required("id")
        return SendMail(**data)

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Spread the caller's own words over their parameters."""
        values = changed(command)
        custom = values.pop("custom", None)
        if custom is not None:
            values |= zip(_CUSTOM, (custom.kind, custom.subject, custom.message), strict=True)
        return values


class GetEmailsSchema(PagedSchema):
    """`GetEmails`. Source: contracts/whmcs/getemails.md."""

    action = "GetEmails"
    command = ListMails
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"clientid": ClientNotFound}
    )

    client_id = RecordId(data_key="clientid", required=True)
    sent_on = Day(data_key="date")
    subject = Line(empty=Empty.ABSENT)


class GetEmailTemplatesSchema(ActionSchema):
    """`GetEmailTemplates`. Source: contracts/whmcs/getemailtemplates.md."""

    action = "GetEmailTemplates"
    command = ListMailTemplates

    kind = Choice(MailKind, data_key="type")
    language = Line(empty=Empty.ABSENT)
