"""What every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("ci", max_examples=100, deadline=None)
settings.register_profile("deep", max_examples=20_000, deadline=None)
settings.load_profile("ci")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def conformance() -> Path:
    """Cases made by others; they stand beside a developer's checkout only."""
    folder = ROOT.parent / "shared" / "conformance"
    if not folder.is_dir():
        pytest.skip("no ../shared/conformance beside this checkout")
    return folder
