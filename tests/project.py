"""A project as a user has it: a pipeline, benchmarks of it, and what pytest or a program of theirs said last."""

import sys
from dataclasses import dataclass, field

import pytest
from suite import Run, Suite

# The device takes most of a step. Delays either hide behind it or make the step ten times as long, so that noise cannot
# turn a verdict; steps are short, so that even a busy machine gets through enough of them.
PIPELINE = """
from random import Random
from time import perf_counter
from zlib import crc32

scatter = Random(1).expovariate

def parse(line):
    crc32(b"a line")

def log():
    pass

def archive():
    pass

def device(meanwhile):
    ready_at = perf_counter() + {device_time}
    meanwhile()
    while perf_counter() < ready_at:
        pass

def step():
    for line in range({lines}):
        parse(line)
        {in_the_loop}
    device({meanwhile})
"""

STEADY, SCATTERED = "100e-6", "300e-6 + scatter(1000)"  # seconds

VERDICT_LIMIT = "5s"  # certain long before
PLAIN_LIMIT = "500ms"  # a plain measurement goes on until it is precise, which no scenario needs


@dataclass(slots=True)
class Project:
    """Written anew before each run, so that steps may change it in between.

    Attributes:
        log_hidden: whether logging goes on while the device works, or in the loop over the lines.
        benchmark: the name of the test that benchmarks the pipeline.
        markers: of that test, as in ``speedbump("pipeline.log")``.
        others: further benchmarks, as source text.
        limit: of one verdict.
        options: of every run of pytest, besides the limit.
        run: the last one of pytest.
    """

    suite: Suite
    lines: int = 1
    log_hidden: bool = True
    device_time: str = STEADY
    benchmark: str = "test_pipeline"
    markers: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    limit: str = VERDICT_LIMIT
    options: list[str] = field(default_factory=list)
    run: Run | None = None

    def run_pytest(self, *options: str) -> Run:
        self._write_pipeline()
        self.run = self.suite.run(self._tests(), f"--speedbump-max-time={self.limit}", *self.options, *options)
        return self.run

    def run_program(self, source: str) -> pytest.RunResult:
        self._write_pipeline()
        self.suite.write("program.py", source)
        return self.suite.pytester.run(sys.executable, "program.py", timeout=60)

    def _write_pipeline(self) -> None:
        text = PIPELINE.format(
            lines=self.lines,
            device_time=self.device_time,
            in_the_loop="pass" if self.log_hidden else "log()",
            meanwhile="log" if self.log_hidden else "int",
        )
        self.suite.write("pipeline.py", text)

    def _tests(self) -> str:
        markers = [f"@pytest.mark.{marker}" for marker in self.markers]
        benchmark = [*markers, f"def {self.benchmark}(benchmark):", "    benchmark(pipeline.step)"]
        return "\n\n".join(["import pipeline", "\n".join(benchmark), *self.others])
