"""`chronomux merge`: its arguments, what it says on stderr, its exit codes."""

from __future__ import annotations

import gzip
import json
import os
import pty
import signal
import subprocess
import sys

import pytest

from chronomux.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_bytes(b"t,x\n1,a\n3,a\n")
    (tmp_path / "b.csv").write_bytes(b"t,x\n2,b\n4,b\n")
    (tmp_path / "late.csv").write_bytes(b"t,x\n5,a\n2.5,b\n4,c\n")
    (tmp_path / "dirty.csv").write_bytes(b"t,x\n1,a\nnever,b\n")
    return tmp_path


def test_the_stream_goes_to_stdout_and_nothing_to_stderr(folder, capfdbinary):
    assert main(["merge", "a.csv", "b.csv", "-t", "t"]) == 0
    assert capfdbinary.readouterr() == (b"t,x\n1,a\n2,b\n3,a\n4,b\n", b"")


def test_the_output_file_is_written_and_stdout_stays_empty(folder, capfdbinary):
    assert main(["merge", "b.csv", "a.csv", "-t", "t", "-o", "out.csv"]) == 0
    assert (folder / "out.csv").read_bytes() == b"t,x\n1,a\n2,b\n3,a\n4,b\n"
    assert capfdbinary.readouterr() == (b"", b"")


@pytest.mark.parametrize(
    ("options", "code", "fate", "times"),
    [
        (["--window", "2.5s"], 0, "2 put in order", ["1", "2.5", "3", "4", "5"]),
        (["--order", "sort"], 0, "2 put in order", ["1", "2.5", "3", "4", "5"]),
        (["--order", "keep"], 1, "all stand as in the file", [*"135", "2.5", "4"]),
        (["--late", "drop"], 1, "1 put in order, 1 dropped", [*"1345"]),
        (
            ["--late", "emit"],
            1,
            "1 put in order, 1 out of order",
            ["1", "3", "2.5", "4", "5"],
        ),
        (["--window", "0", "--late", "drop"], 1, "2 dropped", [*"135"]),
    ],
)
def test_late_records_are_located_and_treated_as_asked(
    folder, capsys, options, code, fate, times
):
    command = ["merge", "a.csv", "late.csv", "-t", "t", "-o", "out.csv", *options]
    assert main(command) == code
    assert capsys.readouterr().err == (
        "chronomux: late.csv:3: the first of 2 records older than one before; "
        f"the largest step back is 2.5 s; {fate}\n"
    )
    rows = (folder / "out.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == times


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], ["window of 1 s and", "--order sort, or --late drop or --late emit"]),
        (["--order", "strict"], ["use --order window to repair"]),
    ],
)
def test_a_late_record_that_fits_nowhere_is_2_with_its_line(
    folder, capsys, options, words
):
    command = ["merge", "a.csv", "late.csv", "-t", "t", "-o", "out.csv", *options]
    assert main(command) == 2
    message = capsys.readouterr().err
    assert message.startswith(
        "chronomux: late.csv:3: time 1970-01-01T00:00:02.5Z is 2.5 s before that of an "
    )
    for word in words:
        assert word in message
    assert not (folder / "out.csv").exists()


@pytest.mark.parametrize(
    ("options", "times"),
    [
        (["--start", "2"], [*"234"]),
        (["--start", "1970-01-01T00:00:02Z", "--end", "4"], [*"23"]),
        (["--start", "+1s", "--duration", "2s"], [*"23"]),
        (["--duration", "1000ms"], [*"1"]),
        (["--end", "+1.000000001s"], [*"12"]),
        (["-n", "3"], [*"123"]),
        (["-n", "0"], []),
        (["--offset", "a.csv=+10s"], [*"2413"]),
        (["--offset", "a.csv=-1.5s", "--offset", "b.csv=0.5s"], [*"1324"]),
        (["--order", "keep", "--start", "2"], [*"324"]),
        (["--start", "100"], []),
    ],
)
def test_only_what_lies_in_the_span_is_written(folder, capfd, options, times):
    command = ["merge", "a.csv", "b.csv", "-t", "t", "-o", "out.csv", *options]
    assert main(command) == 0
    header, *rows = (folder / "out.csv").read_text().splitlines()
    assert header == "t,x"
    assert [row.split(",")[0] for row in rows] == times
    assert capfd.readouterr() == ("", "")


def test_what_was_found_is_there_as_json(folder, capsys):
    command = ["merge", "a.csv", "late.csv", "-t", "t", "-o", "out.csv", "--late"]
    assert main([*command, "drop", "--json", "-"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["order"], found["records"], found["written"]) == ("window", 5, 4)
    assert found["sources"][1] == {
        "name": "late.csv",
        "records": 3,
        "first": 2_500_000_000,
        "last": 5_000_000_000,
        "late": 2,
        "first_late": 3,
        "largest_step_back": 2_500_000_000,
        "repaired": 1,
        "emitted": 0,
        "dropped": 1,
        "untimed": 0,
        "untimed_lines": [],
    }
    assert main(["merge", "a.csv", "-t", "t", "-o", "o.csv", "--json", "r.json"]) == 0
    assert json.loads((folder / "r.json").read_text())["written"] == 2


def test_an_unreadable_time_names_the_flag_that_goes_on(folder, capsys):
    assert main(["merge", "dirty.csv", "-t", "t", "-o", "out.csv"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("chronomux: dirty.csv:3: time 'never' is not ")
    assert message.endswith("; use --on-error skip to go on\n")


def test_skipped_records_are_a_finding_with_a_place(folder, capsys):
    command = ["merge", "dirty.csv", "-t", "t", "--on-error", "skip", "-o", "out.csv"]
    assert main(command) == 1
    assert "chronomux: dirty.csv:3: no readable time" in capsys.readouterr().err
    assert (folder / "out.csv").read_bytes() == b"t,x\n1,a\n"


def test_only_the_first_lines_of_many_are_shown(folder, capsys):
    (folder / "many.csv").write_text("t\n" + "never\n" * 50)
    main(["merge", "many.csv", "-t", "t", "--on-error", "null", "-o", "out.csv"])
    err = capsys.readouterr().err
    assert err.count(": no readable time") == 20
    assert "chronomux: many.csv: and 30 records like these" in err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["missing.csv"], "missing.csv: No such file or directory"),
        (["dirty.csv"], "dirty.csv:3: "),
        (["a.csv", "-o", "a.csv"], "a.csv: is also an input"),
        (["a.csv", "-o", "no/such/out.csv"], "no/such/out.csv: No such file"),
        (["a.csv", "--format", "nope"], "nope"),
        (["a.csv", "--tz", "Not/AZone"], "Not/AZone"),
        (["-", "-"], "stdin"),
        (["a.csv", "./a.csv"], "./a.csv: is the same file as a.csv; give it once"),
        (["a.csv", "--order", "sort", "--late", "drop"], "goes with --order window"),
        (["a.csv", "--window", "long"], "duration 'long' is not a number of"),
        (["a.csv", "--window=-1s"], "use a duration of 0s or more"),
        (["a.csv", "--offset", "b.csv=1s"], "'b.csv', which is none of the files"),
        (["a.csv", "--offset", "1s"], "'1s' is not like a.csv=+0.5s"),
        (["a.csv", "--offset", "a.csv=9e9"], "duration '9e9'"),
        (["a.csv", "--offset", "a.csv=9223372036s"], "beyond year 2262"),
        (["a.csv", "--start", "soon"], "start 'soon' is no time"),
        (["a.csv", "-n", "-1"], "use a number of records"),
        (["a.csv", "--json", "-"], "cannot both go to stdout"),
        (["a.csv", "-o", "out.csv", "--json", "a.csv"], "a.csv: is also an input"),
        (["a.csv", "-t", "time"], "a.csv:1: has no column 'time'"),
        (["a.csv", "-t", "t,"], "empty column name"),
        (["."], "Is a directory"),
    ],
)
def test_what_cannot_be_used_is_2_and_one_line(folder, capsys, argv, words):
    assert main(["merge", "-t", "t", *argv]) == 2
    out, err = capsys.readouterr()
    assert words in err
    assert "Traceback" not in err
    assert out == ""


def test_columns_are_separated_by_commas_and_quoted_as_in_csv(folder, capfdbinary):
    (folder / "c.csv").write_bytes(b'day,"clock, local"\n2024-01-02,10:00:00\n')
    assert main(["merge", "c.csv", "-t", 'day,"clock, local"']) == 0
    assert capfdbinary.readouterr().out.endswith(b"10:00:00\n")


def test_every_option_reaches_the_merge(folder, capfdbinary):
    (folder / "r.csv").write_bytes(b't,x\n"1",02/01/2024 00:30,a\n')
    (folder / "s.csv").write_bytes(gzip.compress(b't,x\n"1",01/01/2024 23:30,b\n'))
    options = ["--format", "%d/%m/%Y %H:%M", "--tz", "Europe/Berlin", "--row-names"]
    named = ["--add-source", "--source-column", "file"]
    assert main(["merge", "r.csv", "s.csv", "-t", "t", *options, *named]) == 0
    assert capfdbinary.readouterr().out == (
        b't,x,file\n"1",01/01/2024 23:30,b,s.csv\n"1",02/01/2024 00:30,a,r.csv\n'
    )


def test_verbose_says_what_was_merged(folder, capfd):
    assert main(["merge", "a.csv", "b.csv", "-t", "t", "-o", "out.csv", "-v"]) == 0
    assert capfd.readouterr().err == "chronomux: 4 records of 2 files in out.csv\n"


def test_twice_verbose_shows_where_an_error_was_raised(folder, capfd):
    assert main(["merge", "dirty.csv", "-t", "t", "-o", "out.csv"]) == 2
    assert "Traceback" not in capfd.readouterr().err
    assert main(["merge", "dirty.csv", "-t", "t", "-o", "out.csv", "-vv"]) == 2
    assert "Traceback" in capfd.readouterr().err


def test_signal_handlers_are_left_as_they_were(folder):
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    main(["merge", "a.csv", "-t", "t", "-o", "out.csv"])
    after = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    assert after == before


def run(*argv: str, **options):
    command = [sys.executable, "-m", "chronomux", "merge", *argv]
    return subprocess.run(command, capture_output=True, timeout=60, **options)


def test_stdin_is_a_dash(folder):
    done = run("-", "a.csv", "-t", "t", input=b"t,x\n2,stdin\n")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"t,x\n1,a\n2,stdin\n3,a\n"


def test_stdout_redirected_onto_an_input_is_refused(folder):
    with (folder / "a.csv").open("ab") as out:
        command = [sys.executable, "-m", "chronomux", "merge", "a.csv", "-t", "t"]
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 2
    assert b"is also an input" in done.stderr
    assert (folder / "a.csv").read_bytes() == b"t,x\n1,a\n3,a\n"


def test_progress_is_drawn_on_a_terminal_and_wiped_at_the_end(folder):
    # JSON is made record by record: long enough to be drawn on any machine.
    rows = "".join(f"{number},{'x' * 40}\n" for number in range(200_000))
    (folder / "big.csv").write_text(f"t,x\n{rows}")
    # Of other columns: lines that may stay as they are would be merged too soon.
    (folder / "other.csv").write_text("t,y\n1,z\n")
    terminal, stderr = pty.openpty()
    files = ["big.csv", "other.csv"]
    command = [sys.executable, "-m", "chronomux", "merge", *files, "-t", "t"]
    with open(terminal, "rb", buffering=0) as screen:
        process = subprocess.Popen([*command, "-o", "out.jsonl"], stderr=stderr)
        os.close(stderr)
        drawn = b""
        try:
            while piece := screen.read(4096):
                drawn += piece
        except OSError:  # how Linux says that the last writer is gone
            pass
        assert process.wait(60) == 0
    total = sum((folder / name).stat().st_size for name in files) / 1e6
    assert f" of {total:.1f} MB, ".encode() in drawn
    assert drawn.endswith(b"\r\x1b[K")


@pytest.fixture
def fields(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_bytes(
        b"t,kind,level\n1,boot,3\n3,halt,12\n5,boot,\n7,boot,high\n9,007,-2.5\n"
    )
    (tmp_path / "b.csv").write_bytes(
        b't,kind,host\n2,login,10.1.2.3\n4,login,"192.168.0.1\nand more"\n6,boot\n'
    )
    return tmp_path


@pytest.mark.parametrize(
    ("options", "times"),
    [
        (["--where", "kind=boot"], "1567"),
        (["--where", "kind=boot kind=login"], "124567"),
        (["--where", "level=3"], "1"),
        (["--where", 'level="3"'], "1"),
        (["--where", "level=between(low=3 high=12)"], "13"),
        (["--where", "level=below(bound=10)"], "19"),
        (["--where", 'level=below(bound=10) kind="007"'], "9"),
        (["--where", "kind=7"], ""),
        (["--where", 'level=""'], "5"),
        (["--where", "level=none_of(value=3)"], "3579"),
        (["--where", "level=none_of(value=3 value=high)"], "359"),
        (["--where", 'level=none_of(value="3" value=12)'], "579"),
        (
            ["--where", "level=one_of(value=12 value=none_of(value=3 value=high))"],
            "359",
        ),
        (["--where", "level=none_of(value=3)", "--exclude", "level=high"], "359"),
        (["--where", 'level=none_of(value=none_of(value=3 value=""))'], "15"),
        (["--where", "level=high level=12"], "37"),
        (["--where", 'host=cidr(net="10.0.0.0/8")'], "2"),
        (["--where", 'host=suffix(text="and more")'], "4"),
        (["--where", "host=absent() kind=boot"], "1567"),
        (["--where", "host=exists()"], "24"),
        (["--exclude", "kind=boot"], "2349"),
        (["--where", "kind=boot", "--exclude", "level=3"], "567"),
        (["--where", "kind=boot", "--exclude", "level=3", "-n", "2"], "56"),
        (["--where", ""], "1234567 9"),
        (["--where", "kind=boot", "--start", "4", "--end", "7"], "56"),
        (["--where", "kind=boot", "--order", "keep"], "1576"),
        (["--where", "kind=boot", "--order", "sort"], "1567"),
        (["--where", "kind=boot", "--order", "strict"], "1567"),
    ],
)
def test_only_records_that_are_asked_for_are_written(fields, capsys, options, times):
    command = ["merge", "a.csv", "b.csv", "-t", "t", "-o", "out.jsonl", *options]
    assert main(command) == 0
    assert capsys.readouterr() == ("", "")
    written = (fields / "out.jsonl").read_text().splitlines()
    assert [json.loads(line)["t"] for line in written] == list(times.replace(" ", ""))


def test_records_that_are_asked_for_are_copied_as_they_stand(folder, capfdbinary):
    command = ["merge", "a.csv", "b.csv", "-t", "t", "--where", "t=above(bound=2)"]
    assert main(command) == 0
    assert capfdbinary.readouterr() == (b"t,x\n3,a\n4,b\n", b"")


def test_a_condition_that_is_none_is_shown_and_nothing_is_written(folder, capsys):
    command = ["merge", "a.csv", "-t", "t", "-o", "out.csv"]
    assert main([*command, "--where", "x=prefx(text=a)"]) == 2
    said = capsys.readouterr().err
    assert "line 1, column 3: prefx is no operator" in said
    assert said.endswith("    x=prefx(text=a)\n      ^\n")
    assert main([*command, "--exclude", "x=(a"]) == 2
    assert "expected" in capsys.readouterr().err
    assert not (folder / "out.csv").exists()
