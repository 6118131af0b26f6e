#!/usr/bin/env python3
"""Kills training runs with SIGKILL at random moments and resumes them until they are done. Every
one must end with the weights and the result of a run that nobody touched.

usage: kill_resume.py PROGRAM [--kills N] [--seed S]"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

# Small enough for many runs, with a checkpoint every other step: much of its time is saving.
EXPERIMENT = """\
data: {synthetic: {train: 300, test: 50, height: 12, width: 12}}
validation: {first: 44}
augment: {rotation: 10 deg, shift: 8%, flip: alternate, cutout: 4 px}
model:
  - conv: {filters: 4, kernel: 3, activation: relu}
  - maxpool: 2
  - dropout: 0.25
  - flatten
  - dense: {units: 40, activation: relu}
  - dense: {units: 10, activation: softmax, l2: 1e-4}
train:
  epochs: 4
  batch: 32
  optimizer: {adam: {learning_rate: 0.003}}
  keep: best validation loss
  checkpoint: {steps: 2}
"""

# The same with everything that a checkpoint holds beside weights and moments.
FULL = EXPERIMENT.replace("""  optimizer: {adam: {learning_rate: 0.003}}
  keep: best validation loss
""", """  optimizer: {adamw: {learning_rate: 0.01}}
  keep: best validation accuracy
  schedule: {cosine: {epochs: 9}}
  warmup: 0.6
  clip_norm: 0.8
  ema: 0.9
  early_stopping: {patience: 1, monitor: validation accuracy, min_delta: 0.02}
""").replace("epochs: 4\n", "epochs: 9\n")

# What may differ between two runs of the same bits.
TIMES = ("run", "epoch_seconds", "images_per_second", "resumed", "threads")


def result(directory):
    with open(os.path.join(directory, "result.json"), encoding="utf-8") as file:
        found = json.load(file)
    return {key: value for key, value in found.items() if key not in TIMES}


def epochs(directory):
    """The epochs' events after the rule of docs/run-directory.md."""
    events = []
    with open(os.path.join(directory, "events.jsonl"), "rb") as file:
        for line in file:
            try:
                event = json.loads(line)
            except ValueError:
                continue  # torn
            if event["event"] == "resumed":
                events = [e for e in events if e["step"] < event["from_step"]]
            events.append(event)
    kept = ("epoch", "learning_rate", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy",
            "penalty", "kept")
    return [{key: e[key] for key in kept} for e in events if e["event"] == "epoch"]


def left_in_a_save(directory):
    return os.path.isdir(directory) and any(".tmp-" in name for name in os.listdir(directory))


def start(program, arguments):
    return subprocess.Popen([program, "train", *arguments, "--quiet", "--threads", "1"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(process, what):
    errors = process.communicate()[1].decode(errors="replace")
    # The kill before may have come between the result and the process's end.
    if process.returncode != 0 and "this run is finished" not in errors:
        sys.exit(f"{what}: exit {process.returncode}\n{errors}")


def killed_run(program, directory, seconds, numbers, counts):
    """One run, killed again and again until it is done."""
    began = False
    while True:
        arguments = ["--resume", directory] if began else ["kill.yaml", "--out", directory]
        process = start(program, arguments)
        try:
            # Some sessions are left to get on, or a slow machine would never reach the end.
            process.wait(numbers.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            counts["kills"] += 1
            counts["in a save"] += left_in_a_save(directory)
            began = os.path.isdir(directory)  # it appears complete, or not at all
            continue
        finish(process, directory)
        return


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for experiment in EXPERIMENT, FULL:
        check(options, experiment)


def check(options, experiment):
    program = os.path.abspath(options.program)
    numbers = random.Random(options.seed)
    folder = tempfile.mkdtemp(prefix="kill-", dir=os.getcwd())
    os.chdir(folder)
    with open("kill.yaml", "w", encoding="utf-8") as file:
        file.write(experiment)

    before = time.monotonic()
    finish(start(program, ["kill.yaml", "--out", "whole"]), "the unbroken run")
    seconds = time.monotonic() - before
    expected = result("whole"), epochs("whole")

    counts = {"kills": 0, "in a save": 0}
    runs = 0
    while counts["kills"] < options.kills / 2:
        runs += 1
        directory = f"run{runs}"
        killed_run(program, directory, seconds, numbers, counts)
        if (result(directory), epochs(directory)) != expected:
            sys.exit(f"{folder}/{directory} differs from the unbroken run (seed {options.seed})")
        shutil.rmtree(directory)
    print(f"{counts['kills']} kills, {counts['in a save']} of them inside a save, in {runs} runs: "
          f"all ended as the unbroken run did, weights {expected[0]['weights_sha256'][:16]}...")
    os.chdir("..")
    shutil.rmtree(folder)


main()
