"""Makes this folder's files: small vision transformers as both of PyTorch's exporters write them.

python -m venv v && v/bin/pip install torch timm onnx onnxscript && v/bin/python make.py

Weights are random, from a seed.
"""
import tempfile
from pathlib import Path

import onnx
import torch
from timm.models.deit import VisionTransformerDistilled
from timm.models.vision_transformer import VisionTransformer

here = Path(__file__).parent
small = dict(img_size=8, patch_size=4, embed_dim=8, depth=1, num_heads=2, mlp_ratio=2, num_classes=3)
networks = {
    'vit': lambda: VisionTransformer(**small),
    # Two tokens.
    'deit': lambda: VisionTransformerDistilled(**small),
    # A mean over the pixels in the place of a token, and positions of the pixels alone.
    'mean': lambda: VisionTransformer(**small, class_token=False, global_pool='avg', qk_norm=True),
}
exporters = {
    'legacy': {'dynamo': False, 'opset_version': 17},
    'dynamo': {'dynamo': True, 'external_data': False, 'verbose': False},
}


def bare(path):
    """The file without what the exporter notes of where each node comes from."""
    model = onnx.load(path)
    for node in model.graph.node:
        node.ClearField('metadata_props')
        node.ClearField('doc_string')
    for value in (*model.graph.value_info, *model.graph.initializer, *model.graph.input, *model.graph.output):
        value.ClearField('metadata_props')
    model.graph.ClearField('metadata_props')
    return model


for name, make in networks.items():
    torch.manual_seed(0)
    model = make().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape) * 0.3)
    for exporter, how in exporters.items():
        with tempfile.TemporaryDirectory() as folder:
            path = f'{folder}/model.onnx'
            torch.onnx.export(model, (torch.zeros(1, 3, 8, 8),), path, input_names=['x'], **how)
            onnx.save(bare(path), here / f'{name}.{exporter}.onnx')
