#!/usr/bin/env python3
"""Makes crosscheck.json: the losses of PyTorch over 200 steps of rows of experiments/ on the first
training images of Fashion-MNIST, in float32 and in float64, from weights that follow from a rule.

    venv/bin/python tests/golden/crosscheck.py [DIR with the four .gz files]

Run once; the file is committed (losses and sums, no images and no weights), and records the
versions of torch and numpy. The rules are written a second time in support_crosscheck.c, which
trains the same rows with hemline and compares. Dropout is off.

images   the 60,000 training images; `standardize` measures all of them
steps    step s takes images s batch + j, j = 0 .. batch - 1, in the order of the file
reorder  float32 once more, mathematically the same, with sums in another order: the images of each
         batch backwards, and PyTorch's own convolutions in place of oneDNN's. How far the two part
         is how far rounding alone leads
hash     lowbias32 (C. Wellons, "Prospecting for Hash Functions")
weights  entry j of tensor k (both from 0, canonical order): limit (2 u - 1) rounded to float32,
         u = (hash(hash(k + 1) + j) >> 8) / 2^24, limit = sqrt(6 / (fan in + fan out)); biases 0
sums     64 sums +- w over all weights after the last step, which stand for the weights themselves:
         the mean square of the differences of two networks' sums estimates the square of the
         distance of their weights. The sign of weight j in sum m is bit m % 32 of
         hash(2 j + m / 32), 1 = plus
"""
import gzip
import json
import math
import pathlib
import sys

import numpy as np
import torch

import make

STEPS = 200
IMAGES = 60000
PACKAGE = "/usr/share/datasets/fashion-mnist"  # Debian's dataset-fashion-mnist
SGD = {"sgd": {"learning_rate": 0.1}}


def adam(rate):
    return {"adam": {"learning_rate": rate, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}}


def momentum(rate, dampening):
    return {"momentum": {"learning_rate": rate, "momentum": 0.9, "dampening": dampening}}


def dense(units, activation, l2):
    return make.dense(units, activation=activation, l2=l2)


TANH_CONV = [make.conv(6, 5, padding="same", activation="tanh"), {"avgpool": 2},
             make.conv(16, 5, activation="tanh"), {"avgpool": 2},
             make.conv(120, 5, activation="tanh"), dense(84, "tanh", 1e-4),
             dense(10, "softmax", 1e-4)]
# Row, experiment file, overrides beside those of all, batch, scale, optimizer, model.
ROWS = [
    ("B1", "dense-dropout.yaml", ["model.2.dropout=0", "model.5.dropout=0"], 32, "1/255", SGD,
     [dense(n, "relu", 1e-5) for n in (300, 100, 100, 50, 20)] + [dense(10, "softmax", 1e-5)]),
    ("B2", "two-conv.yaml", ["model.3.dropout=0"], 32, "1/255", adam(1e-4),
     [make.conv(6, 4, padding="same", activation="relu"), make.conv(32, 3, activation="relu"),
      {"maxpool": 2}, dense(128, "relu", 1e-4), dense(10, "softmax", 1e-4)]),
    ("D1", "tanh-conv-raw.yaml", [], 32, "none", momentum(0.01, 0.0), TANH_CONV),
    ("D1 of pixels / 255", "tanh-conv-raw.yaml", ["scale=1/255"], 32, "1/255",
     momentum(0.01, 0.0), TANH_CONV),
    ("D3", "six-conv.yaml", [], 32, "1/255", adam(1e-3),
     [make.conv(8, 3, padding="same", activation="relu"),
      make.conv(16, 5, padding="same", activation="relu"), {"maxpool": 2},
      make.conv(16, 3, padding="same", activation="relu"),
      make.conv(32, 14, padding="same", activation="relu"), {"maxpool": 2},
      make.conv(32, 3, padding="same", activation="relu"), make.conv(32, 7, activation="relu"),
      dense(84, "relu", 1e-4), dense(10, "softmax", 1e-4)]),
    ("E1", "dense-tanh.yaml", [], 64, "standardize", momentum(0.5, 0.9),
     [dense(50, "tanh", 0.0), dense(50, "tanh", 0.0), dense(10, "softmax", 0.0)]),
]
# Every image trains, and the last step's weights are looked at.
ALL = ["validation=none", "train.keep=last"]


def hash32(x):
    x = np.asarray(x, np.uint32)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7feb352d)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846ca68b)
    return x ^ (x >> np.uint32(16))


def images(directory):
    def read(name, head):
        with gzip.open(pathlib.Path(directory) / name) as file:
            return np.frombuffer(file.read()[head:], np.uint8)
    pixels = read("train-images-idx3-ubyte.gz", 16).reshape(IMAGES, 28, 28, 1)
    return pixels, read("train-labels-idx1-ubyte.gz", 8).astype(np.int64)


def first_weights(network):
    """The shapes of make.py, filled by the rule."""
    weights, l2 = make.draw_weights(network, np.random.default_rng(0))
    for k, (name, w) in enumerate(weights.items()):
        if w.ndim == 1:
            weights[name] = np.zeros_like(w)
            continue
        start = int(hash32([k + 1])[0])
        entries = (np.arange(w.size, dtype=np.uint64) + start) % 2 ** 32
        u = (hash32(entries) >> np.uint32(8)).astype(np.float64) / 2 ** 24
        limit = math.sqrt(6 / ((w.shape[0] + w.shape[1]) * math.prod(w.shape[2:])))
        weights[name] = (limit * (2 * u - 1)).astype(np.float32).reshape(w.shape)
    return weights, l2


def sums(weights):
    w = np.concatenate([t.detach().numpy().astype(np.float64).ravel() for t in weights.values()])
    out = []
    for half in range(2):
        words = hash32(2 * np.arange(w.size) + half)
        for bit in range(32):
            sign = ((words >> np.uint32(bit)) & np.uint32(1)).astype(np.float64) * 2 - 1
            out.append(float((sign * w).sum()))
    return out


def scaled(pixels, how, n):
    """The first n images; the scale is that of all. The table of 256 numbers that hemline's pixels
    go through is rounded to float32 in every precision."""
    x = pixels[:n].astype(np.float64)
    if how == "standardize":
        x = (x - pixels.mean(dtype=np.float64)) / pixels.std(dtype=np.float64)
    elif how == "1/255":
        x = x / 255
    return torch.from_numpy(x.transpose(0, 3, 1, 2).astype(np.float32))


def train(network, data, batch, dtype, reorder=False):
    pixels, labels = data
    x = scaled(pixels, network["scale"], STEPS * batch).to(dtype)
    y = torch.from_numpy(labels[:STEPS * batch])
    start, l2 = first_weights(network)
    weights = {name: torch.from_numpy(w).to(dtype) for name, w in start.items()}
    (kind, options), = network["optimizer"].items()
    state = {name: {} for name in weights}
    losses = []
    torch.backends.mkldnn.enabled = not reorder
    for s in range(STEPS):
        take = [s * batch + j for j in range(batch)]
        if reorder:
            take.reverse()
        _, loss, grads = make.gradient(network, weights, l2, x[take], y[take])
        losses.append(float(loss.double().mean()))
        weights = {name: make.update(kind, options, s + 1, w, grads[name], state[name])
                   for name, w in weights.items()}
    return losses, sums(weights)


def distance(a, b):
    return math.sqrt(sum((x - y) ** 2 for x, y in zip(a, b)) / len(a))


def report(row, f32, f64, other):
    def early(a):
        relative = [abs(v - w) / w for v, w in zip(f32["loss"], a["loss"])]
        within = next((s for s, v in enumerate(relative[:20]) if v > 1e-4), 20)
        return f"{max(relative[:20]):.2g} in 20 steps, {within} steps within 1e-4"
    print(f"{row}: loss {f64['loss'][0]:.4g} to {f64['loss'][-1]:.4g}; float32 from float64: "
          f"{early(f64)}, weights {distance(f32['sums'], f64['sums']):.3g}; from itself reordered: "
          f"{early(other)}, weights {distance(f32['sums'], other['sums']):.3g}", flush=True)


def main():
    data = images(sys.argv[1] if len(sys.argv) > 1 else PACKAGE)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    # A kink that is hit is part of the comparison; looking for it takes most of the time.
    make.check_margin = lambda gap, largest: None
    make.maxpool = lambda x, size, stride, padding: torch.nn.functional.max_pool2d(x, size, stride)
    rows = []
    for row, experiment, overrides, batch, scale, optimizer, model in ROWS:
        network = make.case(model, optimizer, images=IMAGES, height=28, width=28, classes=10,
                            scale=scale)
        found = {"row": row, "experiment": experiment, "overrides": ALL + overrides,
                 "batch": batch}
        for name, dtype in (("float32", torch.float32), ("reordered", torch.float32),
                            ("float64", torch.float64)):
            losses, after = train(network, data, batch, dtype, name == "reordered")
            found[name] = {"loss": [float(f"{v:.12g}") for v in losses],
                           "sums": [float(f"{v:.12g}") for v in after]}
        rows.append(found)
        report(row, found["float32"], found["float64"], found["reordered"])
    path = pathlib.Path(__file__).with_name("crosscheck.json")
    head = {"torch": torch.__version__, "numpy": np.__version__, "steps": STEPS}
    lines = ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows)
    path.write_text(json.dumps(head)[:-1] + ', "rows": [\n' + lines + "\n]}\n")
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
