"""The files of `deploy/` are what the programs that read them take, without a warning."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from apps.products.apps import MAX_IMPORT_BYTES
from monoservices.management.commands.serve import STOP_SECONDS
from monoservices.server.open_files import CONNECTIONS, OTHERS, PER_CONNECTION
from tests.deploy.containerfile import instructions
from tests.deploy.programs import DEPLOY, check_unit, program, run
from tests.deploy.shopping import NAME

SECRETS = {"SECRET_KEY": "s", "POSTGRES_PASSWORD": "p", "SHOP_HOST": NAME}


def test_the_containerfile_breaks_no_rule() -> None:
    hadolint = Path(sys.prefix, "bin", "hadolint")
    assert run(hadolint, DEPLOY / "Containerfile") == ""


def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    nginx, openssl = program("nginx", "/usr/sbin/nginx"), program("openssl")
    names = ("-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem")
    run(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={NAME}", *names)
    text = (DEPLOY / "nginx.conf").read_text()
    text = text.replace(f"/etc/letsencrypt/live/{NAME}", str(tmp_path))
    text = text.replace("/var/log/nginx", str(tmp_path))
    (tmp_path / "nginx.conf").write_text(text)
    own = f"pid {tmp_path}/nginx.pid; error_log {tmp_path}/error.log;"
    said = run(nginx, "-t", "-q", "-c", tmp_path / "nginx.conf", "-g", own)
    assert said == ""


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    check_unit(tmp_path, "tradepost.service")


def test_compose_takes_the_file() -> None:
    composes = [[program("docker-compose", "docker")]]
    command = composes[0] if composes[0][0].endswith("compose") else [*composes[0], "compose"]
    known = subprocess.run([*command, "version"], capture_output=True, check=False)
    if known.returncode:
        pytest.skip("not installed: docker compose")
    file = ("--file", str(DEPLOY / "compose.yaml"))
    run(*command, *file, "config", "--quiet", **SECRETS)
    for name in SECRETS:  # none of them has a default
        others = {**os.environ, **SECRETS, name: ""}
        refused = subprocess.run(
            [*command, *file, "config", "--quiet"],
            env=others,
            capture_output=True,
            text=True,
            check=False,
        )
        assert refused.returncode != 0
        assert "needs" in refused.stderr


def test_their_limits_are_those_of_the_server() -> None:
    """docs/reference/commands.md lists them below `serve`."""
    unit, compose, nginx, image = (
        (DEPLOY / name).read_text()
        for name in ("tradepost.service", "compose.yaml", "nginx.conf", "Containerfile")
    )
    files = PER_CONNECTION * CONNECTIONS + OTHERS
    assert f"\nLimitNOFILE={files}\n" in unit
    assert f"\n      nofile: {files}\n" in compose
    (stop,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    service = compose.split("\n  tradepost:\n")[1].split("\n\n")[0]
    (grace,) = re.findall(r"^    stop_grace_period: (\d+)s$", service, re.MULTILINE)
    assert min(int(stop), int(grace)) > STOP_SECONDS
    sizes = re.findall(r"client_max_body_size (\d+)m;", nginx)
    assert [int(size) << 20 for size in sizes] == [
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
        MAX_IMPORT_BYTES,
    ]
    *_, (instruction, command) = instructions(image)
    assert (instruction, command[0]) == ("CMD", "[")  # a shell would keep SIGTERM to itself
