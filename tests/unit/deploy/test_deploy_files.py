"""The files of docs/deploy: what they name exists, and their bounds fit the gateway's."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from adapter.backends.remote import Note, RemoteConfig
from adapter.bridge.idempotency import IdempotencyConfig
from adapter.cli import main
from adapter.cli.metrics import _Families
from adapter.protocols.base import Limits
from adapter.settings import load_settings
from adapter.store.config import RunConfig
from adapter.web.metrics import PrometheusMetrics
from tests.fronts import COMMANDS, DEPLOY, program

ROOT = Path(__file__).parents[3]
UNITS = ("adapter.service", "adapter-worker@.service")
INSTALLED = "/opt/adapter/bin/adapter"
# The longest that a call may take, whatever it is.
LONGEST_SECONDS = max(
    RunConfig().time_limit_seconds + RunConfig().wait_seconds,
    RemoteConfig().deadline_seconds,
    IdempotencyConfig().join_seconds,
)


def unit(name: str) -> dict[str, dict[str, list[str]]]:
    """Return a unit's sections with the values of each key, in order."""
    sections: dict[str, dict[str, list[str]]] = {}
    for line in (DEPLOY / name).read_text().splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return sections


def parses(arguments: list[str]) -> None:
    """Raise unless `adapter` has this command with these options."""
    group: click.Command = main
    context = click.Context(main)
    while isinstance(group, click.Group):
        command = group.get_command(context, arguments[0])
        assert command is not None, arguments
        group, arguments = command, arguments[1:]
    group.make_context("adapter", list(arguments))


def known_environment(environ: dict[str, str], tmp_path: Path) -> Any:
    """Return the settings that an environment makes, its files put in a folder of this test."""
    held = {"database_url": "postgresql://adapter:x@database/adapter", "server_key": "0" * 64}
    for name, text in held.items():
        (tmp_path / name).write_text(text)
    moved = {}
    for name, value in environ.items():
        path = Path(value)
        file = DEPLOY if path.name == "adapter.toml" else tmp_path
        moved[name] = str(file / path.name) if path.is_absolute() else value
    return load_settings(moved)


def call(*command: str) -> "subprocess.CompletedProcess[str]":
    """Run a program that checks a file."""
    return subprocess.run(  # noqa: S603 - found on the path
        command, capture_output=True, text=True, check=False, timeout=30
    )


# --- systemd


@pytest.mark.parametrize("name", UNITS)
def test_systemd_takes_the_units(name, tmp_path):
    analyze = program("systemd-analyze")
    ours = str(Path(sys.executable).with_name("adapter"))
    copy = tmp_path / name.replace("@.", "@2.")
    copy.write_text((DEPLOY / name).read_text().replace(INSTALLED, ours))
    verified = call(analyze, "verify", "--man=no", "--generators=no", str(copy))
    assert verified.returncode == 0, verified.stderr
    # What it does not know it only tells.
    assert copy.name not in verified.stderr
    # An exposure of 2.0 of 10 at most.
    exposure = ("--offline=true", "--no-pager", "--threshold=20", str(copy))
    exposed_as = call(analyze, "security", *exposure)
    assert exposed_as.returncode == 0, exposed_as.stdout


def test_units_run_what_there_is_and_wait_longer_than_we_do():
    # The web processes first, then the worker beside them.
    serving = 2 * import_module("adapter.cli.serve")._STOP_SECONDS
    working = import_module("adapter.cli.worker")._STOP_SECONDS
    for name, own_seconds in zip(UNITS, (serving, working), strict=True):
        service = unit(name)["Service"]
        (command,) = service["ExecStart"]
        program_name, *arguments = shlex.split(command)
        assert program_name == INSTALLED
        parses(arguments)
        assert int(service["TimeoutStopSec"][0]) > own_seconds
        assert service["User"] == ["adapter"]
        assert service["EnvironmentFile"] == ["/etc/adapter/environment"]
        assert service["Restart"] == ["always"]


def test_the_workers_unit_is_as_narrow_as_the_servers():
    kept = {"ExecStart", "ExecReload", "KillMode"}
    first, second = (unit(name)["Service"] for name in UNITS)
    assert {key: value for key, value in first.items() if key not in kept} == {
        key: value for key, value in second.items() if key not in kept
    }


def test_the_units_environment_and_settings_are_read(tmp_path):
    lines = (DEPLOY / "environment").read_text().splitlines()
    pairs = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    # A shell reads them too.
    assert all(re.fullmatch(r"[\w/.:,-]+", value) for value in pairs.values())
    settings = known_environment(pairs, tmp_path)
    assert settings.main.store.url == "postgresql://adapter:x@database/adapter"
    assert settings.access.trusted_proxies == ("127.0.0.1", "::1")
    run = settings.run
    assert run.time_limit_seconds + run.wait_seconds < 30
    assert settings.links.base_url == "https://billing.example.com"


def test_the_wrapper_runs_a_command_as_the_service_does(tmp_path):
    (tmp_path / "environment").write_text("ADAPTER_CONFIG=/etc/adapter/adapter.toml\n")
    (tmp_path / "adapter").write_text('#!/bin/sh\necho "$ADAPTER_CONFIG" "$PWD" "$@"\n')
    (tmp_path / "runuser").write_text('#!/bin/sh\necho "$1" "$2" "$3"\nshift 3\nexec "$@"\n')
    for name in ("adapter", "runuser"):
        (tmp_path / name).chmod(0o755)
    text = (DEPLOY / "adapter").read_text()
    for written in ("/etc/adapter/environment", "/var/lib/adapter", INSTALLED):
        assert written in text
    text = text.replace("/etc/adapter/environment", str(tmp_path / "environment"))
    text = text.replace("/var/lib/adapter", str(tmp_path)).replace(
        INSTALLED, str(tmp_path / "adapter")
    )
    done = subprocess.run(
        ["/bin/sh", "-s", "parked", "list", "a b"],
        input=text,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout == (
        f"-u adapter --\n/etc/adapter/adapter.toml {tmp_path} parked list a b\n"
    )
    assert os.access(DEPLOY / "adapter", os.X_OK)


# --- web servers


@pytest.mark.parametrize("kind", list(COMMANDS))
def test_web_servers_take_their_files(kind, tmp_path):
    (tmp_path / "logs").mkdir()
    command = COMMANDS[kind](tmp_path, 8443, 8080)
    command = [part for part in command if part != "-DFOREGROUND"]
    done = call(*command, "-t")
    assert done.returncode == 0, done.stderr


def test_nginx_waits_longer_and_lets_more_in_than_we_do():
    text = (DEPLOY / "nginx.conf").read_text()
    seconds = re.findall(r"proxy_(?:read|send)_timeout (\d+)s;", text)
    assert len(seconds) == 2
    assert min(map(int, seconds)) > LONGEST_SECONDS
    mebibytes = re.findall(r"client_max_body_size (\d+)m;", text)
    # Both sizes are let in by the gateway before its answer.
    assert Limits().body_bytes < int(mebibytes[0]) * 1024 * 1024 < 2 * Limits().body_bytes
    assert "proxy_next_upstream off;" in text
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in text


def test_apache_waits_longer_than_we_do():
    text = (DEPLOY / "apache.conf").read_text()
    (found,) = re.findall(r"[^n]timeout=(\d+)$", text, re.MULTILINE)
    assert int(found) > LONGEST_SECONDS
    assert "ProxyAddHeaders Off" in text


# --- containers


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


def image() -> list[tuple[str, str]]:
    """Return the instructions of the Containerfile."""
    lines = (DEPLOY / "Containerfile").read_text().splitlines()
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines if line[:1].isalpha()]


def test_the_image_is_made_of_what_there_is_and_runs_as_nobody():
    steps = image()
    project = (ROOT / "pyproject.toml").read_text()
    for instruction, rest in steps:
        if instruction == "COPY" and not rest.startswith("--from"):
            *sources, _ = rest.split()
            assert all((ROOT / source).exists() for source in sources), rest
        if "pip install" in rest:
            (extras,) = re.findall(r"'\.\[([\w,]+)\]'", rest)
            assert all(re.search(rf"(?m)^{extra} = ", project) for extra in extras.split(","))
    of = dict(steps)
    assert of["USER"] == "10001:10001"
    assert json.loads(of["ENTRYPOINT"]) == ["adapter"]
    parses(json.loads(of["CMD"]))
    # What packaging reads must be there when it is installed.
    copied = [rest for name, rest in steps if name == "COPY"]
    assert "README.md" in copied[0]
    assert 'readme = "README.md"' in project


def test_compose_names_only_what_there_is(tmp_path):
    file = compose()
    for name, service in file["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service["secrets"]) <= set(file["secrets"]), name
        assert set(service["networks"]) <= set(file["networks"]), name
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), name
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            named = source in file["volumes"]
            assert named or (DEPLOY / source).exists(), volume
        for other, how in service.get("depends_on", {}).items():
            assert other in file["services"]
            assert how["condition"] in {"service_healthy", "service_completed_successfully"}
        for value in service["environment"].values():
            if str(value).startswith("/run/secrets/"):
                assert Path(value).name in service["secrets"]
        if name == "database":
            assert service["user"] == "postgres"
            assert service["healthcheck"]["test"][0] == "CMD"
            continue
        assert (DEPLOY / service["build"]["context"]).resolve() == ROOT
        assert (ROOT / service["build"]["dockerfile"]).is_file()
        parses(service["command"])
        settings = known_environment(service["environment"], tmp_path)
        assert settings.main.store.url.startswith("postgresql://")
    gateway = file["networks"]["inside"]["ipam"]["config"][0]["gateway"]
    assert settings.access.trusted_proxies == (gateway,)
    # No secret stands in the file itself.
    assert "password:" not in (DEPLOY / "compose.yaml").read_text().replace("_password: {file", "")


# --- what is watched

FUNCTIONS = {"histogram_quantile", "increase", "rate", "sum", "max", "time", "by", "or", "unless"}
FUNCTIONS |= {"offset"}


def exposed() -> dict[str, set[str]]:
    """Return the labels of every metric that the gateway exposes, by its name."""
    registry = CollectorRegistry()
    metrics = PrometheusMetrics(registry)
    metrics.note("whmcs", "geninvoices", "ok", 0.1)
    metrics.attempt("main", Note("b", "CreateClient", "done", 0.1, "reference", "request"))
    metrics.breaker("main", "b", "closed")
    found: dict[str, set[str]] = {"up": {"job", "instance"}}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    for family in _Families().all():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        found[name] = set(family._labelnames)  # type: ignore[attr-defined]
    return found


def assert_answerable(expression: str, metrics: dict[str, set[str]]) -> None:
    """Raise unless an expression is well formed as far as can be seen, over metrics there are."""
    text = re.sub(r'"[^"]*"', '""', expression)
    for opening, closing in ("()", "{}", "[]"):
        assert text.count(opening) == text.count(closing), expression
    ranges = re.findall(r"\[([^\]]*)\]", text)
    assert all(re.fullmatch(r"\d+[smhd]|\$__rate_interval", each) for each in ranges), expression
    text = re.sub(r"\[[^\]]*\]", "", text)
    grouped = {
        label.strip() for each in re.findall(r"by \(([^)]*)\)", text) for label in each.split(",")
    }
    text = re.sub(r"by \([^)]*\)", "", text)
    used = set(grouped)
    for name, selector in re.findall(r"([a-z_]\w*)\{([^}]*)\}", text):
        labels = set(re.findall(r"([a-z_]\w*)\s*(?:=~|!~|!=|=)", selector))
        assert labels <= metrics.get(name, set()), expression
    text = re.sub(r"\{[^}]*\}", "", text)
    names = set(re.findall(r"(?<![\w.])[a-z_]\w*", text)) - FUNCTIONS
    assert names, expression
    for name in names:
        assert name in metrics, f"{name} is no metric: {expression}"
        assert used <= metrics[name], expression


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def test_alerts_ask_for_what_is_exposed_and_lead_to_what_to_do():
    metrics = exposed()
    operating = (ROOT / "docs" / "operating.md").read_text()
    titles = {title.lower() for title in re.findall(r"(?m)^#+ (\w+)$", operating)}
    for rule in rules():
        assert_answerable(rule["expr"], metrics)
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert page == "docs/operating.md"
        assert anchor == rule["alert"].lower()
        assert anchor in titles
        assert rule["labels"]["severity"] in {"page", "ticket"}


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DEPLOY / "dashboard.json").read_text())["panels"]
    return found


def test_panels_ask_for_what_is_exposed_and_do_not_overlap():
    metrics = exposed()
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        for target in panel["targets"]:
            assert_answerable(target["expr"], metrics)
        place = panel["gridPos"]
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_every_metric_of_ours_is_on_the_dashboard():
    asked = " ".join(target["expr"] for panel in panels() for target in panel["targets"])
    for name in exposed():
        family = re.sub(r"_(bucket|sum|count|created|total)$", "", name)
        assert family in asked or family == "up", name


def test_prometheus_takes_every_expression(tmp_path):
    promtool = program("promtool")
    asked = [
        {"record": f"panel:{number}", "expr": target["expr"].replace("$__rate_interval", "5m")}
        for number, target in enumerate(t for panel in panels() for t in panel["targets"])
    ]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": asked}]}))
    shutil.copy(DEPLOY / "alerts.yaml", tmp_path)
    shutil.copy(DEPLOY / "prometheus.yml", tmp_path)
    for command in (
        ["check", "rules", str(file)],
        ["check", "config", str(tmp_path / "prometheus.yml")],
    ):
        done = call(promtool, *command)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_first_internal_error_goes_off(tmp_path):
    promtool = program("promtool")
    shutil.copy(DEPLOY / "alerts.yaml", tmp_path)
    series = 'adapter_requests_total{protocol="whmcs", action="", result="internal"}'
    tests = {
        "rule_files": ["alerts.yaml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                # There is none for 5 minutes, then one.
                "input_series": [{"series": series, "values": "_x5 1x30"}],
                "alert_rule_test": [
                    {
                        "eval_time": eval_time,
                        "alertname": "AdapterInternalErrors",
                        "exp_alerts": expected,
                    }
                    for eval_time, expected in (
                        ("4m", []),
                        (
                            "7m",
                            [{"exp_labels": {"severity": "page", "protocol": "whmcs"}, **SAID}],
                        ),
                        ("25m", []),
                    )
                ],
            }
        ],
    }
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(tests))
    done = call(promtool, "test", "rules", str(tmp_path / "test.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr


SAID = {
    "exp_annotations": {
        "summary": 'Callers of whmcs are answered "Internal Error"',
        "runbook": "docs/operating.md#adapterinternalerrors",
    }
}
