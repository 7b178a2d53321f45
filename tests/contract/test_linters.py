"""Redocly and Spectral find nothing in the OpenAPI document, with their recommended rules.

`redocly.yaml` and `spectral.yaml` explain each rule that is off. About 5 seconds for each test.
"""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.contract.node import HERE, program

DOCUMENT = HERE.parent.parent / "docs" / "reference" / "openapi.yaml"
# No request to anybody.
ENVIRONMENT = {"REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "REDOCLY_TELEMETRY": "off"}

Linter = Callable[[Path], set[str]]


def redocly(document: Path) -> set[str]:
    """The rules that Redocly finds broken, errors and warnings alike."""
    report = run("redocly", "lint", document, "--config", HERE / "redocly.yaml", "--format", "json")
    return {problem["ruleId"] for problem in json.loads(report)["problems"]}


def spectral(document: Path) -> set[str]:
    """The rules that Spectral finds broken, of every severity."""
    report = run(
        *("spectral", "lint", document, "--ruleset", HERE / "spectral.yaml"),
        *("--format", "json", "--quiet"),
    )
    return {problem["code"] for problem in json.loads(report)}


def run(name: str, *arguments: str | Path) -> str:
    """The output of a linter, which exits with 1 if it finds errors."""
    done = subprocess.run(
        [program(name), *arguments],
        env=os.environ | ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout


@pytest.mark.parametrize("linter", [redocly, spectral])
def test_the_document_breaks_no_rule(linter: Linter) -> None:
    assert linter(DOCUMENT) == set()


@pytest.mark.parametrize(
    ("linter", "rules"),
    [
        (
            redocly,
            {"no-empty-servers", "no-invalid-media-type-examples", "operation-operationId-unique"},
        ),
        (
            spectral,
            {
                *("oas3-api-servers", "oas3-valid-media-example", "operation-operationId-unique"),
                "operation-tag-defined",
            },
        ),
    ],
)
def test_faults_break_rules(linter: Linter, rules: set[str], tmp_path: Path) -> None:
    document = yaml.safe_load(DOCUMENT.read_text())
    del document["servers"]
    orders = document["paths"]["/api/v1/orders/"]
    content = orders["post"]["requestBody"]["content"]["application/json"]
    content["examples"]["one_product"]["value"] = {"quantity": 2}
    orders["get"] |= {"operationId": "get_order", "tags": ["purchases"]}
    copy = tmp_path / "openapi.yaml"
    copy.write_text(yaml.safe_dump(document, sort_keys=False))
    assert linter(copy) == rules
