"""The merge command when the world is against it: pipes, disks, signals, damage."""

from __future__ import annotations

import gzip
import os
import resource
import signal
import subprocess
import sys
import time

import pytest

MERGE = [sys.executable, "-m", "chronomux", "merge", "-t", "t"]


@pytest.fixture
def capture(tmp_path):
    """A capture of some megabytes."""
    path = tmp_path / "in" / "big.csv"
    path.parent.mkdir()
    rows = "".join(f"{number},{'x' * 40}\n" for number in range(100_000))
    path.write_text(f"t,x\n{rows}")
    return path


def start(*argv, **options):
    options = {"stderr": subprocess.PIPE, **options}
    return subprocess.Popen([*MERGE, *map(str, argv)], **options)


def ended(process):
    _, err = process.communicate(timeout=60)
    return process.returncode, err.decode()


def until(condition):
    """Wait until it holds, half a minute at most."""
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("waited for half a minute")


def test_a_reader_of_stdout_that_leaves_ends_it_quietly(capture):
    for lines in (1, 1000):
        process = start(capture, stdout=subprocess.PIPE)
        read = [process.stdout.readline() for _ in range(lines)]
        process.stdout.close()
        assert ended_without_stdout(process) == (0, "")
        assert read[0] == b"t,x\n"


def ended_without_stdout(process):
    err = process.stderr.read()
    process.stderr.close()
    return process.wait(60), err.decode()


def test_a_reader_that_leaves_before_the_last_flush_is_quiet_too(tmp_path):
    """All output fits the buffer: only the flush at the end meets the closed pipe."""
    (tmp_path / "a.csv").write_bytes(b"t,x\n1,a\n")
    read, write = os.pipe()
    os.close(read)
    process = start(tmp_path / "a.csv", stdout=write)
    os.close(write)
    assert ended(process) == (0, "")


def test_help_into_a_closed_pipe_is_quiet():
    read, write = os.pipe()
    os.close(read)
    process = subprocess.Popen(
        [sys.executable, "-m", "chronomux", "--help"],
        stdout=write,
        stderr=subprocess.PIPE,
    )
    os.close(write)
    assert ended(process) == (0, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("rows", [1, 100_000])
def test_a_full_stdout_is_2_and_one_line(tmp_path, rows):
    (tmp_path / "a.csv").write_text("t\n" + "1\n" * rows)
    with open("/dev/full", "wb") as full:
        code, err = ended(start(tmp_path / "a.csv", stdout=full))
    assert (code, err) == (2, "chronomux: stdout: No space left on device\n")


def test_a_full_disk_leaves_the_old_file_and_no_half_one(capture, tmp_path):
    out = tmp_path / "out" / "out.csv"
    out.parent.mkdir()
    out.write_bytes(b"old")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    code, err = ended(start(capture, "-o", out, preexec_fn=limit))
    assert (code, err) == (2, f"chronomux: {out}: File too large\n")
    assert os.listdir(out.parent) == ["out.csv"]
    assert out.read_bytes() == b"old"


@pytest.mark.parametrize("cut", [0.5, 0.999])
def test_a_truncated_gzip_is_2_and_leaves_no_output(tmp_path, cut):
    packed = gzip.compress(os.urandom(0) + b"t,x\n" + b"1,some more text\n" * 100_000)
    (tmp_path / "cut.csv.gz").write_bytes(packed[: int(len(packed) * cut)])
    (tmp_path / "whole.csv").write_bytes(b"t,x\n1,a\n")
    out = tmp_path / "out.csv"
    argv = [tmp_path / "whole.csv", tmp_path / "cut.csv.gz", "-o", out]
    code, err = ended(start(*argv))
    assert code == 2
    assert "cut.csv.gz" in err
    assert err.count("\n") == 1
    assert sorted(os.listdir(tmp_path)) == ["cut.csv.gz", "whole.csv"]


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_a_signal_ends_it_at_once_and_leaves_nothing(tmp_path, number, code):
    """While it waits for stdin, having written half a file aside."""
    out = tmp_path / "out.csv"
    process = start("-", "-o", out, stdin=subprocess.PIPE)
    process.stdin.write(b"t,x\n" + b"1,a\n" * 200_000)
    process.stdin.flush()
    until(lambda: any(name.endswith(".part") for name in os.listdir(tmp_path)))
    sent = time.monotonic()
    process.send_signal(number)
    assert process.wait(30) == code
    took = time.monotonic() - sent
    process.stdin.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert os.listdir(tmp_path) == []
    assert took < 5, "a bound for a loaded machine; an idle one takes 50 ms"


@pytest.mark.parametrize(("closed", "name"), [("<&-", "stdin"), (">&-", "stdout")])
def test_a_closed_standard_stream_is_2_and_named(capture, closed, name):
    script = f'exec "$@" {closed}'
    argv = ["sh", "-c", script, "sh", *MERGE, "-"]
    done = subprocess.run(argv, input=b"t,x\n1,a\n", capture_output=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == f"chronomux: {name}: Bad file descriptor\n".encode()


def test_a_closed_stderr_takes_no_message_into_the_stream(tmp_path):
    (tmp_path / "late.csv").write_bytes(b"t\n2\n1\n")
    argv = ["sh", "-c", 'exec "$@" 2>&-', "sh", *MERGE, "--order", "keep"]
    done = subprocess.run(
        [*argv, str(tmp_path / "late.csv")], stdout=subprocess.PIPE, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, b"t\n2\n1\n")


def test_ctrl_c_while_a_pipe_is_full_is_130(capture):
    process = start(capture, stdout=subprocess.PIPE)
    process.stdout.readline()  # it has begun; now nobody reads on
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no /proc here")
def test_memory_does_not_grow_with_the_captures(tmp_path):
    """Peak memory of two sizes that are ten times apart.

    Not ru_maxrss: a child inherits that from the process that started it.
    """
    code = (
        "import re, sys\n"
        "from chronomux.cli import main\n"
        "code = main(['merge', '-t', 't', '-o', '/dev/null', *sys.argv[1:]])\n"
        "status = open('/proc/self/status').read()\n"
        "print(code, re.search(r'VmHWM:\\s*(\\d+) kB', status)[1])\n"
    )
    peaks = []
    for rows in (20_000, 200_000):
        names = []
        for name in "abc":
            path = tmp_path / f"{name}{rows}.csv"
            text = "".join(f"{number},{'x' * 60}\n" for number in range(rows))
            path.write_text(f"t,x\n{text}")
            names.append(str(path))
        done = subprocess.run(
            [sys.executable, "-c", code, *names], capture_output=True, timeout=120
        )
        status, peak = map(int, done.stdout.split())
        assert status == 0, done.stderr
        peaks.append(peak)
    small, large = peaks
    assert large < small * 1.25, f"peaks {peaks} kB for 4 and 40 MB"
