"""Makes this folder's files: five small networks as ONNX, and steps by what their answers are held against in PyTorch, in float64: losses, and the weights after them.

    python make.py

Needs torch and onnx. Weights are random, from a seed.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

here = Path(__file__).parent
n, size = 4, 16
torch.manual_seed(0)
torch.set_num_threads(1)


class Network(nn.Module):
    """Answers at half the extents of the image, or twice them, or of all of it."""

    def __init__(self, kind, outputs):
        super().__init__()
        self.kind = kind
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3, 1, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU())
        if kind == "map-values":
            self.head = nn.Conv2d(6, outputs, 3, 1, 1)
        else:
            self.down = nn.Sequential(nn.Conv2d(6, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
            self.head = nn.Conv2d(8, outputs, 1) if kind.startswith("map") else nn.Linear(8, outputs)

    def after_stem(self, a):
        if self.kind == "map-values":
            return self.head(F.interpolate(a, scale_factor=2, mode="bilinear", align_corners=False))
        b = self.down(a)
        return self.head(b if self.kind.startswith("map") else b.mean((2, 3)))

    def forward(self, x):
        return self.after_stem(self.stem(x))


def drawn(shape, modulus):
    """Whole numbers below the modulus that look like no pattern."""
    count = torch.Size(shape).numel()
    return (torch.arange(count) * 7919 % 1009 % modulus).reshape(shape)


def classes(classes):
    """Masks of classes, of which some pixels have none."""
    wanted = drawn((n, size, size), classes + 1)
    return torch.where(wanted == classes, 255, wanted)


mean, std = torch.tensor([100.0, 110, 120]).double(), torch.tensor([50.0, 60, 70]).double()
pictures = drawn((n, 2 * size, 2 * size, 3), 256)
held = {
    "map-classes": classes(3),
    "map-labels": classes(2),
    "map-values": ((pictures.double() - mean) / std).permute(0, 3, 1, 2),
    "labels": drawn((n, 4), 2).double(),
    "values": drawn((n, 2), 9).double() / 4,
}


def criterion(kind, own, smoothing):
    """Of scores, by PyTorch's own criteria; a mask's pixels have the answer that is nearest."""
    wanted = held[kind]
    if kind == "map-classes":
        return F.cross_entropy(F.interpolate(own, scale_factor=2), wanted, ignore_index=255, label_smoothing=smoothing)
    if kind == "map-labels":
        counted = wanted != 255
        return F.binary_cross_entropy_with_logits(F.interpolate(own, scale_factor=2)[:, 0][counted], wanted[counted].double())
    return F.binary_cross_entropy_with_logits(own, wanted) if kind == "labels" else F.mse_loss(own, wanted)


def reduced(kind, variants):
    if kind == "map-classes":
        return variants.softmax(2).mean(0).log()
    if kind in ("map-labels", "labels"):
        p = variants.sigmoid().mean(0)
        return p.log() - (1 - p).log()
    return variants.mean(0)


def fingerprint(value):
    value = value.detach()
    return {"sum": round(value.sum().item(), 6), "l2": round(value.norm().item(), 6)}


images = ((torch.arange(n * 3 * size * size) * 7919 % 1009) / 400 - 1.2).double().reshape(n, 3, size, size)


def steps(kind, weights, outputs, plan, smoothing):
    net = Network(kind, outputs).double()
    net.load_state_dict(weights)
    net.train()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=2e-4)
    losses = []
    for _ in range(3):
        a = net.stem(images)
        if plan == "vanilla":
            loss = criterion(kind, net.after_stem(a), smoothing)
        else:
            first, second = net.after_stem(torch.cat([a, a.flip(3)])).chunk(2)
            variants = torch.stack([first, second.flip(3) if kind.startswith("map") else second])
            if "none" in plan:
                loss = (criterion(kind, variants[0], smoothing) + criterion(kind, variants[1], smoothing)) / 2
            else:
                loss = criterion(kind, reduced(kind, variants), smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(round(loss.item(), 7))
    after = {name: fingerprint(value) for name, value in net.state_dict().items() if value.ndim}
    return {"kind": kind, "plan": plan, "smoothing": smoothing, "loss": losses, "after": after}


figures = []
for kind, outputs in [("map-classes", 3), ("map-labels", 1), ("map-values", 3), ("labels", 4), ("values", 2)]:
    made = Network(kind, outputs).eval()
    with torch.no_grad():
        for module in made.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 2)
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.3)
    torch.onnx.export(
        made,
        torch.zeros(1, 3, size, size),
        str(here / f"{kind}.onnx"),
        input_names=["image"],
        output_names=["y"],
        training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False,
        dynamo=False,
    )
    weights = {name: value.clone() for name, value in made.state_dict().items()}
    for plan in ("vanilla", "flip@1:mean", "flip@1:none:mean"):
        figures.append(steps(kind, weights, outputs, plan, 0.1 if kind == "map-classes" else 0))
(here / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
