"""Parameters about what happens in the installation."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Final

from adapter.commands.model import GetAdmin, GetStatistics, ListActivity, LogActivity
from adapter.errors import ClientNotFound, NotFound
from adapter.protocols.fields import Empty, WireInt
from adapter.protocols.whmcs.fields import Day, Line, Prose, RecordId
from adapter.protocols.whmcs.schemas.base import ActionSchema, PagedSchema

_MAX_DAYS: Final = 366


class LogActivitySchema(ActionSchema):
    """`LogActivity`. Source: contracts/whmcs/logactivity.md."""

    action = "LogActivity"
    command = LogActivity
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"clientid": ClientNotFound}
    )

    description = Prose(required=True, empty=Empty.REFUSED)
    client_id = RecordId(data_key="clientid")


class GetActivityLogSchema(PagedSchema):
    """`GetActivityLog`. Source: contracts/whmcs/getactivitylog.md."""

    action = "GetActivityLog"
    command = ListActivity

    client_id = RecordId(data_key="clientid")
    on = Day(data_key="date", empty=Empty.ABSENT)
    caller = Line(data_key="user", empty=Empty.ABSENT)
    description = Prose(empty=Empty.ABSENT)
    address = Line(data_key="ipaddress", empty=Empty.ABSENT)


class GetStatsSchema(ActionSchema):
    """`GetStats`. Source: contracts/whmcs/getstats.md."""

    action = "GetStats"
    command = GetStatistics

    days = WireInt(data_key="timeline_days", minimum=0, maximum=_MAX_DAYS, load_default=0)


class GetAdminDetailsSchema(ActionSchema):
    """`GetAdminDetails`. Source: contracts/whmcs/getadmindetails.md."""

    action = "GetAdminDetails"
    command = GetAdmin
