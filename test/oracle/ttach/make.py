"""Makes this folder's files: two segmentation networks as ONNX, and what ttach answers for them.

python -m venv v && v/bin/pip install torch onnx ttach && v/bin/python make.py

Weights are random, from a seed; statistics of batch normalization are from batches of the images.
"""
import json
from pathlib import Path

import torch
import ttach as tta
from torch import nn

here = Path(__file__).parent
size, step = 32, 37


def block(inputs, outputs, **how):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, **{'padding': 1, **how}, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class UNet(nn.Module):
    """Two levels, skips, upsampled bilinearly."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = block(3, 8), block(8, 12), block(12, 16)
        self.d, self.e = block(28, 12), block(20, 8)
        self.head = nn.Conv2d(8, 5, 1)

    def forward(self, x):
        a = self.a(x)
        b = self.b(nn.functional.max_pool2d(a, 2))
        c = self.c(nn.functional.max_pool2d(b, 2))
        up = lambda t: nn.functional.interpolate(t, scale_factor=2, mode='bilinear', align_corners=False)
        d = self.d(torch.cat([up(c), b], 1))
        return self.head(self.e(torch.cat([up(d), a], 1)))


class DeepLab(nn.Module):
    """Dilated convolutions side by side on a quarter of the size."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(block(3, 8), nn.AvgPool2d(2), block(8, 12), nn.AvgPool2d(2))
        self.rates = nn.ModuleList([block(12, 6, padding=r, dilation=r) for r in (1, 2, 3)])
        self.project = nn.Sequential(nn.Conv2d(18, 8, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.head = nn.Conv2d(8, 5, 1)

    def forward(self, x):
        y = self.stem(x)
        y = self.head(self.project(torch.cat([rate(y) for rate in self.rates], 1)))
        return nn.functional.interpolate(y, scale_factor=4, mode='bilinear', align_corners=False)


class Both(nn.Module):
    """Raw numbers, and the classes of each pixel."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        raw = self.network(x)
        return raw, torch.softmax(raw, 1)


class Part(nn.Module):
    def __init__(self, network, output):
        super().__init__()
        self.network, self.output = network, output

    def forward(self, x):
        return self.network(x)[self.output]


class Pooled(nn.Module):
    """A classifier: the mean over the pixels, as probabilities."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return torch.softmax(self.network(x)[0].mean((2, 3)), 1)


pairs = ((0, 1), (3, 4))


def swapped(heatmaps):
    order = list(range(heatmaps.shape[1]))
    for left, right in pairs:
        order[left], order[right] = right, left
    return heatmaps[:, order]


def points(network, transforms, mode, x):
    """Raw numbers as heatmaps: where a variant is a mirror, left and right change places, which ttach leaves to its users."""
    merger = tta.base.Merger(type=mode, n=len(transforms))
    for (mirror, *_), each in zip(transforms.aug_transform_parameters, transforms):
        heatmaps = each.deaugment_mask(network(each.augment_image(x)))
        merger.append(swapped(heatmaps) if mirror else heatmaps)
    return merger.result


def images(n):
    k = torch.arange(n * 3 * size * size, dtype=torch.float64)
    return ((k * 7919) % 1009 / 1009 - 0.5).float().reshape(n, 3, size, size)


def every(values):
    return [round(v, 7) for v in values.permute(0, 2, 3, 1).reshape(-1)[::step].tolist()]


torch.manual_seed(17)
found = {'how': 'images: ((k*7919) mod 1009)/1009 - 0.5 for the k-th number of [2, 3, 32, 32]; figures: of [2, 32, 32, 5] each 37th number', 'networks': {}}
for name, network in {'unet': UNet(), 'deeplab': DeepLab()}.items():
    for each in network.modules():
        if isinstance(each, nn.BatchNorm2d):
            nn.init.uniform_(each.weight, 0.5, 2)
            nn.init.uniform_(each.bias, -0.5, 0.5)
    network.head.weight.data *= 6
    network.train()
    with torch.no_grad():
        for _ in range(40):
            network(torch.randn(4, 3, size, size))
    both = Both(network).eval()
    torch.onnx.export(both, images(1), here / f'{name}.onnx', input_names=['image'], output_names=['raw', 'mask'],
                      dynamic_axes={'image': {0: 'n'}, 'raw': {0: 'n'}, 'mask': {0: 'n'}}, opset_version=17, dynamo=False)
    figures = {}
    with torch.no_grad():
        for transforms in ('hflip', 'd4'):
            chosen = getattr(tta.aliases, f'{transforms}_transform')()
            for mode in ('mean', 'gmean', 'max', 'min', 'sum'):
                wrapped = lambda k: tta.SegmentationTTAWrapper(Part(both, k), chosen, merge_mode=mode)(images(2))
                at = figures.setdefault(transforms, {}).setdefault(mode, {})
                if mode != 'gmean':
                    at['raw'] = every(wrapped(0))
                if mode == 'mean':
                    at['points'] = every(points(Part(both, 0), chosen, mode, images(2)))
                mask = wrapped(1)
                at['mask'] = every(mask / mask.sum(1, keepdim=True))
                classes = tta.ClassificationTTAWrapper(Pooled(both), chosen, merge_mode=mode)(images(2))
                at['classes'] = [round(v, 7) for v in (classes / classes.sum(1, keepdim=True)).reshape(-1).tolist()]
    found['networks'][name] = figures
(here / 'figures.json').write_text(json.dumps(found))
