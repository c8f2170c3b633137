"""Every action that works: its schema and what writes its reply."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.formats import Reply
from adapter.protocols.whmcs.replies import billing as billing_replies
from adapter.protocols.whmcs.replies import catalogue as catalogue_replies
from adapter.protocols.whmcs.replies import clients as client_replies
from adapter.protocols.whmcs.replies import items as item_replies
from adapter.protocols.whmcs.replies import orders as order_replies
from adapter.protocols.whmcs.replies import system as system_replies
from adapter.protocols.whmcs.schemas import billing, catalogue, clients, items, orders, system
from adapter.protocols.whmcs.schemas.base import ActionSchema


@dataclass(frozen=True, slots=True)
class Action:
    """One action; `reply` is given the result of the schema's own command."""

    schema: ActionSchema
    reply: Callable[[Any, Call], Reply]

    @property
    def key(self) -> str:
        """The name as roles and metrics spell it."""
        return self.schema.action.lower()


# Schemas are built once: building one costs more than a thousand calls.
_ALL: Final = (
    Action(billing.GenInvoicesSchema(), billing_replies.gen_invoices),
    Action(billing.AddBillableItemSchema(), billing_replies.add_billable_item),
    Action(billing.GetInvoiceSchema(), billing_replies.get_invoice),
    Action(billing.GetInvoicesSchema(), billing_replies.get_invoices),
    Action(billing.UpdateInvoiceSchema(), billing_replies.update_invoice),
    Action(billing.AddInvoicePaymentSchema(), billing_replies.add_invoice_payment),
    Action(billing.AddCreditSchema(), billing_replies.add_credit),
    Action(clients.AddClientSchema(), client_replies.add_client),
    Action(clients.UpdateClientSchema(), client_replies.update_client),
    Action(clients.GetClientsSchema(), client_replies.get_clients),
    Action(clients.GetClientsDetailsSchema(), client_replies.get_clients_details),
    Action(catalogue.AddProductSchema(), catalogue_replies.add_product),
    Action(catalogue.GetProductsSchema(), catalogue_replies.get_products),
    Action(orders.AddOrderSchema(), order_replies.add_order),
    Action(orders.AcceptOrderSchema(), order_replies.accept_order),
    Action(orders.GetOrdersSchema(), order_replies.get_orders),
    Action(orders.AddCancelRequestSchema(), order_replies.add_cancel_request),
    Action(items.GetClientsProductsSchema(), item_replies.get_clients_products),
    Action(items.GetClientsAddonsSchema(), item_replies.get_clients_addons),
    Action(items.GetClientsDomainsSchema(), item_replies.get_clients_domains),
    Action(items.UpdateClientProductSchema(), item_replies.update_client_product),
    Action(items.UpdateClientAddonSchema(), item_replies.update_client_addon),
    Action(items.UpdateClientDomainSchema(), item_replies.update_client_domain),
    Action(system.GetPaymentMethodsSchema(), system_replies.get_payment_methods),
    Action(system.GetCurrenciesSchema(), system_replies.get_currencies),
    Action(system.WhmcsDetailsSchema(), system_replies.whmcs_details),
    Action(system.GetConfigurationValueSchema(), system_replies.get_configuration_value),
    Action(system.SetConfigurationValueSchema(), system_replies.set_configuration_value),
)

ACTIONS: Final = MappingProxyType({action.key: action for action in _ALL})
BY_COMMAND: Final = MappingProxyType({action.schema.command: action for action in _ALL})
