"""ONNX Runtime, inference alone: one session with the batch of 256 fixed in its graph, one for a
single image. Weights are random: they do not change the time."""

import worker

given = worker.arguments(["cpu"])

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import network as networks

with open(given.network) as file:
    network = networks.Network(file.read())
rng = np.random.default_rng(0)
counted = 0


def graph(batch):
    """The network as an ONNX model for batches of this size, channels first as ONNX has them."""
    global counted
    nodes, weights, last = [], [], "x"
    counted = 0

    def add(operation, inputs=(), **keys):
        nonlocal last
        name = f"v{len(nodes)}"
        nodes.append(helper.make_node(operation, [last, *inputs], [name], **keys))
        last = name

    def weight(*shape, positive=False):
        global counted
        values = rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]) or 1)
        values = np.abs(values) + 0.5 if positive else values
        name = f"w{len(weights)}"
        weights.append(numpy_helper.from_array(values.astype(np.float32), name))
        counted += int(np.prod(shape))
        return name

    for layer in network.layers:
        kind = layer["kind"]
        if kind == "conv":
            k = layer["kernel"]
            inputs = [weight(layer["filters"], layer["in"][2], k, k)]
            inputs += [weight(layer["filters"])] if layer["bias"] else []
            before = (k - 1) // 2
            pads = [before, before, k - 1 - before, k - 1 - before]
            add("Conv", inputs, pads=pads if layer["padding"] == "same" else [0] * 4)
        elif kind == "dense":
            inputs = [weight(layer["units"], layer["in"])]
            inputs += [weight(layer["units"])] if layer["bias"] else []
            add("Gemm", inputs, transB=1)
        elif kind == "batchnorm":
            c = layer["in"][2]
            add("BatchNormalization", [weight(c), weight(c), weight(c),
                                       weight(c, positive=True)], epsilon=layer["epsilon"])
        elif kind in ("maxpool", "avgpool"):
            size = [layer["size"]] * 2
            add("MaxPool" if kind == "maxpool" else "AveragePool", kernel_shape=size, strides=size)
        elif kind in ("global_maxpool", "global_avgpool"):
            add("GlobalMaxPool" if kind == "global_maxpool" else "GlobalAveragePool")
            add("Flatten")
        elif kind == "flatten":
            add("Flatten")
        elif kind != "dropout":
            add({"relu": "Relu", "tanh": "Tanh"}[kind])
        if layer.get("activation", "none") != "none":
            add({"relu": "Relu", "tanh": "Tanh"}[layer["activation"]])
    add("Softmax")
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 1, 28, 28])], [
        helper.make_tensor_value_info(last, TensorProto.FLOAT, [batch, 10])]
    model = helper.make_model(helper.make_graph(nodes, "network", *ends, weights),
                              opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def session(batch):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = given.threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(graph(batch), options,
                                        providers=["CPUExecutionProvider"])


pixels, _ = networks.load(given.data, network)
pixels = np.ascontiguousarray(pixels[:worker.BATCH * 16].transpose(0, 3, 1, 2))
many, few = session(worker.BATCH), session(1)
place = 0


def batch():
    global place
    at = place % 16 * worker.BATCH
    place += 1
    many.run(None, {"x": pixels[at:at + worker.BATCH]})
    return worker.BATCH


def infer(seconds):
    return worker.timed_steps(batch, seconds)


def single():
    few.run(None, {"x": pixels[:1]})


batch()
single()
worker.serve(given, {"version": f"ONNX Runtime {onnxruntime.__version__}", "form": "cpu",
                     "parameters": counted, "first_step_s": None}, None, infer, single)
