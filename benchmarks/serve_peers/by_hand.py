"""FastAPI and onnxruntime by hand: an upload, read in the thread pool as FastAPI does for plain functions.

uvicorn by_hand:app
"""

from io import BytesIO
from typing import Annotated

from fastapi import FastAPI, File
from onnx_model import Model, ranked
from PIL import Image

app = FastAPI()
model = Model()


@app.post("/classify")
def classify(file: Annotated[bytes, File()]) -> dict[str, list[tuple[str, float]]]:
    return ranked(model(Image.open(BytesIO(file))))
