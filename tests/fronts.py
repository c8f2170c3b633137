"""A web server in front of a gateway, by the files of docs/deploy, with a CA of the test's own."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fuzz.server import free_port

DEPLOY = Path(__file__).parents[1] / "docs" / "deploy"
_START_SECONDS = 20.0
_STOP_SECONDS = 10.0
_EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
# What Debian's installation has anyway, then what the file asks for.
_APACHE_MODULES = (
    *("mpm_event", "authz_core"),
    *("headers", "proxy", "proxy_http", "reqtimeout", "ssl"),
)


@dataclass(frozen=True, slots=True)
class Front:
    """A running web server: its address, the CA that vouches for it, and where it logs."""

    url: str
    port: int
    authority: Path
    logs: Path

    def logged(self) -> str:
        """Return all that stands in its logs."""
        return "".join(file.read_text("utf-8", "replace") for file in self.logs.iterdir())


def filled_in(file: Path, values: Mapping[str, str]) -> str:
    """Return a file's text with some of its texts replaced, each standing there exactly once."""
    text = file.read_text("utf-8")
    for written, value in values.items():
        assert text.count(written) == 1, (file.name, written)
        text = text.replace(written, value)
    return text


def program(*names: str) -> str:
    """Return the path of a program; skips by name where there is none."""
    places = os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/sbin"))
    found = next((path for name in names if (path := shutil.which(name, path=places))), None)
    if found is None:
        pytest.skip(f"{names[0]} is not installed")
    return found


def make_authority(folder: Path) -> tuple[Path, Path, Path]:
    """Make a CA and a certificate of it for this machine; return CA, certificate and key."""
    openssl = program("openssl")

    def call(*arguments: str) -> None:
        subprocess.run(  # noqa: S603 - fixed arguments
            [openssl, *arguments], cwd=folder, check=True, capture_output=True, timeout=30
        )

    (folder / "site.ext").write_text(
        "subjectAltName=DNS:billing.example.com,DNS:localhost,IP:127.0.0.1\n"
        "authorityKeyIdentifier=keyid\nextendedKeyUsage=serverAuth\n"
    )
    subject = ["-subj", "/CN=A test's own CA", "-keyout", "ca.key", "-out", "ca.pem"]
    usage = ["-addext", "keyUsage=critical,keyCertSign"]
    call("req", "-x509", *_EC, "-days", "2", *subject, *usage)
    call("req", *_EC, "-subj", "/CN=billing.example.com", "-keyout", "key.pem", "-out", "site.csr")
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "site.ext"]
    call("x509", "-req", "-in", "site.csr", *signed, "-days", "2", "-out", "fullchain.pem")
    return folder / "ca.pem", folder / "fullchain.pem", folder / "key.pem"


def nginx_command(folder: Path, port: int, upstream: int) -> list[str]:
    """Write nginx's files for a site that stands before a port; return what starts it."""
    _, certificate, key = make_authority(folder)
    (folder / "site.conf").write_text(
        filled_in(
            DEPLOY / "nginx.conf",
            {
                "server 127.0.0.1:8080;": f"server 127.0.0.1:{upstream};",
                "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
                "listen [::]:443 ssl;": "",
                "/etc/ssl/adapter/fullchain.pem": str(certificate),
                "/etc/ssl/adapter/key.pem": str(key),
                "/var/log/nginx/adapter.log": str(folder / "logs" / "access.log"),
                "/var/log/nginx/adapter-error.log": str(folder / "logs" / "error.log"),
            },
        )
    )
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder / kind};\n" for kind in kinds)
    (folder / "main.conf").write_text(
        # Only a master that is root changes its user, and then to one who may read the folder.
        f"{'user root;' if os.geteuid() == 0 else ''}\n"
        f"daemon off; pid {folder / 'pid'}; error_log stderr crit;\n"
        "events { worker_connections 256; }\n"
        f"http {{ {temporary} access_log off; include {folder / 'site.conf'}; }}\n"
    )
    return [program("nginx"), "-p", str(folder), "-c", str(folder / "main.conf")]


def apache_command(folder: Path, port: int, upstream: int) -> list[str]:
    """Write Apache's files for a site that stands before a port; return what starts it."""
    apache = Path(program("apache2", "httpd"))
    _, certificate, key = make_authority(folder)
    modules = apache.parents[1] / "lib" / "apache2" / "modules"
    (folder / "site.conf").write_text(
        filled_in(
            DEPLOY / "apache.conf",
            {
                "http://127.0.0.1:8080/": f"http://127.0.0.1:{upstream}/",
                "<VirtualHost *:443>": f"<VirtualHost 127.0.0.1:{port}>",
                "/etc/ssl/adapter/fullchain.pem": str(certificate),
                "/etc/ssl/adapter/key.pem": str(key),
                "/var/log/apache2/adapter.log": str(folder / "logs" / "access.log"),
                "/var/log/apache2/adapter-error.log": str(folder / "logs" / "error.log"),
            },
        )
    )
    loaded = "".join(
        f"LoadModule {name}_module {modules / f'mod_{name}.so'}\n" for name in _APACHE_MODULES
    )
    owner = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
    (folder / "main.conf").write_text(
        f"{loaded}{owner}ServerRoot {folder}\nDefaultRuntimeDir {folder}\n"
        f"PidFile {folder / 'pid'}\nServerName localhost\nListen 127.0.0.1:{port}\n"
        f"ErrorLog {folder / 'main.log'}\nInclude {folder / 'site.conf'}\n"
    )
    return [str(apache), "-f", str(folder / "main.conf"), "-DFOREGROUND"]


COMMANDS: Mapping[str, Callable[[Path, int, int], list[str]]] = {
    "nginx": nginx_command,
    "apache": apache_command,
}


@contextmanager
def in_front(kind: str, folder: Path, upstream: int) -> Iterator[Front]:
    """Run a web server of this kind before a port of this machine; skips where it is not."""
    (folder / "logs").mkdir(parents=True)
    port = free_port()
    command = COMMANDS[kind](folder, port, upstream)
    output = folder / "output"
    with output.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - found on the path
            command, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        _wait(process, port, output)
        yield Front(f"https://127.0.0.1:{port}", port, folder / "ca.pem", folder / "logs")
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int, output: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.05)
    raise RuntimeError(f"it did not start: {output.read_text(errors='replace')[-2000:]}")
