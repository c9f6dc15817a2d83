"""What one writes in Python instead of `infer serve`: FastAPI and onnxruntime.

    MODEL=b0.onnx SESSIONS=1 THREADS=2 PYTHONPATH=.venv-serve/packages \\
        python3 -m uvicorn --app-dir tools/serve fastapi_service:app --no-access-log

`POST /classify` takes an image file of the model's input size and answers as
`infer serve` does. The handler is a plain function, so FastAPI runs it on its
thread pool and onnxruntime releases the interpreter lock. SESSIONS sessions of
THREADS threads each; more processes with uvicorn's `--workers`.
"""

import io
import json
import os
import queue

import numpy as np
import onnxruntime
from fastapi import FastAPI, Request
from PIL import Image
from starlette.concurrency import run_in_threadpool

app = FastAPI()


def open_session():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("THREADS", "0"))
    return onnxruntime.InferenceSession(os.environ["MODEL"], options, ["CPUExecutionProvider"])


sessions = queue.SimpleQueue()
for _ in range(int(os.environ.get("SESSIONS", "1"))):
    session = open_session()
    classes = json.loads(
        session.get_modelmeta().custom_metadata_map["image_classifier.contract"]
    )["classes"]
    sessions.put(session)


def top(file):
    image = np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))
    session = sessions.get()
    try:
        (probabilities,) = session.run(["probabilities"], {"image": image[None]})
    finally:
        sessions.put(session)
    best = np.argsort(-probabilities[0], kind="stable")[:5]
    return [
        {"index": int(i), "class": classes[i], "probability": float(probabilities[0, i])}
        for i in best
    ]


@app.post("/classify")
async def classify(request: Request):
    file = await request.body()
    return {"model": "model", "top": await run_in_threadpool(top, file)}
