"""The official Triton client, unchanged, against `infer serve`.

    tools/python_env.sh serve && cargo build --release -p infer
    PYTHONPATH=.venv-serve/packages python3 tools/serve/check_tritonclient.py [--model FILE] [--infer FILE]

Checks health, metadata, JSON and binary inference, classes by name, and
loading; the results have to be those of `infer predict` on the same images.
"""

import argparse
import json
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import tritonclient.http as triton
from PIL import Image
from tritonclient.utils import InferenceServerException

from service import DIGITS, INFER, infer_serve

IMAGES = 6


def library_answers(infer, model, images):
    """Probabilities by class index, as `infer predict` prints them."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for i, image in enumerate(images):
            files.append(Path(folder) / f"{i}.png")
            Image.fromarray(image).save(files[-1])
        command = [infer, "predict", *files, "--model", model, "--json", "--top", "65535"]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    rows = []
    for line in output.splitlines():
        top = json.loads(line)["top"]
        row = np.zeros(len(top), np.float32)
        for answer in top:
            row[answer["index"]] = answer["probability"]
        rows.append(row)
    return np.stack(rows)


def check_refused(what, call, words):
    """A call that has to fail with these words."""
    try:
        call()
    except InferenceServerException as error:
        assert words in str(error), error
        print(f"  {what}: {error}")
    else:
        raise AssertionError(f"{what} was not refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=DIGITS)
    parser.add_argument("--infer", type=Path, default=INFER)
    args = parser.parse_args()
    print(f"tritonclient {version('tritonclient')}")
    with infer_serve(args.infer, args.model, "--model-control") as address:
        client = triton.InferenceServerClient(address)
        assert client.is_server_live() and client.is_server_ready()
        assert client.is_model_ready("model") and client.is_model_ready("model", "1")
        server = client.get_server_metadata()
        print(f"  server: {server['name']} {server['version']}, {', '.join(server['extensions'])}")
        metadata = client.get_model_metadata("model")
        print(f"  model: {json.dumps(metadata)}")
        config = client.get_model_config("model")
        assert config["input"][0]["dims"] == metadata["inputs"][0]["shape"][1:], config
        size = metadata["inputs"][0]["shape"][1:]

        images = np.random.default_rng(1).integers(0, 256, (IMAGES, *size), np.uint8)
        expected = library_answers(args.infer, args.model, images)

        def infer(batch, binary_input, binary_output, class_count=0):
            tensor = triton.InferInput("image", list(batch.shape), "UINT8")
            tensor.set_data_from_numpy(batch, binary_data=binary_input)
            wanted = triton.InferRequestedOutput("probabilities", binary_output, class_count)
            return client.infer("model", [tensor], outputs=[wanted], request_id="a request")

        for binary_input in (False, True):
            for binary_output in (False, True):
                for batch in (1, IMAGES):
                    answer = infer(images[:batch], binary_input, binary_output)
                    assert answer.get_response()["id"] == "a request"
                    found = answer.as_numpy("probabilities")
                    difference = np.abs(found - expected[:batch]).max()
                    assert difference < 1e-5, difference
                    print(
                        f"  {'binary' if binary_input else 'JSON'} in, "
                        f"{'binary' if binary_output else 'JSON'} out, batch {batch}: "
                        f"largest difference to the library {difference:.1e}"
                    )

        tensor = triton.InferInput("image", list(images.shape), "UINT8")
        tensor.set_data_from_numpy(images)
        everything = client.infer("model", [tensor])
        assert everything.as_numpy("logits").shape == expected.shape
        awaited = client.async_infer("model", [tensor]).get_result()
        assert np.array_equal(awaited.as_numpy("logits"), everything.as_numpy("logits"))

        best = infer(images[:1], True, True, class_count=1).as_numpy("probabilities")[0, 0].decode()
        assert int(best.split(":")[1]) == expected[0].argmax(), best
        print(f"  classification: {best}")

        check_refused("wrong shape", lambda: infer(images[:, 1:], True, True), "shape")
        check_refused("unknown model", lambda: client.get_model_metadata("x"), "no model `x`")

        assert client.get_model_repository_index()[0]["state"] == "READY"
        client.load_model("model")
        client.unload_model("model")
        assert not client.is_model_ready("model") and not client.is_server_ready()
        client.load_model("model")
        assert client.is_model_ready("model")
        client.close()
    print("all equal; the service ended cleanly")


if __name__ == "__main__":
    main()
