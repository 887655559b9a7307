"""Gradio by its defaults: python in_gradio.py PORT"""

import sys

import gradio
from onnx_model import Model

page = gradio.Interface(Model(), gradio.Image(type="pil"), gradio.Label(), api_name="classify")
page.launch(server_name="127.0.0.1", server_port=int(sys.argv[1]))
