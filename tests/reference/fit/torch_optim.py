"""First steps of torch.optim's optimisers and values of its schedulers, on a problem of two numbers.

Loss: f(a, b) = a^2 / 2 + 5 b^2, gradient (a, 10 b), start (1, -2), in double precision.

Run: python3 torch_optim.py > torch_optim.json. Needs torch (2.15.0 made the stored values).
"""

import json

import torch

torch.set_default_dtype(torch.float64)


def trace(make, steps=6):
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    optimizer = make([x])
    points = []
    for _ in range(steps):
        optimizer.zero_grad()
        (x[0] ** 2 / 2 + 5 * x[1] ** 2).backward()
        optimizer.step()
        points.append(x.tolist())
    return points


def rates(make, steps):
    x = torch.tensor([0.0], requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=0.5)
    scheduler = make(optimizer)
    values = []
    for _ in range(steps):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return values


optim, schedule = torch.optim, torch.optim.lr_scheduler
print(
    json.dumps(
        {
            "optimizers": {
                "sgd(0.05)": trace(lambda p: optim.SGD(p, lr=0.05)),
                "sgd(0.02, momentum = 0.8)": trace(lambda p: optim.SGD(p, lr=0.02, momentum=0.8)),
                "sgd(0.02, momentum = 0.8, nesterov = true)": trace(
                    lambda p: optim.SGD(p, lr=0.02, momentum=0.8, nesterov=True)
                ),
                "momentum(0.02)": trace(lambda p: optim.SGD(p, lr=0.02, momentum=0.9)),
                "nesterov(0.02)": trace(lambda p: optim.SGD(p, lr=0.02, momentum=0.9, nesterov=True)),
                "adagrad()": trace(lambda p: optim.Adagrad(p)),
                "rmsprop()": trace(lambda p: optim.RMSprop(p)),
                "rmsprop(0.1, beta = 0.5, eps = 0.1)": trace(lambda p: optim.RMSprop(p, lr=0.1, alpha=0.5, eps=0.1)),
                "adadelta()": trace(lambda p: optim.Adadelta(p)),
                "adam()": trace(lambda p: optim.Adam(p)),
                "adam(lr = 0.1, beta1 = 0.5, beta2 = 0.8, eps = 0.01)": trace(
                    lambda p: optim.Adam(p, lr=0.1, betas=(0.5, 0.8), eps=0.01)
                ),
                "adamw(lr = 0.1)": trace(lambda p: optim.AdamW(p, lr=0.1)),
                "adamw(lr = 0.1, decay = 0.5)": trace(lambda p: optim.AdamW(p, lr=0.1, weight_decay=0.5)),
            },
            # Of runs of 12 steps.
            "schedules": {
                "cosine(0.5)": rates(lambda o: schedule.CosineAnnealingLR(o, 12), 12),
                "cosine(0.5, end = 0.1)": rates(lambda o: schedule.CosineAnnealingLR(o, 12, eta_min=0.1), 12),
                "linear(0.5)": rates(lambda o: schedule.LinearLR(o, 1, 0, 12), 12),
                "linear(0.5, end = 0.1)": rates(lambda o: schedule.LinearLR(o, 1, 0.2, 12), 12),
                "step(0.5, every = 5)": rates(lambda o: schedule.StepLR(o, 5), 12),
                "step(0.5, every = 3, factor = 0.5)": rates(lambda o: schedule.StepLR(o, 3, 0.5), 12),
                "exponential(0.5, 0.9)": rates(lambda o: schedule.ExponentialLR(o, 0.9), 12),
                # Four steps of growth, then half a wave over the other eight.
                "cosine(0.5, warmup = 4)": rates(lambda o: schedule.LinearLR(o, 0.25, 1, 3), 4)
                + rates(lambda o: schedule.CosineAnnealingLR(o, 8), 8),
            },
        },
        indent=1,
    )
)
