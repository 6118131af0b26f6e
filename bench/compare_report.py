"""docs/benchmarks.md from the figures of compare.py."""

import statistics

IMAGES = 55000
TITLES = {"pytorch": "PyTorch", "keras": "Keras", "jax": "JAX", "onnxruntime": "ONNX Runtime"}
KINDS = {
    "train": ("Training", "Seconds an epoch of 55,000 images", lambda rate: IMAGES / rate),
    "train_cpu": ("Training by CPU time, one thread",
                  "Seconds an epoch of 55,000 images on the processor's own clock, which stands still"
                  " while others have the core",
                  lambda rate: IMAGES / rate),
    "infer": ("Inference, batches of 256", "Thousand images a second", lambda rate: rate / 1000),
    "single": ("Inference, one image at a time", "Microseconds an image", lambda s: s * 1e6),
}
# Columns beside hemline's own figure.
SHARES = {
    "train": {"% of peak": "percent_of_peak", "% of products": "percent_of_products"},
    "train_cpu": {"% of peak": "cpu_percent_of_peak"},
    "infer": {"% of peak": "inference_percent_of_peak",
              "% of products": "inference_percent_of_products"},
}
HEAD = """\
# Benchmarks

hemline beside PyTorch, Keras, JAX and ONNX Runtime on the same networks, in one run. Made by `make compare` (`bench/compare.py`, which makes the virtual environment that the
frameworks need; `--quick` for a first look); do not edit. A network's contestants train, answer batches of 256 and answer single images in turn, round after round; the figure is the
median of {rounds} rounds, behind it the smallest and the largest. How many times faster hemline is than the fastest framework is a ratio within each round: the median, and the
range. A range that holds 1 is no difference.

{machine}
"""
METHOD = """\
## How
- Training: the experiment's batch, shuffled anew each epoch; dropout, penalties and optimizer included, validation not. A turn trains for about {seconds:g} s (one step at least) after everything has been compiled and
  warmed up; an epoch is extrapolated from the images that were done: hemline's turns had {least:,} to {most:,} of them. E1 trains on 48,000 images an epoch and D1 on 60,000 (they are folds of these): all are given for 55,000.
- Each runs in a process of its own, kept on as many CPUs as it has threads, and is idle while it is not its turn. The frameworks hold their images in memory as floats; hemline gathers bytes and turns them into
  numbers in the step.
- All count the same number of parameters, or the run ends.
- Forms: PyTorch eager with the fused optimizer, channels-last where there are convolutions; JAX a scan over many steps in one jitted call for dense networks, one jitted call a step for the others; Keras
  `fit` with jit compilation and several steps an execution; ONNX Runtime sessions of fixed batch. Others can be asked for: `--frameworks pytorch,pytorch:compile,keras:tensorflow,jax:scan`.
- "Others": mean cores that other processes (and other guests of the host) took on the same CPUs meanwhile. Above 0.15 or so absolute figures are too low for all; ratios suffer less.
- % of peak: useful operations, taps on padding left out, over the multiply-add peak measured before and after in the same seconds. Over 100 where an algorithm needs fewer
  multiplications than the definition.
- % of products: the same over what hemline's product of two matrices that fit the first-level cache reached on the average in the same seconds. That is near the peak on an idle core, and well
  below it while another guest of the host uses the core's second thread, which costs every program.
"""


def values(block, name, kind):
    """A contestant's figures of all rounds."""
    return [turns[name][kind] for turns in (r["turns"] for r in block["rounds"])
            if name in turns and kind in turns[name]]


def number(x):
    """Three significant digits, never in powers of ten."""
    digits = 0 if x >= 100 else 1 if x >= 10 else 2 if x >= 1 else 3
    return f"{x:,.{digits}f}"


def spread(found, show):
    """'1.52 (1.49-1.60)'."""
    shown = sorted(show(x) for x in found)
    return (f"{number(statistics.median(shown))} "
            f"({number(shown[0])}-{number(shown[-1])})") if shown else "-"


def rate(kind, x):
    """More is better, whatever the figure."""
    return 1 / x if kind == "single" else x


def advantage(block, kind, frameworks):
    """The fastest framework, and how many times faster hemline was in each round."""
    there = [f for f in frameworks if values(block, f, kind)]
    if not there or not values(block, "hemline", kind):
        return None, []
    best = max(there, key=lambda f: statistics.median(
        rate(kind, x) for x in values(block, f, kind)))
    ours, theirs = values(block, "hemline", kind), values(block, best, kind)
    return best, [rate(kind, a) / rate(kind, b) for a, b in zip(ours, theirs)]


def title(framework):
    """'Keras' or 'Keras (tensorflow)'."""
    name, _, form = framework.partition(":")
    return TITLES[name] + (f" ({form})" if form else "")


def verdict(ratios):
    """'**2.1x** (1.9-2.3)'."""
    if not ratios:
        return "-"
    middle, low, high = statistics.median(ratios), min(ratios), max(ratios)
    plain = f"{middle:.2f}x ({low:.2f}-{high:.2f})"
    return plain + ", no difference" if low <= 1 <= high else f"**{middle:.2f}x** " \
        f"({low:.2f}-{high:.2f})"


def keys(state):
    """Parts that were measured: by threads, then in the order of the networks."""
    return sorted(state["blocks"], key=lambda k: (int(k.split("-")[1]),
                                                  list(state["order"]).index(k.split("-")[0])))


def table(state, kind, frameworks):
    """One kind of work, a row for each network and number of threads."""
    heading, unit, show = KINDS[kind]
    there = [f for f in frameworks if any(values(b, f, kind) for b in state["blocks"].values())]
    shares = SHARES.get(kind, {})
    head = ["network", "threads", "hemline", *shares] + [
        title(f) for f in there] + ["hemline against the fastest"]
    chosen = [k for k in keys(state) if kind != "train_cpu" or k.endswith("-1")]
    if not chosen:
        return ""
    lines = [f"## {heading}", f"{unit}: median (smallest-largest).", "",
             "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for key in chosen:
        block = state["blocks"][key]
        network, threads = key.split("-")
        best, ratios = advantage(block, kind, there)
        cells = [f"{network} `{state['order'][network]}`", threads,
                 spread(values(block, "hemline", kind), show)]
        for share in shares.values():
            percents = values(block, "hemline", share)
            cells.append(f"{statistics.median(percents):.1f}" if percents else "-")
        cells += [spread(values(block, f, kind), show) for f in there]
        cells.append(verdict(ratios) + (f", {title(best)}" if best else ""))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def start_table(state, frameworks):
    """From the start of a process to its first step, memory, and what others took meanwhile."""
    head = ["network", "threads"] + [f"{title(f)}: s to ready, MB" for f in frameworks] + [
        "hemline: s to ready", "others, cores", "load"]
    lines = ["## Start, memory, load of others",
             "Seconds from the start of a process until it is compiled and warmed up; its largest memory."
             " For hemline: a whole `hemline bench` of 0.1 s, reading the data included."
             + (" The frameworks were started at once (--together): their times to ready are too"
                " long." if state["settings"].get("together") else ""), "",
             "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for key in keys(state):
        block = state["blocks"][key]
        cells = key.split("-")
        for f in frameworks:
            ready = block["contestants"].get(f)
            memory = values(block, f, "memory_bytes")
            cells.append(f"{ready['ready_s']:.1f}, {max(memory) / 1e6:,.0f}"
                         if ready and memory else "-")
        others = [t["others"] for r in block["rounds"] for t in r["turns"].values()]
        loads = [r[k] for r in block["rounds"] for k in ("load_before", "load_after")]
        cells += [f"{block['contestants']['hemline']['ready_s']:.1f}",
                  f"{statistics.median(others):.2f} (most {max(others):.2f})",
                  f"{min(loads):.1f} to {max(loads):.1f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def busy(blocks):
    """A warning where others had much of the machine."""
    others = statistics.median(t["others"] for block in blocks for r in block["rounds"]
                               for t in r["turns"].values())
    if others < 0.15:
        return ""
    return (f"\n\n**The machine was busy**: others took {others:.2f} of the cores that were measured"
            " on. Times by the clock are too long for all; ratios, and the table by CPU time, say "
            "more.")


def machine_lines(state):
    """Machine, versions."""
    m = state["machine"]
    blocks = list(state["blocks"].values())
    versions = {}
    for block in blocks:
        for name, ready in block["contestants"].items():
            versions.setdefault(name, ready["version"])
    tier = blocks[0]["contestants"]["hemline"]["form"]
    peaks = [x for block in blocks for x in values(block, "hemline", "peak_gflops")]
    return (f"Machine: {m['cpu']}, {m['cpus']} CPUs, Linux {m['kernel']}, kernels {tier}, peak "
            f"{min(peaks):.0f} to {max(peaks):.0f} GFLOP/s as measured. Versions: "
            + "; ".join(versions.values()) + f"; Python {m['python']}." + busy(blocks))


def write(state, networks):
    """The whole page. `networks`: short name to experiment."""
    state = {**state, "order": networks}
    frameworks = state["settings"]["frameworks"]
    steps = [x for block in state["blocks"].values()
             for x in values(block, "hemline", "steps_images")]
    parts = [HEAD.format(rounds=state["settings"]["rounds"], machine=machine_lines(state))]
    parts += [text for text in (table(state, kind, frameworks) for kind in KINDS) if text]
    parts.append(start_table(state, frameworks))
    parts.append(METHOD.format(seconds=state["settings"]["seconds"], least=int(min(steps)),
                               most=int(max(steps))))
    return "\n".join(parts)
