#!/usr/bin/env python3
"""Makes losses.h: what PyTorch, in double precision, says of the losses of four images and of their
gradients. test_losses.c holds every kernel tier against it.

    venv/bin/python tests/golden/make_losses.py
"""
import pathlib

import torch
import torch.nn.functional as F

IMAGES, CLASSES = 4, 7


def one_hot(labels):
    return F.one_hot(labels, CLASSES).double()


LOSSES = {
    "cross-entropy": (0, 0.0, lambda z, y: F.cross_entropy(z, y, reduction="none")),
    "cross-entropy, smoothed": (0, 0.1, lambda z, y: F.cross_entropy(
        z, y, reduction="none", label_smoothing=0.1)),
    "squared error of softmax": (1, 0.0, lambda z, y: 0.5 * F.mse_loss(
        torch.softmax(z, 1), one_hot(y), reduction="none").sum(1)),
    "binary cross-entropy": (2, 0.0, lambda z, y: F.binary_cross_entropy_with_logits(
        z, one_hot(y), reduction="none").sum(1)),
    "squared error of sigmoid": (3, 0.0, lambda z, y: 0.5 * F.mse_loss(
        torch.sigmoid(z), one_hot(y), reduction="none").sum(1)),
}


def row(values):
    return "{" + ", ".join(f"{v:.10g}" for v in values) + "}"


def main():
    # exact in single precision, from -6 to 6
    logits = torch.tensor([[((37 * i + 53 * c) % 49 - 24) / 4 for c in range(CLASSES)]
                           for i in range(IMAGES)], dtype=torch.float64)
    labels = torch.arange(IMAGES) * 2
    lines = ["/* Written by make_losses.py; torch " + torch.__version__.split("+")[0] + ". */",
             "/* clang-format off */",
             f"enum {{ IMAGES = {IMAGES}, CLASSES = {CLASSES} }};",
             "static const float logits[IMAGES][CLASSES] = {"]
    lines += [f"    {row(r)}," for r in logits.tolist()] + ["};"]
    lines += ["static const struct {", "    const char *name;", "    int loss; /* hem__loss */",
              "    double smoothing, loss_of[IMAGES], gradient[IMAGES][CLASSES];",
              "} golden[] = {"]
    for name, (kind, smoothing, function) in LOSSES.items():
        z = logits.clone().requires_grad_()
        loss = function(z, labels)
        loss.sum().backward()
        lines.append(f'    {{"{name}", {kind}, {smoothing}, {row(loss.tolist())}, {{')
        lines += [f"        {row(r)}," for r in z.grad.tolist()] + ["    }},"]
    lines += ["};", "/* clang-format on */", ""]
    pathlib.Path(__file__).with_name("losses.h").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
