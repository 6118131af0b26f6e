#!/usr/bin/env python3
"""Tests of how run.py compares: what patterns stand for, and that a line of many that do not
match is found out in no time.

usage: run_matching.py [PROGRAM]   (as all scripts here; it is not run)
"""

import sys
import time

sys.dont_write_bytecode = True

import run

HOLD = [
    ("rate{num}, loss{num}.\n", "rate  1e-3, loss 0.25.\n"),
    ("{num}{num}\n", "1,2\n"),
    ("{word} {any}.{word}\n", "a ..b\n"),
    ("{...}\nend\n", "end\n"),
    ("a\n{...}\nb\n{...}\n", "a\nb\nx\nb\nc\n"),
    ("", ""),
    ("no line end", "no line end"),
]
DIFFER = [
    ("rate{num}\n", "rate \n"),
    ("{num}{num}\n", " 1\n"),
    ("{word}\n", "a b\n"),
    ("{any}\n", "a\nb\n"),
    ("a\n", "a"),
    ("", "a\n"),
    ("{...}\nend\n", "end\nx\n"),
    ("a+b\n", "aab\n"),
    ("row" + "{num}" * 40 + "|\n", "row" + " 123456.78" * 20 + "\n"),
    ("{...}\n" * 30 + "end\n", "x\n" * 300),
]


def main():
    begun = time.monotonic()
    wrong = [(pair, "differ") for pair in HOLD if not run.holds(*pair)]
    wrong += [(pair, "hold") for pair in DIFFER if run.holds(*pair)]
    if run.merge("a{num}\n{...}\nb{num}\n", "b 3\nc\na 1\n") != "b{num}\nc\na{num}\n":
        wrong.append(("merge", "does not keep lines that hold"))
    for what, verdict in wrong:
        print(f"{what}: {verdict}")
    seconds = time.monotonic() - begun
    if seconds > 20:
        wrong.append("time")
        print(f"took {seconds:.0f} seconds")
    print(f"{len(HOLD) + len(DIFFER) + 1} comparisons, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
