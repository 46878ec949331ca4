"""A worker may have threads, and no processes of its own."""

from __future__ import annotations

import pytest

from tests.faults.process_tree import Tree

ATTEMPTS = {
    "a pool of its own": "MultiProcessing().ProcessPool(2).map(abs, [1])",
    "the global pool": "MultiProcessing().GlobalProcessPool().map(abs, [1])",
    "a pool inherited": "INHERITED[0].map(abs, [1])",
    "a manager": "MultiProcessing().Manager()",
    "a lock": "MultiProcessing().Lock()",
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_processes_of_a_worker_are_refused_with_the_alternatives(attempt: str) -> None:
    program = f"""
    INHERITED = []
    pool = pools.ProcessPool(2)
    INHERITED.append(pool)
    try:
        pool.map(lambda _: {ATTEMPTS[attempt]}, [0])
    except Exception as error:
        say(type(error).__name__, error)
    say("again", pool.map(abs, [-1]))
    """
    with Tree(program) as tree:
        message = tree.line("NestedPoolError")
        if "Manager" in message:
            assert "in the parent" in message
        else:
            for alternative in ("ThreadPool", "in the parent", "larger pool"):
                assert alternative in message
        assert tree.line("again") == "[1]"
        assert tree.wait() == 0
        assert tree.living() == []


def test_a_worker_may_use_a_thread_pool() -> None:
    program = """
    def task(x):
        return sum(MultiProcessing().ThreadPool(2).map(lambda y: y * x, range(4)))
    say(pools.ProcessPool(2).map(task, range(4)))
    """
    with Tree(program) as tree:
        assert tree.rest() == ["[0, 6, 12, 18]"]
        assert tree.wait() == 0
        assert tree.living() == []
