"""The merge command and files that change, vanish, block or fill the disk."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import resource
import subprocess
import sys
import threading
import time

import pytest

MERGE = [sys.executable, "-m", "chronomux", "merge", "-t", "t"]
ROWS = "".join(f"{number},{'x' * 40}\n" for number in range(60_000))


@pytest.fixture
def capture(tmp_path):
    path = tmp_path / "big.csv"
    path.write_text(f"t,x\n{ROWS}")
    return path


def run(folder, *argv, **options):
    return subprocess.run(
        [*MERGE, *map(str, argv)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def limit_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))


def test_a_capture_that_is_cut_off_while_it_is_read_leaves_no_output(tmp_path, capture):
    """It waits for a pipe, merged with it, while the file gets shorter."""
    os.mkfifo(tmp_path / "pipe")
    process = subprocess.Popen(
        [*MERGE, "pipe", "big.csv", "-o", "out.csv"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    with open(tmp_path / "pipe", "wb", buffering=0) as pipe:
        pipe.write(b"t,x\n" + b"1,a\n" * 100_000)
        for _ in range(3000):
            if any(name.endswith(".part") for name in os.listdir(tmp_path)):
                break
            time.sleep(0.01)
        os.truncate(capture, capture.stat().st_size - 7)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert re.fullmatch(r"chronomux: big\.csv@\d+: the file ends here, but .*\n", err)
    assert sorted(os.listdir(tmp_path)) == ["big.csv", "pipe"]


def test_a_named_pipe_is_a_capture(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.csv").write_text("t,x\n2,a\n")

    def feed():
        with open(tmp_path / "pipe", "wb") as pipe:
            pipe.write(b"t,x\n1,p\n3,p\n")

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    done = run(tmp_path, "pipe", "a.csv")
    feeder.join(60)
    assert (done.returncode, done.stdout) == (0, "t,x\n1,p\n2,a\n3,p\n"), done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_capture_that_may_not_be_read_is_named(tmp_path, capture):
    capture.chmod(0)
    done = run(tmp_path, capture, "-o", "out.csv")
    assert done.returncode == 2
    assert done.stderr == f"chronomux: {capture}: Permission denied\n"


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".zst"])
def test_a_full_disk_leaves_the_old_output_compressed_or_not(tmp_path, suffix):
    if suffix == ".zst":
        pytest.importorskip("zstandard")
    noise = "".join(f"{n},{os.urandom(40).hex()}\n" for n in range(15_000))
    (tmp_path / "noise.csv").write_text(f"t,x\n{noise}")
    out = f"out.csv{suffix}"
    (tmp_path / out).write_bytes(b"old")
    done = run(tmp_path, "noise.csv", "-o", out, preexec_fn=limit_files)
    assert (done.returncode, done.stderr) == (2, f"chronomux: {out}: File too large\n")
    assert sorted(os.listdir(tmp_path)) == ["noise.csv", out]
    assert (tmp_path / out).read_bytes() == b"old"


def test_a_full_disk_under_a_sort_names_the_temporary_file(tmp_path, capture):
    done = run(
        tmp_path, capture, "-o", "out.csv", "--order", "sort", preexec_fn=limit_files
    )
    assert done.returncode == 2
    assert re.fullmatch(
        r"chronomux: temporary file in .*: File too large\n", done.stderr
    )
    assert os.listdir(tmp_path) == ["big.csv"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("order", ["window", "sort", "keep"])
def test_a_truncated_capture_is_2_and_leaves_no_output(tmp_path, pack, order):
    packed = pack(f"t,x\n{ROWS[:300_000]}".encode())
    (tmp_path / "cut.csv").write_bytes(packed[: len(packed) * 2 // 3])
    done = run(tmp_path, "cut.csv", "-o", "out.csv", "--order", order)
    assert done.returncode == 2
    assert done.stderr.startswith("chronomux: cut.csv@")
    assert done.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == ["cut.csv"]


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no /proc here")
@pytest.mark.parametrize("options", [[], ["--order", "sort"]])
def test_memory_is_bounded_when_all_times_are_equal_or_in_no_order(tmp_path, options):
    """40 MB of them: nothing tells a reorder window by time when to let go."""
    times = ["5"] * 100 if not options else [str(n * 7919 % 1000) for n in range(1000)]
    rows = "".join(f"{time},{'x' * 200}\n" for time in times)
    (tmp_path / "dense.csv").write_text("t,x\n" + rows * (200_000 // len(times)))
    code = (
        "import re, sys\n"
        "from chronomux.cli import main\n"
        "code = main(['merge', '-t', 't', '-o', '/dev/null', *sys.argv[1:]])\n"
        "status = open('/proc/self/status').read()\n"
        "print(code, re.search(r'VmHWM:\\s*(\\d+) kB', status)[1])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "dense.csv"), *options],
        capture_output=True,
        timeout=120,
    )
    status, peak = map(int, done.stdout.split())
    assert status == 0, done.stderr
    assert peak < 150_000, f"{peak} kB for 40 MB"
