#!/usr/bin/env python3
"""Completion: what the program offers is held against its help texts, then bash is typed into.

usage: run_completion.py PROGRAM"""

import os
import re
import subprocess
import sys

import shells

PROGRAM = os.path.abspath(sys.argv[1])
failures = []
checks = 0


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], check=True, capture_output=True, text=True).stdout


def offered(*words):
    lines = run("complete", "--", *words).splitlines()
    return [line if line[0] == ":" else line.split("\t")[0] for line in lines]


def expect(what, found, wanted):
    global checks
    checks += 1
    if found != wanted:
        failures.append(f"{what}:\n  offered {found}\n  wanted  {wanted}")


def commands():
    part = run("help").split("\nfirst steps")[0]
    return re.findall(r"^  ([a-z]+) ", part, re.M)


def check_against_help():
    names = commands()
    expect("commands", sorted(offered("")), sorted(names))
    for name in names:
        options = run("help", name).split("\noptions\n")[1].split("\nexamples\n")[0]
        in_help = re.findall(r"^  (?:(-.), )?(--[a-z0-9-]+)", options, re.M)
        wanted = sorted(word for pair in in_help for word in pair if word)
        expect(f"options of {name}", sorted(offered(name, "-")), wanted)
    expect("nothing behind an unknown command", offered("nothing", ""), [])
    expect("no options behind --", offered("train", "--", "-"), [":files *.yaml"])
    expect("a value is no argument", offered("train", "--seed", "3", ""), [":files *.yaml"])
    expect("no more arguments", offered("init", "mine", "x"), [])


def check_set():
    """Every key of the reference can be reached part by part, and every word of the enumerations."""
    keys = run("help", "keys")
    top = re.findall(r"^  ([a-z_]+): ", keys.split("\n\n")[0], re.M)
    begun = {re.split(r"[.=]", word)[0] for word in offered("train", "--set", "")}
    expect("top keys", begun, set(top) - {"model"})
    train = re.search(r"^train\n(.*?)\n\n", keys, re.M | re.S)[1]
    begun = {re.split(r"[.=]", word)[1] for word in offered("train", "--set", "train.")}
    expect("keys of train", begun, set(re.findall(r"^  ([a-z_0-9]+): ", train, re.M)))
    expect("words", offered("train", "--set=train.keep="),
           ["--set=train.keep=" + w for w in ("last", "best validation loss", "best validation accuracy")])
    expect("none", offered("train", "--set", "augment="), ["augment=none"])


def check_bash():
    with shells.Playground(PROGRAM) as place:
        script = os.path.join(shells.SCRIPTS, "hemline.bash")
        bash = shells.Typist(
            ["bash", "--norc", "--noprofile", "-i"],
            ["bind 'set enable-bracketed-paste off'", "bind 'set show-all-if-ambiguous on'",
             "bind 'set bell-style none'", "bind 'set completion-display-width 0'", f"source '{script}'"],
            place,
        )
        for line, words in shells.CASES:
            answer = bash.complete(line)
            if len(words) == 1:
                before = line[: len(line) - len(re.split(r"\s", line)[-1])]
                blank = "" if words[0][-1] in "/=." else " "
                wanted = before + words[0].replace(" ", "\\ ") + blank
                expect(f"bash: {line}", answer, wanted)
            else:
                # Of a path bash lists the last part.
                listed = [row.strip().rstrip("/") for row in answer.split("\r\n")[1:-1]]
                expect(f"bash: {line}", sorted(listed),
                       sorted(os.path.basename(word.rstrip("/")) for word in words))
        bash.close()


check_against_help()
check_set()
check_bash()
shells.report("completion", failures, checks)
