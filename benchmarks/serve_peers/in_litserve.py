"""LitServe by its defaults: python in_litserve.py PORT"""

import sys
from io import BytesIO

import litserve
from onnx_model import Model, ranked
from PIL import Image


class Clothing(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.model = Model()

    def decode_request(self, request):
        return Image.open(BytesIO(request["file"].file.read()))

    def predict(self, image: Image.Image) -> dict[str, float]:
        return self.model(image)

    def encode_response(self, shares: dict[str, float]) -> dict[str, list[tuple[str, float]]]:
        return ranked(shares)


if __name__ == "__main__":
    server = litserve.LitServer(Clothing(), accelerator="cpu")
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False)
