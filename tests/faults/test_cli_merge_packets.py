"""The merge of packet captures when the world is against it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chronomux.readers import PcapReader
from tests.captures import NANO, pcap_header, pcap_record

MERGE = [sys.executable, "-m", "chronomux", "merge"]
HALF_MINUTE = 3000  # hundredths of a second


def packets(count: int) -> bytes:
    return b"".join(pcap_record(bytes(60), number, 0) for number in range(count))


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "big.pcap"
    path.parent.mkdir()
    path.write_bytes(pcap_header(magic=NANO) + packets(30_000))
    return path


def run(*argv: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [*MERGE, *map(str, argv)],
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))


@pytest.mark.parametrize("format", ["pcapng", "pcap"])
def test_a_full_disk_leaves_the_old_output(
    tmp_path: Path, capture: Path, format: str
) -> None:
    out = tmp_path / "out"
    out.write_bytes(b"old")
    done = run(capture, "-o", out, "--format", format, preexec_fn=limit_files)
    assert (done.returncode, done.stderr) == (2, f"chronomux: {out}: File too large\n")
    assert sorted(os.listdir(tmp_path)) == ["in", "out"]
    assert out.read_bytes() == b"old"


def test_a_cut_capture_is_2_and_its_good_packets_are_written(
    tmp_path: Path, capture: Path
) -> None:
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(pcap_header() + packets(3)[:-1])
    out = tmp_path / "out"
    done = run(cut, capture, "-o", out)
    assert done.returncode == 2
    assert done.stderr.startswith(f"chronomux: {cut}@176: the file ends at 251")
    assert done.stderr.count("\n") == 1
    assert sum(1 for _ in PcapReader(out)) == 30_002


def test_a_reader_of_stdout_that_leaves_ends_it_quietly(capture: Path) -> None:
    process = subprocess.Popen(
        [*MERGE, str(capture)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(4) == b"\n\r\r\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_ends_it_and_leaves_nothing(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """While it waits for stdin, with packets already aside."""
    command = [*MERGE, "-", "-o", str(tmp_path / "out")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(pcap_header() + packets(30_000))
        process.stdin.flush()
        for _ in half_a_minute():
            if os.listdir(tmp_path):
                break
        process.send_signal(number)
        assert process.wait(60) == code
        process.stdin.close()
        assert process.stderr.read() == b""
    assert os.listdir(tmp_path) == []


def half_a_minute() -> Iterator[int]:
    for turn in range(HALF_MINUTE):
        yield turn
        time.sleep(0.01)
    pytest.fail("waited for half a minute")


def test_a_capture_that_grows_gives_what_is_there(tmp_path: Path) -> None:
    """Its end is where reading comes to it: here behind a pipe that is merged too."""
    growing, pipe = tmp_path / "growing", tmp_path / "pipe"
    growing.write_bytes(pcap_header() + packets(2))
    os.mkfifo(pipe)
    with subprocess.Popen(
        [*MERGE, str(growing), str(pipe), "-o", str(tmp_path / "out")]
    ) as process:
        with pipe.open("wb") as feed:
            with growing.open("ab") as more:
                more.write(packets(1)[:7])
            feed.write(pcap_header() + packets(1))
        assert process.wait(60) in (0, 2)
    assert sum(1 for _ in PcapReader(tmp_path / "out")) == 3


def test_quiet_says_nothing_of_findings(tmp_path: Path) -> None:
    late = tmp_path / "late"
    late.write_bytes(pcap_header() + packets(3) + packets(1))
    said = run(late, "-o", tmp_path / "out", "--late", "drop")
    assert said.returncode == 1
    assert said.stderr == (
        f"chronomux: {late}@252: the first of 1 packet older than one before; the "
        "largest step back is 2 s; 1 dropped\n"
    )
    quiet = run(late, "-o", tmp_path / "out", "--late", "drop", "--quiet")
    assert (quiet.returncode, quiet.stderr) == (1, "")
