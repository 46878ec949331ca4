"""What tests of readers share."""

from __future__ import annotations

from typing import Any

import pytest

from chronomux import CSVReader


@pytest.fixture
def no_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """No row may become an object on its way to a queue."""

    def refuse(*arguments: Any) -> None:
        raise AssertionError(f"a row became an object: {arguments}")

    monkeypatch.setattr(CSVReader, "_item", refuse)
    monkeypatch.setattr(CSVReader, "_rows", refuse)
