"""Every action that works: its schema and what writes its reply."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.formats import Reply
from adapter.protocols.whmcs.replies import activity as activity_replies
from adapter.protocols.whmcs.replies import billing as billing_replies
from adapter.protocols.whmcs.replies import catalogue as catalogue_replies
from adapter.protocols.whmcs.replies import clients as client_replies
from adapter.protocols.whmcs.replies import contacts as contact_replies
from adapter.protocols.whmcs.replies import items as item_replies
from adapter.protocols.whmcs.replies import mails as mails_replies
from adapter.protocols.whmcs.replies import money as money_replies
from adapter.protocols.whmcs.replies import order_states as order_state_replies
from adapter.protocols.whmcs.replies import orders as order_replies
from adapter.protocols.whmcs.replies import pay_methods as pay_methods_replies
from adapter.protocols.whmcs.replies import quotes as quotes_replies
from adapter.protocols.whmcs.replies import services as service_replies
from adapter.protocols.whmcs.replies import system as system_replies
from adapter.protocols.whmcs.replies.common import done
from adapter.protocols.whmcs.schemas import (
    activity,
    billing,
    catalogue,
    clients,
    contacts,
    items,
    mails,
    money,
    order_states,
    orders,
    pay_methods,
    quotes,
    services,
    system,
)
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
    Action(billing.CreateInvoiceSchema(), billing_replies.create_invoice),
    Action(billing.UpdateInvoiceSchema(), billing_replies.update_invoice),
    Action(billing.AddInvoicePaymentSchema(), billing_replies.add_invoice_payment),
    Action(billing.AddCreditSchema(), billing_replies.add_credit),
    Action(money.AddTransactionSchema(), money_replies.add_transaction),
    Action(money.UpdateTransactionSchema(), money_replies.update_transaction),
    Action(money.GetTransactionsSchema(), money_replies.get_transactions),
    Action(money.ApplyCreditSchema(), money_replies.apply_credit),
    Action(money.GetCreditsSchema(), money_replies.get_credits),
    Action(money.CapturePaymentSchema(), money_replies.capture_payment),
    Action(mails.SendEmailSchema(), mails_replies.send_email),
    Action(mails.GetEmailsSchema(), mails_replies.get_emails),
    Action(mails.GetEmailTemplatesSchema(), mails_replies.get_email_templates),
    Action(quotes.CreateQuoteSchema(), quotes_replies.create_quote),
    Action(quotes.UpdateQuoteSchema(), quotes_replies.quote_done),
    Action(quotes.GetQuotesSchema(), quotes_replies.get_quotes),
    Action(quotes.SendQuoteSchema(), quotes_replies.quote_done),
    Action(quotes.AcceptQuoteSchema(), quotes_replies.accept_quote),
    Action(quotes.DeleteQuoteSchema(), quotes_replies.quote_done),
    Action(pay_methods.AddPayMethodSchema(), pay_methods_replies.add_pay_method),
    Action(pay_methods.UpdatePayMethodSchema(), pay_methods_replies.update_pay_method),
    Action(pay_methods.GetPayMethodsSchema(), pay_methods_replies.get_pay_methods),
    Action(pay_methods.DeletePayMethodSchema(), pay_methods_replies.delete_pay_method),
    Action(clients.AddClientSchema(), client_replies.add_client),
    Action(clients.UpdateClientSchema(), client_replies.update_client),
    Action(clients.GetClientsSchema(), client_replies.get_clients),
    Action(clients.GetClientsDetailsSchema(), client_replies.get_clients_details),
    Action(clients.CloseClientSchema(), client_replies.close_client),
    Action(clients.DeleteClientSchema(), client_replies.delete_client),
    Action(clients.GetClientGroupsSchema(), client_replies.get_client_groups),
    Action(clients.ValidateLoginSchema(), client_replies.validate_login),
    Action(contacts.AddContactSchema(), contact_replies.add_contact),
    Action(contacts.GetContactsSchema(), contact_replies.get_contacts),
    Action(contacts.UpdateContactSchema(), contact_replies.changed_contact),
    Action(contacts.DeleteContactSchema(), contact_replies.changed_contact),
    Action(catalogue.AddProductSchema(), catalogue_replies.add_product),
    Action(catalogue.GetProductsSchema(), catalogue_replies.get_products),
    Action(catalogue.GetPromotionsSchema(), catalogue_replies.get_promotions),
    Action(catalogue.GetTLDPricingSchema(), catalogue_replies.get_tld_pricing),
    Action(orders.AddOrderSchema(), order_replies.add_order),
    Action(orders.AcceptOrderSchema(), done),
    Action(orders.GetOrdersSchema(), order_replies.get_orders),
    Action(orders.AddCancelRequestSchema(), order_replies.add_cancel_request),
    Action(order_states.PendingOrderSchema(), done),
    Action(order_states.CancelOrderSchema(), done),
    Action(order_states.FraudOrderSchema(), done),
    Action(order_states.DeleteOrderSchema(), done),
    Action(order_states.GetOrderStatusesSchema(), order_state_replies.get_order_statuses),
    Action(services.GetCancelledPackagesSchema(), service_replies.get_cancelled_packages),
    Action(services.UpgradeProductSchema(), service_replies.upgrade_product),
    Action(services.ModuleCreateSchema(), done),
    Action(services.ModuleSuspendSchema(), done),
    Action(services.ModuleUnsuspendSchema(), done),
    Action(services.ModuleTerminateSchema(), done),
    Action(services.ModuleChangePackageSchema(), done),
    Action(items.GetClientsProductsSchema(), item_replies.get_clients_products),
    Action(items.GetClientsAddonsSchema(), item_replies.get_clients_addons),
    Action(items.GetClientsDomainsSchema(), item_replies.get_clients_domains),
    Action(items.UpdateClientProductSchema(), item_replies.update_client_product),
    Action(items.UpdateClientAddonSchema(), item_replies.update_client_addon),
    Action(items.UpdateClientDomainSchema(), item_replies.update_client_domain),
    Action(activity.LogActivitySchema(), done),
    Action(activity.GetActivityLogSchema(), activity_replies.get_activity_log),
    Action(activity.GetStatsSchema(), activity_replies.get_stats),
    Action(activity.GetAdminDetailsSchema(), activity_replies.get_admin_details),
    Action(system.GetPaymentMethodsSchema(), system_replies.get_payment_methods),
    Action(system.GetCurrenciesSchema(), system_replies.get_currencies),
    Action(system.WhmcsDetailsSchema(), system_replies.whmcs_details),
    Action(system.GetConfigurationValueSchema(), system_replies.get_configuration_value),
    Action(system.SetConfigurationValueSchema(), system_replies.set_configuration_value),
)

ACTIONS: Final = MappingProxyType({action.key: action for action in _ALL})
BY_COMMAND: Final = MappingProxyType({action.schema.command: action for action in _ALL})
