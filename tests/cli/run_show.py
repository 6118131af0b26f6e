#!/usr/bin/env python3
"""Pictures of `hemline show`, decoded again and compared with what they should show, which is worked
out here by hand: images from the data files' bytes, filters and feature maps from the model file's.

usage: run_show.py PROGRAM
"""

import base64
import json
import math
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

sys.dont_write_bytecode = True
import make_files

SIDE = 12
EXPERIMENT = """\
data: {idx: d}
validation: {first: 40}
augment: {shift: 15%, flip: horizontal}
model:
  - conv: {filters: 4, kernel: 3, activation: tanh}
  - maxpool: 2
  - conv: {filters: 3, kernel: 2, activation: relu}
  - flatten
  - dense: {units: 10, activation: softmax}
train:
  epochs: 2
  batch: 16
  optimizer: {adam: {learning_rate: 0.01}}
"""


class Check:
    def __init__(self, program, directory):
        self.program, self.directory = program, directory
        self.checks = 0

    def run(self, *arguments):
        done = subprocess.run(
            [self.program, *arguments],
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            env={**os.environ, "HEMLINE_THREADS": "2", "TERM": "dumb"},
        )
        if done.returncode != 0:
            sys.exit(f"hemline {' '.join(arguments)}: {done.stderr.decode()}")
        return done.stdout

    def show(self, *arguments):
        return json.loads(self.run("show", *arguments, "--json", "--quiet"))

    def path(self, name):
        return os.path.join(self.directory, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def equal(self, what, found, expected):
        self.checks += 1
        if found != expected:
            sys.exit(f"{what}: found {str(found)[:300]}, expected {str(expected)[:300]}")

    def near(self, what, found, expected, within):
        self.checks += 1
        if len(found) != len(expected):
            sys.exit(f"{what}: {len(found)} numbers, expected {len(expected)}")
        for i, (a, b) in enumerate(zip(found, expected)):
            if not abs(a - b) <= within:
                sys.exit(f"{what}: number {i} is {a}, expected {b}")


# ---- decoding -----------------------------------------------------------------------------------


def decode_png(content):
    """Width, height, channels and bytes of a PNG of 8 bits without interlacing."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed, head = 8, b"", None
    while at < len(content):
        (n,), kind = struct.unpack(">I", content[at : at + 4]), content[at + 4 : at + 8]
        body = content[at + 8 : at + 8 + n]
        (crc,) = struct.unpack(">I", content[at + 8 + n : at + 12 + n])
        assert crc == zlib.crc32(kind + body)
        head = struct.unpack(">IIBBBBB", body) if kind == b"IHDR" else head
        packed += body if kind == b"IDAT" else b""
        at += 12 + n
    width, height, bits, colour, _, _, interlace = head
    assert bits == 8 and interlace == 0
    channels = {0: 1, 2: 3, 6: 4}[colour]
    raw, row = zlib.decompress(packed), width * channels
    above, out = bytes(row), bytearray()
    for y in range(height):
        kind, line = raw[y * (row + 1)], bytearray(raw[y * (row + 1) + 1 : (y + 1) * (row + 1)])
        for x in range(row):
            left = line[x - channels] if x >= channels else 0
            corner = above[x - channels] if x >= channels else 0
            line[x] = (line[x] + predict(kind, left, above[x], corner)) & 255
        out += line
        above = bytes(line)
    return width, height, channels, bytes(out)


def predict(kind, a, b, c):
    if kind == 4:
        p = a + b - c
        return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
    return (0, a, b, (a + b) // 2)[kind]


def svg_images(text):
    """Place, size and decoded pixels of every image of an SVG file; small ones are there with every
    pixel as a square, and come back small."""
    found = []
    pattern = r'<image x="(\S+)" y="(\S+)" width="(\S+)" height="(\S+)".*?base64,([^"]+)"'
    for *place, code in re.findall(pattern, text):
        place = [float(p) for p in place]
        png = decode_png(base64.b64decode(code))
        found.append((place, shrink(*png) if place[2] == png[0] else png))
    return found


def shrink(width, height, channels, pixels):
    """Undoes the enlarging of an image: by the largest number that leaves squares of one colour."""
    rows = [pixels[y * width * channels : (y + 1) * width * channels] for y in range(height)]
    cell = lambda x, y: rows[y][x * channels : (x + 1) * channels]
    for by in range(min(width, height), 0, -1):
        if width % by or height % by:
            continue
        if all(cell(x, y) == cell(x - x % by, y - y % by) for y in range(height) for x in range(width)):
            break
    small = b"".join(cell(x, y) for y in range(0, height, by) for x in range(0, width, by))
    return width // by, height // by, channels, small


def read_model(content):
    """The tensors of a safetensors file: name -> (shape, numbers)."""
    (n,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + n])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        first, last = entry["data_offsets"]
        numbers = struct.unpack(f"<{(last - first) // 4}f", content[8 + n + first : 8 + n + last])
        tensors[name] = (entry["shape"], numbers)
    return tensors


def flatten(nested):
    return [x for part in nested for x in flatten(part)] if isinstance(nested, list) else [nested]


def grey(numbers, low, high):
    return [int((x - low) / (high - low) * 255 + 0.5) for x in numbers]


def near_grey(check, what, found, expected):
    check.near(what, list(found), expected, 1)  # the middle between two bytes may go either way


# ---- what pictures show -------------------------------------------------------------------------


def image_bytes(check, part, index):
    name = {"train": "train-images-idx3-ubyte", "test": "t10k-images-idx3-ubyte"}[part]
    at = 16 + index * SIDE * SIDE
    return check.read(f"d/{name}")[at : at + SIDE * SIDE]


def check_data(check):
    """The first images of the training part are rows 40 on: validation has the first 40."""
    check.run("show", "data", "e.yaml", "--count", "5", "-o", "data.svg")
    images = svg_images(check.read("data.svg").decode())
    check.equal("images on a sheet", len(images), 5)
    for i, (_, png) in enumerate(images):
        check.equal(f"image {i}", png, (SIDE, SIDE, 1, image_bytes(check, "train", 40 + i)))
    listed = check.show("data", "e.yaml", "--count", "5")["images"]
    check.equal("rows", [x["row"] for x in listed], [40, 41, 42, 43, 44])
    check.equal("labels", [x["label"] for x in listed], [0, 1, 2, 3, 4])
    listed = check.show("data", "e.yaml", "--per-class", "2", "--split", "test")["images"]
    check.equal("labels by class", [x["label"] for x in listed], [i // 2 for i in range(20)])


def check_sheet_png(check):
    """Every pixel of every image in the PNG is where the SVG says, twice as large."""
    check.run("show", "data", "e.yaml", "--count", "6", "-o", "sheet.svg")
    check.run("show", "data", "e.yaml", "--count", "6", "-o", "sheet.png")
    width, _, channels, sheet = decode_png(check.read("sheet.png"))
    for (x, y, w, h), (image_w, image_h, _, pixels) in svg_images(check.read("sheet.svg").decode()):
        found = []
        for row in range(image_h):
            for column in range(image_w):
                # the four corners of the square, one pixel inside
                square = set()
                for dy in (1, 2 * h / image_h - 2):
                    for dx in (1, 2 * w / image_w - 2):
                        at_y = int(2 * y + 2 * h * row / image_h + dy)
                        at_x = int(2 * x + 2 * w * column / image_w + dx)
                        at = (at_y * width + at_x) * channels
                        square.update(sheet[at : at + 3])
                found.append(square.pop() if len(square) == 1 else sorted(square))
        check.equal(f"image at {x}, {y}", found, list(pixels))


def check_augment(check):
    check.run("show", "augment", "e.yaml", "--count", "2", "--epochs", "3", "-o", "augment.svg")
    images = [png[3] for _, png in svg_images(check.read("augment.svg").decode())]
    check.equal("augmented images", len(images), 2 * 4)
    check.equal("original", images[0], image_bytes(check, "train", 40))
    check.equal("second original", images[4], image_bytes(check, "train", 41))
    check.equal("versions that differ", len(set(images)) > 4, True)


def check_filters(check, model):
    shape, numbers = model["conv1.weight"]
    check.equal("shape", shape, [4, 1, 3, 3])
    found = check.show("filters", "run")
    check.equal("layer", found["layer"], "conv1")
    check.near("filters", flatten(found["values"]), numbers, 1e-6)
    check.run("show", "filters", "run", "-o", "filters.svg")
    images = svg_images(check.read("filters.svg").decode())
    expected = grey(numbers, min(numbers), max(numbers))
    near_grey(check, "grey of filters", b"".join(png[3] for _, png in images), expected)
    check.run("show", "filters", "conv2", "run", "--each", "-o", "filters.svg")
    shape, numbers = model["conv2.weight"]
    images = svg_images(check.read("filters.svg").decode())
    check.equal("filters by input channel", len(images), 3 * 4)
    for i, (_, png) in enumerate(images):
        kernel = numbers[4 * i : 4 * i + 4]
        near_grey(check, f"kernel {i}", png[3], grey(kernel, min(kernel), max(kernel)))


def check_features(check, model):
    image = [b / 255 for b in image_bytes(check, "test", 7)]
    _, weight = model["conv1.weight"]
    _, bias = model["conv1.bias"]
    out = SIDE - 2
    expected = []
    for k in range(4):
        for p in range(out):
            for q in range(out):
                total = bias[k]
                for r in range(3):
                    for s in range(3):
                        total += weight[(k * 3 + r) * 3 + s] * image[(p + r) * SIDE + q + s]
                expected.append(math.tanh(total))
    found = check.show("features", "conv1", "run", "--image", "test:7")
    check.near("feature maps", flatten(found["values"]), expected, 1e-5)
    check.run("show", "features", "run", "--image", "test:7", "-o", "features.svg")
    images = svg_images(check.read("features.svg").decode())
    check.equal("image beside the maps", images[0][1][3], image_bytes(check, "test", 7))
    maps = b"".join(png[3] for _, png in images[1:])
    near_grey(check, "grey of maps", maps, grey(expected, min(expected), max(expected)))
    outputs = flatten(check.show("features", "dense1", "run", "--image", "test:7")["values"])
    check.near("sum of the outputs", [sum(outputs)], [1], 1e-5)
    check.equal("predicted", found["predicted"], outputs.index(max(outputs)))


def check_saliency(check):
    """A map that explains the network changes with its weights, and with the class."""
    of = lambda *a: flatten(check.show("saliency", *a, "--image", "test:7")["values"])
    trained, random = of("run", "--class", "2"), of("e.yaml", "--class", "2")
    check.equal("size", len(trained), SIDE * SIDE)
    dot = lambda a, b: sum(x * y for x, y in zip(a, b))
    alike = dot(trained, random) / math.sqrt(dot(trained, trained) * dot(random, random))
    check.equal("depends on the weights", alike < 0.95, True)
    check.equal("the same again", of("run", "--class", "2"), trained)
    check.equal("depends on the class", of("run", "--class", "3") == trained, False)
    check.run("show", "saliency", "run", "--class", "2", "--image", "test:7", "-o", "s.svg")
    images = svg_images(check.read("s.svg").decode())
    most = max(abs(g) for g in trained)
    clip = lambda x: int(255 * min(max(x, 0), 1) + 0.5)
    expected = [clip(3 * abs(g) / most - c) for g in trained for c in range(3)]
    near_grey(check, "heat", images[1][1][3], expected)


def check_mistakes(check):
    found = check.show("mistakes", "run", "--split", "train", "--count", "7")["images"]
    losses = [x["loss"] for x in found]
    check.equal("order", losses, sorted(losses, reverse=True))
    check.equal("mistakes", [x["index"] for x in found if x["label"] == x["predicted"]], [])
    check.near("losses", losses, [-math.log(x["probability_of_label"]) for x in found], 1e-4)
    found = check.show("mistakes", "run", "--by", "confidence", "--count", "7")["images"]
    sure = [x["probability"] for x in found]
    check.equal("order of the surest", sure, sorted(sure, reverse=True))


def text_of(check, name):
    if shutil.which("pdftotext") is None:
        sys.exit("pdftotext is missing: install the Debian package poppler-utils")
    command = ["pdftotext", "-layout", check.path(name), "-"]
    return subprocess.run(command, check=True, capture_output=True).stdout.decode()


def check_confusion(check):
    """Every number of the matrices is in the PDF, as text."""
    check.run("show", "confusion", "run", "-o", "confusion.pdf")
    shown = check.show("confusion", "run")
    found = re.findall(r"(?<![\d.])\d+(?![\d.])", text_of(check, "confusion.pdf"))
    names = [n for n in shown["class_names"] for _ in range(4)]  # rows and columns of two matrices
    counts = [str(n) for part in ("test", "train") for n in flatten(shown[part]) if n > 0]
    check.equal("images tested", sum(flatten(shown["test"])), 100)
    check.equal("numbers in the PDF", sorted(found), sorted(counts + names))


def check_pdf(check):
    """Text is text, and the page looks like the PNG."""
    check.run("show", "data", "e.yaml", "--count", "6", "-o", "sheet.pdf")
    text = " ".join(text_of(check, "sheet.pdf").split())
    check.equal("text in the PDF", "unknown, train part the first 6 images of 200" in text, True)
    check.equal("captions in the PDF", "0 1 2" in text, True)
    subprocess.run(
        ["pdftoppm", "-r", "192", "-png", check.path("sheet.pdf"), check.path("page")], check=True
    )
    width, _, channels, page = decode_png(check.read("page-1.png"))
    for (x, y, w, h), (image_w, image_h, _, pixels) in svg_images(check.read("sheet.svg").decode()):
        found = []
        for row in range(image_h):
            for column in range(image_w):
                at_y = int(2 * y + 2 * h * (row + 0.5) / image_h)
                at_x = int(2 * x + 2 * w * (column + 0.5) / image_w)
                found.append(page[(at_y * width + at_x) * channels])
        check.near(f"image at {x}, {y} in the PDF", found, list(pixels), 2)


def main():
    directory = tempfile.mkdtemp(prefix="hemline-show-")
    check = Check(os.path.abspath(sys.argv[1]), directory)
    try:
        make_files.make(directory, "idx d train=240 test=100")
        with open(check.path("e.yaml"), "w", encoding="utf-8") as file:
            file.write(EXPERIMENT)
        check.run("train", "e.yaml", "--out", "run", "--quiet")
        model = read_model(check.read("run/model.safetensors"))
        check_data(check)
        check_sheet_png(check)
        check_augment(check)
        check_filters(check, model)
        check_features(check, model)
        check_saliency(check)
        check_mistakes(check)
        check_confusion(check)
        check_pdf(check)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{check.checks} checks passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
