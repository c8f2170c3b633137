"""`docs/coverage.md`: every action of the public reference, and what becomes of it here.

What works is read off the table of actions; the reasons of the rest stand here, by group.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from adapter.protocols.whmcs.actions import ACTIONS

_NOT_BUILT: Final = "not built yet"


@dataclass(frozen=True, slots=True)
class Group:
    """Actions of one kind; `why` says why those of them that do not work do not."""

    names: tuple[str, ...]
    why: str = _NOT_BUILT


GROUPS: Final[Mapping[str, Group]] = MappingProxyType(
    {
        "Affiliates": Group(
            (
                "AffiliateActivate",
                "GetAffiliates",
            ),
            "affiliates are not kept",
        ),
        "Authentication": Group(
            ("ValidateLogin",),
        ),
        "Single sign-on": Group(
            (
                "CreateOAuthCredential",
                "CreateSsoToken",
                "DeleteOAuthCredential",
                "ListOAuthCredentials",
                "UpdateOAuthCredential",
            ),
            "there is no client area to sign on to",
        ),
        "Billing": Group(
            (
                "AcceptQuote",
                "AddBillableItem",
                "AddCredit",
                "AddInvoicePayment",
                "AddPayMethod",
                "AddTransaction",
                "ApplyCredit",
                "CapturePayment",
                "CreateInvoice",
                "CreateQuote",
                "DeletePayMethod",
                "DeleteQuote",
                "GenInvoices",
                "GetCredits",
                "GetInvoice",
                "GetInvoices",
                "GetPayMethods",
                "GetQuotes",
                "GetTransactions",
                "SendQuote",
                "UpdateInvoice",
                "UpdatePayMethod",
                "UpdateQuote",
                "UpdateTransaction",
            ),
        ),
        "Clients": Group(
            (
                "AddClient",
                "AddContact",
                "CloseClient",
                "DeleteClient",
                "DeleteContact",
                "GetCancelledPackages",
                "GetClientGroups",
                "GetClients",
                "GetClientsAddons",
                "GetClientsDetails",
                "GetClientsDomains",
                "GetClientsProducts",
                "GetContacts",
                "GetEmails",
                "UpdateClient",
                "UpdateContact",
            ),
        ),
        "Client secrets": Group(
            (
                "GetClientPassword",
                "ResetPassword",
            ),
            "passwords are kept as hashes only and never sent",
        ),
        "Client notes": Group(
            ("AddClientNote",),
            "notes stand in the one field `notes` of UpdateClient",
        ),
        "Domains": Group(
            (
                "GetTLDPricing",
                "UpdateClientDomain",
            ),
        ),
        "Endings of domains": Group(
            ("CreateOrUpdateTLD",),
            "the catalogue is changed by `adapter setup`",
        ),
        "Registrars": Group(
            (
                "DomainGetLockingStatus",
                "DomainGetNameservers",
                "DomainGetWhoisInfo",
                "DomainRegister",
                "DomainRelease",
                "DomainRenew",
                "DomainRequestEPP",
                "DomainToggleIdProtect",
                "DomainTransfer",
                "DomainUpdateLockingStatus",
                "DomainUpdateNameservers",
                "DomainUpdateWhoisInfo",
                "DomainWhois",
            ),
            "no registrar is asked from here",
        ),
        "Modules": Group(
            (
                "ActivateModule",
                "DeactivateModule",
                "GetModuleConfigurationParameters",
                "GetModuleQueue",
                "UpdateModuleConfiguration",
            ),
            "there are no modules to configure",
        ),
        "Orders": Group(
            (
                "AcceptOrder",
                "AddOrder",
                "CancelOrder",
                "DeleteOrder",
                "FraudOrder",
                "GetOrderStatuses",
                "GetOrders",
                "GetProducts",
                "GetPromotions",
                "PendingOrder",
            ),
        ),
        "Fraud checks": Group(
            ("OrderFraudCheck",),
            "no fraud service is asked from here",
        ),
        "Products": Group(
            ("AddProduct",),
        ),
        "Projects": Group(
            (
                "AddProjectMessage",
                "AddProjectTask",
                "CreateProject",
                "DeleteProjectTask",
                "EndTaskTimer",
                "GetProject",
                "GetProjects",
                "StartTaskTimer",
                "UpdateProject",
                "UpdateProjectTask",
            ),
            "projects are not billing",
        ),
        "Servers": Group(
            (
                "GetHealthStatus",
                "GetServers",
            ),
            "no server is driven from here",
        ),
        "Services": Group(
            (
                "AddCancelRequest",
                "ModuleChangePackage",
                "ModuleCreate",
                "ModuleSuspend",
                "ModuleTerminate",
                "ModuleUnsuspend",
                "UpdateClientAddon",
                "UpdateClientProduct",
                "UpgradeProduct",
            ),
        ),
        "Servers behind services": Group(
            (
                "ModuleChangePw",
                "ModuleCustom",
            ),
            "no server is driven from here",
        ),
        "Support": Group(
            (
                "AddAnnouncement",
                "AddTicketNote",
                "AddTicketReply",
                "BlockTicketSender",
                "DeleteAnnouncement",
                "DeleteTicket",
                "DeleteTicketNote",
                "DeleteTicketReply",
                "GetAnnouncements",
                "GetSupportDepartments",
                "GetSupportStatuses",
                "GetTicket",
                "GetTicketAttachment",
                "GetTicketCounts",
                "GetTicketNotes",
                "GetTicketPredefinedCats",
                "GetTicketPredefinedReplies",
                "GetTickets",
                "MergeTicket",
                "OpenTicket",
                "UpdateAnnouncement",
                "UpdateTicket",
                "UpdateTicketReply",
            ),
            "support is not billing",
        ),
        "System": Group(
            (
                "GetActivityLog",
                "GetAdminDetails",
                "GetConfigurationValue",
                "GetCurrencies",
                "GetEmailTemplates",
                "GetPaymentMethods",
                "GetStats",
                "LogActivity",
                "SendEmail",
                "SetConfigurationValue",
                "WhmcsDetails",
            ),
        ),
        "Banned addresses": Group(
            ("AddBannedIp",),
            "security settings are changed by file and command line only",
        ),
        "Ciphers": Group(
            (
                "DecryptPassword",
                "EncryptPassword",
            ),
            "nothing is kept that could be decrypted for a caller",
        ),
        "Staff": Group(
            (
                "GetAdminUsers",
                "GetAutomationLog",
                "GetStaffOnline",
                "GetToDoItemStatuses",
                "GetToDoItems",
                "SendAdminEmail",
                "TriggerNotificationEvent",
                "UpdateAdminNotes",
                "UpdateToDoItem",
            ),
            "credentials stand for staff, and have no tasks, notes or mail",
        ),
        "Users": Group(
            (
                "AddUser",
                "CreateClientInvite",
                "DeleteUserClient",
                "GetPermissionsList",
                "GetUserPermissions",
                "GetUsers",
                "UpdateUser",
                "UpdateUserPermissions",
            ),
            "a client is its own only user",
        ),
    }
)
_INTRO: Final = """\
# Coverage

Every action of the form-post API's public reference, and what a call of it comes to. This page is
written by `adapter config docs --coverage`.

*Works*: on the built-in store, and by every route of `routes` that its command takes. *Error*: the
protocol's own answer, status 403 and `Invalid API Action: "<action>" is not a valid API action`.
*Passes*: with `routes.upstream` set, the call goes there as it came and the reply comes back as it
is; without one it is that error.

| group | action | on the store | with an upstream | why |
|---|---|---|---|---|
"""


def describe_coverage() -> str:
    """Return `docs/coverage.md`."""
    rows = list(_rows())
    working = sum(works for *_, works in rows)
    lines = [
        f"| {group} | {name} | works | as routed | |"
        if works
        else f"| {group} | {name} | error | passes | {why} |"
        for group, name, why, works in rows
    ]
    total = f"{working} of {len(rows)} actions work on the built-in store."
    return _INTRO + "\n".join([*lines, "", total]) + "\n"


def _rows() -> Iterator[tuple[str, str, str, bool]]:
    for title, group in GROUPS.items():
        for name in group.names:
            yield title, name, group.why, name.lower() in ACTIONS
