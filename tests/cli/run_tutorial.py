#!/usr/bin/env python3
"""Runs every command of docs/tutorial.md, in its order, in one folder.

usage: run_tutorial.py PROGRAM

The experiment that `hemline init` writes gets small drawn images, so that it all takes seconds; the
commands are the page's, to the letter."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import make_files

PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "tutorial.md"


def blocks():
    return re.findall(r"^```(sh|json)\n(.*?)^```$", PAGE.read_text(), re.M | re.S)


def make_small(path):
    text = path.read_text()
    small = text.replace("data: fashion-mnist\n",
                         "data: {synthetic: {train: 300, test: 60, height: 12, width: 12}}\n")
    small = small.replace("validation: {first: 5000}", "validation: {first: 60}")
    if small.count("12, width: 12") != 1 or "first: 60" not in small:
        sys.exit("run_tutorial.py: what 'hemline init' writes has changed; make_small() must too")
    path.write_text(small)


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="hemline-tutorial-") as folder:
        place = pathlib.Path(folder)
        (place / "bin").mkdir()
        (place / "bin" / "hemline").symlink_to(program)
        make_files.make(folder, "png shoe.png")
        environment = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        environment.update(PATH=f"{folder}/bin:/usr/bin:/bin", HOME=folder, HEMLINE_CACHE=folder,
                           HEMLINE_THREADS="2", LC_ALL="C.UTF-8", TERM="dumb")
        ran = 0
        for kind, text in blocks():
            if kind == "json":
                (place / "reference.json").write_text(text)
            for line in text.splitlines() if kind == "sh" else []:
                if not line.startswith("hemline "):
                    if not line.startswith(("make ", "sudo make ")):
                        sys.exit(f"{line}: what is this?")
                    continue
                command = line.split()[1]
                done = subprocess.run(["bash", "-c", line], cwd=folder, env=environment,
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                      check=False)
                if done.returncode != 0:
                    sys.exit(f"{line}\nexit code {done.returncode}\n{done.stdout}{done.stderr}")
                ran += 1
                if command == "init":
                    make_small(place / "first.yaml")
    print(f"{ran} commands ran")
    if ran < 10:
        sys.exit("that is too few")


main()
