#!/usr/bin/env python3
"""Completion in fish, which can be asked without a terminal.

usage: run_completion_fish.py PROGRAM"""

import os
import sys

import shells

shells.need("fish")
failures = []
with shells.Playground(sys.argv[1]) as place:
    script = os.path.join(shells.SCRIPTS, "hemline.fish")
    for line, words in shells.CASES:
        asked = f"source '{script}'; complete -C '{line}'"
        answer = place.run("fish", "--no-config", "-c", asked)
        found = [row.split("\t")[0] for row in answer.splitlines()]
        if sorted(found) != sorted(words):
            failures.append(f"{line}:\n  offered {sorted(found)}\n  wanted  {sorted(words)}")
shells.report("completion in fish", failures, len(shells.CASES))
