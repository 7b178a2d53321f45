"""docs/tutorial/add-a-service.md, followed in a copy of this project."""

from pathlib import Path

import pytest
from django.db import connection

from tests.starting.copies import copy_of_this_project
from tests.starting.documents import follow

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="copies have databases of their own"
)


def test_the_document(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    project = copy_of_this_project(tmp_path / "project")
    follow("docs/tutorial/add-a-service.md", project)
    described = (project.path / "docs" / "reference" / "openapi.yaml").read_text()
    assert "/api/v1/kiosks/{kiosk_id}/orders/:" in described
    assert "order_one_product" in (project.path / "docs" / "reference" / "services.md").read_text()
    broken = "from apps.orders.models import Order\n"
    (project.path / "apps" / "kiosks" / "peeking.py").write_text(broken)
    said = project.run(".venv/bin/python manage.py check", fails=True)
    assert "kiosks imports apps.orders.models.Order of orders" in said
