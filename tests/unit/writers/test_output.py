"""A file that appears whole or not at all."""

from __future__ import annotations

import errno
import io
import os
import stat

import pytest

from chronomux.writers.output import Output, OutputIsInputError


def leftovers(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_file_appears_when_the_block_is_left(tmp_path):
    out = tmp_path / "out.csv"
    with Output(out) as sink:
        sink.write(b"a")
        assert not out.exists()
    assert out.read_bytes() == b"a"
    assert leftovers(tmp_path) == ["out.csv"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path, error):
    out = tmp_path / "out.csv"
    out.write_bytes(b"old")

    def interrupted(sink):
        with sink:
            sink.write(b"new")
            raise error

    with pytest.raises(error):
        interrupted(Output(out))
    assert out.read_bytes() == b"old"
    assert leftovers(tmp_path) == ["out.csv"]


def test_the_mode_of_a_replaced_file_is_kept_and_that_of_a_new_one_is_usual(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.touch()
    old.chmod(0o640)
    (tmp_path / "usual").touch()
    for path in (old, new):
        with Output(path) as sink:
            sink.write(b"x")
    modes = [
        stat.S_IMODE((tmp_path / n).stat().st_mode) for n in ("old", "new", "usual")
    ]
    assert modes[0] == 0o640
    assert modes[1] == modes[2]


def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    with Output(link) as sink:
        sink.write(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_device_is_written_in_place():
    with Output(os.devnull) as sink:
        sink.write(b"x")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_an_open_file_is_flushed_and_stays_open(tmp_path):
    memory = io.BytesIO()
    with Output(memory) as sink:
        sink.write(b"x")
    assert memory.getvalue() == b"x"
    with (tmp_path / "out").open("wb") as file:
        with Output(file) as sink:
            sink.write(b"x")
        assert (tmp_path / "out").read_bytes() == b"x"


@pytest.mark.parametrize(
    ("name", "number"), [("missing/out", errno.ENOENT), ("folder", errno.EISDIR)]
)
def test_what_cannot_be_opened_is_named(tmp_path, name, number):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=name) as caught, Output(tmp_path / name):
        pass
    assert caught.value.errno == number
    assert caught.value.filename == str(tmp_path / name)
    assert leftovers(tmp_path) == ["folder"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("size", [10, 1 << 20])
def test_a_full_device_is_named(size):
    with pytest.raises(OSError, match="/dev/full") as caught:  # noqa: SIM117
        with Output("/dev/full") as sink:
            sink.write(b"x" * size)
    assert caught.value.errno == errno.ENOSPC


def test_an_input_is_refused_by_any_of_its_names(tmp_path):
    capture, link, hard = tmp_path / "a", tmp_path / "link", tmp_path / "hard"
    capture.write_bytes(b"x")
    link.symlink_to(capture)
    os.link(capture, hard)
    for name in (capture, link, hard, tmp_path / "." / "a"):
        with pytest.raises(OutputIsInputError, match="also an input"):
            Output(name).refuse([str(capture)])
    with capture.open("ab") as file, pytest.raises(OutputIsInputError):
        Output(file).refuse([str(capture)])


def test_other_files_and_missing_ones_are_not_refused(tmp_path):
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    Output(tmp_path / "a").refuse([str(tmp_path / "b"), str(tmp_path / "none")])
    Output(tmp_path / "new").refuse([str(tmp_path / "a")])
    Output(io.BytesIO()).refuse([str(tmp_path / "a")])
    Output(os.devnull).refuse([os.devnull])
