"""Keras 3, model.fit with jit compilation and several steps an execution, where the backend does
them. --form: the backend."""

import worker

given = worker.arguments(["jax", "tensorflow", "torch"])
form = given.form or "jax"

import os
import time

os.environ["KERAS_BACKEND"] = form
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["JAX_PLATFORMS"] = "cpu"
if given.threads == 1:
    os.environ["XLA_FLAGS"] = (os.environ.get("XLA_FLAGS", "") +
                               " --xla_cpu_multi_thread_eigen=false")
import keras
from keras import layers as L

import network as networks

if form == "torch":
    import torch

    torch.set_num_threads(given.threads)
keras.utils.set_random_seed(0)
with open(given.network) as file:
    network = networks.Network(file.read())


def build():
    model = keras.Sequential([L.Input((28, 28, 1))])
    for layer in network.layers:
        kind = layer["kind"]
        if kind in ("conv", "dense"):
            keys = {"activation": None if layer["activation"] == "none" else layer["activation"],
                    "use_bias": layer["bias"],
                    "kernel_initializer": "he_uniform" if layer["init"] == "he" else
                    "glorot_uniform",
                    "kernel_regularizer": keras.regularizers.L2(layer["l2"]) if layer["l2"] else
                    None}
            model.add(L.Dense(layer["units"], **keys) if kind == "dense" else L.Conv2D(
                layer["filters"], layer["kernel"], padding=layer["padding"], **keys))
        elif kind == "batchnorm":
            model.add(L.BatchNormalization(momentum=layer["momentum"], epsilon=layer["epsilon"]))
        elif kind == "maxpool":
            model.add(L.MaxPooling2D(layer["size"]))
        elif kind == "avgpool":
            model.add(L.AveragePooling2D(layer["size"]))
        elif kind == "global_maxpool":
            model.add(L.GlobalMaxPooling2D())
        elif kind == "global_avgpool":
            model.add(L.GlobalAveragePooling2D())
        elif kind == "dropout":
            model.add(L.Dropout(layer["rate"]))
        elif kind == "flatten":
            model.add(L.Flatten())
        else:
            model.add(L.Activation(kind))
    o = network.optimizer
    if o["kind"] == "adam":
        optimizer = keras.optimizers.Adam(o["learning_rate"], o["beta1"], o["beta2"],
                                          o["epsilon"])
    else:
        # Keras has no dampening: v = mu v - rate (1 - dampening) g is the same up to its start
        rate = o["learning_rate"] * (1 - o.get("dampening", 0.0))
        optimizer = keras.optimizers.SGD(rate, o.get("momentum", 0.0), o["kind"] == "nesterov")
    many = 1 if form == "torch" else max(1, min(16, 3200 // network.batch))
    model.compile(optimizer=optimizer,
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  jit_compile="auto" if form == "torch" else True, steps_per_execution=many)
    return model


class Clock(keras.callbacks.Callback):
    """What the batches of an epoch took, without the setting up of fit() itself."""

    seconds, cpu, first = 0.0, 0.0, None

    def on_epoch_begin(self, epoch, logs=None):
        self.began, self.began_cpu = time.perf_counter(), time.process_time()

    def on_train_batch_end(self, batch, logs=None):
        if Clock.first is None:
            Clock.first = worker.since_start()

    def on_epoch_end(self, epoch, logs=None):
        Clock.seconds += time.perf_counter() - self.began
        Clock.cpu += time.process_time() - self.began_cpu


x, y = networks.load(given.data, network)
model = build()


def fit(n):
    Clock.seconds = Clock.cpu = 0.0
    model.fit(x[:n], y[:n], batch_size=network.batch, epochs=1, shuffle=True, verbose=0,
              callbacks=[Clock()])
    return n, Clock.seconds, Clock.cpu


whole = max(16, 3200 // network.batch) * network.batch  # whole executions
fit(whole)
rate = whole / fit(whole)[1]


def train(seconds):
    """One fit() over as many images as should take this long, at most an epoch of them."""
    global rate
    n = int(seconds * rate / whole + 0.5) * whole
    images, took, cpu = fit(min(max(n, whole), len(x) // whole * whole))
    rate = images / took
    return images, took, cpu


part = x[:worker.BATCH * 16]
one = x[:1]


def infer(seconds):
    def sweep():
        model.predict(part, batch_size=worker.BATCH, verbose=0)
        return len(part)

    return worker.timed_steps(sweep, seconds)


def single():
    model.predict_on_batch(one)


infer(0.01)
single()
version = f"Keras {keras.__version__}"
if form == "tensorflow":
    import tensorflow

    version += f" on TensorFlow {tensorflow.__version__}"
elif form == "jax":
    import jax

    version += f" on JAX {jax.__version__}"
else:
    version += f" on PyTorch {torch.__version__}"
worker.serve(given, {"version": version, "form": form, "parameters": model.count_params(),
                     "first_step_s": Clock.first}, train, infer, single)
