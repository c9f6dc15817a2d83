"""A Python program that classifies image files, as fast as Python does it.

A thread a core takes batches off a common list; all run one ONNX Runtime session,
whose weights are then in the cache once (a session a thread is a quarter slower at
batch 1 and no faster at batch 16). Reading, decoding (cv2), resizing and running all
leave the interpreter's lock, so one thread decodes while another runs. Pixels go
straight into the batch's buffer.

CIFAR-100's archive is read into memory first, as `infer` does; then there is nothing
to decode.

Prints a line of JSON: images, seconds from the first image to the last answer
(imports, sessions and the archive are not counted), and how many answers are the
label, which is the file's folder.

    pipeline.py MODEL FOLDER|ARCHIVE --contract CONTRACT.json [--batch N] [--device cuda]
    pipeline.py --first MODEL FILE --contract CONTRACT.json
"""

import argparse
import itertools
import json
import os
import tarfile
import time
from pathlib import Path
from threading import Thread

import cv2
import numpy as np
import onnxruntime


def session(model, device):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    provider = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}[device]
    opened = onnxruntime.InferenceSession(model, options, providers=[provider])
    assert opened.get_providers()[0] == provider, opened.get_providers()
    return opened


def read(path, contract, target):
    """Decodes a file and brings it to the input size, as the contract says."""
    image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    height, width = target.shape[:2]
    fit = contract["fit"]
    if fit["mode"] == "center_crop":
        rows, columns = image.shape[:2]
        scale = fit["shorter_side"] / min(rows, columns)
        size = (round(columns * scale), round(rows * scale))
        image = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
        top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
        image = image[top : top + height, left : left + width]
    elif image.shape[:2] != (height, width):
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)
    cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=target)


class Folder:
    """Image files, decoded when they are asked for."""

    def __init__(self, path, contract):
        self.contract = contract
        files = sorted(path.glob("*/*"))
        self.labels = [contract["classes"].index(file.parent.name) for file in files]
        self.paths = [str(file) for file in files]

    def fill(self, buffer, start):
        """Reads images from `start` on into the buffer; gives it or a part of it."""
        batch = self.paths[start : start + len(buffer)]
        for path, target in zip(batch, buffer):
            read(path, self.contract, target)
        return buffer[: len(batch)]


class Cifar100:
    """The test images of CIFAR-100's archive, in memory at their stored size."""

    def __init__(self, path):
        with tarfile.open(path) as archive:
            (member,) = [m for m in archive.getmembers() if m.name.endswith("/test.bin")]
            content = archive.extractfile(member).read()
        records = np.frombuffer(content, np.uint8).reshape(-1, 2 + 3 * 32 * 32)
        self.labels = records[:, 1]
        pixels = records[:, 2:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        self.pixels = np.ascontiguousarray(pixels)

    def fill(self, buffer, start):
        return self.pixels[start : start + len(buffer)]


def classify(arguments, contract):
    images = Cifar100(arguments.path) if arguments.path.is_file() else Folder(arguments.path, contract)
    shape = [contract["input"][key] for key in ("height", "width", "channels")]
    count = len(images.labels)
    predicted = np.zeros(count, np.int64)
    cores = len(os.sched_getaffinity(0))
    shared = session(arguments.model, arguments.device)
    # Taking the next number is atomic under the interpreter's lock.
    starts = itertools.count(0, arguments.batch)

    def work():
        buffer = np.empty([arguments.batch, *shape], np.uint8)
        while (start := next(starts)) < count:
            batch = images.fill(buffer, start)
            inputs = {contract["input"]["name"]: batch}
            (probabilities,) = shared.run([contract["output"]["probabilities"]], inputs)
            predicted[start : start + len(batch)] = probabilities.argmax(1)

    threads = [Thread(target=work) for _ in range(cores)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begin
    correct = int((predicted == images.labels).sum())
    print(json.dumps({"images": count, "seconds": seconds, "correct": correct}))


def classify_first(arguments, contract):
    shape = [contract["input"][key] for key in ("height", "width", "channels")]
    buffer = np.empty([1, *shape], np.uint8)
    read(str(arguments.path), contract, buffer[0])
    own = session(arguments.model, arguments.device)
    outputs = own.run([contract["output"]["probabilities"]], {contract["input"]["name"]: buffer})
    print(contract["classes"][outputs[0][0].argmax()])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("path", type=Path, help="folder of class folders, or CIFAR-100's archive; with --first a file")
    parser.add_argument("--contract", type=Path, required=True)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--first", action="store_true", help="classify one file and end")
    arguments = parser.parse_args()
    contract = json.loads(arguments.contract.read_text())
    # The threads are ours; OpenCV's own would compete with them.
    cv2.setNumThreads(1)
    (classify_first if arguments.first else classify)(arguments, contract)


if __name__ == "__main__":
    main()
