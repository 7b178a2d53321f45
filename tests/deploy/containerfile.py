"""Carry out the steps of a Containerfile in root directories of our own.

https://docs.docker.com/reference/dockerfile/ defines the instructions. What `deploy/Containerfile`
uses of them is known here. Anything else raises NotImplementedError.
"""

import json
import re
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import Template

from tests.deploy.roots import PATH, copy_root, run_in

IGNORED = ".dockerignore"
_HEALTH_CHECK = re.compile(r"(?:--\w[\w-]*=\w+\s+)*CMD\s+(\[.*\])")


@dataclass(frozen=True)
class Image:
    """A root directory, and how a container of it runs."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    directory: str = "/"
    user: str = "0:0"
    command: tuple[str, ...] = ()
    health_check: tuple[str, ...] = ()


class Builder:
    """Builds images of one Containerfile.

    text: the Containerfile's. base: the root directory that each FROM copies. place: for the roots.
    """

    def __init__(self, text: str, base: Path, place: Path) -> None:
        self._steps = instructions(text)
        self._base = base
        self._place = place
        self._stages: dict[str, Image] = {}
        self._kept: Image | None = None

    def build(self, name: str, context: Path) -> Image:
        """Carry out all steps; a second time, those from the last COPY of the context on."""
        last = max(
            number
            for number, (instruction, rest) in enumerate(self._steps)
            if instruction == "COPY" and not rest.startswith("--from=")
        )
        if self._kept is None:
            self._kept = self._carry_out(self._steps[:last], None, context)
        image = replace(self._kept, root=copy_root(self._kept.root, self._place / name))
        return self._carry_out(self._steps[last:], image, context)

    def _carry_out(self, steps: list[tuple[str, str]], image: Image | None, context: Path) -> Image:
        for instruction, rest in steps:
            if instruction == "FROM":
                image = self._begin(rest)
            elif image is None:
                raise NotImplementedError(f"{instruction} before FROM")
            elif instruction == "COPY":
                self._copy(image, rest, context)
            else:
                image = step(image, instruction, rest)
        if image is None:
            raise NotImplementedError("no FROM")
        return image

    def _begin(self, rest: str) -> Image:
        base, *named = rest.split()
        if base != "debian:bookworm-slim" or (named and named[0] != "AS"):
            raise NotImplementedError(f"FROM {rest}")
        name = named[1] if named else f"stage-{len(self._stages)}"
        image = Image(copy_root(self._base, self._place / name))
        self._stages[name] = image
        return image

    def _copy(self, image: Image, rest: str, context: Path) -> None:
        *options, source, target = rest.split()
        where = image.root / image.directory.lstrip("/") / target
        match options:
            case []:
                _copy_context(context, source, where)
            case [option] if option.startswith("--from="):
                stage = self._stages[option.removeprefix("--from=")]
                copy_root(stage.root / source.lstrip("/"), where)
            case _:
                raise NotImplementedError(f"COPY {rest}")


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Containerfile with what follows each, in their order."""
    code = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    pairs = (line.strip().partition(" ") for line in code.splitlines() if line.strip())
    return [(instruction, rest.strip()) for instruction, _, rest in pairs]


def step(image: Image, instruction: str, rest: str) -> Image:
    """Carry out an instruction other than FROM and COPY. Return what the image is then."""
    changed = image
    match instruction:
        case "RUN" if not rest.startswith(("[", "--")):
            run_in(
                image.root,
                ["/bin/sh", "-c", rest],
                user=image.user,
                directory=image.directory,
                environment=image.environment,
            )
        case "ENV":
            pairs = (word.split("=", 1) for word in rest.split())
            given = {name: Template(value).substitute(image.environment) for name, value in pairs}
            changed = replace(image, environment=image.environment | given)
        case "WORKDIR":
            (image.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
            changed = replace(image, directory=rest)
        case "USER" if re.fullmatch(r"\d+:\d+", rest):
            changed = replace(image, user=rest)
        case "EXPOSE" if rest.isdecimal():
            pass
        case "HEALTHCHECK" if match := _HEALTH_CHECK.fullmatch(rest):
            changed = replace(image, health_check=tuple(json.loads(match[1])))
        case "CMD" if rest.startswith("["):  # without a shell between the server and its signals
            changed = replace(image, command=tuple(json.loads(rest)))
        case _:
            raise NotImplementedError(f"{instruction} {rest}")
    return changed


def _copy_context(context: Path, source: str, where: Path) -> None:
    """Copy a file, or all that the context has, without what its .dockerignore excludes."""
    rules = [
        line
        for line in (context / IGNORED).read_text().splitlines()
        if line and not line.startswith("#")
    ]
    if source != ".":
        if is_ignored(Path(source), rules):
            raise FileNotFoundError(f"{IGNORED} excludes {source}.")
        shutil.copy2(context / source, where / source if where.is_dir() else where)
        return
    for path in sorted(context.rglob("*")):
        name = path.relative_to(context)
        if path.is_file() and not is_ignored(name, rules):
            (where / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, where / name)


def is_ignored(name: Path, rules: list[str]) -> bool:
    """Whether the last rule that matches a path of the context, or a parent of it, excludes it."""
    ignored = False
    for rule in rules:
        pattern = rule.removeprefix("!")
        if re.fullmatch(r"[\w.-]+", pattern):
            matches = name.parts[0] == pattern
        elif anywhere := re.fullmatch(r"\*\*/([\w.-]+)", pattern):
            matches = anywhere[1] in name.parts
        elif pattern == "*":
            matches = True
        else:
            raise NotImplementedError(f"{IGNORED}: {rule}")
        if matches:
            ignored = not rule.startswith("!")
    return ignored
