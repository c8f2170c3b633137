"""`docs/business-settings.md`, made from the business settings themselves."""

from typing import Final

from adapter.billing.settings import setting_rules

_DAYS: Final = "Days in advance for this billing cycle; empty: as `CreateInvoiceDaysBefore`."

MEANINGS: Final = {
    "CompanyName": "The business's name; kept for callers.",
    "Email": "Its e-mail address; kept for callers.",
    "SystemURL": "The address of its client area; kept for callers.",
    "Language": "Its language; kept for callers.",
    "DateFormat": "How dates are written in the lines of invoices.",
    "CreateInvoiceDaysBefore": "How many days before its due date an item is invoiced.",
    "CreateInvoiceDaysBeforeMonthly": _DAYS,
    "CreateInvoiceDaysBeforeQuarterly": _DAYS,
    "CreateInvoiceDaysBeforeSemiAnnually": _DAYS,
    "CreateInvoiceDaysBeforeAnnually": _DAYS,
    "CreateInvoiceDaysBeforeBiennially": _DAYS,
    "CreateInvoiceDaysBeforeTriennially": _DAYS,
    "CreateDomainInvoiceDaysBefore": "The same for domains.",
    "ContinuousInvoiceGeneration": "Bill a period although the one before is not paid.",
    "TaxEnabled": "Tax what is taxed; off, nothing is.",
    "TaxType": "Whether prices are before tax or include it.",
    "TaxL2Compound": "The second level of tax is reckoned on top of the first.",
    "TaxDomains": "Domains are taxed.",
    "TaxBillableItems": "Billable items are taxed.",
    "NoAutoApplyCredit": "New invoices of the run do not use the client's credit.",
    "CancelInvoiceOnCancellation": "A cancellation request takes the service off unpaid invoices.",
    "InvoiceIncrement": "The step from one invoice id to the next.",
    "TaxCustomInvoiceNumbering": "Invoices get a printed number when they are issued.",
    "TaxCustomInvoiceNumberFormat": "How it is written.",
    "TaxAutoResetNumbering": "When it begins at 1 again.",
    "SequentialInvoiceNumbering": "Invoices get a printed number when they are paid.",
    "SequentialInvoiceNumberFormat": "How it is written.",
    "TaxAutoResetPaidNumbering": "When it begins at 1 again.",
    "EnableProformaInvoicing": "Invoices have no printed number before they are paid.",
    "TaxSetInvoiceDateOnPayment": "With proforma invoicing, payment sets the invoice's date.",
    "BilledStatuses": "The states in which services and addons are billed.",
    "BilledStatusesContinuous": "The same with `ContinuousInvoiceGeneration`.",
    "BilledDomainStatuses": "The states in which domains are billed.",
    "IdLists": "Whether an id list of `GenInvoices` bills what is due or also what comes next.",
    "CancelledInvoiceBlocksDate": "What a cancelled invoice billed is not billed again.",
    "AnchorMonthEnds": "Items due at a month's end return to their day after a shorter month.",
    "CatchUp": "What items do with several periods due at once.",
    "RecurringCatchUp": "What recurring invoices do with several dates due at once.",
    "CatchUpMails": "Invoices that a newer one has overtaken are mailed too.",
    "PastStart": "What a recurring invoice does with dates before its creation.",
    "InvoicePrefix": "Printed before the numbers of positional invoices that name no other.",
    "InvoiceSuffix": "Printed after them.",
    "ProFormaPrefix": "Printed before the numbers of pro-forma invoices.",
    "ProFormaSuffix": "Printed after them.",
    "CreditNotePrefix": "Printed before the numbers of credit notes.",
    "CreditNoteSuffix": "Printed after them.",
    "PayoutPrefix": "Printed before the numbers of payouts.",
    "PayoutSuffix": "Printed after them.",
    "PaymentPrefix": "Printed before the numbers of payments.",
    "PaymentSuffix": "Printed after them.",
    "QuotePrefix": "Printed before the numbers of quotes.",
    "QuoteSuffix": "Printed after them.",
    "DeliveryNotePrefix": "Printed before the numbers of delivery notes.",
    "DeliveryNoteSuffix": "Printed after them.",
    "InvoiceFields": "Labels of the custom fields of invoices, in order.",
    "ProFormaFields": "Labels of the custom fields of pro-forma invoices, in order.",
    "CreditNoteFields": "Labels of the custom fields of credit notes, in order.",
    "PayoutFields": "Labels of the custom fields of payouts, in order.",
    "QuoteFields": "Labels of the custom fields of quotes, in order.",
    "DeliveryNoteFields": "Labels of the custom fields of delivery notes, in order.",
    "LineFields": "Labels of the custom columns of lines, in order.",
    "ProFormaConvertDays": "After how many days a pro-forma becomes an invoice by itself.",
    "PaymentAllocation": "Whether positional payments and credit notes pay what is open.",
}


def describe_business_settings() -> str:
    """Return `docs/business-settings.md`: every business setting with its rule and default."""
    lines = [
        "# Business settings",
        "",
        "What an account chooses about its billing. They stand in its store under `[settings]` of",
        "the catalogue file ([catalogue.md](catalogue.md)), and the form-post API reads and",
        "changes them: `GetConfigurationValue`, `SetConfigurationValue`. Names are taken in any",
        "casing; switches are `on` or empty. `adapter setup export` prints those that were ever",
        "set; the others have the default below. This page is written by",
        "`adapter config docs --business`.",
        "",
        "| setting | value | default | meaning |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {rule or 'text'} | {f'`{default}`' if default else 'empty'} "
        f"| {MEANINGS[name]} |"
        for name, rule, default in setting_rules()
    ]
    return "\n".join(lines) + "\n"
