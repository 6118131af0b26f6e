#!/usr/bin/env python3
"""Completion in zsh, typed into on a terminal.

usage: run_completion_zsh.py PROGRAM"""

import re
import sys

import shells

shells.need("zsh")
failures = []
with shells.Playground(sys.argv[1]) as place:
    zsh = shells.Typist(
        ["zsh", "-f", "-i"],
        ["PS1='> '", "unsetopt beep list_beep list_types zle_bracketed_paste 2>/dev/null",
         "zle_bracketed_paste=()", f"fpath=('{shells.SCRIPTS}' $fpath)",
         "autoload -U compinit; compinit -D -u"],
        place,
    )
    for line, words in shells.CASES:
        answer = zsh.complete(line)
        # Of one word the line holds it; several are listed below. Folders show without their slash.
        missing = [w for w in words if w.replace(" ", "\\ ").rstrip("/") not in answer]
        others = [w for w in ("a.yaml", "b.png", "m.safetensors", "my", "validation", "doctor")
                  if not any(w in word for word in words) and w not in line
                  and re.search(r"\b" + re.escape(w) + r"\b", answer)]
        if missing or others:
            failures.append(f"{line}: {answer!r}\n  lacks {missing}, has also {others}")
    zsh.close()
shells.report("completion in zsh", failures, len(shells.CASES))
