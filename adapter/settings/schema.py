"""Every setting: its place in the file, its name in the environment, what it means."""

from typing import Final

from adapter.bridge.access import AccessConfig
from adapter.bridge.daily import DailyConfig
from adapter.bridge.idempotency import IdempotencyConfig
from adapter.bridge.journal import JournalConfig
from adapter.bridge.links import LinksConfig
from adapter.documents.config import BusinessConfig, DocumentConfig
from adapter.outbox.config import MailConfig
from adapter.protocols.base import Limits
from adapter.protocols.invoicesonline.quirks import Quirks as InvoicesOnlineQuirks
from adapter.protocols.whmcs.quirks import Quirks as WhmcsQuirks
from adapter.settings.model import AccountConfig, DatabaseConfig, FormPostConfig, ServerConfig
from adapter.settings.routes import RoutesConfig
from adapter.settings.sections import Section, Spec
from adapter.store.config import RunConfig

SECTIONS: Final = (
    Section(
        "database",
        "The databases. Each account has its own; the first one's also holds the credentials.",
        (DatabaseConfig,),
        {
            "url": "Database of the account `main`, as an SQLAlchemy URL.",
            "write_wait_seconds": "How long a writer waits for its turn on SQLite before the "
            "caller gets an error.",
            "pool_size": "Connections that each process keeps open to one database.",
        },
        in_files=("url",),
    ),
    Section(
        "access",
        "Who may call. Credentials themselves are made with `adapter credentials`.",
        (AccessConfig,),
        {
            "allowed_addresses": "Addresses and networks that may call at all. Loopback only "
            "until you say otherwise; `0.0.0.0/0` and `::/0` let everybody try.",
            "trusted_proxies": "Proxies whose `X-Forwarded-For` is believed, as addresses or "
            "networks.",
            "access_key": "A caller that sends it as `accesskey` may call from any address; it "
            "still needs credentials. Letters, digits and `! @ # $ % . ( ) * [ ] - _`.",
            "failure_delay_seconds": "The longest wait put before another try after failed "
            "logins from one address with one identifier; 0 is none.",
            "server_key": "The key under which generated secrets are stored, 64 hex digits. "
            "Without it `server_key_file` is used.",
            "server_key_file": "File of the server key, made on first use and readable by its "
            "owner only. Blank: `server.key` beside the SQLite file of `main`. Keep it with the "
            "backups: without it no generated secret is valid any more.",
        },
        in_files=("access_key",),
    ),
    Section(
        "whmcs",
        "The form-post protocol, in every account.",
        (FormPostConfig,),
        {"allow_get": "Answer GET as well as POST."},
    ),
    Section(
        "limits",
        "Bounds on one request; past any of them the caller gets an error.",
        (Limits,),
        {
            "body_bytes": "Size of the body.",
            "fields": "Number of parameters.",
            "depth": "Levels of nesting.",
            "rows": "Rows of a line list.",
            "columns": "Columns of one row.",
        },
    ),
    Section(
        "run",
        "Invoice runs.",
        (RunConfig, DailyConfig),
        {
            "time_limit_seconds": "Time of a run that an API call starts; past it the caller gets "
            "an error that names what was issued, and the next call goes on.",
            "wait_seconds": "How long a run waits for clients that another one is billing, before "
            "the same error.",
            "page_seconds": "Time of one transaction of a run.",
            "page_clients": "Clients in one transaction of a run, at most.",
            "document_limit": "Documents that one run issues at most.",
            "set_based": "Whether plain items are billed by set-based SQL; without it every item "
            "takes the slower path that special ones take, with the same result.",
            "calendar_months": "How far back due dates are prepared for set-based SQL; older ones "
            "take the slower path.",
            "at": "When each account's daily run starts, in the account's time zone; `off`: it "
            "does not by itself, and you call `adapter run-invoices` or the API when it suits.",
        },
    ),
    Section(
        "mail",
        "How mail leaves: delivered by `adapter worker`, listed by `adapter outbox`.",
        (MailConfig,),
        {
            "transport": "`files` writes each mail to `folder` (for sandboxes), `smtp` sends it, "
            "`none` keeps it in the queue. Production has to choose.",
            "folder": "Where mail is written to with `files`. Blank: `mail` beside the SQLite "
            "file of `main`.",
            "host": "The mail server.",
            "port": "Its port.",
            "security": "`starttls`, `tls` from the start, or `plain`. A certificate that does "
            "not fit is refused.",
            "username": "Login at the mail server; blank is none.",
            "password": "Its password.",
            "ca_file": "Certificates (PEM) to trust in place of the system's, for a server of "
            "your own.",
            "timeout_seconds": "Time of one step of a delivery.",
            "lease_seconds": "Time of a whole delivery; past it another worker may send the mail "
            "again, with the same Message-ID.",
            "retry_seconds": "The wait after a first failure; each further one doubles it, up to "
            "an hour.",
            "max_attempts": "Tries until a mail is given up (`adapter outbox retry` begins anew).",
            "max_age_hours": "Mail older than that is no longer sent by itself.",
            "links_per_hour": "Mails that links may send to one client in an hour.",
            "hold": "Seconds that mail of a run waits before it leaves, by the account's clock: "
            "the time in which `adapter runs undo` still withdraws it. Other mail never waits.",
        },
        in_files=("password",),
    ),
    Section(
        "links",
        "Links to documents, which need no login.",
        (LinksConfig,),
        {
            "base_url": "What links begin with, as clients reach this gateway: "
            "`https://billing.example.com`. Blank: the address that `adapter serve` listens on.",
            "links_without_key": "Answer downloads of the original's shape, without a key: then "
            "whoever guesses two numbers sees a document.",
        },
    ),
    Section(
        "journal",
        "What `adapter requests` shows; written a moment after the answers, which never wait for "
        "it.",
        (JournalConfig,),
        {
            "record": "`changes` keeps requests that create, change or bill something, that were "
            "refused, and that passed to an upstream; `all` those that only read, or found "
            "nothing due, as well; `none` nothing.",
            "rows": "About so many requests are kept for each account; the oldest go first.",
        },
    ),
    Section(
        "server",
        "`adapter serve`; its options win over these.",
        (ServerConfig,),
        {
            "bind": "Address and port.",
            "workers": "Web processes.",
            "threads": "Requests that one web process works on at once.",
            "body_timeout_seconds": "How long a caller may take to send a request's body.",
            "tls_cert": "Certificate file (PEM); with `tls_key` the server speaks HTTPS.",
            "tls_key": "Key file of the certificate (PEM, PKCS#8).",
            "metrics_bind": "Address and port of the Prometheus listener, for example "
            "`127.0.0.1:9464`; blank is none.",
            "metrics_addresses": "Addresses and networks that may read the metrics, there and at "
            "`adapter worker --metrics-bind`.",
            "tracing": "Make OpenTelemetry traces of requests and of calls to backends; needs the "
            "extra `otel`, whose own `OTEL_*` variables say where they go.",
            "accounts": "Accounts that are served; blank is all.",
        },
    ),
)

ROUTES: Final = Section(
    "routes",
    "Where the account's commands go. A backend is `local` (the built-in store), one of the "
    "account's own, or `pass`: to the upstream as the call is. The first rule that fits wins, "
    "then the command's own route, then the default. `[accounts.NAME.routes.commands]` and "
    "`[[accounts.NAME.routes.rules]]` stand in the file only. Routes and backends are read again "
    "at SIGHUP.",
    (RoutesConfig,),
    {
        "default": "The backend of every command without a route of its own.",
        "upstream": "Front door: the backend (of kind `forward`) that everything the gateway "
        "does not serve passes to, byte for byte; one per protocol, comma-separated. Blank: "
        "nothing passes.",
        "upstream_credentials": "`as_sent`: what passes keeps its caller's credentials, and the "
        "upstream checks them. `replace`: the caller must be one of the gateway's, and the "
        "upstream gets the backend's credentials.",
        "upstream_all_paths": "Pass every path of the host, not the protocols' alone.",
        "rules": "`[[accounts.NAME.routes.rules]]`: `backend`, with `clients` (a list of ids and "
        "e-mail addresses) or `percent` (a share of all client ids, always the same ones), and "
        "`commands` (a list; left out, all that name a client). Calls that name an invoice, an "
        "order or a service instead of a client (AddInvoicePayment, GetInvoice, "
        "UpdateInvoice, AcceptOrder, ...) fall under no rule, whoever the client is: they go "
        "by `commands` and `default`, for all clients alike. A rule that lists such a command is "
        "refused. Ids of two systems are not the same: before clients are moved, route these "
        "calls to where all their records are.",
    },
)

ACCOUNT_SECTIONS: Final = (
    Section(
        "",
        "One table per account. The account `main` is always there and is the first.",
        (AccountConfig,),
        {
            "mode": "`sandbox` or `production`. Production starts only with a zone and a business "
            "id of your choice.",
            "zone": "IANA time zone: what day it is for this account.",
            "business_id": "The business id (BID) that callers may send and must then match.",
            "database_url": "Database of this account; for `main` it is `database.url`.",
            "clock_shift_days": "Days that a sandbox account lives ahead of the real date; "
            "negative: behind it.",
        },
        in_files=("database_url",),
    ),
    Section(
        "business",
        "Who sends this account's documents and mails.",
        (BusinessConfig,),
        {
            "name": "Name on documents and in mails. Production has to choose.",
            "address": "Lines of the address.",
            "email": "Sender of mails; printed on documents.",
            "phone": "Printed on documents.",
            "website": "Printed on documents.",
            "vat_number": "VAT number, printed on documents.",
            "registration_number": "Company registration, printed on documents.",
            "bank_details": "Lines that say where to pay, on documents that are not paid.",
            "terms": "Printed at the end of documents.",
        },
    ),
    Section(
        "documents",
        "How this account's documents look; `adapter documents check` says what cannot be used.",
        (DocumentConfig,),
        {
            "accent": "Colour of headings, `#rrggbb`.",
            "logo": "A PNG or JPEG file of at most 4 MiB.",
            "page_size": "Paper of PDFs.",
            "templates": "A folder whose files replace the packaged templates of the same name.",
            "fallback_fonts": "Font files for Chinese, Japanese, Korean and whatever else the "
            "packaged font has not. Blank: Droid Sans Fallback or WenQuanYi Micro Hei of the "
            "system, where installed.",
        },
    ),
    Section(
        "whmcs",
        "How the form-post protocol answers this account's callers.",
        (WhmcsQuirks,),
        {
            "numbers": "JSON numbers: `mixed` as in the documented examples, all `int`, or all "
            "`text`.",
            "unknown_action_text": "Error text for an unknown action: `current` or `legacy`.",
            "version": "The version that the gateway says it is.",
            "raw_nvp": "Write `;` and line breaks inside NVP values as they are, as the original "
            "does; a stored text can then forge a pair.",
        },
    ),
    Section(
        "invoicesonline",
        "How the positional-array protocol answers this account's callers.",
        (InvoicesOnlineQuirks,),
        {
            "empty_required_booleans": "An empty required 1/0 field means 0; off, it is an error.",
            "truncate_long_values": "Cut texts longer than documented; off, they are refused.",
            "both_discounts": "A document with both discounts is refused (`refuse`), or the "
            "percentage wins (`percentage`).",
            "round_unit_price": "Round unit prices to two decimals when they are read; off, up to "
            "six are kept.",
            "int_document_id": "Write `document_id` as a JSON number; off, as text.",
            "mark_as_paid": "An invoice marked as paid without an amount gets a payment of its "
            "total (`payment`), or only the status Paid (`status`).",
            "repeat_document": "Where no mail is sent, a reply holds its document twice, for "
            "clients that look at place 1 or at place 2.",
            "flat_aliases": "AddNewInvoice and AddNewPayment answer a flat object; off, the list "
            "of the endpoints that they stand for.",
            "history_keys": "Documents of a history are known by `number` or by `document_id`.",
            "history_words": "Types of a history are named as getDocumentsByType_JSON does "
            "(`slugs`), or in the page's words (`words`).",
            "balance_with_opening": "`balance` includes the opening balance, which the page says "
            "to subtract.",
        },
    ),
    ROUTES,
    Section(
        "idempotency",
        "When a request that comes again is answered with the first one's reply and does nothing. "
        "Never for reads and runs.",
        (IdempotencyConfig,),
        {
            "window_seconds": "On the built-in store: how long a request that creates something "
            "and comes again word for word, from the same credential, is taken for a repeat. 0: "
            "it creates another one; `adapter duplicates` lists those.",
            "backend_window_seconds": "The same before a backend elsewhere. While the first one "
            "is under way, or nobody knows what became of it, a repeat joins it even with 0.",
            "key_hours": "How long a reply is kept for the `Idempotency-Key` that a caller sent "
            "with the request.",
            "join_seconds": "How long a repeat waits for the first one to end.",
        },
    ),
)


def account_specs(account: str) -> dict[str, Spec]:
    """Return the settings of one account by key."""
    prefix = f"accounts.{account}"
    specs = (spec for section in ACCOUNT_SECTIONS for spec in section.specs(prefix))
    return {spec.key: spec for spec in specs}


def common_specs() -> dict[str, Spec]:
    """Return the settings that belong to no account by key."""
    return {spec.key: spec for section in SECTIONS for spec in section.specs()}
