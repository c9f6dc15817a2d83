"""Clients that do everything right, and check each answer against its picture."""

import http.client
import json
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from . import pictures
from .misbehaving import CLASSIFY, INFER, OVERLOADED, TIMEOUT_S

PICTURES = 12
# Sums in a batch are added in another order.
TOLERANCE = 1e-4
# Shorter than the server asks for, so that its queue stays full.
RETRY_S = 0.02
# A connection that the service closed before it answered, and one that it did not take.
CLOSED, UNREACHABLE = "closed unanswered", "unreachable"


class Expected:
    """Pictures of a model's input size, and what the library says about them."""

    def __init__(self, infer, model, size):
        self.values = [pictures.pixels(1 + i, *size) for i in range(PICTURES)]
        self.files = [pictures.png(values, *size) for values in self.values]
        self.size = size
        self.shape = [1, *size, 3]
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / f"{i}.png" for i in range(PICTURES)]
            for path, file in zip(paths, self.files):
                path.write_bytes(file)
            command = [infer, "predict", *paths, "--model", model, "--json", "--top", "65535"]
            command += ["--device", "cpu"]
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        self.probabilities, self.classes = [], []
        for line in output.splitlines():
            top = sorted(json.loads(line)["top"], key=lambda answer: answer["index"])
            self.probabilities.append([answer["probability"] for answer in top])
            self.classes = [answer["class"] for answer in top]
        # Otherwise one picture's answer would pass for another's.
        alike = [
            (a, b)
            for b in range(PICTURES)
            for a in range(b)
            if self.is_right(a, self.probabilities[b])
        ]
        assert not alike, f"pictures with the same answer: {alike}"

    def is_right(self, i, probabilities):
        pairs = zip(self.probabilities[i], probabilities, strict=True)
        return all(abs(a - b) < TOLERANCE for a, b in pairs)


class Client:
    """One connection that is kept open, and opened again when the service closes it."""

    def __init__(self, address, expected, number):
        self.address = address
        self.expected = expected
        self.next = number
        self.connection = None

    def ask(self):
        """Sends the next request; gives the answer's status, what is wrong with it,
        and the name of class 0 where the answer has names."""
        i = self.next % PICTURES
        send = [self.file, self.tensor, self.json][self.next // PICTURES % 3]
        self.next += 1
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.address, timeout=TIMEOUT_S)
        try:
            return send(i)
        except ConnectionRefusedError as error:
            self.close()
            return UNREACHABLE, repr(error), None
        except (ConnectionError, http.client.BadStatusLine) as error:
            # Not one byte of an answer came.
            self.close()
            return CLOSED, repr(error), None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return "lost", repr(error), None

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def file(self, i):
        path = f"{CLASSIFY}?top={len(self.expected.classes)}"
        status, body, _ = self.post(path, self.expected.files[i], {})
        if status != 200:
            return status, None, None
        top = sorted(json.loads(body)["top"], key=lambda answer: answer["index"])
        probabilities = [answer["probability"] for answer in top]
        return status, self.check(i, probabilities), top[0]["class"]

    def tensor(self, i):
        values = self.expected.values[i]
        text = self.document({"parameters": {"binary_data_size": len(values)}}, binary=True)
        headers = {"Inference-Header-Content-Length": str(len(text))}
        status, body, response = self.post(INFER, text + values, headers)
        if status != 200:
            return status, None, None
        length = int(response["Inference-Header-Content-Length"])
        probabilities = [value for (value,) in struct.iter_unpack("<f", body[length:])]
        return status, self.check(i, probabilities), None

    def json(self, i):
        text = self.document({"data": list(self.expected.values[i])}, binary=False)
        status, body, _ = self.post(INFER, text, {})
        if status != 200:
            return status, None, None
        return status, self.check(i, json.loads(body)["outputs"][0]["data"]), None

    def document(self, more, binary):
        tensor = {"name": "image", "datatype": "UINT8", "shape": self.expected.shape} | more
        output = {"name": "probabilities", "parameters": {"binary_data": binary}}
        return json.dumps({"inputs": [tensor], "outputs": [output]}).encode()

    def post(self, path, body, headers):
        self.connection.request("POST", path, body, headers)
        response = self.connection.getresponse()
        content = response.read()
        if response.will_close:
            self.close()
        if response.status == OVERLOADED:
            assert response.headers["Retry-After"], "a 503 without Retry-After"
            time.sleep(RETRY_S)
        return response.status, content, response.headers

    def check(self, i, probabilities):
        return None if self.expected.is_right(i, probabilities) else f"not the answer to picture {i}"
