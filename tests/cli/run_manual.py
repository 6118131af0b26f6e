#!/usr/bin/env python3
"""The manual pages: written anew, held against the help texts and the sources, and given to mandoc
and groff where they are installed.

usage: run_manual.py PROGRAM"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

PROGRAM = os.path.abspath(sys.argv[1])
SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
failures = []


def ask(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def expect(holds, what):
    if not holds:
        failures.append(what)


def plain(page):
    """A page's text without its macros and escapes."""
    text = re.sub(r"\\f[BIR]|\\%|\\&", "", page).replace("\\-", "-").replace("\\(aq", "'")
    return text.replace("\\e", "\\")


def tags(page, section):
    """The tags of the lists of a section, without what else stands in their lines."""
    part = re.search(rf"^\.SH {section}\n(.*?)(?=^\.SH |\Z)", page, re.M | re.S)
    return re.findall(r"^\.TP\n(.*)$", part[1], re.M) if part else []


def check_options(name, page):
    options = run(PROGRAM, "help", name).split("\noptions\n")[1].split("\nexamples\n")[0]
    wanted = re.findall(r"^  ((?:-., )?--.*?)(?:  .*)?$", options, re.M)
    expect(tags(page, "OPTIONS") == wanted, f"{name}: {tags(page, 'OPTIONS')}, help has {wanted}")


def check_examples(name):
    """--help comes behind the words of an example: they are all parsed, and nothing is done."""
    text = run(PROGRAM, "help", name)
    examples = text.split("\nexamples\n")[1] if "\nexamples\n" in text else ""
    for line in re.findall(r"^  hemline (.*)$", examples, re.M):
        words = shlex.split(line.split("|")[0]) + ["--help"]
        done = ask(PROGRAM, *words)
        expect(done.returncode == 0 and done.stdout == text, f"{line}: {done.stderr}")


def check_environment(page):
    """Every variable of ours that the sources read, and no other, stands in the overview."""
    read = set()
    for folder in ("cli", "src", "modules"):
        for file in (SOURCE / folder).rglob("*.c"):
            read |= set(re.findall(r'getenv\("(HEMLINE_[A-Z]+)"\)', file.read_text()))
    found = {tag for tag in tags(page, "ENVIRONMENT") if tag.startswith("HEMLINE_")}
    expect(found == read, f"ENVIRONMENT has {sorted(found)}, the sources read {sorted(read)}")


def check_exit_codes(page):
    header = (SOURCE / "include/hemline/base.h").read_text()
    wanted = re.findall(r"^    HEM_(?:OK|ERR_[A-Z]+) = (\d+)", header, re.M)
    found = [tag for tag in tags(page, "EXIT STATUS") if tag.isdigit()]
    expect(found == wanted, f"EXIT STATUS has {found}, hem_status {wanted}")


def check_keys(page):
    keys = run(PROGRAM, "help", "keys")
    expect(tags(page, "KEYS") == re.findall(r"^  ([^ :]+): ", keys, re.M), "keys differ")
    for line in keys.splitlines():
        text = re.sub(r"^  ([^ ]+): ", "", line).strip()
        expect(re.sub(r"\s+", " ", text) in re.sub(r"\s+", " ", page), f"page lacks: {text}")


def check_pages(folder):
    run(PROGRAM, "man", str(folder))
    pages = {file.name: plain(file.read_text()) for file in folder.iterdir()}
    overview = run(PROGRAM, "help").split("\nfirst steps")[0]
    names = re.findall(r"^  ([a-z]+) ", overview, re.M)
    wanted = {"hemline.1", "hemline-experiment.5"} | {f"hemline-{name}.1" for name in names}
    expect(set(pages) == wanted, f"pages {sorted(pages)}, wanted {sorted(wanted)}")
    for name in names:
        check_options(name, pages[f"hemline-{name}.1"])
        check_examples(name)
    expect(tags(pages["hemline.1"], "COMMANDS") == names, "COMMANDS differ")
    check_environment(pages["hemline.1"])
    check_exit_codes(pages["hemline.1"])
    check_keys(pages["hemline-experiment.5"])
    return [str(folder / name) for name in sorted(pages)]


def check_form(files):
    if shutil.which("mandoc"):
        done = ask("mandoc", "-T", "lint", *files)
        expect(done.stdout == "", done.stdout)
    else:
        print("mandoc is not installed: the pages are not checked by it")
    if shutil.which("groff"):
        done = ask("groff", "-man", "-Tutf8", "-ww", "-z", *files)
        expect(done.stderr == "", done.stderr)
    else:
        print("groff is not installed: the pages are not checked by it")


def check_errors(folder):
    done = ask(PROGRAM, "man", str(folder / "none"))
    expect(done.returncode == 6 and "none/hemline.1: No such file" in done.stderr, done.stderr)


with tempfile.TemporaryDirectory() as scratch:
    check_form(check_pages(pathlib.Path(scratch)))
    check_errors(pathlib.Path(scratch))
for failure in failures:
    print(failure)
print("manual: " + (f"{len(failures)} wrong" if failures else "fine"))
sys.exit(1 if failures else 0)
