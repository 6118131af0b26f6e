#!/usr/bin/env python3
"""Have the kernels become slower? The kernels of bench/kernels.c against a recorded baseline.

usage: bench/regression.py BENCH_KERNELS [--record] [options]

Instructions: valgrind counts those of one run of every row of the AVX2 tier. The count is the same
on every machine for the same compiler, so that more of them than --growth is a finding: exit code 8.
Time: every row's time over that of a fixed loop, measured in rounds, against the baseline's rounds:
an interval of the quotient of their means. Where it holds 1 nothing can be said; time alone never
makes the exit code, for it depends on neighbours and on where the linker puts things.
"""

import argparse
import glob
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TIER = "avx2"
# Two-sided 99.9 % quantiles of Student's t by degrees of freedom: with 40 rows, one false finding in
# 25 runs.
STUDENT = {1: 636.6, 2: 31.6, 3: 12.92, 4: 8.61, 5: 6.87, 6: 5.96, 7: 5.41, 8: 5.04, 9: 4.78,
           10: 4.59, 12: 4.32, 14: 4.14, 16: 4.01, 20: 3.85, 30: 3.65}


class Failure(Exception):
    """What went wrong, and what to do: two lines at most."""


def run(command):
    """Its standard output; anything but exit code 0 is a failure."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Failure(f"{command[0]}: {error.strerror}\n"
                      "'make bench' builds and installs what is needed") from error
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)} ended with code {done.returncode}: "
                      f"{done.stderr.strip()[-300:]}")
    return done.stdout


def count_instructions(program):
    """(compiler, {row: instructions})."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "count")
        lines = run(["valgrind", "--tool=callgrind", "--collect-atstart=no",
                     "--toggle-collect=counted_run", "--dump-after=counted_run",
                     f"--callgrind-out-file={out}", program, TIER, "--once"]).splitlines()
        compiler, names = lines[0].split("\t")[2], lines[1:]
        counts = []
        for number in range(1, len(names) + 1):
            with open(f"{out}.{number}", encoding="utf-8") as file:
                totals = [line for line in file if line.startswith(("totals:", "summary:"))]
            counts.append(int(totals[-1].split()[1]))
        if len(glob.glob(out + ".*")) < len(names):
            raise Failure("valgrind counted fewer rows than bench_kernels has")
    return compiler, dict(zip(names, counts))


def measure_time(program, rounds, seconds):
    """(CPU, {row: [its time over the fixed loop's, of each round]})."""
    ratios = {}
    cpu = ""
    for number in range(rounds):
        lines = run([program, TIER, str(seconds), "--ratios"]).splitlines()
        cpu = lines[0].split("\t")[0]
        for line in lines[1:]:
            name, ratio = line.split("\t")
            ratios.setdefault(name, []).append(float(ratio))
        print(f"time: round {number + 1} of {rounds}, load {os.getloadavg()[0]:.1f}",
              file=sys.stderr)
    return cpu, ratios


def student(freedom):
    """The table's quantile for at least these degrees of freedom: rounded to the wider interval."""
    return STUDENT[max((d for d in STUDENT if d <= freedom), default=1)]


def quotient(new, old):
    """Mean of new over mean of old with its 99.9 % interval, by Welch's t of the logarithms."""
    a, b = [math.log(x) for x in new], [math.log(x) for x in old]
    middle = statistics.mean(a) - statistics.mean(b)
    if len(a) < 2 or len(b) < 2:
        return math.exp(middle), 0.0, math.inf
    va, vb = statistics.variance(a) / len(a), statistics.variance(b) / len(b)
    if va + vb == 0:
        return (math.exp(middle),) * 3
    freedom = (va + vb) ** 2 / (va ** 2 / (len(a) - 1) + vb ** 2 / (len(b) - 1))
    reach = student(max(1.0, freedom)) * math.sqrt(va + vb)
    return tuple(math.exp(middle + d) for d in (0, -reach, reach))


def unlike(new, old):
    """Names that only one side has."""
    return ([f"  new, not in the baseline: {name}" for name in new if name not in old] +
            [f"  gone: {name}" for name in old if name not in new])


def judge_instructions(new, old, growth, show_all):
    """Lines to print, and whether a row has grown by more than `growth` percent."""
    if new["compiler"] != old["compiler"]:
        return [f"instructions: not compared, for the baseline was made by {old['compiler']} and "
                f"this program by {new['compiler']}"], False
    lines, grown, same = [], 0, 0
    for name, count in new["rows"].items():
        before = old["rows"].get(name)
        if before is None:
            continue
        change = 100 * (count / before - 1)
        bad = change > growth
        grown += bad
        same += count == before
        if bad or show_all or abs(change) >= 0.05:
            lines.append(f"  {name:<50} {before:>12,} -> {count:>12,}  {change:+6.2f} %"
                         + ("  GROWN" if bad else ""))
    compared = len([n for n in new["rows"] if n in old["rows"]])
    head = (f"instructions of {compared} kernels ({TIER}): {same} the same, {grown} grown by more "
            f"than {growth:g} %")
    return [head, *lines, *unlike(new["rows"], old["rows"])], grown > 0


def judge_time(new, old, show_all):
    """Lines to print."""
    if new["cpu"] != old["cpu"]:
        return [f"time: not compared, for the baseline was taken on {old['cpu']} and this is "
                f"{new['cpu']}"]
    lines, counts = [], {"slower": 0, "faster": 0, "no difference": 0}
    for name, ratios in new["rows"].items():
        if name not in old["rows"]:
            continue
        middle, low, high = quotient(ratios, old["rows"][name])
        word = "slower" if low > 1 else "faster" if high < 1 else "no difference"
        counts[word] += 1
        if show_all or word != "no difference":
            lines.append(f"  {name:<50} {middle:6.3f}  ({low:.3f} to {high:.3f})  {word}")
    head = (f"time against the baseline (99.9 % intervals): {counts['slower']} slower, "
            f"{counts['faster']} faster, of {counts['no difference']} no difference can be told")
    return [head, *lines]


def read(path):
    """The baseline."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}\nrecord one with 'make bench-record'") from error
    except ValueError as error:
        raise Failure(f"{path}: {error}\nrecord it anew with 'make bench-record'") from error


def write(path, baseline):
    """One row a line, so that a difference can be read."""
    def rows(values):
        return ",\n".join(f"   {json.dumps(k)}: {json.dumps(v)}" for k, v in values.items())

    text = ('{"instructions": {\n  "compiler": ' + json.dumps(baseline["instructions"]["compiler"])
            + ',\n  "rows": {\n' + rows(baseline["instructions"]["rows"])
            + '\n  }},\n "time": {\n  "cpu": ' + json.dumps(baseline["time"]["cpu"])
            + ',\n  "rows": {\n' + rows(baseline["time"]["rows"]) + "\n  }}\n}\n")
    json.loads(text)
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".part", path)


def parse():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0],
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("program", metavar="BENCH_KERNELS", help="built by 'make bench'")
    parser.add_argument("--record", action="store_true", help="write the baseline")
    parser.add_argument("--baseline", default=os.path.join(HERE, "baseline.json"), metavar="FILE")
    parser.add_argument("--growth", type=float, default=1.0, metavar="PERCENT",
                        help="of instructions, from which the exit code is 8")
    parser.add_argument("--rounds", type=int, default=7, help="of the time; 0 = leave it out")
    parser.add_argument("--seconds", type=float, default=0.02, help="of a row in a round")
    parser.add_argument("--all", action="store_true", help="print every row")
    options = parser.parse_args()
    if options.rounds < (2 if options.record else 0) or options.seconds <= 0:
        parser.error("--rounds: at least 2 to record; --seconds: above 0")
    return options


def compare(options):
    """Counts, measures, and records or judges; the exit code."""
    old = None if options.record else read(options.baseline)
    compiler, counts = count_instructions(options.program)
    new = {"instructions": {"compiler": compiler, "rows": counts},
           "time": {"cpu": "", "rows": {}}}
    if options.rounds:
        new["time"]["cpu"], new["time"]["rows"] = measure_time(options.program, options.rounds,
                                                               options.seconds)
    if options.record:
        write(options.baseline, new)
        print(f"recorded {len(counts)} rows in {options.baseline}")
        return 0
    lines, grown = judge_instructions(new["instructions"], old["instructions"], options.growth,
                                      options.all)
    if options.rounds:
        lines += judge_time(new["time"], old["time"], options.all)
    print("\n".join(lines))
    return 8 if grown else 0


def main():
    """The program."""
    try:
        return compare(parse())
    except Failure as failure:
        print(f"regression.py: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
