"""``python -m benchmarks.figures [--json PATH]``: measures all figures and prints them as a Markdown table."""

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from itertools import chain
from pathlib import Path

from benchmarks.figures.calls import call_figures
from benchmarks.figures.runs import run_figures
from benchmarks.measured import VARIABLE, MeasuredError, core_file, pin_core
from benchmarks.micro.tables import markdown

HOLDS = {True: "yes", False: "NO", None: "not measured"}


def main() -> str | None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures here, too")
    options = parser.parse_args()
    try:
        pin_core()
        core = core_file()
    except MeasuredError as error:
        return f"error: {error}"
    os.environ[VARIABLE] = str(core)  # the subprocesses measure the same
    print(f"measuring {core}", file=sys.stderr)
    figures = []
    for figure in chain(call_figures(), run_figures()):
        print(f"  {figure.what}: {figure.measured}", file=sys.stderr)
        figures.append(figure)
    rows = [[f.what, f.promised, f.measured, HOLDS[f.holds]] for f in figures]
    print(*markdown(["what", "promised", "measured", "holds"], rows), _machine(), sep="\n")
    if options.json is not None:
        document = {"core": str(core), "figures": [asdict(figure) for figure in figures]}
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return None


def _machine() -> str:
    return (
        f"\n{platform.python_implementation()} {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    sys.exit(main())
