#!/usr/bin/env python3
"""Makes golden_norm.h: a small network with batch normalisation and residuals after three steps of
momentum, as PyTorch trains it in double precision.

    venv/bin/python tests/golden/make_norm.py

Pixels, labels and first weights follow formulas that test_norm.c repeats. PyTorch's running variance
divides by n - 1; ours, as Keras's, by n: here it is kept by hand.
"""
import pathlib

import torch
import torch.nn.functional as F

IMAGES, SIZE, CLASSES, STEPS = 21, 8, 3, 3
SHAPES = {
    "conv1.weight": (5, 1, 3, 3),
    "batchnorm1": 5,
    "conv2.weight": (9, 5, 3, 3),
    "batchnorm2": 9,
    "conv3.weight": (9, 5, 1, 1),
    "dense1.weight": (6, 9), "dense1.bias": (6,),
    "batchnorm3": 6,
    "dense2.weight": (3, 6), "dense2.bias": (3,),
}


def numbers(shape, tensor):
    """Element i of tensor t is ((7919 i + 104729 t) mod 1009) / 1009 - 0.5, in single precision."""
    n = torch.Size(shape).numel()
    values = [((7919 * i + 104729 * tensor) % 1009) / 1009 - 0.5 for i in range(n)]
    return torch.tensor(values, dtype=torch.float32).double().reshape(shape)


def start():
    weights, running = {}, {}
    for name, shape in SHAPES.items():
        if name.startswith("batchnorm"):
            weights[name + ".weight"] = 1 + numbers((shape,), len(weights))
            weights[name + ".bias"] = numbers((shape,), len(weights))
            running[name + ".mean"] = torch.zeros(shape, dtype=torch.float64)
            running[name + ".variance"] = torch.ones(shape, dtype=torch.float64)
        else:
            weights[name] = numbers(shape, len(weights))
    return weights, running


def norm(x, name, w, running, training):
    axes = [0, 2, 3] if x.dim() == 4 else [0]
    shape = [1, -1] + [1] * (x.dim() - 2)
    mean, variance = running[name + ".mean"], running[name + ".variance"]
    if training:
        mean, variance = x.mean(axes), x.var(axes, unbiased=False)
        for what, value in ("mean", mean), ("variance", variance):
            old = running[f"{name}.{what}"]
            running[f"{name}.{what}"] = 0.8 * old + 0.2 * value.detach()
    y = (x - mean.reshape(shape)) / torch.sqrt(variance.reshape(shape) + 1e-3)
    return y * w[name + ".weight"].reshape(shape) + w[name + ".bias"].reshape(shape)


def logits(x, w, running, training):
    x = torch.relu(norm(F.conv2d(x, w["conv1.weight"]), "batchnorm1", w, running, training))
    # 'same' with stride 2 over 6 rows: the odd row of padding at the end
    a = norm(F.conv2d(F.pad(x, (0, 1, 0, 1)), w["conv2.weight"], stride=2), "batchnorm2", w,
             running, training)
    b = F.conv2d(x, w["conv3.weight"], stride=2)
    x = torch.tanh(a + b).mean((2, 3))
    h = F.linear(x, w["dense1.weight"], w["dense1.bias"])
    h = h + torch.tanh(norm(h, "batchnorm3", w, running, training))
    return F.linear(h, w["dense2.weight"], w["dense2.bias"])


def main():
    pixels = [[(31 * i + 57 * p + p * p) % 256 for p in range(SIZE * SIZE)] for i in range(IMAGES)]
    x = torch.tensor(pixels, dtype=torch.float64).reshape(IMAGES, 1, SIZE, SIZE) / 255
    labels = torch.tensor([i % CLASSES for i in range(IMAGES)])
    w, running = start()
    velocity = {name: torch.zeros_like(v) for name, v in w.items()}
    for step in range(STEPS):
        n = IMAGES - 4 * step  # 21, 17 and 13 images: a whole tile and a part, and a part
        w = {name: v.detach().requires_grad_() for name, v in w.items()}
        F.cross_entropy(logits(x[:n], w, running, True), labels[:n]).backward()
        for name in w:
            velocity[name] = 0.9 * velocity[name] + w[name].grad
        w = {name: w[name].detach() - 0.05 * velocity[name] for name in w}
    p = torch.softmax(logits(x, w, running, False), 1)
    out = ["/* Made by make_norm.py; torch " + torch.__version__ + ". */",
           "static const struct {", "    const char *name;", "    double values[405];",
           "} golden[] = {", "    /* clang-format off */"]
    for name, v in [*w.items(), *running.items(), ("probabilities", p)]:
        text = ", ".join(f"{value:.9g}" for value in v.flatten().tolist())
        out.append('    {"' + name + '", {' + text + "}},")
    out += ["    /* clang-format on */", "};", ""]
    pathlib.Path(__file__).with_name("golden_norm.h").write_text("\n".join(out))


if __name__ == "__main__":
    main()
