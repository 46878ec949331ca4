"""SIGKILL of the parent: every worker and the Manager follow within 2 s."""

from __future__ import annotations

import signal
import sys

import pytest

from tests.faults.process_tree import Tree

TASKS = {
    "idle": "abs",
    "asleep": "lambda _: time.sleep(60)",
    "in_python": "spin",
    "in_c_with_the_gil": "hold",
}
PROGRAM = """
def spin(_):
    open(f"busy-{os.getpid()}", "w").close()
    while True:
        pass
def hold(_):
    open(f"busy-{os.getpid()}", "w").close()
    sum(range(10**13))  # one call that never lets go of the GIL
pool = pools.ProcessPool(2)
items = pools.Manager().Queue()
pool.map(abs, range(4))
result = pool.amap(TASK, range(2))
time.sleep(0.3)
say("busy")
time.sleep(60)
"""


@pytest.mark.parametrize("task", TASKS)
def test_workers_and_manager_die_with_a_killed_parent(task: str) -> None:
    if task == "in_c_with_the_gil" and sys.platform != "linux":
        pytest.skip("only Linux ends a process whose threads cannot run")
    with Tree(PROGRAM.replace("TASK", TASKS[task])) as tree:
        tree.line("busy")
        assert len(tree.children()) == 3
        sent = tree.kill(signal.SIGKILL)
        tree.wait()
        assert tree.survivors(sent, 2.0) == []
        assert not list(tree.folder.glob("pymp-*")), "the Manager's socket is left"


def test_workers_die_although_a_sibling_keeps_the_pipes_of_the_parent() -> None:
    program = """
    pool = pools.ProcessPool(2)
    pool.map(abs, range(4))
    pools.Manager()
    sibling = os.fork()  # it inherits every descriptor and lives on
    if not sibling:
        time.sleep(20)
        os._exit(0)
    say("sibling", sibling)
    time.sleep(60)
    """
    with Tree(program) as tree:
        sibling = int(tree.line("sibling"))
        assert len(tree.children()) == 4
        sent = tree.kill(signal.SIGKILL)
        tree.wait()
        left = tree.survivors(sent, 1.9)
        assert [one.split()[0] for one in left] == [str(sibling)]


def test_workers_of_a_pool_made_in_another_thread_outlive_that_thread_only() -> None:
    program = """
    made = []
    def make():
        made.append(pools.ProcessPool(2))
        made[0].map(abs, range(4))
    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    time.sleep(0.5)
    say("alive", made[0].map(abs, [-1, -2]))
    result = made[0].amap(time.sleep, [60] * 2)
    time.sleep(60)
    """
    with Tree(program) as tree:
        assert tree.line("alive") == "[1, 2]"
        assert len(tree.children()) == 2
        sent = tree.kill(signal.SIGKILL)
        tree.wait()
        assert tree.survivors(sent, 2.0) == []


def test_workers_that_replaced_others_die_with_a_killed_parent_too() -> None:
    program = """
    pool = pools.ProcessPool(2)
    for pid in workers_of(pool, 2):
        os.kill(pid, signal.SIGKILL)
    for _ in range(3):  # each death that is not noticed yet fails one call
        try:
            workers_of(pool, 2)
        except Exception as error:
            assert type(error).__name__ == "WorkerDiedError", error
    result = pool.amap(time.sleep, [60] * 2)
    say("busy")
    time.sleep(60)
    """
    with Tree(program) as tree:
        tree.line("busy")
        assert len(tree.children()) == 2
        sent = tree.kill(signal.SIGKILL)
        tree.wait()
        assert tree.survivors(sent, 2.0) == []
