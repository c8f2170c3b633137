"""Parameters of what becomes of a service that exists."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from adapter.commands.model import (
    ActivateService,
    ApplyServicePackage,
    Command,
    ListCancellationRequests,
    SuspendService,
    TerminateService,
    UnsuspendService,
    UpgradeKind,
    UpgradeService,
)
from adapter.errors import InvalidField, NotFound, ServiceNotFound
from adapter.protocols.fields import Empty, WireBool
from adapter.protocols.whmcs.fields import (
    ArrayOf,
    Choice,
    CycleField,
    Line,
    Prose,
    RecordId,
)
from adapter.protocols.whmcs.schemas.base import ActionSchema, PagedSchema, required


class ModuleSchema(ActionSchema):
    """An action that the module of a service's product would carry out.

    `accountid` is the older name of `serviceid`. Source: the form-post facts, 4.
    """

    service_id = RecordId(data_key="serviceid")
    account_id = RecordId(data_key="accountid")

    def build(self, data: dict[str, Any]) -> Command:
        """Take the service by either name, the newer one first."""
        older = data.pop("account_id", None)
        if data.setdefault("service_id", older) is None:
            raise required("serviceid")
        return self.command(**data)


class ModuleCreateSchema(ModuleSchema):
    """`ModuleCreate`. Source: contracts/whmcs/modulecreate.md."""

    action = "ModuleCreate"
    command = ActivateService


class ModuleSuspendSchema(ModuleSchema):
    """`ModuleSuspend`. Source: contracts/whmcs/modulesuspend.md."""

    action = "ModuleSuspend"
    command = SuspendService

    reason = Prose(data_key="suspendreason", load_default="")


class ModuleUnsuspendSchema(ModuleSchema):
    """`ModuleUnsuspend`. Source: contracts/whmcs/moduleunsuspend.md."""

    action = "ModuleUnsuspend"
    command = UnsuspendService


class ModuleTerminateSchema(ModuleSchema):
    """`ModuleTerminate`. Source: contracts/whmcs/moduleterminate.md."""

    action = "ModuleTerminate"
    command = TerminateService


class ModuleChangePackageSchema(ModuleSchema):
    """`ModuleChangePackage`. Source: contracts/whmcs/modulechangepackage.md."""

    action = "ModuleChangePackage"
    command = ApplyServicePackage


class GetCancelledPackagesSchema(PagedSchema):
    """`GetCancelledPackages`. Source: contracts/whmcs/getcancelledpackages.md."""

    action = "GetCancelledPackages"
    command = ListCancellationRequests


class UpgradeProductSchema(ActionSchema):
    """`UpgradeProduct`. Source: contracts/whmcs/upgradeproduct.md."""

    action = "UpgradeProduct"
    command = UpgradeService
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"serviceid": ServiceNotFound}
    )

    service_id = RecordId(data_key="serviceid", required=True)
    # Whoever executes it refuses a blank one: the text lists the valid ones.
    payment_method = Line(data_key="paymentmethod", load_default="")
    kind = Choice(UpgradeKind, data_key="type", required=True)
    only_price = WireBool(data_key="calconly")
    product_id = RecordId(data_key="newproductid")
    cycle = CycleField(data_key="newproductbillingcycle")
    promotion_code = Line(data_key="promocode", empty=Empty.ABSENT)
    # Any option is refused: it would change the price.
    options = ArrayOf(Line(empty=Empty.ABSENT), data_key="configoptions")

    def build(self, data: dict[str, Any]) -> Command:
        """Refuse options, and a change of the product that names none."""
        if data.pop("options"):
            raise InvalidField(
                "configoptions", "unsupported", "configoptions: no options are kept here"
            )
        if data["kind"] is UpgradeKind.PRODUCT and data.get("product_id") is None:
            raise required("newproductid")
        return super().build(data)
