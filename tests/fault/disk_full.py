#!/usr/bin/env python3
"""Fails each write, fsync, rename, link and mkdir of a training run in turn, as a full disk would.
The program must say so and exit with 6 (or do without the call); what is on the disk must then
resume to the weights of a run that nothing happened to.

usage: disk_full.py PROGRAM LIBRARY [--every N]"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

EXPERIMENT = """\
data: {synthetic: {train: 96, test: 30, height: 10, width: 10}}
validation: {first: 32}
model:
  - conv: {filters: 3, kernel: 3, activation: relu}
  - flatten
  - dense: {units: 10, activation: softmax}
train:
  epochs: 2
  batch: 32
  optimizer: {adam: {learning_rate: 0.003}}
  keep: best validation loss
  checkpoint: {steps: 1}
"""


def run(program, arguments, **environment):
    # The sanitizer's own library need not come before ours.
    asan = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    own = dict(os.environ, ASAN_OPTIONS=asan, **environment)
    return subprocess.run([program, "train", *arguments, "--quiet", "--threads", "1"], env=own,
                          capture_output=True, text=True, timeout=120)


def weights(directory):
    with open(os.path.join(directory, "result.json"), encoding="utf-8") as file:
        return json.load(file)["weights_sha256"]


def check(program, preload, call, stays, expected):
    """One failing call; returns the exit status."""
    shutil.rmtree("run", ignore_errors=True)
    what = f"call {call} fails{' and all after it' if stays else ''}"
    done = run(program, ["disk.yaml", "--out", "run"], LD_PRELOAD=preload,
               FAILWRITE_AT=str(call), FAILWRITE_STAYS=str(int(stays)))
    if done.returncode not in (0, 6):
        sys.exit(f"{what}: exit {done.returncode}\n{done.stderr}")
    if done.returncode == 6 and "No space left" not in done.stderr:
        sys.exit(f"{what}: the message does not say why\n{done.stderr}")
    if stays and done.returncode == 0:
        sys.exit(f"{what}: exit 0 on a disk that stays full\n{done.stderr}")
    if not os.path.isdir("run"):
        if done.returncode == 0:
            sys.exit(f"{what}: exit 0 without a run\n{done.stderr}")
        return done.returncode
    if done.returncode == 6:
        again = run(program, ["--resume", "run"])
        # The last call of all may have failed after the result was in place.
        if again.returncode != 0 and "is finished" not in again.stderr:
            sys.exit(f"{what}: resuming gave {again.returncode}\n{done.stderr}{again.stderr}")
    if weights("run") != expected:
        sys.exit(f"{what}: other weights after resuming")
    return done.returncode


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("preload")
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    program, preload = os.path.abspath(options.program), os.path.abspath(options.preload)
    folder = tempfile.mkdtemp(prefix="disk-", dir=os.getcwd())
    os.chdir(folder)
    with open("disk.yaml", "w", encoding="utf-8") as file:
        file.write(EXPERIMENT)

    whole = run(program, ["disk.yaml", "--out", "whole"], LD_PRELOAD=preload,
                FAILWRITE_COUNT="count")
    if whole.returncode != 0:
        sys.exit(f"the unbroken run: exit {whole.returncode}\n{whole.stderr}")
    with open("count", encoding="ascii") as file:
        calls = int(file.read())
    if calls < 50:
        sys.exit(f"only {calls} calls were seen: the library is not in use")
    expected = weights("whole")

    failed = tried = 0
    for stays in (False, True):
        for call in range(1 + stays % options.every, calls + 1, options.every):
            failed += check(program, preload, call, stays, expected) == 6
            tried += 1
    print(f"{tried} failures of {calls} calls: {failed} ended the run with exit 6, the others were "
          f"done without; all resumed to {expected[:16]}...")
    os.chdir("..")
    shutil.rmtree(folder)


main()
