"""A capture that changes, or that is not there, is noticed."""

from __future__ import annotations

import os

import pytest

from chronomux.errors import ReaderError
from chronomux.replay.input_file import InputFile, refuse_twice


def all_of(file: InputFile) -> bytes:
    return b"".join(iter(lambda: file.read(4), b""))


@pytest.mark.parametrize("parked", [False, True])
def test_a_file_is_read_to_its_end(tmp_path, parked):
    (tmp_path / "a").write_bytes(b"0123456789")
    file = InputFile(str(tmp_path / "a"), parked)
    assert file.read(0) == b""
    assert all_of(file) == b"0123456789"
    assert file.position == 10
    file.close()


@pytest.mark.parametrize("parked", [False, True])
def test_a_file_is_read_into_memory_to_its_end(tmp_path, parked):
    (tmp_path / "a").write_bytes(b"0123456789")
    file = InputFile(str(tmp_path / "a"), parked)
    room, found = bytearray(4), b""
    while size := file.readinto(memoryview(room)):
        found += room[:size]
        assert file.position == len(found)
    assert found == b"0123456789"
    os.truncate(tmp_path / "a", 6)
    assert file.readinto(memoryview(room)) == 0
    file.close()


@pytest.mark.parametrize("parked", [False, True])
def test_a_file_that_gets_shorter_is_an_error_when_read_into_memory(tmp_path, parked):
    (tmp_path / "a").write_bytes(b"0123456789")
    file = InputFile(str(tmp_path / "a"), parked)
    room = memoryview(bytearray(4))
    assert file.readinto(room) == 4
    os.truncate(tmp_path / "a", 4)
    with pytest.raises(ReaderError, match=r"a@4: the file ends here, but had 10 bytes"):
        file.readinto(room)
    file.close()


def test_a_short_file_asks_for_little_room(tmp_path):
    (tmp_path / "a").write_bytes(b"0123456789")
    file = InputFile(str(tmp_path / "a"), block_bytes=1 << 19)
    assert file.block_bytes < 1 << 16
    file.close()


@pytest.mark.parametrize("parked", [False, True])
def test_a_file_that_gets_shorter_is_an_error_with_the_place(tmp_path, parked):
    (tmp_path / "a").write_bytes(b"0123456789")
    file = InputFile(str(tmp_path / "a"), parked)
    assert file.read(4) == b"0123"
    os.truncate(tmp_path / "a", 6)
    with pytest.raises(ReaderError, match=r"a@6: the file ends here, but had 10 bytes"):
        all_of(file)
    file.close()


@pytest.mark.parametrize("parked", [False, True])
def test_a_file_that_grows_is_read_on(tmp_path, parked):
    (tmp_path / "a").write_bytes(b"0123")
    file = InputFile(str(tmp_path / "a"), parked)
    assert file.read(4) == b"0123"
    with (tmp_path / "a").open("ab") as more:
        more.write(b"45")
    assert all_of(file) == b"45"
    file.close()


def test_a_parked_file_that_is_replaced_is_an_error(tmp_path):
    (tmp_path / "a").write_bytes(b"0123")
    (tmp_path / "b").write_bytes(b"4567")
    file = InputFile(str(tmp_path / "a"), parked=True)
    os.replace(tmp_path / "b", tmp_path / "a")
    with pytest.raises(ReaderError, match=r"a: was replaced while it was read"):
        file.read(2)


def test_a_named_pipe_stays_open_even_if_files_are_parked(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)  # a reader too, so that neither waits
    try:
        os.write(writer, b"0123")
        file = InputFile(str(path), parked=True)
        assert file.read(9) == b"0123"
        file.close()
    finally:
        os.close(writer)


@pytest.mark.parametrize(
    ("name", "words"), [("missing", "No such file"), (".", "Is a directory")]
)
def test_what_cannot_be_opened_is_named(tmp_path, name, words):
    path = os.path.join(tmp_path, name)
    with pytest.raises(OSError, match=words) as caught:
        InputFile(path)
    assert caught.value.filename == path


def test_two_names_of_one_file_are_refused_but_not_of_a_device(tmp_path):
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    os.link(tmp_path / "a", tmp_path / "hard")
    refuse_twice([str(tmp_path / "a"), str(tmp_path / "b"), "missing", "missing"])
    refuse_twice([os.devnull, os.devnull, "-"])
    with pytest.raises(ReaderError, match=r"hard: is the same file as .*a; give it"):
        refuse_twice([str(tmp_path / "a"), str(tmp_path / "hard")])
    with pytest.raises(ReaderError, match="stdin can be merged once"):
        refuse_twice(["-", "-"])
