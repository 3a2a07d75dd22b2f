from pathlib import Path

import pytest

from pytest_speedbump.errors import InputError
from pytest_speedbump.targets import parse_scanned, parse_targets


def test_patterns_files_and_exclusions(tmp_path: Path) -> None:
    (tmp_path / "hot.txt").write_text("# hot\npkg.a  # first\n\n  !pkg.b\n", encoding="utf-8")
    targets = parse_targets([" pkg.* ", "@hot.txt", "!pkg.c"], tmp_path)
    assert targets.names == ("pkg.*", "@hot.txt", "!pkg.c")
    assert targets.patterns == ("pkg.*", "pkg.a", "!pkg.b", "!pkg.c")
    assert targets.origins == (0, 1, 1, 2), "each pattern knows who named it"
    assert str(targets) == "pkg.*, @hot.txt, !pkg.c"


def test_files_are_looked_up_from_the_base_or_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hot.txt").write_text("pkg.a\n")
    monkeypatch.chdir(tmp_path)
    assert parse_targets(["@hot.txt"]).patterns == ("pkg.a",)
    assert parse_targets([f"@{tmp_path}/hot.txt"], Path("/elsewhere")).patterns == ("pkg.a",)
    with pytest.raises(InputError, match=r"there is no file '/elsewhere/hot\.txt'; paths start at '/elsewhere'"):
        parse_targets(["@hot.txt"], Path("/elsewhere"))


def test_files_with_a_byte_order_mark_or_dos_lines(tmp_path: Path) -> None:
    (tmp_path / "hot.txt").write_bytes(b"\xef\xbb\xbfpkg.a\r\npkg.b\r\n")
    assert parse_targets(["@hot.txt"], tmp_path).patterns == ("pkg.a", "pkg.b")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([""], "target '' is empty; "), (["!"], "target '!' "), (["a["], "that is never closed; close it with"),
        ([3], "target 3 is not a string; write a pattern"), ([None], "target None is not a string"),
        (["@"], "target '@' names no file; write the path after it"), (["!a", "!b"], "only exclude; name first what"),
        (["a\0b"], "holds a NUL"),
        ([":f"], "has no module before its last ':'"), (["m:"], "has no qualname after"),
        (["!@file"], "names a file of patterns where only a pattern can stand"),
    ],
)  # fmt: skip
def test_bad_targets(names: list[object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        parse_targets(names)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["pkg.*", "pkg/mod.py:3-9"], "target 'pkg/mod.py:3-9' .* function takes itself, and that of a line is not"),
        (["resume:pkg.a", "pkg.*"], "target 'resume:pkg.a' cannot be ranked: a scan needs .* of a resume is part of"),
        (["@hot.txt"], "target 'native:libz:crc32' .* beginning of a call is seen; slow it by itself, with --speed"),
        (["a["], "that is never closed"),
    ],
)  # fmt: skip
def test_a_scan_is_of_what_has_time_of_its_own(tmp_path: Path, names: list[object], sentence: str) -> None:
    (tmp_path / "hot.txt").write_text("c:zlib.*\nnative:libz:crc32\n")
    with pytest.raises(InputError, match=sentence):
        parse_scanned(names, tmp_path)
    assert parse_scanned(["c:zlib.*", "pkg.*", "!resume:*", "!native:*:*"]).patterns[0] == "c:zlib.*"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "the file holds no pattern"), (b"# nothing\n\n", "the file holds no pattern"),
        (b"pkg\0", "the file is binary"), (b"\xff\xfe", "the file is not UTF-8 text"),
        (b"@other\n", "the file names another file"), (b"!pkg.a\n", "only exclude"),
        (b"pkg[a\n", r"target 'pkg\[a' has a '\[' that is never closed"),
    ],
)  # fmt: skip
def test_bad_files(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "hot.txt").write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        parse_targets(["@hot.txt"], tmp_path)
