"""Documents and tables, as all benchmarks write them."""

import json
import os
import threading
from pathlib import Path

import pytest

from benchmarks.documents import check_output, write
from benchmarks.exits import ExitError
from benchmarks.tables import table


def test_a_file_is_replaced_whole_and_a_link_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old", encoding="utf-8")
    link.symlink_to(real)
    before = real.open()  # who has it open goes on reading the old text
    with before:
        write(link, {"a": 1})
        assert before.read() == "old"
    assert link.is_symlink()
    assert json.loads(real.read_text(encoding="utf-8")) == {"a": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.json", "real.json"]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")), daemon=True)
    reader.start()
    write(pipe, {"a": 1})
    reader.join(30)
    assert json.loads(read[0]) == {"a": 1}
    assert pipe.is_fifo()


def test_an_output_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExitError, match="is a directory; name a file in it"):
        check_output(tmp_path)
    with pytest.raises(ExitError, match="make its directory first"):
        check_output(tmp_path / "no" / "file")


def test_tables_line_up() -> None:
    assert table(["a", "bb"], [["ccc", "1"]]) == ["| a   | bb |", "|-----|---:|", "| ccc |  1 |"]
    assert table(["a", "bb"], [["ccc", "1"]], text=2) == ["| a   | bb |", "|-----|----|", "| ccc | 1  |"]
    assert table(["a"], []) == []
