#!/usr/bin/env python3
"""Makes golden.safetensors: what PyTorch, in double precision, says of some fifty small networks.

    python3 -m venv venv && venv/bin/pip install torch numpy
    venv/bin/python tests/golden/make.py

Run once; the file is committed, and records the versions of torch and numpy. test_golden.c holds
hemline against it. Every number follows from the seeds below.

For network NN the file has the metadata text "NN.experiment" and the tensors
    NN.images, NN.labels     U8: whole IDX files
    NN.probabilities         F32 [images][classes], NN.loss F64 [images] (without penalties)
    NN.weight.NAME           F32: the weights that all of it begins with, in canonical order
    NN.grad.NAME             F32: the gradient of mean cross-entropy + penalties over all images
    NN.after.NAME            F32: the change of the weights after STEPS steps of the optimizer
Step s takes images (5 s + i) mod n, i = 0 .. n - 3 s - 1: of n images, and each step fewer.

What hemline means is written out here by hand wherever PyTorch means something else: the odd row of
'same' at the end, averages without the padding, dampening from the first step on, Adam as Keras
writes it, l2 * sum(w^2) in the objective.
"""
import json
import math
import pathlib
import struct

import numpy as np
import torch
import torch.nn.functional as F

STEPS = 3
RANDOM_NETWORKS = 30
# A ReLU's input nearer to 0, or a pooling's two largest values nearer to each other, than this
# share of the layer's largest could fall to the other side in single precision: such draws are left
# out.
MARGIN = 3e-6
FORMATS = {np.dtype("uint8"): "U8", np.dtype("float32"): "F32", np.dtype("float64"): "F64"}


class TooClose(Exception):
    """A kink within rounding errors: the network is drawn again."""


# ---- layers --------------------------------------------------------------------------------------

def pair(value):
    return value if isinstance(value, list) else [value, value]


def out_size(size, kernel, stride, padding):
    """Output size and padding at both ends, as TensorFlow pads."""
    if padding == "valid":
        return (size - kernel) // stride + 1 if kernel <= size else 0, 0, 0
    n = -(-size // stride)
    total = max((n - 1) * stride + kernel - size, 0)
    return n, total // 2, total - total // 2


def pad(x, size, stride, padding, value):
    _, top, bottom = out_size(x.shape[2], size[0], stride[0], padding)
    _, left, right = out_size(x.shape[3], size[1], stride[1], padding)
    return F.pad(x, (left, right, top, bottom), value=value)


def check_margin(gap, largest):
    close = (gap > 0) & (gap < MARGIN * largest)  # exactly 0 is 0 in single precision too
    if bool(close.any()):
        raise TooClose


def slope_shape(options, shape):
    """Of a prelu's slopes over a map or vector of this shape (channels first)."""
    return shape if options.get("per", "channel") == "unit" else shape[:1]


def prelu_options(entry):
    """Of a layer that is a prelu, or whose activation is one; else None."""
    kind, keys = layer_of(entry)
    if kind != "prelu":
        kind, keys = layer_of(keys.get("activation", "none") if isinstance(keys, dict) else "none")
    return keys if kind == "prelu" else None


def activate(x, entry, slope=None):
    name, option = (entry, None) if isinstance(entry, str) else next(iter(entry.items()))
    if name in ("relu", "leaky_relu", "elu", "prelu"):
        check_margin(x.detach().abs(), x.detach().abs().max())
    if name == "relu":
        return torch.relu(x)
    if name == "softmax":
        return torch.softmax(x, 1)
    if name == "leaky_relu":
        return F.leaky_relu(x, 0.01 if option is None else option)
    if name == "elu":
        return F.elu(x, 1.0 if option is None else option)
    if name == "prelu":
        if slope.dim() == 1 and x.dim() > 1:
            return F.prelu(x, slope)
        return torch.where(x > 0, x, slope * x)
    if name in ("gelu", "silu"):
        return getattr(F, name)(x)
    return {"none": lambda v: v, "tanh": torch.tanh, "sigmoid": torch.sigmoid}[name](x)


def maxpool(x, size, stride, padding):
    x = pad(x, size, stride, padding, -math.inf)
    windows = x.detach().unfold(2, size[0], stride[0]).unfold(3, size[1], stride[1])
    windows = windows.flatten(4)
    if windows.shape[4] > 1:
        top = windows.topk(2).values
        check_margin(top[..., 0] - top[..., 1], windows[windows.isfinite()].abs().max())
    return F.max_pool2d(x, size, stride)


def avgpool(x, size, stride, padding):
    def total(v):
        return F.avg_pool2d(pad(v, size, stride, padding, 0.0), size, stride, divisor_override=1)
    return total(x) / total(torch.ones_like(x))


def layer_of(entry):
    return (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))


def logits_of(network, weights, x):
    """Forward up to the last softmax, which the loss takes in."""
    count = {}
    for i, entry in enumerate(network["model"]):
        kind, keys = layer_of(entry)
        count[kind] = count.get(kind, 0) + 1
        if kind in ("conv", "dense"):
            w = weights[f"{kind}{count[kind]}.weight"]
            b = weights.get(f"{kind}{count[kind]}.bias")
            if kind == "conv":
                stride = pair(keys.get("stride", 1))
                x = pad(x, pair(keys["kernel"]), stride, keys.get("padding", "valid"), 0.0)
                x = F.conv2d(x, w, b, stride)
            else:
                x = F.linear(x.flatten(1), w, b)
            if i < len(network["model"]) - 1:
                x = activate(x, keys.get("activation", "none"),
                             weights.get(f"{kind}{count[kind]}.slope"))
        elif kind in ("maxpool", "avgpool"):
            keys = keys if isinstance(keys, dict) else {"size": keys}
            size = pair(keys["size"])
            pool = maxpool if kind == "maxpool" else avgpool
            x = pool(x, size, pair(keys.get("stride", size)), keys.get("padding", "valid"))
        elif kind == "flatten":
            x = x.flatten(1)
        elif i < len(network["model"]) - 1:
            x = activate(x, entry, weights.get(f"{kind}{count[kind]}.slope"))
    return x.flatten(1)


def draw_weights(network, rng):
    """Weights and l2 by name, in layer order: uniform in Glorot's range, biases in +-0.3."""
    weights, l2, count = {}, {}, {}
    channels, height, width = network["channels"], network["height"], network["width"]
    for entry in network["model"]:
        kind, keys = layer_of(entry)
        count[kind] = count.get(kind, 0) + 1
        if kind in ("maxpool", "avgpool"):
            keys = keys if isinstance(keys, dict) else {"size": keys}
            size = pair(keys["size"])
            stride = pair(keys.get("stride", size))
        elif kind == "conv":
            size, stride = pair(keys["kernel"]), pair(keys.get("stride", 1))
            shape = (keys["filters"], channels, *size)
            channels = keys["filters"]
        elif kind == "dense":
            shape = (keys["units"], channels * height * width)
            channels, height, width = keys["units"], 1, 1
        elif kind == "flatten":
            channels, height, width = channels * height * width, 1, 1
        if kind in ("conv", "dense"):
            taps = math.prod(shape[2:])
            limit = math.sqrt(6 / ((shape[0] + shape[1]) * taps)) * network.get("spread", 1)
            name = f"{kind}{count[kind]}"
            weights[f"{name}.weight"] = rng.uniform(-limit, limit, shape).astype(np.float32)
            l2[f"{name}.weight"] = keys.get("l2", 0.0)
            if keys.get("bias", True):
                weights[f"{name}.bias"] = rng.uniform(-0.3, 0.3, shape[0]).astype(np.float32)
        if kind in ("conv", "maxpool", "avgpool"):
            padding = keys.get("padding", "valid")
            height = out_size(height, size[0], stride[0], padding)[0]
            width = out_size(width, size[1], stride[1], padding)[0]
            assert height > 0 and width > 0, network
        options = prelu_options(entry)
        if options is not None:
            flat = height == width == 1
            shape = slope_shape(options, (channels,) if flat else (channels, height, width))
            slope = rng.uniform(-0.5, 1, shape).astype(np.float32)
            weights[f"{kind}{count[kind]}.slope"] = slope
    return weights, l2


# ---- training ------------------------------------------------------------------------------------

def gradient(network, weights, l2, x, labels):
    """Probabilities, loss of each image, gradient of the objective."""
    leaves = {name: w.clone().requires_grad_() for name, w in weights.items()}
    logits = logits_of(network, leaves, x)
    loss = F.cross_entropy(logits, labels, reduction="none")
    objective = loss.mean()
    for name, strength in l2.items():
        objective = objective + strength * (leaves[name] ** 2).sum()
    objective.backward()
    grads = {name: leaf.grad for name, leaf in leaves.items()}
    return torch.softmax(logits, 1).detach(), loss.detach(), grads


def update(kind, o, step, w, g, state):
    """One step (from 1) of one tensor; returns the new weights."""
    if kind == "sgd":
        return w - o["learning_rate"] * g
    if kind == "momentum":
        state["v"] = o["momentum"] * state.get("v", 0) + (1 - o["dampening"]) * g
        return w - o["learning_rate"] * state["v"]
    if kind == "nesterov":
        state["v"] = o["momentum"] * state.get("v", 0) + (1 - o["dampening"]) * g
        return w - o["learning_rate"] * (g + o["momentum"] * state["v"])
    if kind == "rmsprop":
        state["v"] = o["rho"] * state.get("v", 0) + (1 - o["rho"]) * g * g
        root = (state["v"] + o["epsilon"]).sqrt()
        state["b"] = o["momentum"] * state.get("b", 0) + o["learning_rate"] * g / root
        return w - state["b"]
    if kind == "adamw" and w.ndim > 1:
        w = w - o["learning_rate"] * o["weight_decay"] * w
    b1, b2 = o["beta1"], o["beta2"]
    state["m"] = b1 * state.get("m", 0) + (1 - b1) * g
    state["v"] = b2 * state.get("v", 0) + (1 - b2) * g * g
    rate = o["learning_rate"] * math.sqrt(1 - b2 ** step) / (1 - b1 ** step)
    return w - rate * state["m"] / (state["v"].sqrt() + o["epsilon"])


def clip(grads, most):
    """All tensors cut to a length together."""
    norm = torch.cat([g.flatten() for g in grads.values()]).norm()
    return {name: g * min(1, most / norm) for name, g in grads.items()}


def check_updates():
    """What PyTorch means by the same words, where it means the same."""
    rng = torch.Generator().manual_seed(1)
    start = torch.randn(4, 5, generator=rng, dtype=torch.float64)
    grads = torch.randn(6, 4, 5, generator=rng, dtype=torch.float64)
    adam = {"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-300,
            "weight_decay": 0.3}
    for kind, o, theirs in (
            ("nesterov", {"learning_rate": 0.1, "momentum": 0.9, "dampening": 0},
             lambda w: torch.optim.SGD([w], lr=0.1, momentum=0.9, nesterov=True)),
            ("adamw", adam, lambda w: torch.optim.AdamW([w], lr=0.1, betas=(0.9, 0.99), eps=1e-300,
                                                        weight_decay=0.3)),
            ("rmsprop", {"learning_rate": 0.1, "rho": 0.9, "momentum": 0.5, "epsilon": 1e-300},
             lambda w: torch.optim.RMSprop([w], lr=0.1, alpha=0.9, momentum=0.5, eps=1e-300))):
        ours, leaf, state = start.clone(), start.clone().requires_grad_(), {}
        optimizer = theirs(leaf)
        for step, g in enumerate(grads):
            ours = update(kind, o, step + 1, ours, g, state)
            leaf.grad = g.clone()
            optimizer.step()
        assert torch.allclose(ours, leaf.detach(), rtol=1e-12, atol=1e-14), kind
    leaf = start.clone().requires_grad_()
    leaf.grad = grads[0].clone()
    torch.nn.utils.clip_grad_norm_([leaf], 0.5)  # it adds 1e-6 to the norm
    assert torch.allclose(clip({"g": grads[0]}, 0.5)["g"], leaf.grad, rtol=1e-6)


def train(network, weights, l2, x, labels):
    (kind, options), = network["optimizer"].items()
    state = {name: {} for name in weights}
    n = len(labels)
    for s in range(STEPS):
        batch = [(5 * s + i) % n for i in range(n - 3 * s)]
        _, _, grads = gradient(network, weights, l2, x[batch], labels[batch])
        if "clip_norm" in network:
            grads = clip(grads, network["clip_norm"])
        weights = {name: update(kind, options, s + 1, w, grads[name], state[name])
                   for name, w in weights.items()}
    return weights


# ---- networks ------------------------------------------------------------------------------------

SGD = {"sgd": {"learning_rate": 0.2}}
MOMENTUM = {"momentum": {"learning_rate": 0.1, "momentum": 0.9, "dampening": 0.5}}
ADAM = {"adam": {"learning_rate": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}}


def output(classes, **keys):
    return {"dense": {"units": classes, "activation": "softmax", **keys}}


def conv(filters, kernel, **keys):
    return {"conv": {"filters": filters, "kernel": kernel, **keys}}


def dense(units, **keys):
    return {"dense": {"units": units, **keys}}


def case(model, optimizer, images=20, channels=1, height=9, width=9, classes=4, **more):
    return {"model": model, "optimizer": optimizer, "images": images, "channels": channels,
            "height": height, "width": width, "classes": classes, "scale": "1/255", **more}


# What must be there, whatever is drawn below.
CHOSEN = [
    case([output(4)], SGD),
    case([dense(33, activation="relu", l2=1e-2), output(4, l2=1e-2)], ADAM, images=17),
    # the two reference networks, small
    case(["flatten", dense(30, activation="relu", l2=1e-3), dense(10, activation="relu", l2=1e-3),
          output(4, l2=1e-3)], SGD),
    case([conv(6, 4, padding="same", activation="relu"), conv(10, 3, activation="relu"),
          {"maxpool": 2}, "flatten", dense(12, activation="relu", l2=1e-3), output(4, l2=1e-3)],
         ADAM, height=10, width=10),
    case([conv(6, 5, padding="same", activation="tanh"), {"avgpool": 2},
          conv(9, 3, activation="tanh"), "flatten", output(4)], MOMENTUM, scale="none",
         spread=0.01),
    # more than one chunk of a batch, more than one gradient group
    case([conv(3, 2, padding="same", activation="relu"), {"maxpool": 2}, output(3)], ADAM,
         images=90, height=6, width=6, classes=3),
    case([conv(3, 2, activation="sigmoid"), dense(5, activation="tanh"), output(3)], MOMENTUM,
         images=140, height=5, width=5, classes=3, groups=2),
    # one image; sides that differ; a softmax of its own after a convolution as large as the map
    case([conv(9, [3, 2], stride=[2, 1], padding="same", activation="relu"), output(2)], SGD,
         images=8, height=7, width=12, classes=2),
    case([conv(5, 3, stride=2, padding="same", activation="relu"), conv(4, 5), "softmax"], SGD,
         channels=3, images=16),
    case([conv(4, 2, stride=3, padding="same"), "sigmoid", {"maxpool": {"size": 3, "stride": 2,
          "padding": "same"}}, "tanh", "flatten", dense(7, activation="softmax"), output(4)], ADAM),
]


# Numbered behind the random networks, whose draws are those of their numbers.
ACTIVATIONS = [
    case([dense(12, activation="prelu"), dense(9, activation={"prelu": {"init": 0, "per": "unit"}}),
          output(4)], ADAM),
    case([conv(9, 3, activation="prelu"),
          conv(4, 3, stride=2, activation={"prelu": {"per": "unit"}}), "flatten", output(4)],
         MOMENTUM, height=8),
    case(["prelu", conv(3, 3), {"prelu": {"per": "unit"}}, "flatten", "prelu", output(3)], SGD,
         images=70, height=6, width=6, classes=3, scale="standardize"),
    case([conv(5, 3, activation="leaky_relu"), {"leaky_relu": 0.3}, "flatten",
          dense(9, activation={"leaky_relu": 0.2}), output(4)], SGD),
    case([conv(5, 3, activation={"elu": 0.5}), "flatten", dense(9, activation="elu"), {"elu": 2.0},
          output(4)], MOMENTUM, scale="standardize"),
    case([conv(5, 3, activation="gelu"), "flatten", dense(9, activation="gelu"), "gelu",
          output(4)], ADAM, scale="standardize"),
    case([conv(5, 3, activation="silu"), "flatten", dense(9, activation="silu"), "silu",
          output(4)], SGD, scale="standardize"),
    # the tails of gelu and silu
    case([dense(12, activation="gelu"), dense(9, activation="silu"), output(4)], SGD, spread=8,
         scale="standardize"),
]

# After the random ones, so that those stay as they are.
NESTEROV = {"nesterov": {"learning_rate": 0.1, "momentum": 0.9, "dampening": 0.25}}
ADAMW = {"adamw": {"learning_rate": 0.01, "weight_decay": 2.0, "beta1": 0.9, "beta2": 0.999,
                   "epsilon": 1e-3}}
RMSPROP = {"rmsprop": {"learning_rate": 0.01, "rho": 0.9, "momentum": 0.5, "epsilon": 1e-3}}
OPTIMIZERS = [
    case([conv(5, 3, activation="tanh", l2=1e-2), dense(7, activation="tanh", l2=1e-2), output(4)],
         optimizer, images=images, **more)
    for optimizer, images, more in (
        (NESTEROV, 20, {}), (ADAMW, 20, {}), (RMSPROP, 20, {}), (SGD, 20, {"clip_norm": 0.3}),
        (ADAM, 20, {"clip_norm": 0.05}), (NESTEROV, 140, {"clip_norm": 0.1, "groups": 2}))]


def pick(rng, values):
    return values[int(rng.integers(len(values)))]


def random_window(rng, size):
    """Rows and columns of a kernel that fits, and its padding."""
    window = [int(rng.integers(1, min(s, 5) + 1)) for s in size]
    return window, pick(rng, ["same", "valid"])


def random_network(rng, number):
    optimizer = json.loads(json.dumps([SGD, MOMENTUM, ADAM][number % 3]))
    if "adam" in optimizer:  # a large epsilon shows where it is added
        optimizer["adam"]["epsilon"] = pick(rng, [1e-7, 1e-3])
    if "momentum" in optimizer:
        optimizer["momentum"]["dampening"] = pick(rng, [0.0, 0.3, 0.9])
    n = case([], optimizer, images=int(rng.integers(7, 26)), channels=pick(rng, [1, 3]),
             height=int(rng.integers(5, 13)), width=int(rng.integers(5, 13)),
             classes=int(rng.integers(2, 8)), scale=pick(rng, ["1/255", "standardize"]))
    size = [n["height"], n["width"]]
    for place in range(int(rng.integers(1, 4))):
        window, padding = random_window(rng, size)
        stride = [pick(rng, [1, 1, 2, 3]) for _ in size]
        keys = {"stride": stride, "padding": padding}
        if place == 0 or rng.random() < 0.5:
            keys["activation"] = pick(rng, ["relu", "relu", "tanh", "sigmoid", "softmax", "none"])
            keys["bias"] = bool(rng.random() < 0.8)
            keys["l2"] = pick(rng, [0.0, 0.0, 1e-2])
            n["model"].append(conv(int(rng.integers(2, 19)), window, **keys))
        else:
            n["model"].append({pick(rng, ["maxpool", "avgpool"]): {"size": window, **keys}})
        size = [out_size(s, k, t, padding)[0] for s, k, t in zip(size, window, stride)]
    if rng.random() < 0.5:
        n["model"].append("flatten")
    for _ in range(int(rng.integers(0, 3))):
        n["model"].append(dense(int(rng.integers(2, 40)), l2=pick(rng, [0.0, 1e-2]),
                                activation=pick(rng, ["relu", "tanh", "sigmoid", "softmax"])))
    n["model"].append(output(n["classes"], l2=pick(rng, [0.0, 1e-3])))
    return n


def experiment(network):
    """The experiment file; the reader's flow style is JSON without quotes."""
    def flow(value):
        return json.dumps(value).replace('"', "")
    lines = ["data: {idx: golden-images}", f"scale: {network['scale']}", "model:"]
    lines += [f"  - {flow(entry)}" for entry in network["model"]]
    lines += ["train:", f"  batch: {network['images']}",
              f"  optimizer: {flow(network['optimizer'])}"]
    if "clip_norm" in network:
        lines.append(f"  clip_norm: {network['clip_norm']}")
    if "groups" in network:
        lines.append(f"  groups: {network['groups']}")
    return "\n".join(lines) + "\n"


# ---- files ---------------------------------------------------------------------------------------

def idx(array):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return np.frombuffer(header + array.tobytes(), np.uint8)


def scale(images, how):
    x = images.astype(np.float64)
    if how == "standardize":
        return (x - x.mean()) / x.std()
    return x if how == "none" else x / 255


def run(network, rng):
    """All tensors of one network, by name."""
    shape = (network["images"], network["height"], network["width"], network["channels"])
    images = rng.integers(0, 256, shape, dtype=np.uint8)
    labels = rng.permutation(np.arange(network["images"]) % network["classes"]).astype(np.uint8)
    start, l2 = draw_weights(network, rng)
    x = torch.from_numpy(scale(images, network["scale"]).transpose(0, 3, 1, 2).copy())
    y = torch.from_numpy(labels.astype(np.int64))
    weights = {name: torch.from_numpy(w.astype(np.float64)) for name, w in start.items()}
    probabilities, loss, grads = gradient(network, weights, l2, x, y)
    after = train(network, weights, l2, x, y)
    grey = images[..., 0] if network["channels"] == 1 else images
    out = {"images": idx(grey), "labels": idx(labels),
           "probabilities": probabilities.numpy().astype(np.float32), "loss": loss.numpy()}
    for name in weights:
        out[f"weight.{name}"] = start[name]
        out[f"grad.{name}"] = grads[name].numpy().astype(np.float32)
        out[f"after.{name}"] = (after[name] - weights[name]).numpy().astype(np.float32)
    return out


def write(path, metadata, tensors):
    header, at = {"__metadata__": metadata}, 0
    for name, t in tensors.items():
        header[name] = {"dtype": FORMATS[t.dtype], "shape": list(t.shape),
                        "data_offsets": [at, at + t.nbytes]}
        at += t.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text +
                     b"".join(t.tobytes() for t in tensors.values()))


def parameters(network):
    weights, _ = draw_weights(network, np.random.default_rng(0))
    return sum(w.size for w in weights.values())


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    networks, seed = list(CHOSEN), 0
    while len(networks) < len(CHOSEN) + RANDOM_NETWORKS:
        seed += 1
        drawn = random_network(np.random.default_rng(seed), len(networks))
        if parameters(drawn) <= 2000:  # keeps the file small
            networks.append(drawn)
    networks += ACTIVATIONS + OPTIMIZERS
    check_updates()
    metadata = {"torch": torch.__version__, "numpy": np.__version__, "networks": str(len(networks)),
                "steps": str(STEPS)}
    tensors = {}
    for number, network in enumerate(networks):
        for attempt in range(100):
            try:
                found = run(network, np.random.default_rng([number, attempt]))
                break
            except TooClose:
                continue
        else:
            raise SystemExit(f"network {number}: no draw without a kink in 100 attempts: {network}")
        print(f"{number:02d} {parameters(network):5d} parameters, attempt {attempt}:",
              experiment(network).split("model:\n")[1].split("train:")[0].replace("\n", ""))
        metadata[f"{number:02d}.experiment"] = experiment(network)
        tensors.update({f"{number:02d}.{name}": t for name, t in found.items()})
    path = pathlib.Path(__file__).with_name("golden.safetensors")
    write(path, metadata, tensors)
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
