"""What the frameworks' scripts share: one process a framework, network and number of threads, that
is told over its standard input when to work, so that all can be measured in turn.

Commands are JSON lines: {"do": "train" | "infer" | "single", "seconds": S}, {"do": "end"}.
Answers are JSON lines on standard output: first {"ready": ...}, then one for each command.
"""

import argparse
import json
import os
import resource
import sys
import time

BATCH = 256  # of inference
START = time.perf_counter()


def arguments(forms):
    """The command line; call before a framework is imported: it sizes the thread pools."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", required=True, help="a resolved experiment file")
    parser.add_argument("--data", required=True, help="folder of the IDX files")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--form", default="", choices=["", *forms])
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))[:given.threads]
    os.sched_setaffinity(0, cores)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                 "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = str(given.threads)
    # Frameworks write what they like to standard output: only answers may.
    given.answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return given


def since_start():
    """Seconds since the process was started, by the kernel's record."""
    with open("/proc/self/stat") as file:
        ticks = int(file.read().rsplit(")", 1)[1].split()[19])
    with open("/proc/uptime") as file:
        return float(file.read().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")


def timed_steps(step, seconds):
    """Calls step(), which returns how many images it did, until the time is over."""
    images, began = 0, time.perf_counter()
    while True:
        images += step()
        took = time.perf_counter() - began
        if took >= seconds:
            return images, took


def serve(given, ready, train, infer, single):
    """train(seconds), infer(seconds) -> (images, seconds); single() runs one image to its end.
    train may be None, and may add the CPU seconds of its steps alone. `ready`: what to say of oneself."""

    def answer(values):
        given.answers.write(json.dumps(values) + "\n")
        given.answers.flush()

    answer({"ready": {**ready, "ready_s": since_start()}})
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "end":
            break
        if command["do"] == "single":
            times, end = [], time.perf_counter() + command["seconds"]
            while not times or time.perf_counter() < end:
                began = time.perf_counter()
                single()
                times.append(time.perf_counter() - began)
            times.sort()
            answer({"images": len(times), "median_s": times[len(times) // 2], "best_s": times[0]})
            continue
        cpu = time.process_time()
        images, took, *own = (train if command["do"] == "train" else infer)(command["seconds"])
        cpu = own[0] if own else time.process_time() - cpu
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        answer({"images": images, "seconds": took, "cpu_seconds": cpu, "memory_bytes": memory})


class Order:
    """The shuffled order of epoch after epoch, dealt out in batches."""

    def __init__(self, n, batch, permutation):
        self.n, self.batch, self.permutation = n, batch, permutation
        self.order, self.place = permutation(n), 0

    def next(self, batches=1):
        """Indices of that many whole batches; what is left of an epoch is passed over."""
        take = self.batch * batches
        if self.place + take > self.n:
            self.order, self.place = self.permutation(self.n), 0
        self.place += take
        return self.order[self.place - take:self.place]
