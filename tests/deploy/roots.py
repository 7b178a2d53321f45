"""Root directories of Debian systems, and commands in them.

Everything is mounted within the mount namespaces of commands, and every command dies with the
process that started it. So nothing remains but a directory, however a run ends.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAMS = ("debootstrap", "nsenter", "openssl", "setpriv", "systemd-nspawn", "unshare")
KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MAX_SECONDS = 600
"""How long a command may take."""

START_SECONDS = 120
"""How long something that starts may take until it works."""

WITH_PARENT = ["setpriv", "--pdeathsig", "KILL"]
UNSHARE = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
# The directory may be in a file system that forbids devices, as one in memory does.
_OPENED = 'mount --bind "$0" "$0" && mount -o remount,bind,dev,exec,suid "$0"'
_MOUNTED = 'mount -t proc proc "$0/proc" && mount -t tmpfs -o mode=1777 tmpfs "$0/dev/shm"'
_READ_ONLY = 'mount -t tmpfs -o mode=1777 tmpfs "$0/tmp" && mount -o remount,bind,ro,dev "$0"'

NO_DAEMONS = "usr/sbin/policy-rc.d"
"""Where it is, packages start no daemons when they are installed."""


class CommandFailed(Exception):
    """A command ended with a status other than 0. The message has what it printed."""


def why_not() -> str:
    """Why this machine cannot run a Debian of our own, or "" if it can."""
    if not hasattr(os, "geteuid") or os.geteuid():
        return "only root may set up a Debian"
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if not KEYS.exists():
        missing.append("debian-archive-keyring")
    if missing:
        return f"not installed: {', '.join(missing)}"
    try:
        run([*UNSHARE, "--net", "mount", "-t", "tmpfs", "tmpfs", "/mnt"])
    except CommandFailed as error:
        return f"this root may not mount: {error}"
    return ""


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Run a command and return what it printed on both streams. Raises CommandFailed.

    environment: all of it, or None for this process's own.
    """
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=MAX_SECONDS,
        check=False,
    )
    if done.returncode:
        raise CommandFailed(f"{list(command)}\n{done.stdout}")
    return done.stdout


def until_it_works(step: Callable[[], Any]) -> None:
    """Repeat a step until it raises no CommandFailed, for START_SECONDS at most."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            step()
        except CommandFailed:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
        else:
            return


def opened(root: Path) -> list[str]:
    """What to put before a program that boots or fills a root directory."""
    shell = ["sh", "-c", f'{_OPENED} && exec "$@"', str(root)]
    return [*WITH_PARENT, "unshare", "--mount", *shell]


def entered(
    root: Path, *, user: str = "0:0", directory: str = "/", writable: Sequence[str] | None = None
) -> list[str]:
    """What to put before a command that runs in a root directory, as process 1 of its own.

    writable: if given, the command may write to these directories and to /tmp, and nowhere else.
    """
    mounts = [_OPENED, _MOUNTED]
    if writable is not None:
        mounts += [f'mount --bind "$0{each}" "$0{each}"' for each in writable]
        mounts.append(_READ_ONLY)
    outer = ["sh", "-c", f'{" && ".join(mounts)} && exec chroot "$@"', str(root)]
    inner = ["sh", "-c", 'cd "$0" && exec "$@"', directory]
    return [*WITH_PARENT, *UNSHARE, *outer, f"--userspec={user}", "--groups=", str(root), *inner]


def run_in(
    root: Path,
    command: Sequence[str],
    *,
    user: str = "0:0",
    directory: str = "/",
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a command in a root directory, with this machine's network. Raises CommandFailed."""
    with _way_to_packages(root) as variables:
        given = {"PATH": PATH, "DEBIAN_FRONTEND": "noninteractive", **(environment or {})}
        return run([*entered(root, user=user, directory=directory), *command], variables | given)


def make_bare_root(root: Path) -> Path:
    """Debian as debootstrap makes it, which installs packages from where this machine does."""
    root.mkdir()
    fill = ["debootstrap", "--variant=minbase", "bookworm", str(root), *_mirror()]
    run([*opened(root), *fill])
    settings = re.findall(
        r"^Acquire::(?:Check|https?::).*\n", run(["apt-config", "dump"]), re.MULTILINE
    )
    (root / "etc/apt/apt.conf.d/99machine").write_text("".join(settings))
    # As in Debian's image for containers.
    (root / "etc/dpkg/dpkg.cfg.d/docker").write_text(
        "force-unsafe-io\npath-exclude /usr/share/doc/*\npath-exclude /usr/share/man/*\n"
    )
    (root / NO_DAEMONS).write_text("#!/bin/sh\nexit 101\n")
    (root / NO_DAEMONS).chmod(0o755)
    for name in ("hosts", "resolv.conf"):
        (root / "etc" / name).unlink(missing_ok=True)
        shutil.copy(Path("/etc", name), root / "etc" / name)
    return root


def copy_root(root: Path, copy: Path) -> Path:
    """Copy a root directory with owners and devices. Return the path of the copy."""
    run(["cp", "--archive", "--no-target-directory", str(root), str(copy)])
    return copy


def _mirror() -> list[str]:
    """Where this machine has Debian from, or nothing for debootstrap's default."""
    fields = ["--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)"]
    targets = run(["apt-get", "indextargets", *fields])
    return re.findall(r"^bookworm main (\S+)$", targets, re.MULTILINE)[:1]


@contextmanager
def _way_to_packages(root: Path) -> Iterator[dict[str, str]]:
    """The environment with this machine's proxies and index of Python packages, while it lasts."""
    variables = {k: v for k, v in os.environ.items() if k.lower().endswith("_proxy")}
    configured = run([sys.executable, "-m", "pip", "config", "list"])
    for name, value in re.findall(r"\.([\w-]+)='([^']*)'", configured):
        if name in {"default-timeout", "index-url", "proxy", "timeout", "trusted-host"}:
            variables[f"PIP_{name.replace('-', '_').upper()}"] = value
        if name == "cert":
            certificates = root / "tmp" / "machine.crt"
            shutil.copy(value, certificates)
            certificates.chmod(0o644)
            variables["PIP_CERT"] = "/tmp/machine.crt"  # noqa: S108 - of a root of our own
    try:
        yield variables
    finally:
        (root / "tmp" / "machine.crt").unlink(missing_ok=True)
