"""PyTorch, eager: images and labels as tensors in memory, the fused optimizer. Convolutions run
channels-last (--form channels-first: as they come; compile: channels-last under torch.compile)."""

import worker

given = worker.arguments(["channels-last", "channels-first", "compile"])

import os
import time

os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")  # no workers beside the timed run
import torch
import torch.nn.functional as F
from torch import nn

import network as networks

torch.set_num_threads(given.threads)
torch.manual_seed(0)
with open(given.network) as file:
    network = networks.Network(file.read())
form = given.form or "channels-last"
channels_last = network.convolutions and form != "channels-first"
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


def modules():
    """Modules in order, and the groups of parameters with their penalties."""
    made, penalised = [], {}
    for layer in network.layers:
        kind = layer["kind"]
        if kind in ("conv", "dense"):
            if kind == "conv":
                module = nn.Conv2d(layer["in"][2], layer["filters"], layer["kernel"],
                                   padding=layer["padding"], bias=layer["bias"])
            else:
                module = nn.Linear(layer["in"], layer["units"], bias=layer["bias"])
            if layer["init"] == "he":
                nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
            else:
                nn.init.xavier_uniform_(module.weight)
            penalised.setdefault(layer["l2"], []).append(module.weight)
            if layer["bias"]:
                nn.init.zeros_(module.bias)
                penalised.setdefault(0.0, []).append(module.bias)
            made.append(module)
            if layer["activation"] != "none":
                made.append(ACTIVATIONS[layer["activation"]]())
        elif kind == "batchnorm":
            module = nn.BatchNorm2d(layer["in"][2], eps=layer["epsilon"],
                                    momentum=1 - layer["momentum"])
            penalised.setdefault(0.0, []).extend(module.parameters())
            made.append(module)
        elif kind == "maxpool":
            made.append(nn.MaxPool2d(layer["size"]))
        elif kind == "avgpool":
            made.append(nn.AvgPool2d(layer["size"]))
        elif kind == "dropout":
            made.append(nn.Dropout(layer["rate"]))
        elif kind == "flatten":
            made.append(nn.Flatten())
        elif kind in ("global_maxpool", "global_avgpool"):
            pool = nn.AdaptiveMaxPool2d if kind == "global_maxpool" else nn.AdaptiveAvgPool2d
            made += [pool(1), nn.Flatten()]
        else:
            made.append(ACTIVATIONS[kind]())
    groups = [{"params": p, "weight_decay": 2 * l2} for l2, p in penalised.items()]
    return nn.Sequential(*made), groups


def optimizer(groups):
    o = network.optimizer
    if o["kind"] == "adam":
        return torch.optim.Adam(groups, lr=o["learning_rate"], betas=(o["beta1"], o["beta2"]),
                                eps=o["epsilon"], fused=True)
    return torch.optim.SGD(groups, lr=o["learning_rate"], momentum=o.get("momentum", 0.0),
                           dampening=o.get("dampening", 0.0), nesterov=o["kind"] == "nesterov",
                           fused=True)


pixels, classes = networks.load(given.data, network)
x = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
y = torch.from_numpy(classes).long()
net, groups = modules()
if channels_last:
    net = net.to(memory_format=torch.channels_last)
    x = x.contiguous(memory_format=torch.channels_last)
counted = sum(p.numel() for p in net.parameters()) + sum(
    b.numel() for b in net.buffers() if b.dim() > 0)
update = optimizer(groups)
plain = net
if form == "compile":
    net = torch.compile(net)
order = worker.Order(len(x), network.batch, torch.randperm)
loss = None


def step():
    global loss
    chosen = order.next()
    update.zero_grad()
    loss = F.cross_entropy(net(x[chosen]), y[chosen])
    loss.backward()
    update.step()
    return len(chosen)


def train(seconds):
    net.train()
    return worker.timed_steps(step, seconds)


batches = x[:worker.BATCH * 16].split(worker.BATCH)
one = x[:1]


def infer(seconds):
    net.eval()
    with torch.inference_mode():
        turn = iter(())

        def batch():
            nonlocal turn
            part = next(turn, None)
            if part is None:
                turn = iter(batches)
                part = next(turn)
            net(part)
            return len(part)

        return worker.timed_steps(batch, seconds)


def single():
    with torch.inference_mode():
        net(one)


net.train()
step()
first = worker.since_start()
began = time.perf_counter()
for _ in range(5):
    step()
net.eval()
infer(0.01)
for _ in range(5):
    single()
worker.serve(given, {"version": f"PyTorch {torch.__version__}", "form": form if
                     network.convolutions or form == "compile" else "eager",
                     "parameters": counted, "first_step_s": first}, train, infer, single)
