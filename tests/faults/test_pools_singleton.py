"""One MultiProcessing a process, and no second set of workers."""

from __future__ import annotations

from tests.faults.process_tree import Tree


def test_constructing_it_starts_no_process_and_no_thread() -> None:
    program = """
    MultiProcessing()
    kept = [pools.ProcessPool(4), pools.ThreadPool(4), pools.GlobalProcessPool(4)]
    say("threads", threading.active_count())
    time.sleep(60)
    """
    with Tree(program) as tree:
        assert tree.line("threads") == "1"
        assert tree.children() == []


def test_constructing_it_again_gives_the_same_object_and_no_more_workers() -> None:
    program = """
    pool = pools.GlobalProcessPool(2)
    pool.map(abs, range(4))
    again = MultiProcessing()
    say("same", again is pools, again.GlobalProcessPool() is pool)
    again.GlobalProcessPool().map(abs, range(4))
    say("same", again.Manager() is pools.Manager())
    time.sleep(60)
    """
    with Tree(program) as tree:
        assert tree.line("same") == "True True"
        assert tree.line("same") == "True"
        assert len(tree.children()) == 3, "two workers and the Manager"


def test_many_threads_construct_one_object_with_one_set_of_workers() -> None:
    program = """
    barrier = threading.Barrier(16)
    found = []
    def construct():
        barrier.wait()
        one = MultiProcessing()
        pool = one.GlobalProcessPool(2)
        result = pool.map(abs, range(-4, 0))
        found.append((id(one), id(pool), id(one.Manager()), tuple(result)))
    import chronomux.util.multiprocessing as module
    module.MultiProcessing._one = None
    threads = [threading.Thread(target=construct) for _ in range(16)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    say("objects", len(found), len(set(found)))
    time.sleep(60)
    """
    with Tree(program) as tree:
        assert tree.line("objects") == "16 1"
        assert len(tree.children()) == 3


def test_a_forked_child_starts_clean() -> None:
    program = """
    pool = pools.GlobalProcessPool(2)
    workers = workers_of(pool, 2)
    items = pools.Manager().Queue()
    pools.GlobalThreadPool(2).map(abs, range(4))
    child = os.fork()
    if not child:
        say("child one", MultiProcessing() is pools, MultiProcessing() is pools)
        say("child forked", os.getpid())
        await_path("go on")
        mine = MultiProcessing().GlobalProcessPool()
        others = workers_of(mine, 2)
        say("child pool", mine is pool, len(others), workers & others)
        say("child threads", MultiProcessing().GlobalThreadPool().map(abs, [-1]))
        items.put("from the child")
        sys.exit(0)
    os.waitpid(child, 0)
    say("parent", items.get(), pool.map(abs, [-1, -2]))
    say("parent", workers_of(pool, 2) == workers)
    """
    with Tree(program) as tree:
        assert tree.line("child one") == "True True"
        child = int(tree.line("child forked"))
        assert len(tree.children()) == 4, "the child, two workers, the Manager"
        (tree.folder / "go on").touch()
        assert tree.line("child pool") == "True 2 set()"
        assert tree.line("child threads") == "[1]"
        assert tree.line("parent") == "from the child [1, 2]"
        assert tree.line("parent") == "True"
        assert child not in [one.pid for one in tree.living()]
        assert tree.wait() == 0, tree.account()
        assert tree.living() == []


def test_a_child_forked_while_threads_use_the_pools_does_not_hang() -> None:
    program = """
    pool = pools.GlobalProcessPool(2)
    is_over = False
    def use():
        while not is_over:
            pool.map(abs, range(100))
            pools.ProcessPool(1).map(abs, [1])
    users = [threading.Thread(target=use) for _ in range(2)]
    for user in users: user.start()
    for _ in range(5):
        time.sleep(0.1)
        child = os.fork()
        if not child:
            import faulthandler
            faulthandler.dump_traceback_later(10, exit=True)
            ok = MultiProcessing().GlobalProcessPool().map(abs, [-1]) == [1]
            MultiProcessing().terminate()
            os._exit(0 if ok else 1)
        say("child", os.waitpid(child, 0)[1])
    is_over = True
    for user in users: user.join()
    """
    with Tree(program) as tree:
        assert [tree.line("child") for _ in range(5)] == ["0"] * 5
        assert tree.wait() == 0, tree.account()
        assert tree.living() == []


def test_a_child_made_by_multiprocessing_has_pools_of_its_own() -> None:
    program = """
    import multiprocessing
    pool = pools.GlobalProcessPool(2)
    pool.map(abs, range(4))
    def child():
        say("child", MultiProcessing().GlobalProcessPool().map(abs, [-1, -2]))
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
    say("code", process.exitcode, pool.map(abs, [-3]))
    """
    with Tree(program) as tree:
        assert tree.line("child") == "[1, 2]"
        assert tree.line("code") == "0 [3]"
        assert tree.wait() == 0
        assert tree.living() == []
