#!/usr/bin/env python3
"""The scripts of bench/: what they refuse and say, how they judge, what they write. Frameworks are
not needed: stand-ins answer as bench/peers does.

usage: run_bench.py PROGRAM
"""

import contextlib
import io
import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench"))
sys.dont_write_bytecode = True

import compare
import compare_report
import regression

PROGRAM = ""
PEER = """\
import json, sys
print(json.dumps({"ready": {"version": "Stand-in 1", "form": "x", "parameters": %d,
                            "ready_s": 0.1}}), flush=True)
for line in sys.stdin:
    do = json.loads(line)["do"]
    if do == "end":
        break
    print(json.dumps({"images": 10, "seconds": 0.01, "cpu_seconds": 0.01, "memory_bytes": 1, "median_s": 1e-3}),
          flush=True)
"""


def call(*arguments):
    """compare.py as a user calls it."""
    return subprocess.run([sys.executable, os.path.join(ROOT, "bench/compare.py"), *arguments],
                          capture_output=True, text=True, check=False)


class Compare(unittest.TestCase):
    """bench/compare.py."""

    def test_arguments(self):
        """Wrong ones are named, with what is known."""
        done = call("--networks", "B9")
        self.assertEqual(done.returncode, 2)
        self.assertIn("unknown 'B9'; known: B1, B2", done.stderr)
        done = call("--frameworks", "pytorch:fast")
        self.assertEqual(done.returncode, 2)
        self.assertIn("pytorch:compile", done.stderr)
        done = call("--threads", "100000")
        self.assertIn("this process may use 1 to", done.stderr)
        done = call("--hemline", "/nonexistent")
        self.assertEqual(done.returncode, 1)
        self.assertIn("build it with 'make build'", done.stderr)

    def test_room(self):
        """Every package has a size; a disk that is too small stops before anything is made."""
        for framework in compare.all_frameworks():
            for package in compare.packages_of(framework):
                self.assertGreater(compare.SIZES[package], 0)
                self.assertIn(package, compare.MODULES)
        with tempfile.TemporaryDirectory() as folder:
            target = os.path.join(folder, "deep", "venv")
            usage = mock.Mock(free=1e9)
            with mock.patch("shutil.disk_usage", return_value=usage), \
                    contextlib.redirect_stderr(io.StringIO()) as talk, \
                    self.assertRaisesRegex(compare.Failure, "1.0 GB free, and 9.3 GB are needed"):
                compare.environment(target, ["pytorch"])
            self.assertIn("torch", talk.getvalue())
            self.assertFalse(os.path.exists(target))

    def test_pip_fails(self):
        """What pip says stays in sight, and the command by hand is given."""
        with tempfile.TemporaryDirectory() as folder, \
                mock.patch("venv.create"), \
                mock.patch("subprocess.run", return_value=mock.Mock(returncode=1)), \
                contextlib.redirect_stderr(io.StringIO()), \
                self.assertRaisesRegex(compare.Failure, "pip install"):
            compare.environment(os.path.join(folder, "venv"), ["onnxruntime"])

    def measure(self, folder, parameters):
        """A round of one network with stand-ins for the frameworks."""
        peers = os.path.join(folder, "peers")
        os.makedirs(peers)
        with open(os.path.join(peers, "peer_jax.py"), "w", encoding="utf-8") as file:
            file.write(PEER % parameters)
        options = mock.Mock(work=folder, hemline=PROGRAM, frameworks=["jax"], together=True,
                            hold="echo ready; sleep 60", rounds=2, seconds=0.05)
        with mock.patch.object(compare, "HERE", folder), \
                contextlib.redirect_stderr(io.StringIO()):
            return compare.measure(options, sys.executable, "nowhere", "E1", 1)

    def test_measure_and_report(self):
        """Figures of every round, and a page of them."""
        if subprocess.run([PROGRAM, "data", "check"], capture_output=True, check=False).returncode:
            self.skipTest("Fashion-MNIST is not here")
        with tempfile.TemporaryDirectory() as folder:
            block = self.measure(folder, 42310)
        self.assertEqual(len(block["rounds"]), 2)
        self.assertEqual(set(block["rounds"][0]["turns"]), {"hemline", "jax"})
        state = {"machine": compare.machine(), "blocks": {"E1-1": block},
                 "settings": {"frameworks": ["jax"], "rounds": 2, "seconds": 0.05}}
        page = compare_report.write(state, compare.NETWORKS)
        self.assertIn("| E1 `dense-tanh` | 1 |", page)
        self.assertIn("55.0 (55.0-55.0)", page)  # 1,000 images a second
        self.assertIn("Stand-in 1", page)
        with tempfile.TemporaryDirectory() as folder, \
                self.assertRaisesRegex(compare.Failure, "7 parameters.*not the same network"):
            self.measure(folder, 7)

    def test_ratios(self):
        """The fastest framework in each round, and no difference where a range holds 1."""
        def turn(ours, a, b):
            return {"turns": {"hemline": {"train": ours}, "jax": {"train": a},
                              "keras": {"train": b}}}
        block = {"rounds": [turn(10, 5, 4), turn(12, 4, 6), turn(9, 5, 3)]}
        best, ratios = compare_report.advantage(block, "train", ["keras", "jax"])
        self.assertEqual((best, ratios), ("jax", [2.0, 3.0, 1.8]))
        self.assertEqual(compare_report.verdict(ratios), "**2.00x** (1.80-3.00)")
        self.assertIn("no difference", compare_report.verdict([0.9, 1.1]))


class Regression(unittest.TestCase):
    """bench/regression.py."""

    def test_instructions(self):
        """More than a percent is a finding; another compiler is not compared."""
        old = {"compiler": "c", "rows": {"a": 1000, "b": 1000, "gone": 1}}
        new = {"compiler": "c", "rows": {"a": 1009, "b": 1011, "fresh": 5}}
        lines, grown = regression.judge_instructions(new, old, 1.0, False)
        self.assertTrue(grown)
        text = "\n".join(lines)
        self.assertEqual(text.count("GROWN"), 1)
        self.assertIn("gone: gone", text)
        self.assertIn("new, not in the baseline: fresh", text)
        self.assertFalse(regression.judge_instructions(new, old, 2.0, False)[1])
        self.assertFalse(regression.judge_instructions({**new, "compiler": "d"}, old, 1, False)[1])

    def test_time(self):
        """Clear differences are named, noise is not."""
        old = [1.0, 1.02, 0.98, 1.01, 0.99]
        middle, low, high = regression.quotient([1.5, 1.51, 1.49, 1.5, 1.52], old)
        self.assertTrue(1.4 < low < middle < high < 1.6)
        middle, low, high = regression.quotient([1.01, 1.03, 0.97, 1.0, 1.02], old)
        self.assertTrue(low < 1 < high)
        said = regression.judge_time({"cpu": "x", "rows": {"a": [2, 2.01, 2.02], "b": old}},
                                     {"cpu": "x", "rows": {"a": [1, 1.01, 1.02], "b": old}}, False)
        self.assertIn("1 slower, 0 faster, of 1 no difference", said[0])
        self.assertIn("not compared", regression.judge_time({"cpu": "y", "rows": {}},
                                                            {"cpu": "x", "rows": {}}, False)[0])

    def test_baseline(self):
        """Written rows are read back; a missing file is said with what to do."""
        baseline = {"instructions": {"compiler": "c", "rows": {"a": 1}},
                    "time": {"cpu": "x", "rows": {"a": [1.5, 2.0]}}}
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "b.json")
            with self.assertRaisesRegex(regression.Failure, "make bench-record"):
                regression.read(path)
            regression.write(path, baseline)
            self.assertEqual(regression.read(path), baseline)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    PROGRAM = os.path.abspath(sys.argv.pop())
    unittest.main(verbosity=1)
