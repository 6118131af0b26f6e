"""Makes the data files of the cases: whole ones, and ones that are wrong in one known way.

A call is a line of words, `name PATH key=value...`. All content is a function of the call."""

import base64
import gzip
import os
import random
import shlex
import struct
import sys
import zipfile
import zlib

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def pixels(n, seed):
    return random.Random(seed).randbytes(n)


def images_file(n, height, width, magic=0x803):
    return struct.pack(">IIII", magic, n, height, width) + pixels(n * height * width, n)


def labels_file(n, magic=0x801):
    return struct.pack(">II", magic, n) + bytes(i % 10 for i in range(n))


def write(path, content, gz=False):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if gz:
        content = gzip.compress(content, mtime=0)
        path += ".gz"
    with open(path, "wb") as file:
        file.write(content)


def idx(path, train=60, test=20, height=12, width=12, gz=False):
    """The four files of a data set of random pixels; labels 0, 1, ..., 9, 0, ..."""
    contents = []
    for n in (train, test):
        contents += [images_file(n, height, width), labels_file(n)]
    for name, content in zip(NAMES, contents):
        write(os.path.join(path, name), content, gz)


def images(path, n=3, height=12, width=12, gz=False, magic=0x803):
    """One IDX file of images."""
    write(path, images_file(n, height, width, magic), gz)


def labels(path, n=3, magic=0x801):
    """One IDX file of labels."""
    write(path, labels_file(n, magic))


def patch(path, at=0, byte=0):
    """Sets a byte; a negative place counts from the end."""
    with open(path, "r+b") as file:
        file.seek(at, os.SEEK_END if at < 0 else os.SEEK_SET)
        file.write(bytes([byte]))


def cut(path, size=0):
    """Cuts a file off; a negative size leaves out so many bytes at its end."""
    with open(path, "r+b") as file:
        file.truncate(size if size >= 0 else os.path.getsize(path) + size)


def extend(path, n=1):
    """Appends zero bytes."""
    with open(path, "ab") as file:
        file.write(bytes(n))


def noise(path, n=100):
    write(path, pixels(n, 1))


def pnm(path, height=12, width=12, channels=1, depth=255):
    kind = {1: "P5", 3: "P6"}[channels]
    content = f"{kind}\n{width} {height}\n{depth}\n".encode() + pixels(height * width * channels, 2)
    write(path, content)


def png(path, height=12, width=12, channels=1, bits=8, damaged=False):
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    row = width * channels * bits // 8
    raw = b"".join(b"\0" + pixels(row, y) for y in range(height))

    def chunk(name, data):
        checksum = zlib.crc32(name + data) ^ damaged
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    write(path, b"\x89PNG\r\n\x1a\n" + head + body)


# 12 x 12 pixels of value 10 (row + column), by libjpeg at quality 40.
JPEGS = {
    1: (
        "/9j/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCN"
        "l4x9lnN+gXz/wAALCAAMAAwBAREA/8QAFQABAQAAAAAAAAAAAAAAAAAABQD/xAAcEAACAgIDAAAAAAAAAAAA"
        "AAAAIQMEAQISIjH/2gAIAQEAAD8AIpU/ENxU+mEVKLVIbii14YR//9k="
    ),
    3: (
        "/9j/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCN"
        "l4x9lnN+gXz/2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8"
        "fHx8fHx8fHx8fHx8fHz/wAARCAAMAAwDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAABQD/xAAcEAAC"
        "AgIDAAAAAAAAAAAAAAAAIQMEAQISIjH/xAAUAQEAAAAAAAAAAAAAAAAAAAAA/8QAFBEBAAAAAAAAAAAAAAAA"
        "AAAAAP/aAAwDAQACEQMRAD8AIpU/ENxU+mEVKLVIbii14YQH/9k="
    ),
    4: (
        "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAUDg8SDw0UEhASFxUUGB4yIR4cHB49LC4kMklATEtHQEZFUFpzYlBV"
        "bVZFRmSIZW13e4GCgU5gjZeMfZZzfoF8/8AAFAgADAAMBEMRAE0RAFkRAEsRAP/EABUAAQEAAAAAAAAAAAAA"
        "AAAAAAUA/8QAHBAAAgICAwAAAAAAAAAAAAAAACEDBAECEiIx/9oADgRDAE0AWQBLAAA/ACKVPxBFKn4gilT8"
        "QRSp+Ibip9MIbip9MIbip9MIbip9MIqUWqRUotUipRapFSi1SG4oteGENxRa8MIbii14YQ3FFrwwj//Z"
    ),
}


def jpeg(path, channels=1):
    """A JPEG of 12 x 12; 4 channels are CMYK."""
    write(path, base64.b64decode(JPEGS[channels]))


def csv(path, n=60, first=0, side=12, header=1, gz=0):
    """Rows of label and random pixels; labels first, first + 1, ..., first + 9, first, ..."""
    content = pixels(n * side * side, n)
    lines = ["label," + ",".join(f"pixel{i + 1}" for i in range(side * side))] * header
    for i in range(n):
        row = content[i * side * side : (i + 1) * side * side]
        lines.append(",".join(str(v) for v in (i % 10 + first, *row)))
    write(path, ("\n".join(lines) + "\n").encode(), gz)


def npy_bytes(kind, shape, content, fortran=False):
    header = f"{{'descr': '{kind}', 'fortran_order': {fortran}, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode() + content


def npy(path, n=60, height=12, width=12, floats=0, fortran=0):
    """Images of random pixels."""
    content = pixels(n * height * width * (4 if floats else 1), n)
    kind = "<f4" if floats else "|u1"
    write(path, npy_bytes(kind, (n, height, width), content, bool(fortran)))


def npy_labels(path, n=60, first=0, rows=0):
    """int64 labels; rows=1: floats instead, a row of zeros and a 1 for each image."""
    if rows:
        content = b"".join(struct.pack("<10d", *(i % 10 == k for k in range(10))) for i in range(n))
        return write(path, npy_bytes("<f8", (n, 10), content))
    content = b"".join(struct.pack("<q", i % 10 + first) for i in range(n))
    write(path, npy_bytes("<i8", (n,), content))


def npz(path, train=60, test=20, only=0, first=0):
    """x_train, y_train, x_test, y_test; only=1: without the test arrays; first: the lowest label."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, n in (("train", train), ("test", test))[: 2 - only]:
            x = npy_bytes("|u1", (n, 12, 12), pixels(n * 144, n))
            kind, size = ("<i8", 8) if first else ("|u1", 1)
            labels = ((first + i % 10).to_bytes(size, "little") for i in range(n))
            y = npy_bytes(kind, (n,), b"".join(labels))
            for name, content in (("x", x), ("y", y)):
                entry = zipfile.ZipInfo(f"{name}_{part}.npy")
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, content)


def folders(path, train=6, test=2, classes=3):
    """PNG images in train/<class>/ and test/<class>/; classes c0, c1, ..."""
    for part, n in (("train", train), ("test", test)):
        for i in range(n):
            png(os.path.join(path, part, f"c{i % classes}", f"{i}.png"))


def yaml_deep(path, depth=1000):
    """An experiment that opens more brackets than any file should."""
    write(path, ("data: " + "[" * depth + "]" * depth + "\n").encode())


def yaml_layers(path, n=1001):
    """An experiment with n layers."""
    content = "data: synthetic\nmodel:\n" + "  - dropout: 0.1\n" * (n - 2)
    write(path, (content + "  - flatten\n  - dense: {units: 10, activation: softmax}\n").encode())


def big(path, size=2 << 20):
    """Text of `size` bytes."""
    write(path, b"# a line of a file that is too long to be an experiment\n" * (size // 56))


MAKERS = {
    f.__name__: f
    for f in (
        idx, images, labels, patch, cut, extend, noise, pnm, png, jpeg, csv, npy, npy_labels, npz,
        folders, yaml_deep, yaml_layers, big,
    )
}


def make(directory, line):
    name, path, *settings = shlex.split(line)
    values = dict(s.split("=", 1) for s in settings)
    MAKERS[name](os.path.join(directory, path), **{k: int(v, 0) for k, v in values.items()})


if __name__ == "__main__":
    make(os.getcwd(), shlex.join(sys.argv[1:]))
