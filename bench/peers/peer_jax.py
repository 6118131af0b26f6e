"""JAX. --form scan: many steps in one jitted call, a scan over batches; step: one call a step.
The images lie in JAX's memory; a step gathers its own. The optimizer is written out: its numbers
are few, and XLA fuses it."""

import worker

given = worker.arguments(["scan", "step"])

import os

os.environ["JAX_PLATFORMS"] = "cpu"
if given.threads == 1:
    os.environ["XLA_FLAGS"] = (os.environ.get("XLA_FLAGS", "") +
                               " --xla_cpu_multi_thread_eigen=false")
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import network as networks

jax.config.update("jax_default_prng_impl", "unsafe_rbg")  # dropout draws faster than by Threefry
with open(given.network) as file:
    network = networks.Network(file.read())
form = given.form or ("step" if network.convolutions else "scan")
ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "none": lambda v: v}
SCANNED = max(1, 3200 // network.batch)  # steps of one scan


def initial(key):
    made = []
    for layer in network.layers:
        key, mine = jax.random.split(key)
        if layer["kind"] in ("conv", "dense"):
            scale, fan = (2.0, "fan_in") if layer["init"] == "he" else (1.0, "fan_avg")
            draw = jax.nn.initializers.variance_scaling(scale, fan, "uniform")
            if layer["kind"] == "conv":
                shape = (layer["kernel"], layer["kernel"], layer["in"][2], layer["filters"])
            else:
                shape = (layer["in"], layer["units"])
            weights = {"w": draw(mine, shape)}
            if layer["bias"]:
                weights["b"] = jnp.zeros(shape[-1])
            made.append(weights)
        elif layer["kind"] == "batchnorm":
            c = layer["in"][2]
            made.append({"scale": jnp.ones(c), "shift": jnp.zeros(c)})
        else:
            made.append({})
    return made


def running():
    """Running means and variances, of layers that have them."""
    return [{"mean": jnp.zeros(layer["in"][2]), "var": jnp.ones(layer["in"][2])}
            if layer["kind"] == "batchnorm" else {} for layer in network.layers]


def normalise(layer, p, state, v, training):
    if not training:
        mean, var, new = state["mean"], state["var"], state
    else:
        mean, var = v.mean((0, 1, 2)), v.var((0, 1, 2))
        keep = layer["momentum"]
        new = {"mean": keep * state["mean"] + (1 - keep) * mean,
               "var": keep * state["var"] + (1 - keep) * var}
    factor = p["scale"] * lax.rsqrt(var + layer["epsilon"])
    return v * factor + (p["shift"] - mean * factor), new


def window(v, size, start, combine):
    return lax.reduce_window(v, start, combine, (1, size, size, 1), (1, size, size, 1), "VALID")


def forward(params, state, v, key=None):
    new = []
    for layer, p, s in zip(network.layers, params, state):
        kind = layer["kind"]
        if kind == "conv":
            v = lax.conv_general_dilated(v, p["w"], (1, 1), layer["padding"].upper(),
                                         dimension_numbers=("NHWC", "HWIO", "NHWC"))
        elif kind == "dense":
            v = v @ p["w"]
        elif kind == "batchnorm":
            v, s = normalise(layer, p, s, v, key is not None)
        elif kind == "maxpool":
            v = window(v, layer["size"], -jnp.inf, lax.max)
        elif kind == "avgpool":
            n, h, w, c = v.shape
            k = layer["size"]
            v = v[:, :h // k * k, :w // k * k].reshape(n, h // k, k, w // k, k, c).mean((2, 4))
        elif kind == "global_maxpool":
            v = v.max((1, 2))
        elif kind == "global_avgpool":
            v = v.mean((1, 2))
        elif kind == "flatten":
            v = v.reshape(v.shape[0], -1)
        elif kind == "dropout" and key is not None:
            key, mine = jax.random.split(key)
            keep = 1 - layer["rate"]
            v = jnp.where(jax.random.bernoulli(mine, keep, v.shape), v / keep, 0)
        elif kind in ACTIVATIONS:
            v = ACTIVATIONS[kind](v)
        if "b" in p:
            v = v + p["b"]
        v = ACTIVATIONS[layer.get("activation", "none")](v)
        new.append(s)
    return v, new


def objective(params, state, images, labels, key):
    logits, state = forward(params, state, images, key)
    chosen = jnp.take_along_axis(logits, labels[:, None], 1)[:, 0]
    loss = (jax.nn.logsumexp(logits, 1) - chosen).mean()
    for layer, p in zip(network.layers, params):
        if layer.get("l2"):
            loss += layer["l2"] * jnp.sum(p["w"] ** 2)
    return loss, state


tree = jax.tree_util.tree_map


def updated(params, moments, gradient, count):
    o = network.optimizer
    rate = o["learning_rate"]
    if o["kind"] == "sgd":
        return tree(lambda p, g: p - rate * g, params, gradient), moments
    if o["kind"] == "adam":
        b1, b2 = o["beta1"], o["beta2"]
        m = tree(lambda m, g: b1 * m + (1 - b1) * g, moments[0], gradient)
        v = tree(lambda v, g: b2 * v + (1 - b2) * g * g, moments[1], gradient)
        c1, c2 = 1 - b1 ** count, 1 - b2 ** count
        return tree(lambda p, m, v: p - rate * (m / c1) / (jnp.sqrt(v / c2) + o["epsilon"]),
                    params, m, v), (m, v)
    mu, take = o["momentum"], 1 - o.get("dampening", 0.0)
    v = tree(lambda v, g: mu * v + take * g, moments[0], gradient)
    if o["kind"] == "nesterov":
        return tree(lambda p, v, g: p - rate * (g + mu * v), params, v, gradient), (v,)
    return tree(lambda p, v: p - rate * v, params, v), (v,)


def one(carry, chosen, key, x, y):
    params, moments, state, count = carry
    (loss, state), gradient = jax.value_and_grad(objective, has_aux=True)(
        params, state, x[chosen], y[chosen], key)
    params, moments = updated(params, moments, gradient, count + 1)
    return (params, moments, state, count + 1), loss


@partial(jax.jit, donate_argnums=0)
def single_step(carry, chosen, key, x, y):
    key, mine = jax.random.split(key)
    carry, loss = one(carry, chosen, mine, x, y)
    return carry, loss, key


@partial(jax.jit, donate_argnums=0)
def many_steps(carry, chosen, key, x, y):
    key, mine = jax.random.split(key)
    keys = jax.random.split(mine, chosen.shape[0])
    carry, losses = lax.scan(lambda c, a: one(c, a[0], a[1], x, y), carry, (chosen, keys))
    return carry, losses[-1], key


pixels, classes = networks.load(given.data, network)
x, y = jnp.asarray(pixels), jnp.asarray(classes)
params = initial(jax.random.key(0))
slots = {"sgd": 0, "adam": 2}.get(network.optimizer["kind"], 1)
carry = (params, tuple(tree(jnp.zeros_like, params) for _ in range(slots)), running(),
         jnp.zeros((), jnp.float32))
counted = sum(leaf.size for leaf in jax.tree_util.tree_leaves((params, carry[2])))
rng = np.random.default_rng(0)
order = worker.Order(len(pixels), network.batch,
                     lambda n: rng.permutation(n).astype(np.int32))
key = jax.random.key(1)


def step():
    global carry, key
    if form == "scan":
        chosen = order.next(SCANNED).reshape(SCANNED, network.batch)
        carry, _, key = many_steps(carry, chosen, key, x, y)
        jax.block_until_ready(carry)
    else:
        chosen = order.next()
        carry, _, key = single_step(carry, chosen, key, x, y)
    return chosen.size


def train(seconds):
    """Calls return before their work is done: in the end all of it is waited for, and counted."""
    import time

    began = time.perf_counter()
    images = done = 0
    while time.perf_counter() - began < seconds:
        images += step()
        done += 1
        if form == "step" and done % 8 == 0:
            jax.block_until_ready(carry)  # lest a queue grow
    jax.block_until_ready(carry)
    return images, time.perf_counter() - began


logits = jax.jit(lambda params, state, v: forward(params, state, v)[0])
batches = [x[i * worker.BATCH:(i + 1) * worker.BATCH] for i in range(16)]
place = 0


def batch():
    global place
    part = batches[place % len(batches)]
    place += 1
    jax.block_until_ready(logits(carry[0], carry[2], part))
    return len(part)


def infer(seconds):
    return worker.timed_steps(batch, seconds)


first_image = x[:1]


def single():
    jax.block_until_ready(logits(carry[0], carry[2], first_image))


step()
jax.block_until_ready(carry)
first = worker.since_start()
train(0.1)
infer(0.05)
single()
worker.serve(given, {"version": f"JAX {jax.__version__}", "form": form, "parameters": counted,
                     "first_step_s": first}, train, infer, single)
