"""Whatsit's `Classifier` in a FastAPI route of one's own.

uvicorn in_fastapi:app
"""

import os
from typing import Annotated

from fastapi import FastAPI, File

from whatsit import Classifier

app = FastAPI()
classifier = Classifier(os.environ["PEER_BUNDLE"], precision="fp32")


@app.post("/classify")
def classify(file: Annotated[bytes, File()]) -> dict[str, list[tuple[str, float]]]:
    found = classifier.predict(file).probabilities
    return {"predictions": sorted(found.items(), key=lambda pair: -pair[1])}
