"""Mutations put into copies of this project, judged there, and taken out again."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from tests.mutations.mutation import Mutation
from tests.starting.copies import Directory, copy_of_this_project

Place = tuple[str, str, str]
"""(by, file, text of the line), as `Mutation.places` has them."""

_MESSAGE = re.compile(r"(?P<path>[^\s:]+):(?P<line>\d+)[: ]")


class Copy:
    """A copy of this project with a database, in which one thing at a time is judged."""

    def __init__(self, project: Directory, shop: Path) -> None:
        self.project = project
        self.shop = shop
        self.database = Path(project.environment["DATABASE_URL"].removeprefix("sqlite:///"))
        self._process: subprocess.Popen[str] | None = None
        # A file that changes twice within a second, and keeps its size, would run as it was.
        project.environment["PYTHONDONTWRITEBYTECODE"] = "1"

    def judge(self, mutation: Mutation) -> list[Place]:
        """By whom, in which file and at which line the mutation is caught, sorted."""
        # Before the mutation is there: what it knows of the copy is without one.
        self._process = process = self._process or self._start()
        shutil.copyfile(self.shop, self.database)
        with self.mutated(mutation):
            return sorted(self._place(*each) for each in _ask(process, mutation.name))

    def close(self) -> None:
        """End the process that judges."""
        if self._process is not None:
            self._process.communicate()

    @contextmanager
    def mutated(self, mutation: Mutation) -> Iterator[None]:
        """The copy with the mutation in the block, and as it was after it."""
        files = [self.project.path / path for path in {edit.path for edit in mutation.edits}]
        before = {file: (file.read_bytes(), file.stat()) for file in files if file.exists()}
        try:
            for edit in mutation.edits:
                edit.apply(self.project.path)
            yield
        finally:
            for file in files:
                file.unlink(missing_ok=True)
            for file, (content, status) in before.items():
                file.write_bytes(content)
                os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    def _start(self) -> "subprocess.Popen[str]":
        arguments = ("-W", "error", "-m", "tests.mutations.verdict", "--serve")
        process = self.project.start("python", *arguments)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        return process

    def _place(self, by: str, message: str) -> Place:
        found = _MESSAGE.match(message)
        if found is None:  # it names a class instead
            return by, message.split(" ", maxsplit=1)[0], ""
        lines = (self.project.path / found["path"]).read_text().splitlines()
        line = lines[int(found["line"]) - 1]
        assert lines.count(line) == 1, f"{message}\nwould be at several lines: {line}"
        return by, found["path"], line.strip()


class Copies:
    """As many copies as judge at once."""

    def __init__(self, directory: Path, count: int) -> None:
        first = copy_of_this_project(directory / "first")
        self.control: list[tuple[str, str]] = control(first)
        """What is said of the copy without a mutation, as [by, message]."""
        shop = directory / "first.sqlite3"
        self.first = Copy(first, shop)
        self._all = [
            Copy(copy_of_this_project(directory / f"copy-{number}"), shop)
            for number in range(count)
        ]
        self._free: SimpleQueue[Copy] = SimpleQueue()
        for each in self._all:
            self._free.put(each)
        self._pool = ThreadPoolExecutor(count)

    def judge(self, mutation: Mutation) -> Future[list[Place]]:
        """Judge the mutation as soon as a copy is free."""
        return self._pool.submit(self._judge, mutation)

    def close(self) -> None:
        """Wait for what has begun, and begin nothing more."""
        self._pool.shutdown(cancel_futures=True)
        for each in self._all:
            each.close()

    def _judge(self, mutation: Mutation) -> list[Place]:
        copy = self._free.get()
        try:
            return copy.judge(mutation)
        finally:
            self._free.put(copy)


def _ask(process: "subprocess.Popen[str]", name: str) -> list[tuple[str, str]]:
    assert process.stdin
    assert process.stdout
    print(name, file=process.stdin, flush=True)
    found: list[tuple[str, str]] | None = json.loads(process.stdout.readline())
    assert found is not None, f"{name} fails; why is on stderr."
    return found


def control(project: Directory) -> list[tuple[str, str]]:
    """What is said of the copy as it is, in which a shop is set up."""
    printed = project.run(".venv/bin/python -W error -m tests.mutations.verdict")
    found: list[tuple[str, str]] = json.loads(printed.splitlines()[-1])
    return found
