import pytest

from pytest_speedbump.experiment.subject import CallableRaisedError, PlainSubject, show_error


def test_a_round_is_so_many_calls_between_start_and_stop() -> None:
    journal: list[object] = []
    subject = PlainSubject(lambda *args, **kwargs: journal.append((args, kwargs)), (1,), {"x": 2})
    subject.iterations = 3
    assert subject.round(lambda: journal.append("start"), lambda: journal.append("stop")) > 0
    assert journal == ["start", *[((1,), {"x": 2})] * 3, "stop"]


def test_what_the_callable_raises_is_told_with_its_round() -> None:
    numbers = iter([1, 2])
    subject = PlainSubject(lambda: next(numbers), (), {})
    stopped: list[int] = []
    for _ in range(2):
        subject.round(lambda: None, lambda: stopped.append(1))
    with pytest.raises(CallableRaisedError) as caught:
        subject.round(lambda: None, lambda: stopped.append(1))
    assert caught.value.round_number == 3
    assert isinstance(caught.value.__cause__, StopIteration)
    assert len(stopped) == 3


def test_an_error_that_would_fill_pages_is_shortened() -> None:
    assert show_error(KeyError("x")) == "KeyError('x')"
    assert show_error(KeyError("x" * 100_000)) == "KeyError('" + "x" * 290 + "..."


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, pytest.skip.Exception])
def test_what_is_no_error_of_the_callable_passes_through(error: type[BaseException]) -> None:
    def interrupted() -> None:
        raise error

    stopped: list[int] = []
    with pytest.raises(error):
        PlainSubject(interrupted, (), {}).round(lambda: None, lambda: stopped.append(1))
    assert stopped == [1]
