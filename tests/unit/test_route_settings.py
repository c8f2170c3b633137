"""Backends and routes in the settings: what is read, and how what is wrong is refused."""

from pathlib import Path
from typing import Any

import pytest

from adapter.backends.forward.config import ForwardConfig, UpstreamTerms
from adapter.backends.mapped import MappedConfig
from adapter.backends.remote import Accept, RemoteConfig
from adapter.backends.transport import TransportConfig
from adapter.bridge.front_door import UpstreamCredentials
from adapter.bridge.routing import Rule
from adapter.settings import SettingsError, list_settings, load_settings

OLD = """
[accounts.main.backends.old]
kind = "forward"
protocol = "whmcs"
url = "https://billing.example.com/includes/api.php"
"""


def load(folder: Path, toml: str, **environ: str) -> Any:
    file = folder / "gateway.toml"
    file.write_text(toml)
    return load_settings({"ADAPTER_CONFIG": str(file), **environ})


def test_a_backend_is_a_named_table_with_its_kinds_and_every_kinds_settings(tmp_path):
    settings = load(
        tmp_path,
        OLD
        + """
        identifier = "ID"
        secret = "S"
        read_seconds = 7
        deadline_seconds = 9
        accept = "queue"
        [accounts.main.backends.old.terms]
        vat_rate = "15"
        """,
    )
    backend = settings.main.backends["old"]
    transport = TransportConfig(read_seconds=7.0, deadline_seconds=9.0)
    assert (backend.name, backend.kind) == ("old", "forward")
    assert backend.config(ForwardConfig) == ForwardConfig(
        "whmcs",
        "https://billing.example.com/includes/api.php",
        "ID",
        "S",
        transport=transport,
        terms=UpstreamTerms(vat_rate="15"),
    )
    assert backend.config(TransportConfig) == transport
    assert backend.config(RemoteConfig) == RemoteConfig(deadline_seconds=9.0, accept=Accept.QUEUE)


def test_a_mapped_backend_may_have_an_address_of_its_own(tmp_path):
    text = f"[{BACKEND}]\nkind = 'mapped'\nmapping = 'stripe'\nurl = 'https://x.example'"
    backend = load(tmp_path, text).main.backends["old"]
    assert backend.config(MappedConfig).url == "https://x.example"


def test_a_short_deadline_alone_is_in_order(tmp_path):
    backend = load(tmp_path, OLD + "deadline_seconds = 5").main.backends["old"]
    assert backend.config(TransportConfig).read_seconds == 30.0


def test_routes_are_read_with_commands_and_rules(tmp_path):
    settings = load(
        tmp_path,
        OLD
        + """
        [accounts.main.routes]
        default = "pass"
        upstream = "old"
        [accounts.main.routes.commands]
        CreateBillableItem = "local"
        [[accounts.main.routes.rules]]
        backend = "local"
        commands = ["GenerateDueInvoices"]
        clients = [7, "012", "Ann@Example.com"]
        [[accounts.main.routes.rules]]
        backend = "pass"
        percent = 2.5
        """,
    )
    routes = settings.main.routes
    assert (routes.default, routes.upstreams) == ("pass", ("old",))
    assert routes.upstream_credentials is UpstreamCredentials.AS_SENT
    assert settings.main.commands == {"CreateBillableItem": "local"}
    assert tuple(routes.rules) == (
        Rule(
            "local",
            frozenset({"GenerateDueInvoices"}),
            frozenset({"7", "12", "ann@example.com"}),
        ),
        Rule("pass", percent=2.5),
    )


def test_the_environment_fills_a_backend(tmp_path):
    settings = load(
        tmp_path,
        OLD,
        ADAPTER_ACCOUNTS_MAIN_BACKENDS_OLD_SECRET="from outside",
        ADAPTER_ACCOUNTS_MAIN_BACKENDS_OLD_CONNECT_SECONDS="1.5",
        ADAPTER_ACCOUNTS_MAIN_ROUTES_UPSTREAM="old",
    )
    backend = settings.main.backends["old"]
    assert backend.config(ForwardConfig).secret == "from outside"
    assert backend.config(TransportConfig).connect_seconds == 1.5
    assert settings.main.routes.upstreams == ("old",)


def test_a_secret_can_stand_in_a_file_of_its_own_and_is_never_printed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hushhush\n")
    settings = load(tmp_path, OLD + f'secret_file = "{secret}"\n')
    assert settings.main.backends["old"].config(ForwardConfig).secret == "hushhush"
    assert "hushhush" not in repr(settings)
    shown = list_settings({"ADAPTER_CONFIG": str(tmp_path / "gateway.toml")})
    hidden = [each for each in shown if each.value == "hushhush"]
    assert [each.spec.key for each in hidden] == ["accounts.main.backends.old.secret"]
    assert all(each.spec.secret for each in hidden)


BACKEND = "accounts.main.backends.old"
ROUTES = "accounts.main.routes"
FORWARD = '[accounts.main.backends.old]\nkind = "forward"\n'
RULES = "[[accounts.main.routes.rules]]\n"


@pytest.mark.parametrize(
    ("toml", "key", "remedy"),
    [
        ("[accounts.main.backends.old]", f"{BACKEND}.kind", "set it"),
        (OLD + f"[{ROUTES}]\ndefault = 'old'", f"{BACKEND}.identifier", "set it"),
        (OLD + f"[{BACKEND}.terms]\nvat_rate = 'x'", f"{BACKEND}.terms.vat_rate", "another value"),
        (OLD + f"[{BACKEND}.terms]\ndays_in_advance = -2", "terms.days_in_advance", "-1 or more"),
        (OLD + "accept = 'soon'", f"{BACKEND}.accept", "one of answer, queue"),
        ("[accounts.main.backends.old]\nkind = 'x'", f"{BACKEND}.kind", "one of forward"),
        ("[accounts.main.backends.old]\nkind = 1", f"{BACKEND}.kind", "a text in quotes"),
        (FORWARD + "protocol = 'whmcs'", f"{BACKEND}.url", "set it"),
        (FORWARD + "url = 'https://x'", f"{BACKEND}.protocol", "set it"),
        (FORWARD + "protocol = 'soap'", f"{BACKEND}.protocol", "one of whmcs, invoicesonline"),
        (FORWARD + "url = 'ftp://x'", f"{BACKEND}.url", "a URL such as https://"),
        (FORWARD + "url = 'https://'", f"{BACKEND}.url", "a URL such as https://"),
        (FORWARD + "url = 'https://x:port/'", f"{BACKEND}.url", "a URL such as https://"),
        (FORWARD + "url = 'https://u:p@x/'", f"{BACKEND}.url", "set those by their names"),
        (FORWARD + "url = 'https://x/?a=1'", f"{BACKEND}.url", "query or fragment"),
        (OLD + "read_seconds = 0", f"{BACKEND}.read_seconds", "more than 0"),
        (OLD + "read_seconds = 61", f"{BACKEND}.read_seconds", "deadline_seconds (60); lower it"),
        (OLD + "settle_seconds = 0", f"{BACKEND}.settle_seconds", "could be carried out twice"),
        (OLD + f"[{BACKEND}.terms]\ncurrency = 'Rand'", "terms.currency", "such as ZAR"),
        (OLD + f"[{BACKEND}.terms]\nclient_country = 'ZAF'", "terms.client_country", "such as ZA"),
        (
            OLD.replace('"whmcs"', '"invoicesonline"') + f"[{BACKEND}.terms]\ncurrency = 'ZAR'",
            "terms.currency",
            f"remove [{BACKEND}.terms]",
        ),
        (
            f"[{BACKEND}]\nkind = 'mapped'\nmapping = 'stripe'\nurl = 'x'",
            f"{BACKEND}.url",
            "a URL such as https://",
        ),
        (OLD + "deadline_seconds = -1", f"{BACKEND}.deadline_seconds", "from 0 on"),
        (OLD + "pool_size = 0", f"{BACKEND}.pool_size", "1 or more"),
        (OLD + "reply_bytes = '9'", f"{BACKEND}.reply_bytes", "a whole number"),
        (OLD + "ca_file = '/nowhere.pem'", f"{BACKEND}.ca_file", "no such file"),
        (OLD + "proxy = 'socks5://x'", f"{BACKEND}.proxy", "http://proxy"),
        (OLD + "secret_file = '/nowhere'", f"{BACKEND}.secret_file", "name a readable file"),
        (
            OLD + "secret = 'a'\nsecret_file = '/nowhere'",
            f"{BACKEND}.secret_file",
            "set one of both",
        ),
        (OLD + "conect_seconds = 1", f"{BACKEND}.conect_seconds", "did you mean"),
        (
            "[accounts.main.backends.Old-1]\nkind = 'forward'",
            "accounts.main.backends.Old-1.kind",
            "rename it",
        ),
        (
            OLD.replace("backends.old", "backends.local"),
            "accounts.main.backends.local",
            "choose another",
        ),
        (OLD + f"[{ROUTES}]\ndefault = 'odl'", f"{ROUTES}.default", "did you mean old?"),
        (f"[{ROUTES}]\ndefault = 'pass'", f"{ROUTES}.default", "set accounts.main.routes.upst"),
        (
            f"[{ROUTES}]\nupstream = 'old'",
            f"{ROUTES}.upstream",
            "add [accounts.main.backends.old]",
        ),
        (OLD + f"[{ROUTES}]\nupstream = 'odl'", f"{ROUTES}.upstream", "did you mean old?"),
        (
            OLD + OLD.replace(".old", ".older") + f"[{ROUTES}]\nupstream = 'old,older'",
            f"{ROUTES}.upstream",
            "one for each protocol",
        ),
        (
            OLD + f"[{ROUTES}]\nupstream = 'old'\nupstream_credentials = 'mine'",
            f"{ROUTES}.upstream_credentials",
            "as_sent, replace",
        ),
        (
            OLD + f"[{ROUTES}]\nupstream = 'old'\nupstream_credentials = 'replace'",
            f"{BACKEND}.secret",
            "set it",
        ),
        (f"[{ROUTES}]\nupstream_all_paths = 'yes'", f"{ROUTES}.upstream_all_paths", "true or fal"),
        (
            f"[{ROUTES}.commands]\nCreateInvoice = 'local'",
            f"{ROUTES}.commands.CreateInvoice",
            "did you mean",
        ),
        (f"[{ROUTES}.commands]\nGetInvoice = 3", f"{ROUTES}.commands.GetInvoice", "in quotes"),
        (f"[{ROUTES}.commands]\nGetInvoice = 'x'", f"{ROUTES}.commands.GetInvoice", "known are"),
        (f"[{ROUTES}]\nrules = ['local']", f"{ROUTES}.rules", "must be tables"),
        (RULES + "clients = [7]", f"{ROUTES}.rules: rule 1", "name the backend"),
        (RULES + "backend = 'local'", f"{ROUTES}.rules: rule 1", "one of both"),
        (
            RULES + "backend = 'local'\nclients = [7]\npercent = 5",
            f"{ROUTES}.rules: rule 1",
            "one of both",
        ),
        (RULES + "backend = 'local'\nclients = []", f"{ROUTES}.rules: rule 1", "at least one"),
        (RULES + "backend = 'local'\nclients = ['ann']", f"{ROUTES}.rules: rule 1", "e-mail"),
        (RULES + "backend = 'local'\npercent = 101", f"{ROUTES}.rules: rule 1", "0 and 100"),
        (RULES + "backend = 'local'\npercent = '5'", f"{ROUTES}.rules: rule 1", "a number"),
        (
            RULES + "backend = 'local'\npercent = 5\ncommands = ['GetInvoise']",
            f"{ROUTES}.rules: rule 1",
            "did you mean GetInvoice?",
        ),
        (
            RULES + "backend = 'local'\nclients = [7]\ncommands = ['RecordPayment', 'AddCredit']",
            f"{ROUTES}.rules: rule 1: commands: calls of RecordPayment name no client,",
            "set routes.commands.RecordPayment",
        ),
        (
            RULES + "backend = 'local'\npercent = 5\ncommands = ['CreateClient']",
            f"{ROUTES}.rules: rule 1: commands: calls of CreateClient name no client by id,",
            "set routes.commands.CreateClient",
        ),
        (
            RULES + "backend = 'local'\npercent = 5\nclient = 7",
            f"{ROUTES}.rules: rule 1",
            "did you mean clients?",
        ),
        (RULES + "backend = 'x'\npercent = 5", f"{ROUTES}.rules, rule 1", "known are local, pass"),
        (RULES + "backend = 'pass'\npercent = 5", f"{ROUTES}.rules, rule 1", "upstream"),
    ],
)
def test_what_is_broken_is_refused_with_file_key_and_remedy(tmp_path, toml, key, remedy):
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, toml)
    told = [problem for problem in refused.value.problems if key in problem]
    assert told, refused.value.problems
    assert any(remedy in problem for problem in told), told
    assert "gateway.toml" in str(refused.value)
