"""What clients do wrong, each with the answers that it may get."""

import contextlib
import http.client
import json
import socket
import struct
import time

from . import pictures

# Longer than any answer takes.
TIMEOUT_S = 30
# What stands for an answer that the client did not wait for.
HUNG_UP = "hung up"
# Every request that reaches the queue may be refused by a full one.
OVERLOADED = 503

CLASSIFY = "/classify"
INFER = "/v2/models/model/infer"


def connect(address):
    host, port = address.split(":")
    connection = socket.create_connection((host, int(port)), timeout=TIMEOUT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def head(path, **headers):
    """The head of a POST request; `_` in a header's name is `-`."""
    lines = [f"POST {path} HTTP/1.1", "host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def status(connection):
    """The status of the answer."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    response.read()
    return response.status


def exchange(address, *pieces, pause=0.0):
    """Sends the pieces of a request; gives the answer's status."""
    with connect(address) as connection:
        # A service may answer, and close, before it was sent everything.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
        return status(connection)


def hang_up(address, *pieces, reset=False):
    """Sends the pieces of a request and closes the connection."""
    with connect(address) as connection:
        for piece in pieces:
            connection.sendall(piece)
        if reset:
            # What a reset overtakes is never seen by the service.
            time.sleep(0.2)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return HUNG_UP


class Misbehaviour:
    """Makes the bad requests for a model of this input size (height, width)."""

    HUNG_UP_ON_WHOLE_REQUESTS = ("hangs up after the body",)
    PERHAPS_UNSEEN = ("hangs up after the body", "resets in the body")
    # Kinds that come as far as a decoder.
    NO_PICTURES = ("truncated PNG", "text", "empty file", "decompression bomb", "bomb in the header")

    def __init__(self, address, size, max_body, timeout):
        self.address = address
        self.max_body = max_body
        self.timeout = timeout
        self.values = pictures.pixels(0, *size)
        self.shape = [1, *size, 3]
        self.file = pictures.png(self.values, *size)
        # More pixels than the service takes, in a file that is not too large.
        self.bomb = pictures.bomb(2000)
        # A header alone that asks for 40 GB.
        self.header_bomb = pictures.png(b"", 0, 0).replace(
            struct.pack(">II", 0, 0), struct.pack(">II", 100_000, 100_000), 1
        )

    def kinds(self):
        """Name, function that misbehaves once, answers that are right."""
        file, values = self.file, self.values
        whole = head(CLASSIFY, content_length=len(file))
        flat = list(values)
        yield "hangs up before the body", lambda: hang_up(self.address, whole), {HUNG_UP}
        yield "hangs up in the body", lambda: hang_up(self.address, whole, file[:20]), {HUNG_UP}
        yield "resets in the body", lambda: hang_up(self.address, whole, file[:20], reset=True), {HUNG_UP}
        yield "hangs up after the body", lambda: hang_up(self.address, whole, file), {HUNG_UP}
        yield "body too large, announced", self.too_large_announced, {413}
        yield "body too large, in chunks", self.too_large_in_chunks, {413}
        yield "slow body", self.slow_body, {408}
        no_pictures = file[: len(file) // 2], b"no picture", b"", self.bomb, self.header_bomb
        for name, bad in zip(self.NO_PICTURES, no_pictures, strict=True):
            yield name, lambda bad=bad: self.send(CLASSIFY, bad), {400, OVERLOADED}
        short, wide = self.shape[:-1], [1, self.shape[1] + 1, *self.shape[2:]]
        for name, shape, data in [
            ("JSON, a dimension missing", short, flat),
            ("JSON, wrong height", wide, flat),
            ("JSON, a value missing", self.shape, flat[1:]),
            ("JSON, a value of 256", self.shape, [256, *flat[1:]]),
            ("JSON, huge batch", [2**60, *self.shape[1:]], flat),
        ]:
            body = json.dumps(self.document(shape, data=data)).encode()
            yield name, lambda body=body: self.send(INFER, body), {400}
        for name, announced, sent in [
            ("binary, a byte missing", len(values), values[1:]),
            ("binary, a byte too many", len(values), values + b"\0"),
            ("binary, wrong byte count", len(values) + 1, values),
        ]:
            text = json.dumps(self.document(self.shape, binary_data_size=announced)).encode()
            yield name, lambda text=text, sent=sent: self.send_binary(text, sent), {400}
        yield "binary, JSON past the end", lambda: self.send(INFER, b"{}", json_length=99), {400}

    def document(self, shape, data=None, binary_data_size=None):
        tensor = {"name": "image", "datatype": "UINT8", "shape": shape}
        if data is None:
            tensor["parameters"] = {"binary_data_size": binary_data_size}
        else:
            tensor["data"] = data
        return {"inputs": [tensor]}

    def send(self, path, body, json_length=None):
        more = {} if json_length is None else {"inference_header_content_length": json_length}
        return exchange(self.address, head(path, content_length=len(body), **more), body)

    def send_binary(self, text, values):
        return self.send(INFER, text + values, json_length=len(text))

    def too_large_announced(self):
        return exchange(self.address, head(CLASSIFY, content_length=self.max_body + 1))

    def too_large_in_chunks(self):
        chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
        chunks = [chunk] * (self.max_body // 0x10000 + 1)
        return exchange(self.address, head(CLASSIFY, transfer_encoding="chunked"), *chunks)

    def slow_body(self):
        """A byte now and then, for longer than the service waits."""
        pieces = [self.file[i : i + 1] for i in range(10)]
        pause = (self.timeout + 1) / len(pieces)
        whole = head(CLASSIFY, content_length=len(self.file))
        return exchange(self.address, whole, *pieces, pause=pause)
