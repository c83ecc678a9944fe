"""Training steps of a CIFAR network in PyTorch, one for each line of stdin, each answered by a line with its loss.

    python torch_steps.py '{"network": "cifar-resnet-20", "maps": [7, 8, 9], "reduction": "max", "batch": 128, "channels_last": true}'

A branch is what one would write first: a list of tensors, each of which goes through all that follows. The first line that is
written has PyTorch's version and how many parameters it trains.
"""

import json
import os
import re
import sys

import torch
import torch.nn.functional as F
from torch import nn

task = json.loads(sys.argv[1])
torch.manual_seed(0)
torch.set_num_threads(len(os.sched_getaffinity(0)))

conv = lambda i, o, size, stride=1: nn.Conv2d(i, o, size, stride, size // 2, bias=False)


class Block(nn.Module):
    def __init__(self, i, o, stride, first):
        super().__init__()
        self.conv1, self.bn1 = conv(i, o, 3, stride), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = conv(o, o, 3), nn.BatchNorm2d(o)
        self.shortcut = nn.Sequential() if i == o else nn.Sequential(conv(i, o, 1, stride), nn.BatchNorm2d(o))

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.shortcut(x))


class PreActBlock(nn.Module):
    def __init__(self, i, o, stride, first):
        super().__init__()
        self.conv1, self.bn1 = conv(i, o, 3, stride), nn.BatchNorm2d(i)
        self.conv2, self.bn2 = conv(o, o, 3), nn.BatchNorm2d(o)
        self.stride, self.missing, self.first = stride, o - i, first

    def forward(self, x):
        active = F.relu(self.bn1(x))
        y = self.conv2(F.relu(self.bn2(self.conv1(active))))
        if self.missing:
            x = F.pad(F.avg_pool2d(x, self.stride), (0, 0, 0, 0, self.missing // 2, self.missing // 2))
        return y + (active if self.first else x)


class Network(nn.Module):
    """Feature map 0 is the image, 1 the stem's output, the others those of the blocks."""

    def __init__(self, name):
        super().__init__()
        kind, depth = re.fullmatch(r"(cifar|preact)-resnet-(\d+)", name).groups()
        self.preact = kind == "preact"
        block, count = PreActBlock if self.preact else Block, (int(depth) - 2) // 6
        self.conv1, self.bn = conv(3, 16, 3), nn.BatchNorm2d(64 if self.preact else 16)
        widths = [16] + [width for width in (16, 32, 64) for _ in range(count)]
        self.blocks = nn.ModuleList(
            block(i, o, 1 if i == o else 2, at == 0) for at, (i, o) in enumerate(zip(widths, widths[1:]))
        )
        self.fc = nn.Linear(64, 100)

    def forward(self, image, maps):
        """Logits of each variant, with a branch {identity, flip} at each of these maps."""
        branch = lambda xs, at: [y for x in xs for y in (x, x.flip(3))] if at in maps else xs
        xs = [self.conv1(x) for x in branch([image], 0)]
        xs = branch(xs if self.preact else [F.relu(self.bn(x)) for x in xs], 1)
        for at, block in enumerate(self.blocks):
            xs = branch([block(x) for x in xs], at + 2)
        if self.preact:
            xs = [F.relu(self.bn(x)) for x in xs]
        return [self.fc(x.mean((2, 3))) for x in xs]


def reduced(logits):
    if len(logits) == 1:
        return logits[0]
    return {"max": lambda z: z.max(0).values, "geo": lambda z: z.mean(0)}[task["reduction"]](
        torch.stack([z.log_softmax(1) for z in logits])
    )


batch = task["batch"]
network = Network(task["network"])
images = torch.arange(batch * 32 * 32 * 3).sin().reshape(batch, 32, 32, 3).permute(0, 3, 1, 2).contiguous()
if task["channels_last"]:
    network, images = network.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
labels = torch.arange(batch) % 100
optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=2e-4)
tell = lambda answer: print(json.dumps(answer), flush=True)

tell({"version": torch.__version__, "parameters": sum(p.numel() for p in network.parameters())})
for _ in sys.stdin:
    scores = reduced(network(images, task["maps"]))
    loss = F.cross_entropy(scores, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    tell({"loss": loss.item(), "correct": (scores.argmax(1) == labels).sum().item()})
