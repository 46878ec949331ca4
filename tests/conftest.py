"""What every test may use."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("ci", max_examples=100, deadline=None)
settings.register_profile("brief", max_examples=25, deadline=None)
settings.register_profile("few", max_examples=10, deadline=None)
settings.register_profile("deep", max_examples=20_000, deadline=None)
settings.load_profile("ci")

# A shell script starts its background jobs with SIGINT ignored, nohup its command with
# SIGHUP; children inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test finds what the user's programs have kept, or leaves something there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHRONOMUX_CACHE", str(tmp_path_factory.mktemp("home") / "cache"))
        yield


ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_finish() -> None:
    """Spare the tests that collect garbage all that is loaded by now."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def conformance() -> Path:
    """Cases made by others; they stand beside a developer's checkout only."""
    folder = ROOT.parent / "shared" / "conformance"
    if not folder.is_dir():
        pytest.skip("no ../shared/conformance beside this checkout")
    return folder
