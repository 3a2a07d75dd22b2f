"""Two tools of ours at once: one experiment in an interpreter, and the first is named."""

from suite import Suite


def test_slow_inside_the_measured_callable(suite: Suite) -> None:
    """Alone it may; under a bump its second start finds the bump armed."""
    run = suite.run(
        """
        from pytest_speedbump import slow

        def step():
            with slow("work.leaf", delay="1us"):
                work.leaf()

        @pytest.mark.speedbump("work.leaf", delay="100us")
        def test_it(benchmark):
            benchmark.pedantic(step)

        def test_unmarked(benchmark):
            benchmark.pedantic(step)
        """,
        "--benchmark-json=benchmark.json",
    )
    assert run.counts == {"failed": 1, "passed": 1}
    assert run.result["verdict"] == "void"
    assert "the bump 'work.leaf +100us' of test_it.py::test_it is armed already" in run.result["reason"]
    assert len(suite.read_json("benchmark.json")["benchmarks"]) == 2


def test_slow_around_a_measured_benchmark(suite: Suite) -> None:
    run = suite.run(
        """
        import sys

        from pytest_speedbump import slow

        @pytest.mark.speedbump("work.leaf", delay="100us")
        def test_it(benchmark):
            with slow("work.other", delay="1us"):
                benchmark.pedantic(work.call)

        def test_after():
            assert not any(map(sys.monitoring.get_tool, range(6)))
        """,
        "--benchmark-json=benchmark.json",
    )
    assert run.counts == {"failed": 1, "passed": 1}
    assert "slow('work.other') is armed already; an interpreter can run one bump at a time" in run.out
    assert "Traceback" not in run.out
    assert "another exception" not in run.out, "the sentence is said once"
    assert "measuring.py" not in run.out
    assert len(suite.read_json("benchmark.json")["benchmarks"]) == 1, "its own measurement was done"


def test_nested_slow(suite: Suite) -> None:
    run = suite.run("""
        from pytest_speedbump import slow

        def test_it():
            with slow("work.leaf", delay="1us") as outer:
                with pytest.raises(RuntimeError, match="slow.'work.leaf'. is armed already"):
                    with slow("work.other", delay="1us"):
                        pass
                work.call()
                assert outer.snapshot().targets[0].calls == 1
    """)
    assert run.counts == {"passed": 1}


def test_ids_taken_after_collection(suite: Suite) -> None:
    run = suite.run("""
        import sys

        @pytest.mark.speedbump("work.leaf", delay="100us")
        def test_it(benchmark):
            for tool in (3, 4):
                sys.monitoring.use_tool_id(tool, "abacus")
            benchmark.pedantic(work.call)
    """)
    assert run.counts == {"failed": 1}
    assert "3 is held by 'abacus', 4 by 'abacus'; turn one of these tools off" in run.out
    assert "measuring.py" not in run.out


def test_another_tool_takes_part(suite: Suite) -> None:
    """One id is enough, and the other tool's events go on."""
    suite.pytester.makeconftest("""
        import sys

        sys.monitoring.use_tool_id(3, "abacus")
    """)
    run = suite.run("""
        import sys

        seen = []

        @pytest.mark.speedbump_sensitive("work.leaf", delay="100us", at_least="10%")
        def test_it(benchmark):
            events = sys.monitoring.events
            sys.monitoring.register_callback(3, events.PY_START, lambda code, offset: seen.append(code.co_name))
            sys.monitoring.set_local_events(3, work.leaf.__code__, events.PY_START)
            benchmark.pedantic(work.call, rounds=2)
            assert sys.monitoring.get_tool(4) is None
            ours = len(seen)
            work.leaf()
            assert len(seen) == ours + 1 > 10
    """)
    assert run.counts == {"passed": 1}
    assert run.result["verdict"] == "sensitive"
