"""The networks and the data that all frameworks train on, read from hemline's own files.

`hemline summary --resolved FILE` prints an experiment with every default written out; what is not
understood here is refused, so that no framework silently runs another network.
"""

import gzip
import os

import numpy as np
import yaml

IGNORED = {"freeze": False, "l1": 0.0, "bias_l1": 0.0, "bias_l2": 0.0, "bias_init": "zeros"}
WEIGHTS = {"glorot", "he"}


class Unsupported(Exception):
    """The experiment has something that the frameworks' scripts do not do."""


def _expect(keys, allowed, what):
    for key, value in IGNORED.items():
        if keys.get(key, value) != value:
            raise Unsupported(f"{what}: '{key}: {keys[key]}' is not compared")
    for key in keys:
        if key not in allowed and key not in IGNORED:
            raise Unsupported(f"{what}: unknown key '{key}'")


def _layer(entry):
    """One entry of `model:` as a dict with 'kind'."""
    kind, keys = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
    if kind in ("flatten", "relu", "tanh", "global_maxpool", "global_avgpool"):
        return {"kind": kind}
    if kind == "dropout":
        return {"kind": kind, "rate": float(keys)}
    if kind == "dense":
        _expect(keys, {"units", "activation", "l2", "init", "bias"}, kind)
        return {"kind": kind, "units": keys["units"], "activation": keys["activation"],
                "l2": float(keys["l2"]), "init": keys["init"], "bias": keys["bias"]}
    if kind == "conv":
        _expect(keys, {"filters", "kernel", "stride", "padding", "activation", "l2", "init",
                       "bias"}, kind)
        if keys["stride"] != 1 or not isinstance(keys["kernel"], int):
            raise Unsupported("conv: only square kernels of stride 1 are compared")
        return {"kind": kind, "filters": keys["filters"], "kernel": keys["kernel"],
                "padding": keys["padding"], "activation": keys["activation"],
                "l2": float(keys["l2"]), "init": keys["init"], "bias": keys["bias"]}
    if kind in ("maxpool", "avgpool"):
        _expect(keys, {"size", "stride", "padding"}, kind)
        if keys["size"] != keys["stride"] or keys["padding"] != "valid":
            raise Unsupported(f"{kind}: only windows side by side are compared")
        return {"kind": kind, "size": keys["size"]}
    if kind == "batchnorm":
        _expect(keys, {"momentum", "epsilon", "scale", "center"}, kind)
        if not (keys["scale"] and keys["center"]):
            raise Unsupported("batchnorm without scale or center is not compared")
        return {"kind": kind, "momentum": keys["momentum"], "epsilon": keys["epsilon"]}
    raise Unsupported(f"layer '{kind}' is not compared")


def _shapes(layers):
    """Fills in the shape (rows, columns, channels; or a number) that each layer gets."""
    h, c = 28, 1
    flat = None
    for layer in layers:
        kind = layer["kind"]
        layer["in"] = flat if flat is not None else (h, h, c)
        if kind == "conv":
            h, c = h if layer["padding"] == "same" else h - layer["kernel"] + 1, layer["filters"]
        elif kind in ("maxpool", "avgpool"):
            h //= layer["size"]
        elif kind in ("global_maxpool", "global_avgpool"):
            flat = c
        elif kind == "flatten":
            flat = h * h * c
        elif kind == "dense":
            flat = layer["units"]
    return layers


def _parameters(layers):
    n = 0
    for layer in layers:
        if layer["kind"] == "conv":
            n += layer["filters"] * (layer["kernel"] ** 2 * layer["in"][2] + layer["bias"])
        elif layer["kind"] == "dense":
            n += layer["units"] * (layer["in"] + layer["bias"])
        elif layer["kind"] == "batchnorm":
            n += 4 * layer["in"][2]
    return n


class Network:
    """layers, batch, optimizer (kind and its numbers), parameters."""

    def __init__(self, text):
        spec = yaml.safe_load(text)
        self.name = spec["name"]
        self.scale, self.validation = spec["scale"], spec["validation"]
        self.layers = _shapes([_layer(entry) for entry in spec["model"]])
        last = self.layers[-1]
        if last["kind"] != "dense" or last["activation"] != "softmax":
            raise Unsupported("only networks that end in a dense layer with softmax are compared")
        last["activation"] = "none"  # softmax is part of the loss
        for layer in self.layers:
            if layer.get("activation", "none") not in ("none", "relu", "tanh"):
                raise Unsupported(f"activation {layer['activation']} is not compared")
            if layer.get("init", "glorot") not in WEIGHTS:
                raise Unsupported(f"init {layer['init']} is not compared")
        train = spec["train"]
        for key, plain in (("schedule", "constant"), ("clip_norm", "none"), ("ema", "none")):
            if train[key] != plain:
                raise Unsupported(f"train.{key}: {train[key]} is not compared")
        if spec["augment"] != "none":
            raise Unsupported("augmented images are not compared")
        self.batch = train["batch"]
        kind, keys = next(iter(train["optimizer"].items()))
        if kind not in ("sgd", "momentum", "nesterov", "adam"):
            raise Unsupported(f"optimizer {kind} is not compared")
        self.optimizer = {"kind": kind, **{k: float(v) for k, v in keys.items()}}
        self.convolutions = any(layer["kind"] == "conv" for layer in self.layers)
        self.parameters = _parameters(self.layers)


def _idx(folder, name):
    path = os.path.join(folder, name)
    with open(path, "rb") if os.path.exists(path) else gzip.open(path + ".gz") as file:
        return np.frombuffer(file.read(), np.uint8)


def load(folder, network):
    """Training images [n][28][28][1] as scaled floats, in file order, and labels."""
    x = _idx(folder, "train-images-idx3-ubyte")[16:].reshape(-1, 28, 28, 1)
    y = _idx(folder, "train-labels-idx1-ubyte")[8:].astype(np.int32)
    split = network.validation
    if isinstance(split, dict) and "first" in split:
        x, y = x[split["first"]:], y[split["first"]:]
    elif isinstance(split, dict) and "fraction" in split:
        n = round(len(x) * (1 - float(split["fraction"])))
        x, y = x[:n], y[:n]  # which images does not matter for the time
    x = x.astype(np.float32)
    if network.scale == "1/255":
        x /= 255
    elif network.scale == "standardize":
        x = (x - x.mean()) / x.std()
    elif network.scale != "none":
        raise Unsupported(f"scale {network.scale} is not compared")
    return np.ascontiguousarray(x), y
