"""Real command-line programs with everything that they run counted, at no delay: all that they print must be the same.

    python tests/programs/real_programs.py [name ...] [--keep FOLDER]

Each runs twice as it is, to tell what differs by itself, and once under ``speedbump run --target '*' --delay 0ns``, in
a folder of its own with the same files. Standard output, standard error, the exit code and the files left must agree.
They are installed from PyPI, with this package, into a virtual environment that is removed afterwards. Prints a line a
program; exit code 1 where one differs or nothing was counted.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parents[2]

FILES = {
    "bad.py": "import os, sys\ndef  f( x,y ):\n  return   x+y+undefined\nclass A( object ):\n    pass\n"
    "print( f(1,'a') )\n",
    "good.py": '"""Doc."""\n\n\ndef double(number: int) -> int:\n    """Twice the number."""\n    return 2 * number\n',
    "test_good.py": "import good\n\ndef test_it():\n    assert good.double(2) == 4\n\ndef test_fails():\n"
    "    assert good.double(2) == 5\n",
    "data.csv": "name,age\nAda,36\nAlan,41\nGrace,85\n",
    "data.json": '{"b": [1, 2, {"c": null}], "a": "text"}',
    "data.yaml": "a: 1\nb:   [1,2 ,3]\nc:\n- x\n-   y\n",
    "page.md": "# Title\n\nSome *text* with `code`.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
    "page.rst": "Title\n=====\n\nSome *text*, and ``code``.\n\n.. note:: Look.\n",
    "index.rst": "Title\n=====\n\n.. automodule:: good\n   :members:\n",
    "conf.py": "import sys\nsys.path.insert(0, '.')\nproject = 'It'\nextensions = ['sphinx.ext.autodoc']\n",
    "query.sql": "select a,b from t where a=1 and b in (select c from d) order by a",
    "app.py": "from flask import Flask\napp = Flask(__name__)\n\n@app.route('/x')\ndef x():\n    return 'x'\n",
    "tasks.py": "from invoke import task\n\n@task\ndef greet(c, name):\n    c.run(f'echo hello {name}')\n",
    "template.j2": "{% for x in b %}{{ x }},{% endfor %}\n",
}


@dataclass(frozen=True)
class Program:
    """A package, and a command line with what is written to its standard input."""

    package: str
    command: str
    stdin: str = ""
    varies: str = r"$^"  # what differs by nature, such as a time that it took

    @property
    def name(self) -> str:
        return self.command.split()[0]


DATE = r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d+"
TIME = r"\d+(\.\d+)? ?(ms|us|s|seconds?)\b"

PROGRAMS = (
    Program("black", "black --diff --color bad.py", varies=DATE),
    Program("isort", "isort --diff bad.py", varies=DATE),
    Program("flake8", "flake8 bad.py good.py"),
    Program("pylint", "pylint bad.py", varies=r"previous run: [^)]*"),
    Program("mypy", "mypy --strict bad.py good.py"),
    Program("bandit", "bandit -r .", varies=r"Run started:.*"),
    Program("vulture", "vulture bad.py good.py"),
    Program("radon", "radon cc -s bad.py good.py"),
    Program("yamllint", "yamllint data.yaml"),
    Program("pygments", "pygmentize -f terminal256 -l python", FILES["bad.py"]),
    Program("httpie", "http --ignore-stdin --offline POST example.org a=1 b:=2"),
    Program("flask", "flask --app app routes"),
    Program("csvkit", "csvstat data.csv"),
    Program("csvkit", "csvjson -i 2", FILES["data.csv"]),
    Program("sqlparse", "sqlformat --reindent --keywords upper query.sql"),
    Program("tabulate", "tabulate -1 -s , -f github data.csv"),
    Program("markdown-it-py", "markdown-it page.md"),
    Program("mdformat", "mdformat --check page.md bad.py data.yaml"),
    Program("rich-cli", "rich page.md --markdown --width 60"),
    Program("sphinx", "sphinx-build -b html . out"),
    Program("docutils", "rst2html page.rst"),
    Program("pytest", "pytest -q -p no:cacheprovider", varies=rf"in {TIME}|at 0x[0-9a-f]+"),
    Program("coverage", "coverage run good.py"),
    Program("cookiecutter", "cookiecutter --help"),
    Program("pip", "pip list --format json"),
    Program("jinja2-cli", "jinja2 template.j2 data.json"),
    Program("jsonschema", "jsonschema --version"),
    Program("twine", "twine check nothing.whl"),
    Program("build", "pyproject-build --help"),
    Program("pre-commit", "pre-commit sample-config"),
    Program("pip-tools", "pip-compile --version"),
    Program("ansible-core", "ansible localhost -c local -m debug -a msg=hello"),
    Program("invoke", "invoke greet Ada"),
    Program("cython", "cython good.py"),
    Program("babel", "pybabel extract good.py app.py -o -", varies=r"(POT-Creation-Date: |Copyright \(C\) ).*"),
)


@dataclass(frozen=True)
class Done:
    """``files``: what has become of the folder."""

    code: int
    out: str
    err: str
    files: Mapping[str, bytes]

    def without(self, names: set[str]) -> "Done":
        return replace(self, files={name: content for name, content in self.files.items() if name not in names})

    def difference(self, other: "Done", varies: str) -> str:
        """What differs, beside what differs by nature."""
        for name in ("code", "out", "err"):
            one, two = (re.sub(varies, "...", str(getattr(done, name))) for done in (self, other))
            if one != two:
                return f"{name}: {_first_difference(one, two)}"
        names = [name for name in self.files.keys() | other.files if self.files.get(name) != other.files.get(name)]
        return f"files: {sorted(names)}" if names else ""


def _first_difference(one: str, two: str) -> str:
    ones, twos = one.splitlines(), two.splitlines()
    for a, b in zip(ones, twos, strict=False):
        if a != b:
            return f"{a!r} became {b!r}"
    return f"{len(ones)} lines became {len(twos)}: {(ones[len(twos) :] or twos[len(ones) :])[:2]}"


def make_environment(folder: Path, programs: list[Program]) -> Path:
    """The scripts of a virtual environment that has them, and this package."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    packages = sorted({program.package for program in programs})
    pip = [str(folder / "bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, str(ROOT), *packages], check=True)
    subprocess.run([folder / "bin/python", "-m", "compileall", "-q", folder], check=False, capture_output=True)
    return folder / "bin"


def run(program: Program, scripts: Path, folder: Path, prefix: list[str]) -> Done:
    """In ``folder``, which is made for it and removed: paths that are printed agree."""
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
        os.utime(folder / name, (1.7e9, 1.7e9))
    environment = os.environ | {
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder), "COLUMNS": "80",
        "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "SOURCE_DATE_EPOCH": "1700000000",
    }  # fmt: skip
    done = subprocess.run(
        [*prefix, *program.command.split()], cwd=folder, input=program.stdin, env=environment, capture_output=True,
        text=True, errors="surrogateescape", timeout=600,
    )  # fmt: skip
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    shutil.rmtree(folder)
    return Done(done.returncode, done.stdout, done.stderr, files)


def compare(program: Program, scripts: Path, scratch: Path) -> tuple[str, bool]:
    """What there is to say of one, and whether ``speedbump run`` has changed anything, or has counted nothing."""
    document = scratch / "counts.json"
    document.unlink(missing_ok=True)
    prefix = [str(scripts / "speedbump"), "run", "--target=*", "--delay=0ns", "--quiet", f"--json={document}", "--"]
    first, second, under = (run(program, scripts, scratch / "it", prefix * is_under) for is_under in (0, 0, 1))
    by_itself = {name for name, content in first.files.items() if second.files.get(name) != content}
    first, second, under = (done.without(by_itself) for done in (first, second, under))
    if difference := first.difference(second, program.varies):
        return f"differs by itself: {difference}", True
    written = json.loads(document.read_text())
    calls = sum(target["calls"] for target in written["targets"])
    processes = len(written["program"]["processes"])
    difference = first.difference(under, program.varies)
    printed = (
        f"exit code {first.code}, {len(first.out)} and {len(first.err)} characters, {len(first.files)} files the same"
    )
    left_out = f", {len(by_itself)} differ by themselves" if by_itself else ""
    said = f"{difference or 'the same'} ({printed}{left_out}); {calls} calls in {processes} process(es)"
    return said, bool(difference) or calls == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", help="of commands; all where none is named")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="the virtual environment, made once and kept")
    given = parser.parse_args()
    programs = [program for program in PROGRAMS if not given.names or program.name in given.names]
    changed = 0
    with tempfile.TemporaryDirectory(prefix="real-programs-") as scratch:
        home = given.keep or Path(scratch, "venv")
        scripts = home / "bin" if (home / "bin").exists() else make_environment(home, programs)
        for program in programs:
            said, is_changed = compare(program, scripts, Path(scratch))
            changed += is_changed
            print(f"{program.command}: {said}", flush=True)
    print(f"{len(programs)} programs, {changed} changed")
    return int(changed > 0)


if __name__ == "__main__":
    sys.exit(main())
