#!/usr/bin/env python3
"""How fast hemline, PyTorch, Keras, JAX and ONNX Runtime train and run the same networks here.

usage: bench/compare.py [--quick] [--networks B1,...] [--frameworks pytorch,...] [options]

For every network and number of threads each framework gets a process that builds the network,
compiles and warms up, and then waits; all are asked in turn to train, to run batches of 256 and to
run single images for a moment, round after round, so that what else the machine does falls on all
of them. Ratios are taken within a round. Figures go to docs/benchmarks.md and to a JSON file;
networks that are done are kept, so a run that was stopped goes on where it was.

The frameworks come from PyPI into a virtual environment of their own.
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
import venv

import compare_report

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "hemline")
IMAGES = 55000  # of an epoch

NETWORKS = {"B1": "dense-dropout", "B2": "two-conv", "D1": "tanh-conv-raw", "D3": "six-conv",
            "E1": "dense-tanh", "BN": "conv-bn"}

# By framework, or a form of it that wants others.
PACKAGES = {"pytorch": ["torch"], "jax": ["jax"], "keras": ["keras", "jax"],
            "keras:tensorflow": ["keras", "tensorflow-cpu"], "keras:torch": ["keras", "torch"],
            "onnxruntime": ["onnxruntime", "onnx"]}
ALL_NEED = ["numpy", "pyyaml"]
# The room that they and what they alone depend on take, in GB (measured, x86-64). PyPI's torch
# brings CUDA's libraries along and does not load without them; where a CPU-only one was put into
# the environment by hand (PyTorch's site says how), that one is used.
SIZES = {"torch": 5.4, "jax": 0.54, "keras": 0.06, "tensorflow-cpu": 1.45, "onnxruntime": 0.08,
         "onnx": 0.06, "numpy": 0.08, "pyyaml": 0.01}
MODULES = {"torch": "torch", "jax": "jax", "keras": "keras", "tensorflow-cpu": "tensorflow",
           "onnxruntime": "onnxruntime", "onnx": "onnx", "numpy": "numpy", "pyyaml": "yaml"}
DEFAULT = ["pytorch", "keras", "jax", "onnxruntime"]
FORMS = {"pytorch": ["channels-last", "channels-first", "compile"], "jax": ["scan", "step"],
         "keras": ["jax", "tensorflow", "torch"], "onnxruntime": ["cpu"]}
DOWNLOAD = 0.7  # of what is unpacked, while pip holds the downloads too


class Failure(Exception):
    """What went wrong, and what to do: two lines at most."""


def say(line):
    """Talk, on standard error."""
    print(line, file=sys.stderr, flush=True)


# ---- the virtual environment -------------------------------------------------------------------


def packages_of(framework):
    """What pip has to bring for a framework, or one of its forms."""
    return ALL_NEED + (PACKAGES.get(framework) or PACKAGES[framework.split(":")[0]])


def missing_packages(python, wanted):
    """Those of the packages that the environment's Python does not find."""
    modules = {MODULES[package]: package for package in wanted}
    code = ("import importlib.util, sys\n"
            "print(*[m for m in sys.argv[1:] if importlib.util.find_spec(m) is None])")
    found = subprocess.run([python, "-c", code, *modules], capture_output=True, text=True,
                           check=False)
    if found.returncode != 0:
        raise Failure(f"{python} does not run: {found.stderr.strip()[-300:]}\n"
                      "remove the environment, or name another with --venv")
    return [modules[name] for name in found.stdout.split()]


def environment(folder, frameworks):
    """Makes the virtual environment, or what is missing in it; its Python."""
    python = os.path.join(folder, "bin", "python")
    wanted = sorted({p for framework in frameworks for p in packages_of(framework)})
    new = not os.path.exists(python)
    missing = wanted if new else missing_packages(python, wanted)
    if not missing:
        return python
    need = sum(SIZES[package] for package in missing)
    parent = folder
    while not os.path.isdir(parent):
        parent = os.path.dirname(parent)
    free = shutil.disk_usage(parent).free / 1e9
    most = need * (1 + DOWNLOAD)
    say(f"{folder}: {', '.join(missing)} from PyPI take about {need:.1f} GB (up to {most:.1f} GB "
        f"while they are unpacked); {free:.1f} GB are free")
    if free < most:
        raise Failure(f"{parent} has {free:.1f} GB free, and {most:.1f} GB are needed\n"
                      "name another place with --venv DIR, or fewer --frameworks")
    if new:
        try:
            venv.create(folder, with_pip=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Failure(f"cannot make the environment {folder}: {error}\n"
                          "on Debian the package python3-venv makes this possible") from error
    scratch = os.path.join(folder, "unpack")  # beside it: /tmp is often small
    os.makedirs(scratch, exist_ok=True)
    done = subprocess.run([python, "-m", "pip", "install", "--no-cache-dir", *missing],
                          env={**os.environ, "TMPDIR": scratch}, stdout=sys.stderr, check=False)
    shutil.rmtree(scratch, ignore_errors=True)
    if done.returncode != 0:
        raise Failure(f"pip could not install {', '.join(missing)}: its error is above\n"
                      "is there a network? pip's own settings (PIP_INDEX_URL, proxies) are "
                      f"honoured; by hand: {python} -m pip install {' '.join(missing)}")
    return python


# ---- the machine -------------------------------------------------------------------------------


def cores(threads):
    """The CPUs that runs with this many threads are kept on."""
    return sorted(os.sched_getaffinity(0))[:threads]


class Others:
    """CPU time that other processes, and other guests of the machine, took on our cores."""

    def __init__(self, on, own):
        self.on, self.own = set(on), own
        self.before = self._now()

    def _now(self):
        busy = 0
        with open("/proc/stat", encoding="ascii") as file:
            for line in file:
                name, *ticks = line.split()
                if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in self.on:
                    ticks = [int(t) for t in ticks]
                    busy += sum(ticks[:3]) + sum(ticks[5:8])  # user, nice, system, irq, steal
        return time.monotonic(), busy / os.sysconf("SC_CLK_TCK"), self.own()

    def cores(self):
        """Mean number of cores taken since the beginning."""
        wall, busy, own = (b - a for a, b in zip(self.before, self._now()))
        return max(0.0, (busy - own) / wall)


def cpu_seconds(pid):
    """User and system time of a process and of its finished children."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            ticks = file.read().rsplit(")", 1)[1].split()[11:15]
    except OSError:
        return 0.0
    return sum(int(t) for t in ticks) / os.sysconf("SC_CLK_TCK")


def machine():
    """What the figures were taken on."""
    name = platform.processor() or platform.machine()
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    return {"cpu": name, "cpus": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "python": platform.python_version()}


# ---- contestants -------------------------------------------------------------------------------


class Hemline:
    """The program, started for every turn: it is ready at once."""

    name = "hemline"

    def __init__(self, program, path, threads):
        self.program, self.path, self.threads = program, path, threads
        began = time.monotonic()
        answer = self._bench(0.1)
        self.ready = {"version": f"hemline {hemline_version(program)}", "form": answer["tier"],
                      "ready_s": round(time.monotonic() - began, 2)}

    def _bench(self, seconds):
        on = cores(self.threads)
        done = subprocess.run(
            [self.program, "bench", self.path, "--json", "--no-layers", "--threads",
             str(self.threads), "--seconds", str(seconds)], capture_output=True, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, on), check=False)
        if done.returncode != 0:
            raise Failure(f"hemline bench {self.path}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def turn(self, seconds):
        """One turn; training takes 40 % of what hemline bench is given."""
        answer = self._bench(seconds["train"] / 0.4)
        training, inference = answer["training"], answer["inference"]
        return {"train": training["images"] / training["seconds"], "steps_images":
                training["images"], "train_cpu": training["images"] / training["cpu_seconds"],
                "infer": inference["images"] / inference["seconds"],
                "single": 1e-6 * answer["one_image"]["median_us"],
                "percent_of_peak": training["percent_of_peak"],
                "cpu_percent_of_peak": 1e-7 * training["flops_per_image"] * training["images"]
                / training["cpu_seconds"] / answer["peak_gflops"],
                "inference_percent_of_peak": inference["percent_of_peak"],
                "percent_of_products": training["percent_of_products"],
                "inference_percent_of_products": inference["percent_of_products"],
                "peak_gflops": answer["peak_gflops"]}

    def cpu(self):
        """Its processes end with the turn."""
        times = os.times()
        return times.children_user + times.children_system

    def end(self):
        """Nothing is left running."""


class Framework:
    """A script of bench/peers in a process of its own, told when to work."""

    def __init__(self, python, framework, network, data, threads):
        self.name = framework
        script, _, form = framework.partition(":")
        command = [python, os.path.join(HERE, "peers", f"peer_{script}.py"), "--network", network,
                   "--data", data, "--threads", str(threads)]
        self.log_path = network + f".{framework.replace(':', '-')}-{threads}.log"
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                command + (["--form", form] if form else []), stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=log, text=True,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        self.ready = {}
        self.trains = script != "onnxruntime"

    def wait(self):
        """Until it has compiled and warmed up."""
        self.ready = self._answer()["ready"]

    def _answer(self):
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        code = self.process.wait()
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            last = [part.strip() for part in log.read().splitlines() if part.strip()][-1:]
        raise Failure(f"{self.name} ended with code {code}: {' '.join(last)[:300]}\n"
                      f"all that it said is in {self.log_path}")

    def ask(self, what, seconds):
        """One command and its answer."""
        try:
            self.process.stdin.write(json.dumps({"do": what, "seconds": seconds}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer says why
        return self._answer()

    def turn(self, seconds):
        """One turn of training, batches and single images."""
        found = {}
        if self.trains:
            answer = self.ask("train", seconds["train"])
            found["train"] = answer["images"] / answer["seconds"]
            found["steps_images"] = answer["images"]
            found["train_cpu"] = answer["images"] / answer["cpu_seconds"]
        answer = self.ask("infer", seconds["infer"])
        found["infer"] = answer["images"] / answer["seconds"]
        found["memory_bytes"] = answer["memory_bytes"]
        found["single"] = self.ask("single", seconds["single"])["median_s"]
        return found

    def cpu(self):
        """CPU seconds so far."""
        return cpu_seconds(self.process.pid)

    def end(self):
        """Asks the process to end; ends it where it does not."""
        try:
            self.process.stdin.write('{"do": "end"}\n')
            self.process.stdin.close()
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def hemline_version(program):
    """'0.1.0', and the commit where this is a clone."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    version = done.stdout.split()[1] if done.returncode == 0 else "unknown"
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short=12", "HEAD"],
                            capture_output=True, text=True, check=False)
    return version + (f", commit {commit.stdout.strip()}" if commit.returncode == 0 else "")


# ---- measuring ---------------------------------------------------------------------------------


class Hold:
    """--hold CMD: runs beside a network's turns; prints a line once they may begin."""

    def __init__(self, command):
        self.process = None
        if command:
            self.process = subprocess.Popen(["sh", "-c", command], stdout=subprocess.PIPE,
                                            text=True, start_new_session=True)
            self.process.stdout.readline()

    def end(self):
        """Ends the command and what it started."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, 15)
            self.process.wait()
        if self.process:
            self.process.stdout.close()


def check_parameters(program, path, contestant):
    """That a framework has built the same network: it counts the same parameters."""
    done = subprocess.run([program, "summary", "--json", path], capture_output=True, text=True,
                          check=True)
    ours = json.loads(done.stdout)["parameters"]
    if contestant.ready["parameters"] != ours:
        raise Failure(f"{contestant.name} counts {contestant.ready['parameters']:,} parameters "
                      f"in {path}, hemline {ours:,}: not the same network")


def run_rounds(contestants, options, threads):
    """Turns in rounds; a round's order is the last one's, turned by one."""
    seconds = {"train": options.seconds, "infer": options.seconds * 0.4,
               "single": options.seconds * 0.2}
    rounds = []
    for number in range(options.rounds):
        turned = contestants[number % len(contestants):] + contestants[:number % len(contestants)]
        found = {"load_before": os.getloadavg()[0], "turns": {}}
        for contestant in turned:
            others = Others(cores(threads), contestant.cpu)
            figures = contestant.turn(seconds)
            figures["others"] = round(others.cores(), 3)
            found["turns"][contestant.name] = figures
        found["load_after"] = os.getloadavg()[0]
        rounds.append(found)
        told = [f"{name} {IMAGES / turn['train']:.2f} s" for name, turn in found["turns"].items()
                if "train" in turn]
        say(f"    round {number + 1} of {options.rounds}: an epoch in " + ", ".join(told))
    return rounds


def measure(options, python, data, network, threads):
    """One network at one number of threads: {"contestants": ..., "rounds": ...}."""
    path = os.path.join(ROOT, "experiments", NETWORKS[network] + ".yaml")
    resolved = os.path.join(options.work, NETWORKS[network] + ".yaml")
    done = subprocess.run([options.hemline, "summary", "--resolved", path], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise Failure(done.stderr.strip())
    with open(resolved, "w", encoding="utf-8") as file:
        file.write(done.stdout)
    contestants = [Hemline(options.hemline, path, threads)]
    try:
        for framework in options.frameworks:
            say(f"    starting {framework}")
            contestants.append(Framework(python, framework, resolved, data, threads))
            if not options.together:
                contestants[-1].wait()
        for contestant in contestants[1:]:
            if options.together:
                contestant.wait()
            check_parameters(options.hemline, path, contestant)
        hold = Hold(options.hold)
        try:
            rounds = run_rounds(contestants, options, threads)
        finally:
            hold.end()
        return {"contestants": {c.name: c.ready for c in contestants}, "rounds": rounds}
    finally:
        for contestant in contestants:
            contestant.end()


# ---- keeping what is done ----------------------------------------------------------------------


def program_hash(path):
    """Names the program's content."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:16]


def load_state(options, settings):
    """Figures of an earlier run with the same settings, or an empty record."""
    try:
        with open(options.json, encoding="utf-8") as file:
            state = json.load(file)
    except (OSError, ValueError):
        state = {}
    if options.fresh or state.get("settings") != settings:
        if state and not options.fresh:
            say(f"{options.json} holds figures of other settings: starting anew")
        return {"settings": settings, "machine": machine(), "blocks": {}}
    say(f"going on: {len(state['blocks'])} parts are in {options.json} (--fresh starts anew)")
    return state


def save(path, content):
    """Writes a file whole or not at all."""
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(content)
    os.replace(path + ".part", path)


# ---- the command line --------------------------------------------------------------------------


def a_list(known):
    """A type for argparse: words joined by commas, each known."""
    def parse(text):
        words = [word for word in text.split(",") if word]
        for word in words:
            if word not in known:
                raise argparse.ArgumentTypeError(
                    f"unknown '{word}'; known: {', '.join(known)}")
        return words
    return parse


def all_frameworks():
    """'pytorch', and 'pytorch:compile' for each of its forms."""
    return [*FORMS, *(f"{name}:{form}" for name, forms in FORMS.items() for form in forms)]


def parse():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n", maxsplit=1)[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--quick", action="store_true",
                        help="two rounds of half a second: to see that all works")
    parser.add_argument("--networks", type=a_list(list(NETWORKS)), default=",".join(NETWORKS),
                        help="of " + ", ".join(f"{k} ({v})" for k, v in NETWORKS.items()))
    parser.add_argument("--frameworks", type=a_list(all_frameworks()), default=",".join(DEFAULT),
                        help="of " + ", ".join(all_frameworks()))
    parser.add_argument("--threads", help="numbers of threads, joined by commas",
                        default="1,2" if len(os.sched_getaffinity(0)) > 1 else "1")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of training in a turn")
    parser.add_argument("--venv", default=os.path.join(CACHE, "peers"), metavar="DIR",
                        help="where the frameworks are, or are installed")
    parser.add_argument("--hemline", default=os.path.join(ROOT, "build/release/hemline"),
                        metavar="PROGRAM")
    parser.add_argument("--output", default=os.path.join(ROOT, "docs/benchmarks.md"),
                        metavar="FILE")
    parser.add_argument("--json", default=os.path.join(ROOT, "build/compare/figures.json"),
                        metavar="FILE", help="all figures; a stopped run goes on from here")
    parser.add_argument("--fresh", action="store_true", help="forget earlier figures")
    parser.add_argument("--report", action="store_true",
                        help="only write the report from the figures that are there")
    parser.add_argument("--together", action="store_true",
                        help="start a network's frameworks at once: sooner, but the times of "
                        "their starts are then no measure of them")
    parser.add_argument("--hold", metavar="CMD",
                        help="runs beside a network's turns, to quiet the machine: figures are "
                        "taken once it prints a line, then it is ended")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 2, 0.5
    try:
        options.threads = [int(word) for word in options.threads.split(",")]
    except ValueError:
        parser.error(f"--threads {options.threads}: numbers joined by commas are wanted")
    have = len(os.sched_getaffinity(0))
    if min(options.threads) < 1 or max(options.threads) > have:
        parser.error(f"--threads: this process may use 1 to {have} CPUs")
    if options.rounds < 1 or options.seconds <= 0:
        parser.error("--rounds and --seconds must be above 0")
    options.json = os.path.abspath(options.json)
    options.work = os.path.dirname(options.json)
    options.venv = os.path.abspath(options.venv)
    return options


def data_folder(program):
    """Where hemline finds Fashion-MNIST."""
    done = subprocess.run([program, "data", "where", "--json"], capture_output=True, text=True,
                          check=False)
    used = json.loads(done.stdout).get("used") if done.returncode == 0 else None
    if not used:
        raise Failure("Fashion-MNIST is not here\nget it with 'hemline data get fashion-mnist'")
    return used


def run(options):
    """All networks and threads; the report after each, so that what is done can be read."""
    os.makedirs(options.work, exist_ok=True)
    if options.report:
        with open(options.json, encoding="utf-8") as file:
            save(options.output, compare_report.write(json.load(file), NETWORKS))
        return
    if not os.access(options.hemline, os.X_OK):
        raise Failure(f"there is no {options.hemline}\nbuild it with 'make build'")
    python = environment(options.venv, options.frameworks)
    data = data_folder(options.hemline)
    settings = {"hemline": program_hash(options.hemline), "frameworks": options.frameworks,
                "rounds": options.rounds, "seconds": options.seconds,
                "together": options.together}
    state = load_state(options, settings)
    wanted = [(n, t) for t in options.threads for n in options.networks]
    for at, (network, threads) in enumerate(wanted):
        key = f"{network}-{threads}"
        if key in state["blocks"]:
            continue
        say(f"{at + 1} of {len(wanted)}: {network} ({NETWORKS[network]}), {threads} "
            f"thread{'s' if threads > 1 else ''}")
        state["blocks"][key] = measure(options, python, data, network, threads)
        save(options.json, json.dumps(state, indent=1))
        save(options.output, compare_report.write(state, NETWORKS))
    say(f"written: {options.output}")


def main():
    """The program."""
    options = parse()
    try:
        run(options)
    except Failure as failure:
        say(f"compare.py: {failure}")
        return 1
    except OSError as error:
        say(f"compare.py: {error}")
        return 6
    except KeyboardInterrupt:
        say("\nstopped; the same command goes on with the networks that are left")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
