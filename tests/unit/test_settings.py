import math
from pathlib import Path

import pytest

from pytest_speedbump.errors import InputError
from pytest_speedbump.runner.settings import Settings


def option(name: str) -> str:
    return f"--{name}"


def test_defaults() -> None:
    settings = Settings.parse(["pkg.parse*", "!pkg.parse_debug"], {"delay": None}, option)
    assert settings.targets.names == ("pkg.parse*", "!pkg.parse_debug")
    assert (settings.delay_ns, settings.mode, settings.every) == (2000, "spin", 1)
    assert (settings.after_ns, settings.for_ns) == (0, math.inf)


def test_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "hot.txt").write_text("pkg.parse*\n# no\nc:zlib.crc32\n")
    texts = {"delay": "1.5ms", "mode": "sleep", "every": "10", "after": "30s", "for": "2m"}
    settings = Settings.parse(["@hot.txt"], texts, option, tmp_path)
    assert settings.targets.patterns == ("pkg.parse*", "c:zlib.crc32")
    assert (settings.delay_ns, settings.mode, settings.every) == (1.5e6, "sleep", 10)
    assert (settings.after_ns, settings.for_ns) == (30e9, 120e9)


@pytest.mark.parametrize(
    ("targets", "texts", "sentence"),
    [
        ([], {}, "nothing is named that is to be slowed; name it with --target, such as 'pkg.parse*'"),
        (["!x"], {}, "targets ['!x'] only exclude; name first what to slow, such as '*'"),
        (["x"], {"delay": "2"}, "--delay '2' has no unit; "),
        (["x"], {"delay": "5%"}, "--delay '5%' is a share of a round, and only benchmarks have rounds; "),
        (["x"], {"delay": "1us,2us"}, "--delay '1us,2us' is a sweep, which is for benchmarks; "),
        (["x"], {"delay": "2m"}, "--delay '2m' has the unknown unit 'm'; "),
        (["x"], {"mode": "warp"}, "--mode 'warp' is unknown; "),
        (["x"], {"mode": "await"}, "--mode 'await' pauses the coroutine functions that there are when it begins"),
        (["x"], {"every": "0"}, "--every '0' is no number of calls; "),
        (["x"], {"after": "30"}, "--after '30' has no unit; write it with one of the units ms, s, m, h, as in '30s'"),
        (["x"], {"after": "25h"}, "--after '25h' is over the limit; write at most 24h"),
        (["x"], {"for": "0s"}, "--for '0s' delays nothing; write a time of more than 0, as in '2m'"),
        (["x"], {"for": ""}, "--for '' is not a time; "),
    ],
)  # fmt: skip
def test_what_is_refused(targets: list[str], texts: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        Settings.parse(targets, texts, option)
    assert str(caught.value).startswith(sentence)
