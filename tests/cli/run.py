#!/usr/bin/env python3
"""Runs the program as a user would and compares what it says, word for word.

usage: run.py PROGRAM [--record] [--keep] [NAME...]

A case is a file cases/NAME.case: a line that says what it is about, then sections, each begun by its
name in brackets, alone on a line:
  [file PATH]  a file to write; PATH is relative to the case's own empty directory
  [make]       files that tests/cli/make_files.py makes, one call a line
  [run]        a bash script; `hemline` is the program, `make_file` makes a file as in [make]
  [exit]       the script's exit code
  [stdout], [stderr]  what it writes, to the byte

In the last two, {num} stands for a number with the blanks before it, {word} for a word, {any} for
any part of a line, and a line {...} for any number of lines. The case's directory reads $PWD.

--record writes what the program does now into the named cases (all without names), keeping lines
that hold as they are: read the difference before you believe it. NAME may be a shell pattern.
"""

import argparse
import concurrent.futures
import difflib
import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tempfile

import make_files

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.join(HERE, "cases")
SECTION = re.compile(r"^\[(file [^\]]+|make|run|exit|stdout|stderr)\]$")
# What a pattern begins with, and what may follow: it may end anywhere in the latter.
PATTERNS = {
    "{num}": (re.compile(r" *[-+0-9.,e]"), re.compile(r"[-+0-9.,e]*")),
    "{word}": (re.compile(r"\S"), re.compile(r"\S*")),
    "{any}": (re.compile(r""), re.compile(r"[^\n]*")),
}
PARTS = re.compile(r"(\{num\}|\{word\}|\{any\})")
TIME_LIMIT = 60
EXPECTED = ("exit", "stdout", "stderr")

# Every case finds this one: it trains in an instant.
TINY = """\
data: {synthetic: {train: 240, test: 100, height: 12, width: 12}}
validation: {first: 40}
model:
  - conv: {filters: 4, kernel: 3, activation: relu}
  - maxpool: 2
  - flatten
  - dense: {units: 10, activation: softmax}
train:
  epochs: 2
  batch: 16
  optimizer: {adam: {learning_rate: 0.01}}
"""


class Case:
    def __init__(self, path):
        self.path = path
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.head = ""  # what stands before the first section
        self.sections = []  # [name, text] in their order
        with open(path, encoding="utf-8") as file:
            for line in file:
                match = SECTION.match(line.rstrip("\n"))
                if match:
                    self.sections.append([match[1], ""])
                elif self.sections:
                    self.sections[-1][1] += line
                else:
                    self.head += line

    def get(self, name):
        return next((text for key, text in self.sections if key == name), "")

    def save(self, found):
        kept = [s for s in self.sections if s[0] not in EXPECTED]
        kept += [[name, found[name]] for name in EXPECTED]
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(self.head)
            for name, text in kept:
                file.write(f"[{name}]\n{text}")


def lines_of(text):
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def line_holds(expected, line):
    """Part by part, with all places where the parts so far can end: numbers side by side can share
    their digits in very many ways, of which a regular expression would try each."""
    places = {0}
    for part in PARTS.split(expected):
        if part in PATTERNS:
            begin, rest = PATTERNS[part]
            begun = {m.end() for m in (begin.match(line, at) for at in places) if m}
            places = {end for at in begun for end in range(at, rest.match(line, at).end() + 1)}
        else:
            places = {at + len(part) for at in places if line.startswith(part, at)}
    return len(line) in places


def holds(expected, found):
    """Likewise line by line."""
    lines = lines_of(found)
    places = {0}
    for line in lines_of(expected):
        if not places:
            return False
        if line.strip() == "{...}":
            places = set(range(min(places), len(lines) + 1))
        else:
            places = {at + 1 for at in places if at < len(lines) and line_holds(line, lines[at])}
    return len(lines) in places


def merge(expected, found):
    """The found text, with those expected lines that hold where they stand."""
    if holds(expected, found):
        return expected
    known = [k for k in lines_of(expected) if k.strip() != "{...}"]
    same = lambda line: next((k for k in known if line_holds(k, line)), line)
    return "".join(same(line) for line in lines_of(found))


def environment(directory):
    """Nothing of the user's own: no cache, no data, no terminal. HEMLINE_CPU: CI forces tiers."""
    passed_on = ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "HEMLINE_CPU")
    clean = {k: v for k, v in os.environ.items() if k in passed_on}
    clean.update(
        PATH=os.path.join(directory, ".bin") + ":/usr/bin:/bin",
        HOME=os.path.join(directory, ".home"),
        HEMLINE_CACHE=".cache",
        HEMLINE_THREADS="2",
        TMPDIR=directory,
        LC_ALL="C.UTF-8",
        TERM="dumb",
        PYTHONDONTWRITEBYTECODE="1",
    )
    return clean


def write_file(directory, path, text):
    path = os.path.join(directory, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def execute(case, program, directory):
    for sub in (".bin", ".home", ".cache"):
        os.mkdir(os.path.join(directory, sub))
    os.symlink(program, os.path.join(directory, ".bin", "hemline"))
    maker = os.path.join(directory, ".bin", "make_file")
    script = f'#!/bin/sh\nexec "{sys.executable}" "{HERE}/make_files.py" "$@"\n'
    write_file(directory, maker, script)
    os.chmod(maker, 0o755)
    write_file(directory, "tiny.yaml", TINY)
    for name, text in case.sections:
        if name.startswith("file "):
            write_file(directory, name[5:], text)
        elif name == "make":
            for line in text.splitlines():
                make_files.make(directory, line)
    try:
        done = subprocess.run(
            ["bash", "-c", case.get("run")],
            cwd=directory,
            env=environment(directory),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIME_LIMIT,
        )
    except subprocess.TimeoutExpired:
        return {"exit": "none\n", "stdout": "", "stderr": f"no end after {TIME_LIMIT} seconds\n"}
    decode = lambda data: data.decode("utf-8", "backslashreplace").replace(directory, "$PWD")
    return {
        "exit": f"{done.returncode}\n",
        "stdout": decode(done.stdout),
        "stderr": decode(done.stderr),
    }


def run_case(case, program, keep):
    directory = os.path.realpath(tempfile.mkdtemp(prefix=f"hemline-{case.name}-"))
    try:
        return execute(case, program, directory)
    finally:
        if keep:
            print(f"kept {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)


def explain(case, found):
    """Lines that say what did not hold; none where everything did."""
    lines = []
    for name in EXPECTED:
        if not holds(case.get(name), found[name]):
            lines += difflib.unified_diff(
                case.get(name).splitlines(),
                found[name].splitlines(),
                f"{case.name}: expected {name}",
                f"{case.name}: found {name}",
                lineterm="",
            )
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--keep", action="store_true", help="keep the cases' directories")
    arguments = parser.parse_intermixed_args()
    program = os.path.abspath(arguments.program)

    cases = [Case(os.path.join(CASES, f)) for f in sorted(os.listdir(CASES)) if f.endswith(".case")]
    if arguments.names:
        wanted = lambda case: any(fnmatch.fnmatch(case.name, name) for name in arguments.names)
        cases = [case for case in cases if wanted(case)]

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        outcomes = pool.map(lambda case: run_case(case, program, arguments.keep), cases)
        for case, found in zip(cases, outcomes):
            if arguments.record:
                case.save({name: merge(case.get(name), found[name]) for name in EXPECTED})
                continue
            lines = explain(case, found)
            failed += bool(lines)
            for line in lines:
                print(line)
    if arguments.record:
        print(f"{len(cases)} recorded")
        return 0
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main())
