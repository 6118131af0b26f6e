"""Real shells for the tests of completion: a folder to complete in, what should come, and a driver
that types into a shell on a terminal of its own."""

import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "completion")

# What is typed, and the words that it may become: those of one answer alone, or of each of several.
CASES = [
    ("hemline tr", ["train"]),
    ("hemline eval --split ", ["test", "train", "validation"]),
    ("hemline eval --split=te", ["--split=test"]),
    ("hemline doctor --th", ["--threads"]),
    ("hemline train a.yaml --set train.ep", ["train.epochs="]),
    ("hemline train a.yaml --set model.1.", ["model.1.dense."]),
    ("hemline summary ", ["a.yaml", "bin/", "m.safetensors", "my dir/", "runs/", "runs/a-s0-1"]),
    ("hemline train ", ["a.yaml", "bin/", "my dir/", "runs/"]),
    ("hemline train my", ["my dir/"]),
    ("hemline train a.yaml --out=r", ["--out=runs/"]),
    ("hemline train --resume ", ["runs/a-s0-1"]),
    ("hemline predict m.safetensors b", ["b.png", "bin/"]),
    ("hemline data check m", ["my dir/"]),
    ("hemline train nothing-begins-like-this", []),
]


class Playground:
    """A folder with the program on the path, an experiment, a run, a model and a picture."""

    def __init__(self, program):
        self.path = tempfile.mkdtemp(prefix="hemline-shell-")
        for folder in ("bin", "my dir", "runs/a-s0-1"):
            os.makedirs(os.path.join(self.path, folder))
        os.symlink(os.path.abspath(program), os.path.join(self.path, "bin/hemline"))
        for name in ("m.safetensors", "b.png", "my dir/c.yaml", "runs/a-s0-1/events.jsonl"):
            open(os.path.join(self.path, name), "w", encoding="utf-8").close()
        with open(os.path.join(self.path, "a.yaml"), "w", encoding="utf-8") as file:
            file.write("data: synthetic\nmodel: [flatten, {dense: {units: 10, activation: softmax}}]\n")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("HEMLINE_")}
        self.environment.update(
            PATH=os.path.join(self.path, "bin") + ":" + os.environ["PATH"],
            HOME=self.path,
            TERM="dumb",
            PS1="> ",
            LC_ALL="C.UTF-8",
            HEMLINE_CACHE=self.path,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def run(self, *command, check=True):
        return subprocess.run(
            command, cwd=self.path, env=self.environment, check=check, capture_output=True, text=True
        ).stdout


def need(name):
    if shutil.which(name) is None:
        print(f"skipped: {name} is not installed")
        sys.exit(SKIPPED)


class Typist:
    """A shell that is typed into. Every answer is read up to where nothing comes any more."""

    def __init__(self, command, setup, place):
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.chdir(place.path)
            os.execvpe(command[0], command, place.environment)
        for line in setup + ["echo rea''dy"]:
            os.write(self.terminal, (line + "\n").encode())
        self.read(until="ready\r")

    def read(self, until=None, silence=1.0, limit=60):
        text, began = "", time.monotonic()
        while time.monotonic() - began < limit:
            if not select.select([self.terminal], [], [], silence)[0]:
                if until is None or until in text:
                    break
                continue
            try:
                chunk = os.read(self.terminal, 65536)
            except OSError:
                break
            if not chunk:
                break
            text += chunk.decode(errors="replace")
        return text

    def complete(self, line):
        """The line as the tab key leaves it."""
        os.write(self.terminal, (line + "\t").encode())
        answer = self.read()
        os.write(self.terminal, b"\x15")  # Ctrl-U: the next one begins with an empty line
        self.read(silence=0.3)
        return answer

    def close(self):
        os.close(self.terminal)
        os.waitpid(self.child, 0)


def report(name, failures, n):
    for failure in failures:
        print(failure)
    print(f"{name}: {n - len(failures)} of {n} fine")
    sys.exit(1 if failures else 0)
