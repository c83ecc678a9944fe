"""Makes this folder's files: small vision transformers as both of PyTorch's exporters write them, and losses of some as they are trained.

python -m venv v && v/bin/pip install torch torchvision timm onnx onnxscript && v/bin/python make.py

Weights are random, from a seed.
"""
import copy
import json
import tempfile
from pathlib import Path

import onnx
import torch
from timm.models.deit import VisionTransformerDistilled
from timm.models.maxxvit import MaxxVitTransformerCfg, PartitionAttentionCl, TransformerBlock2d, get_rel_pos_cls
from timm.models.mobilevit import LayerFn, MobileVitBlock
from timm.models.swin_transformer import SwinTransformer
from timm.models.swin_transformer_v2 import SwinTransformerV2Block
from timm.models.vision_transformer import VisionTransformer
from torch import nn
from torchvision.models import SwinTransformer as TorchvisionSwin
from torchvision.models import VisionTransformer as TorchvisionTransformer
from torchvision.models.maxvit import PartitionAttentionLayer

here = Path(__file__).parent


class Pooled(nn.Module):
    """Patches as tokens, a block of them, and the mean."""

    def __init__(self, block, batch_first):
        super().__init__()
        self.patches, self.block, self.head = nn.Conv2d(3, 8, 4, 4), block, nn.Linear(8, 3)
        self.batch_first = batch_first

    def forward(self, x):
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        if self.batch_first:
            return self.head(self.block(tokens).mean(1))
        return self.head(self.block(tokens.transpose(0, 1)).mean(0))


class Blocks(nn.Module):
    """MobileViT's block on blocks of `size` × `size` pixels."""

    def __init__(self, channels, size):
        super().__init__()
        self.stem, self.head = nn.Conv2d(3, 4, 1), nn.Linear(4, 3)
        self.block = MobileVitBlock(
            4, transformer_dim=channels, transformer_depth=1, patch_size=size, num_heads=2, mlp_ratio=1.0,
            layers=LayerFn(act=nn.SiLU),
        )

    def forward(self, x):
        return self.head(self.block(self.stem(x)).mean((2, 3)))


class Windows(nn.Module):
    """Blocks whose pixels attend to those of their window, on maps `[n, h, w, c]` or `[n, c, h, w]`."""

    def __init__(self, channels, *blocks, channels_last=True):
        super().__init__()
        self.stem, self.head = nn.Conv2d(3, channels, 1), nn.Linear(channels, 3)
        self.blocks, self.channels_last = nn.Sequential(*blocks), channels_last

    def forward(self, x):
        x = self.stem(x)
        if self.channels_last:
            return self.head(self.blocks(x.permute(0, 2, 3, 1)).mean((1, 2)))
        return self.head(self.blocks(x).mean((2, 3)))


def partitions(kind):
    """MaxViT's attention in windows, or of the pixels at one place of each block, as torchvision has it."""
    return PartitionAttentionLayer(4, 2, 2, kind, (6, 6), 1, nn.GELU, nn.LayerNorm, 0.0, 0.0, 0.0)


class Asking(nn.Module):
    """Keys and values of other widths than the queries, the averages of the weights computed too."""

    def __init__(self):
        super().__init__()
        self.keys, self.values = nn.Linear(8, 6), nn.Linear(8, 5)
        self.attention = nn.MultiheadAttention(8, 2, kdim=6, vdim=5, batch_first=True)

    def forward(self, x):
        found, _ = self.attention(x, self.keys(x), self.values(x), need_weights=True)
        return x + found


small = dict(img_size=8, patch_size=4, embed_dim=8, depth=1, num_heads=2, mlp_ratio=2, num_classes=3)
small_heads = MaxxVitTransformerCfg(dim_head=2, expand_ratio=1, window_size=(2, 2), grid_size=(2, 2))
networks = {
    'vit': lambda: VisionTransformer(**small),
    # Two tokens.
    'deit': lambda: VisionTransformerDistilled(**small),
    # A mean over the pixels in the place of a token, and positions of the pixels alone.
    'mean': lambda: VisionTransformer(**small, class_token=False, global_pool='avg', qk_norm=True),
    # Heads that are part of the batch.
    'torchvision': lambda: TorchvisionTransformer(
        image_size=8, patch_size=4, num_layers=1, num_heads=2, hidden_dim=8, mlp_dim=16, num_classes=3
    ),
    'encoder': lambda: Pooled(nn.TransformerEncoderLayer(8, 2, 16), batch_first=False),
    'asking': lambda: Pooled(Asking(), batch_first=True),
    # Blocks of pixels of which each place is attended to apart.
    'mobilevit': lambda: Blocks(8, size=2),
    'mobilevit-wide': lambda: Blocks(20, size=2),
    'mobilevit-one': lambda: Blocks(20, size=8),
    # Windows, every other time shifted by half of one, and biases by relative position.
    'swin': lambda: SwinTransformer(
        16, patch_size=2, window_size=4, embed_dim=4, depths=(2, 1), num_heads=(2, 1), mlp_ratio=1, num_classes=3
    ),
    # The same with windows that the map is padded for.
    'swin-torchvision': lambda: TorchvisionSwin([2, 2], 4, [2, 1], [2, 1], [2, 2], mlp_ratio=1.0, num_classes=3),
    'swin2': lambda: Windows(4, SwinTransformerV2Block(4, (4, 4), 2, window_size=2, shift_size=1, mlp_ratio=1.0)),
    'coatnet': lambda: Windows(
        4, TransformerBlock2d(4, 4, rel_pos_cls=get_rel_pos_cls(small_heads, (4, 2)), cfg=small_heads), channels_last=False
    ),
    'maxvit': lambda: Windows(4, *(PartitionAttentionCl(4, kind, small_heads) for kind in ('block', 'grid'))),
    'maxvit-torchvision': lambda: Windows(4, partitions('window'), partitions('grid'), channels_last=False),
}
# Rows and columns of images that are not 8×8.
sizes = {'swin': (16, 16), 'swin-torchvision': (6, 8), 'swin2': (4, 4), 'coatnet': (4, 2), 'maxvit': (4, 6), 'maxvit-torchvision': (6, 6)}
exporters = {
    'legacy': {'dynamo': False, 'opset_version': 17},
    'dynamo': {'dynamo': True, 'external_data': False, 'verbose': False},
}
# Of some networks the size of the batch is left open too, and attention is one op.
further = {
    'open': {**exporters['dynamo'], 'dynamic_shapes': ({0: torch.export.Dim.DYNAMIC},)},
    'opset23': {**exporters['dynamo'], 'opset_version': 23},
}
# PyTorch's own newer exporter fails on the first; the older one writes thousands of nodes for the masks of the others.
unexported = {('maxvit', 'dynamo'), ('swin', 'legacy'), ('swin-torchvision', 'legacy')}
# Whose files have each weight once, as PyTorch trains it.
trained = ['vit', 'deit', 'torchvision', 'encoder', 'asking', 'swin', 'coatnet', 'maxvit', 'maxvit-torchvision']
of_further = {'vit': ['opset23'], 'torchvision': ['open', 'opset23'], 'asking': ['open']}


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


def losses(model, height, width):
    """Of four steps on two images in float64, without momentum."""
    model = copy.deepcopy(model).double()
    numbers = torch.arange(2 * 3 * height * width, dtype=torch.float64)
    images = ((numbers * 7919) % 1009 / 400 - 1.2).reshape(2, 3, height, width)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    found = []
    for _ in range(4):
        loss = nn.functional.cross_entropy(model(images), torch.tensor([0, 2]))
        found.append(round(loss.item(), 7))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return found


steps = {}
for name, make in networks.items():
    torch.manual_seed(0)
    model = make().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape) * 0.3)
    if name in trained:
        steps[name] = losses(model, *sizes.get(name, (8, 8)))
    for exporter, how in {**exporters, **{more: further[more] for more in of_further.get(name, [])}}.items():
        if (name, exporter) in unexported:
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = f'{folder}/model.onnx'
            torch.onnx.export(model, (torch.zeros(2 if exporter == 'open' else 1, 3, *sizes.get(name, (8, 8))),), path, input_names=['x'], **how)
            onnx.save(bare(path), here / f'{name}.{exporter}.onnx')

lines = [f'  {json.dumps(name)}: {json.dumps(found)}' for name, found in steps.items()]
(here / 'steps.json').write_text('{\n' + ',\n'.join(lines) + '\n}\n')
