"""Classification on first sight: odd names, odd globals, code objects that die."""

import gc
import threading
import weakref
from types import FunctionType

import pytest
from sessions import MakeSession, code_of, define

from pytest_speedbump import _core

SURROGATE = "\udc80"


def seen(session: _core.Session) -> list[tuple[str, str, int]]:
    return [(module, code_of(code).co_qualname, calls) for code, module, _, calls, *_ in session.snapshot()]


@pytest.mark.parametrize("names", [{}, {"__name__": 42}, {"__name__": None}, {"__name__": b"pkg"}], ids=repr)
def test_without_a_module_name_the_qualname_is_the_dotted_name(count: MakeSession, names: dict[str, object]) -> None:
    session = count("nameless_function", "*made_up_file.py:other")
    FunctionType(define("def nameless_function(): pass"), names)()
    FunctionType(define("def other(): pass", "/x/made_up_file.py"), names)()
    FunctionType(define("def other(): pass", "/x/elsewhere.py"), names)()
    assert seen(session) == [("", "nameless_function", 1), ("", "other", 1)]


def test_a_name_in_the_globals_of_a_module_that_is_nowhere(count: MakeSession) -> None:
    session = count("made.up.module:*")
    exec("def f(): pass\nf()", {"__name__": "made.up.module"})
    assert seen(session) == [("made.up.module", "<module>", 1), ("made.up.module", "f", 1)]


def test_lone_surrogates(count: MakeSession) -> None:
    code = define("def f(): pass")
    in_file = code.replace(co_filename=f"/x/{SURROGATE}.py", co_qualname="made_up_in_file")
    in_name = code.replace(co_qualname=f"made_up_{SURROGATE}")
    in_module = code.replace(co_qualname="made_up")
    session = count(f"/x/{SURROGATE}.py:made_up*", f"*.made_up_{SURROGATE}", f"?{SURROGATE}?:made_up")
    for function in (
        FunctionType(in_file, {"__name__": "m"}),
        FunctionType(in_name, {"__name__": "m"}),
        FunctionType(in_module, {"__name__": f"a{SURROGATE}b"}),
    ):
        function()
        function()
    assert seen(session) == [
        ("m", "made_up_in_file", 2),
        ("m", f"made_up_{SURROGATE}", 2),
        (f"a{SURROGATE}b", "made_up", 2),
    ]


def test_first_sight_decides_for_a_code_object_that_two_modules_share(count: MakeSession) -> None:
    """A code object has no module, the globals that it runs under have one. It is asked for once."""
    shared, mirrored = define("def f(): pass"), define("def f(): pass")
    session = count("made_up_first:f")
    for code, order in [(shared, ("first", "second")), (mirrored, ("second", "first"))]:
        for name in order:
            FunctionType(code, {"__name__": f"made_up_{name}"})()
    assert seen(session) == [("made_up_first", "f", 2)]
    assert session.snapshot()[0][0] is shared


def test_equal_code_objects_are_told_apart(count: MakeSession) -> None:
    twins = [define("def made_up_twin(): pass") for _ in range(2)]
    assert twins[0] == twins[1]
    session = count("made_up_twin")
    for times, code in enumerate(twins, 1):
        for _ in range(times):
            FunctionType(code, {})()
    assert [(row[0] is twin, row[3]) for row, twin in zip(session.snapshot(), twins, strict=True)] == [
        (True, 1),
        (True, 2),
    ]


def test_code_objects_that_die_and_whose_addresses_live_on(count: MakeSession, mortal_code: None) -> None:
    session = count("made_up_7", "made_up_500", "made_up_999")
    addresses = []
    for i in range(1000):
        code = define(f"def made_up_{i}(): pass")
        addresses.append(id(code))
        FunctionType(code, {})()
        del code
    assert len(set(addresses)) < len(addresses)  # or nothing has been tried
    assert seen(session) == [("", "made_up_7", 1), ("", "made_up_500", 1), ("", "made_up_999", 1)]


def test_matched_code_lives_as_long_as_the_session(count: MakeSession, mortal_code: None) -> None:
    session = count("made_up_mortal")
    code, stranger = define("def made_up_mortal(): pass"), define("def stranger(): pass")
    alive, gone = weakref.ref(code), weakref.ref(stranger)
    FunctionType(code, {})()
    FunctionType(stranger, {})()
    del code, stranger
    gc.collect()
    assert gone() is None
    assert alive() is not None
    session.disarm()
    assert session.snapshot()[0][0] is alive()
    assert gc.is_tracked(session)


def test_many_targets(count: MakeSession) -> None:
    """Tables grow, and cells move with their counts."""
    session = count("made_up_*")
    functions = [FunctionType(define(f"def made_up_{i}(): pass"), {}) for i in range(500)]
    for _ in range(2):
        for times, function in enumerate(functions):
            for _ in range(times % 3):
                function()
    assert seen(session) == [("", f"made_up_{i}", 2 * (i % 3)) for i in range(500) if i % 3]


def test_a_look_into_globals_may_run_anything(count: MakeSession) -> None:
    """Here it meets the same code in another thread, and what it raises is nobody's."""
    code, looks = define("def made_up_shared(): pass"), 0

    class Key:
        hostile = False

        def __hash__(self) -> int:
            return hash("__name__")

        def __eq__(self, other: object) -> bool:
            nonlocal looks
            if self.hostile:
                looks += 1
                if looks == 1:
                    thread = threading.Thread(target=FunctionType(code, {}))
                    thread.start()
                    thread.join(timeout=20)
                    assert not thread.is_alive()
                raise ZeroDivisionError
            return False

    key = Key()
    function = FunctionType(code, {key: 0})  # type: ignore[dict-item]
    session = count("made_up_shared")
    key.hostile = True
    function()
    assert looks >= 1
    assert seen(session) == [("", "made_up_shared", 2)]
