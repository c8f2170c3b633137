from dataclasses import fields
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapter.billing.settings import setting_rules
from adapter.commands.access import Mode
from adapter.documents.config import PageSize
from adapter.outbox.config import Transport
from adapter.protocols.whmcs.quirks import Numbers
from adapter.settings import (
    SettingsError,
    describe_business_settings,
    describe_settings,
    list_settings,
    load_settings,
    show_value,
)
from adapter.settings.business import MEANINGS
from adapter.settings.schema import ACCOUNT_SECTIONS, SECTIONS
from adapter.settings.values import parse_bind

ROOT = Path(__file__).parents[2]

# Filled by another layer, so no setting of their own.
DERIVED = {("RunConfig", "mail_hold_seconds"), ("Quirks", "zone")}


def load(tmp_path: Path, toml: str = "", **environ: str) -> Any:
    file = tmp_path / "gateway.toml"
    file.write_text(toml)
    return load_settings({"ADAPTER_CONFIG": str(file), **environ})


def problems(tmp_path: Path, toml: str = "", **environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, toml, **environ)
    return refused.value.problems


def test_without_file_and_environment_there_is_a_sandbox_on_sqlite(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = load_settings({})
    assert list(settings.accounts) == ["main"]
    assert settings.main.account.mode is Mode.SANDBOX
    assert settings.main.account.business_id == "1"
    assert settings.main.store.url == "sqlite:///var/adapter.db"
    assert settings.server_key_file == Path("var/server.key")
    assert settings.access.allowed_addresses == ("127.0.0.0/8", "::1")
    assert settings.daily.at == time(0, 30)
    assert settings.file is None


def test_the_file_in_the_working_directory_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "adapter.toml").write_text("[run]\npage_clients = 7\n")
    settings = load_settings({})
    assert settings.run.page_clients == 7
    assert settings.file == "adapter.toml"


def test_every_kind_of_value_is_read_from_the_file(tmp_path):
    settings = load(
        tmp_path,
        """
        [database]
        url = "sqlite:////data/gateway.db"
        write_wait_seconds = 3
        [access]
        allowed_addresses = ["192.0.2.0/24"]
        access_key = "open!sesame"
        [whmcs]
        allow_get = false
        [limits]
        rows = 10
        [run]
        at = "02:15"
        time_limit_seconds = 1.5
        [accounts.main]
        zone = "Africa/Johannesburg"
        [accounts.main.whmcs]
        numbers = "text"
        [accounts.shop]
        database_url = "sqlite:////data/shop.db"
        mode = "production"
        zone = "Europe/Berlin"
        business_id = "44"
        [accounts.shop.business]
        name = "Shop"
        address = ["1 Main Road", "Cape Town"]
        [accounts.shop.documents]
        page_size = "Letter"
        [mail]
        transport = "none"
        [accounts.shop.invoicesonline]
        int_document_id = true
        """,
    )
    assert list(settings.accounts) == ["main", "shop"]
    main, shop = settings.accounts["main"], settings.accounts["shop"]
    assert main.store.url == "sqlite:////data/gateway.db"
    assert (main.store.write_wait_seconds, shop.store.write_wait_seconds) == (3.0, 3.0)
    assert main.account.zone == main.whmcs.zone == ZoneInfo("Africa/Johannesburg")
    assert (main.whmcs.numbers, shop.whmcs.numbers) == (Numbers.TEXT, Numbers.MIXED)
    assert (shop.account.mode, shop.account.business_id) == (Mode.PRODUCTION, "44")
    assert (main.invoicesonline.int_document_id, shop.invoicesonline.int_document_id) == (
        False,
        True,
    )
    assert settings.access.allowed_addresses == ("192.0.2.0/24",)
    assert not settings.form_post.allow_get
    assert (shop.business.name, shop.business.address) == ("Shop", ("1 Main Road", "Cape Town"))
    assert (shop.documents.page_size, main.documents.page_size) == (PageSize.LETTER, PageSize.A4)
    assert settings.mail.transport is Transport.NONE
    assert settings.mail_folder == Path("/data/mail")
    assert settings.limits.rows == 10
    assert (settings.daily.at, settings.run.time_limit_seconds) == (time(2, 15), 1.5)
    assert settings.server_key_file == Path("/data/server.key")


def test_the_environment_wins_over_the_file(tmp_path):
    settings = load(
        tmp_path,
        "[server]\nworkers = 2\nthreads = 2\n[whmcs]\nallow_get = true\n",
        ADAPTER_SERVER_WORKERS="5",
        ADAPTER_WHMCS_ALLOW_GET="off",
        ADAPTER_ACCESS_TRUSTED_PROXIES="10.0.0.1, 10.0.0.2",
        ADAPTER_ACCESS_FAILURE_DELAY_SECONDS="0.25",
        ADAPTER_ACCOUNTS_MAIN_WHMCS_NUMBERS="int",
        ADAPTER_ACCOUNTS_SHOP_DATABASE_URL="sqlite:////data/shop.db",
    )
    assert (settings.server.workers, settings.server.threads) == (5, 2)
    assert not settings.form_post.allow_get
    assert settings.access.trusted_proxies == ("10.0.0.1", "10.0.0.2")
    assert settings.access.failure_delay_seconds == 0.25
    assert settings.main.whmcs.numbers is Numbers.INT
    assert list(settings.accounts) == ["main", "shop"]


@pytest.mark.parametrize(
    ("toml", "environ", "part"),
    [
        ("[run]\nvelocity = 1", {}, "gateway.toml: unknown setting run.velocity: remove it"),
        ("[run]\npage_client = 1", {}, "run.page_client: did you mean run.page_clients?"),
        ("[accounts.main]\nmodes = 'x'", {}, "did you mean accounts.main.mode?"),
        ("", {"ADAPTER_RUN_AN": "1"}, "ADAPTER_RUN_AN: did you mean ADAPTER_RUN_AT?"),
        ("run", {}, "gateway.toml: not readable as TOML"),
        ("[run]\npage_clients = '7'", {}, "run.page_clients: must be a whole number"),
        ("[run]\npage_clients = true", {}, "run.page_clients: must be a whole number"),
        ("[run]\npage_clients = 0", {}, "run.page_clients: must be 1 or more"),
        ("[run]\npage_seconds = -1", {}, "run.page_seconds: must be a number from 0 on"),
        ("[run]\npage_seconds = nan", {}, "run.page_seconds: must be a number from 0 on"),
        ("[run]\nat = '24:00'", {}, "run.at: must be a time of day such as 00:30"),
        ("[whmcs]\nallow_get = 1", {}, "whmcs.allow_get: must be true or false"),
        ("", {"ADAPTER_WHMCS_ALLOW_GET": "maybe"}, "ALLOW_GET: must be true or false"),
        ("[database]\nurl = 1", {}, "database.url: must be a text in quotes"),
        ("[access]\nallowed_addresses = '1'", {}, "allowed_addresses: must be a list of texts"),
        ("[access]\nallowed_addresses = ['x']", {}, "access.allowed_addresses: 'x'"),
        ("[access]\naccess_key = 'a b'", {}, "access.access_key: only letters"),
        ("[access]\nserver_key = 'ff'", {}, "the server key must be 64 hex digits"),
        ("[server]\nbind = '8080'", {}, "server.bind: '8080' is not HOST:PORT"),
        ("[server]\nmetrics_bind = 'x:99999'", {}, "server.metrics_bind: 'x:99999'"),
        ("[server]\ntls_cert = 'x'", {}, "server.tls_cert and server.tls_key: set both"),
        ("[server]\naccounts = ['x']", {}, "server.accounts: no account x; known are main"),
        ("[accounts.main]\nzone = 'Mars/Base'", {}, "no such time zone: Mars/Base"),
        ("[accounts.main]\nmode = 'test'", {}, "mode: must be one of sandbox, production"),
        ("[accounts.main.documents]\naccent = 'blue'", {}, "accent: must be a colour such as"),
        ("[accounts.main.business]\nemail = 'a@b.c;d@e.f'", {}, "must be one e-mail address"),
        ('[accounts.main.business]\nname = "a\\nb"', {}, "name: must be one line"),
        ("[mail]\nport = 70000", {}, "port: must lie between 1 and 65535"),
        ("[links]\nbase_url = 'billing.example'", {}, "base_url: must be an address such as"),
        ("[accounts.main]\nbusiness_id = ''", {}, "business_id: must not be blank"),
        ("[accounts.main]\ndatabase_url = 'sqlite:///x'", {}, "main uses database.url"),
        ("[accounts.shop]\nzone = 'UTC'", {}, "accounts.shop.database_url: every account"),
        (
            "[accounts.shop]\ndatabase_url = 'sqlite:///var/adapter.db'",
            {},
            "two accounts have the same database",
        ),
        ("[database]\nurl = 'postgresql://h/d'", {}, "access.server_key: choose one"),
    ],
)
def test_what_is_wrong_names_place_key_and_remedy(tmp_path, toml, environ, part):
    (problem,) = problems(tmp_path, toml, **environ)
    assert part in problem


def test_everything_that_is_wrong_is_told_at_once(tmp_path):
    found = problems(tmp_path, "[run]\npage_clients = 0\ntme = 1", ADAPTER_SERVER_BIND="x")
    assert len(found) == 3


def test_a_missing_file_is_an_error_only_where_it_was_named(tmp_path):
    with pytest.raises(SettingsError, match=r"ADAPTER_CONFIG: no such file: /none.toml"):
        load_settings({"ADAPTER_CONFIG": "/none.toml"})


def test_production_starts_only_with_zone_business_and_mail_of_ones_choice(tmp_path):
    found = problems(tmp_path, "[accounts.main]\nmode = 'production'")
    assert [problem.partition(":")[0] for problem in found] == [
        "accounts.main.zone",
        "accounts.main.business_id",
        "accounts.main.business.name",
        "mail.transport",
    ]
    chosen = (
        "[mail]\ntransport = 'files'\n[accounts.main.business]\nname = 'Shop'\n"
        "[accounts.main]\nmode = 'production'\nzone = 'UTC'\nbusiness_id = '1'\n"
    )
    assert load(tmp_path, chosen).main.account.mode is Mode.PRODUCTION
    (problem,) = problems(tmp_path, chosen + "clock_shift_days = 1")
    assert "a production clock cannot be moved" in problem


def test_mail_by_smtp_needs_a_sender(tmp_path):
    (problem,) = problems(tmp_path, "[mail]\ntransport = 'smtp'")
    assert problem.startswith("accounts.main.business.email: ")
    toml = "[mail]\ntransport = 'smtp'\n[accounts.main.business]\nemail = 'b@example.com'"
    assert load(tmp_path, toml).mail.port == 587


def test_the_password_of_the_mail_server_is_not_shown(tmp_path):
    assert "hunter2" not in repr(load(tmp_path, "[mail]\npassword = 'hunter2'"))


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("", "http://127.0.0.1:8080"),
        ("[server]\nbind = '127.0.0.1:1'\ntls_cert = 'c'\ntls_key = 'k'", "https://127.0.0.1:1"),
        ("[links]\nbase_url = 'https://b.example/x/'", "https://b.example/x"),
    ],
)
def test_links_begin_with_what_was_chosen_or_where_the_gateway_listens(tmp_path, toml, expected):
    assert load(tmp_path, toml).base_url == expected


def test_a_server_key_can_be_a_setting_and_is_not_shown(tmp_path):
    key = "ab" * 32
    settings = load(tmp_path, f"[database]\nurl='postgresql://h/d'\n[access]\nserver_key='{key}'")
    assert settings.server_key_file is None
    assert key not in repr(settings)


def test_every_setting_is_listed_with_where_it_comes_from(tmp_path):
    file = tmp_path / "gateway.toml"
    file.write_text("[run]\npage_clients = 7\n")
    environ = {"ADAPTER_CONFIG": str(file), "ADAPTER_SERVER_WORKERS": "3"}
    listed = {each.spec.key: (each.value, each.origin) for each in list_settings(environ)}
    assert listed["run.page_clients"] == (7, str(file))
    assert listed["server.workers"] == (3, "environment, ADAPTER_SERVER_WORKERS")
    assert listed["server.threads"] == (4, "default")


def test_every_field_of_every_config_is_a_setting_with_a_text():
    for section in (*SECTIONS, *ACCOUNT_SECTIONS):
        for config in section.configs:
            for each in fields(config):
                known = each.name in section.texts or (config.__name__, each.name) in DERIVED
                assert known, f"[{section.name}] {each.name} has no text in settings/schema.py"
        names = {each.name for config in section.configs for each in fields(config)}
        assert set(section.texts) <= names


def test_secrets_of_a_deployment_can_stand_in_files(tmp_path):
    url = "postgresql://adapter:s3cret@db/adapter"
    texts = {
        "ADAPTER_DATABASE_URL_FILE": url,
        "ADAPTER_ACCOUNTS_SHOP_DATABASE_URL_FILE": "postgresql://adapter:s3cret@db/shop",
        "ADAPTER_MAIL_PASSWORD_FILE": "mail pass",
        "ADAPTER_ACCESS_ACCESS_KEY_FILE": "key-1",
        "ADAPTER_ACCESS_SERVER_KEY_FILE": "0" * 64,
    }
    files = {}
    for name, text in texts.items():
        file = tmp_path / name.lower()
        file.write_text(f"{text}\n")
        files[name] = str(file)
    settings = load(tmp_path, **files)
    assert settings.main.store.url == url
    assert settings.accounts["shop"].store.url == "postgresql://adapter:s3cret@db/shop"
    assert settings.mail.password == "mail pass"
    assert settings.access.access_key == "key-1"
    assert settings.server_key_file == Path(files["ADAPTER_ACCESS_SERVER_KEY_FILE"])
    shown = {each.spec.key: each for each in list_settings(files)}
    assert shown["database.url"].origin == "environment, ADAPTER_DATABASE_URL_FILE"


def test_what_a_file_holds_is_checked_as_if_it_were_written(tmp_path):
    file = tmp_path / "url"
    file.write_text("oracle9://x/y\n")
    (problem,) = problems(tmp_path, ADAPTER_DATABASE_URL_FILE=str(file))
    assert problem == (
        f"environment, ADAPTER_DATABASE_URL_FILE: {file}: no such kind of database: oracle9"
    )
    (problem, *_) = problems(
        tmp_path, ADAPTER_DATABASE_URL_FILE=str(file), ADAPTER_DATABASE_URL="sqlite:///a.db"
    )
    assert "database.url is set too; set one of both" in problem


def test_the_documentation_is_what_the_schema_says():
    assert (ROOT / "docs" / "settings.md").read_text() == describe_settings()


def test_every_business_setting_is_documented_as_it_is_read():
    text = (ROOT / "docs" / "business-settings.md").read_text()
    assert text == describe_business_settings()
    assert set(MEANINGS) == {name for name, _, _ in setting_rules()}
    row = "| `CreateInvoiceDaysBefore` | a whole number of days from 0 to 3650 | `14` |"
    assert row in text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:1", ("localhost", 1)),
    ],
)
def test_bind_addresses(text, parts):
    assert parse_bind(text) == parts


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("bogus", "must be a database URL such as sqlite:///var/adapter.db"),
        ("", "must be a database URL such as sqlite:///var/adapter.db"),
        ("postgresql://host:port/x", "must be a database URL such as sqlite:///var/adapter.db"),
        ("foo://host/x", "no such kind of database: foo"),
        ("sqlite://", "must name a file, as sqlite:///var/adapter.db does"),
    ],
)
def test_a_database_url_is_checked_before_what_follows_from_it(tmp_path, url, problem):
    # Without a SQLite file a server key is needed, but no database was chosen here.
    assert problems(tmp_path, ADAPTER_DATABASE_URL=url) == (
        f"environment, ADAPTER_DATABASE_URL: {problem}",
    )
    if url:
        (told,) = problems(tmp_path, f"[accounts.shop]\ndatabase_url = '{url}'\n")
        assert told.endswith(f"accounts.shop.database_url: {problem}")


def test_the_daily_run_can_be_left_to_the_caller():
    settings = load_settings({"ADAPTER_RUN_AT": "off"})
    assert settings.daily.at is None
    (shown,) = (
        each for each in list_settings({"ADAPTER_RUN_AT": "off"}) if each.spec.key == "run.at"
    )
    assert show_value(shown.value, shown.spec.kind) == "off"
    with pytest.raises(SettingsError, match="must be a time of day such as 00:30, or off"):
        load_settings({"ADAPTER_RUN_AT": "never"})
