"""How pools are asked for, and what is refused."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from typing import Any

import pytest

from chronomux.errors import WorkerDiedError
from chronomux.util import MultiProcessing

POOLS = ["ThreadPool", "ProcessPool"]


@pytest.fixture(params=POOLS)
def kind(request: pytest.FixtureRequest) -> Any:
    return getattr(MultiProcessing(), request.param)


def run_python(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], check=True, text=True, capture_output=True
    ).stdout


def test_the_number_of_workers_has_many_names(kind) -> None:
    pools = [kind(3), kind(nodes=3), kind(ncpus=3), kind(processes=3), kind(nthreads=3)]
    assert [(pool.nodes, pool.ncpus) for pool in pools] == [(3, 3)] * 5
    assert kind().nodes == os.cpu_count()


@pytest.mark.parametrize("options", [{"nodes": 2, "ncpus": 2}, {"colour": "red"}])
def test_contradictory_and_unknown_options_are_refused(kind, options) -> None:
    with pytest.raises(TypeError):
        kind(**options)


@pytest.mark.parametrize("size", [0, -1])
def test_a_pool_without_workers_is_refused(kind, size) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        kind(size)
    with pytest.raises(ValueError, match="at least 1"):
        kind(1).nodes = size


@pytest.mark.parametrize("size", ["2", 2.5])
def test_a_number_of_workers_that_is_none_is_refused(kind, size) -> None:
    with pytest.raises(TypeError):
        kind(size)


def test_a_map_over_nothing_and_an_empty_chunk_are_refused(kind) -> None:
    pool = kind(1)
    with pytest.raises(TypeError, match="iterable"):
        pool.map(abs)
    with pytest.raises(ValueError, match="chunksize"):
        pool.map(abs, [1], chunksize=0)
    with pytest.raises(ValueError, match="chunksize"):
        pool.imap(abs, [1], chunksize=0)
    assert pool.map(abs, [-1]) == [1]
    pool.terminate()


def test_join_before_close_is_refused(kind) -> None:
    pool = kind(1)
    pool.join()  # nobody was hired
    pool.map(abs, [1])
    with pytest.raises(ValueError, match="close"):
        pool.join()
    pool.close()
    pool.join()


def test_every_worker_runs_the_initializer_first(kind, monkeypatch) -> None:
    monkeypatch.setenv("GREETING", "")
    setenv = os.environ.__setitem__
    with kind(2, initializer=setenv, initargs=("GREETING", "hello")) as pool:
        seen = pool.map(lambda _: os.environ["GREETING"], range(4))
    assert seen == ["hello"] * 4


def test_a_failing_initializer_fails_the_call(kind) -> None:
    pool = kind(2, initializer=divmod, initargs=(1, 0))
    with pytest.raises(WorkerDiedError, match="initializer"):
        pool.map(abs, range(4))


def test_a_pool_does_not_travel_and_multiprocessing_stays_one(kind) -> None:
    with pytest.raises(TypeError, match="send arguments and results"):
        pickle.dumps(kind(1))
    one = MultiProcessing()
    assert pickle.loads(pickle.dumps(one)) is one


def test_the_manager_and_its_lock_serve_workers_and_threads(kind, tmp_path) -> None:
    pools = MultiProcessing()
    items, lock = pools.Manager().Queue(), pools.Lock()
    path = tmp_path / "counter"
    path.write_text("0")

    def count(items: Any, lock: Any) -> None:
        for _ in range(10):
            with lock:
                path.write_text(str(int(path.read_text()) + 1))
        items.put(os.getpid())

    with kind(2) as pool:
        pool.map(count, [items] * 4, [lock] * 4)
    assert path.read_text() == "40"
    assert len([items.get(timeout=10) for _ in range(4)]) == 4


def test_pathos_loads_on_the_first_use_of_a_process_pool() -> None:
    program = """
import sys
loaded = lambda: sorted({"pathos", "multiprocess", "dill"} & set(sys.modules))
import chronomux, chronomux.util
pools = chronomux.util.MultiProcessing()
pool, threads = pools.GlobalProcessPool(1), pools.ThreadPool(1)
threads.map(abs, [1])
print(loaded())
pool.map(abs, [1])
print(loaded())
"""
    assert run_python(program) == "[]\n['dill', 'multiprocess', 'pathos']\n"


def test_pools_work_where_processes_are_spawned_or_served(tmp_path) -> None:
    script = tmp_path / "program.py"
    script.write_text(
        """
import sys
from chronomux.errors import WorkerDiedError
from chronomux.util import MultiProcessing
if __name__ == "__main__":
    import multiprocess
    multiprocess.set_start_method(sys.argv[1])
    pools = MultiProcessing()
    items = pools.Manager().Queue()
    with pools.ProcessPool(2) as pool:
        print(pool.map(lambda x: x * x, range(5)))
        pool.pipe(items.put, "put")
    print(items.get())
"""
    )
    for method in ("spawn", "forkserver"):
        done = subprocess.run(
            [sys.executable, script, method], text=True, capture_output=True
        )
        assert done.stdout == "[0, 1, 4, 9, 16]\nput\n", done.stderr
        assert done.returncode == 0


def test_no_fork_of_ours_warns_about_threads() -> None:
    program = """
import os, threading, time
from chronomux.errors import WorkerDiedError
from chronomux.util import MultiProcessing
threading.Thread(target=time.sleep, args=(1,)).start()
pools = MultiProcessing()
pool = pools.ProcessPool(2)
pool.map(abs, range(4))
pools.Manager()
try:
    pool.pipe(os._exit, 1)
except RuntimeError:
    pass
print(pool.map(abs, [-1]))
"""
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", program], text=True, capture_output=True
    )
    assert done.stdout == "[1]\n"
    assert done.stderr == ""
