"""How long one training step of the digits network takes: PyTorch, JAX and, given a command, nnc.

The model is that of examples/digits.nn (64-128-10, relu, softmax, cross-entropy, f32), the batch is 32 rows, the
optimiser Adam. A step is everything that training does for a batch: pick its rows, forward, backward, update. All
contestants run in this process, or as its children, on one core with one thread, and take turns round by round, so that
a busy machine slows them alike. README.md beside this file tells how to run it.
"""

import argparse
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import time

# Before the libraries start their thread pools.
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
import torch

BATCH, RATE = 32, 1e-3
DATA = pathlib.Path(__file__).parent.parent.parent / "examples" / "data" / "digits.csv"


def load():
    table = np.loadtxt(DATA, delimiter=",", skiprows=1)
    return (table[:, :64] / 8 - 1).astype(np.float32), table[:, 64].astype(np.int64)


def start():
    """The same start for all: He normal, zeros, Glorot uniform, zeros."""
    random = np.random.default_rng(0)
    limit = np.sqrt(6 / (128 + 10))
    return [
        (random.normal(size=(64, 128)) * np.sqrt(2 / 64)).astype(np.float32),
        np.zeros(128, np.float32),
        random.uniform(-limit, limit, (128, 10)).astype(np.float32),
        np.zeros(10, np.float32),
    ]


def batches(count, rows):
    """The row numbers of `count` batches, [count, BATCH]."""
    random = np.random.default_rng(1)
    return np.stack([random.choice(rows, BATCH, replace=False) for _ in range(count)])


class Torch:
    """Eager PyTorch; Adam with `fused=True`, the fastest of its variants here."""

    name = "PyTorch, eager"

    def __init__(self, x, y, order):
        torch.set_num_threads(1)
        self.x, self.y, self.order = torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(order)
        self.parameters = [torch.from_numpy(p.copy()).requires_grad_() for p in start()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=RATE, fused=True)

    def run(self):
        w1, b1, w2, b2 = self.parameters
        for rows in self.order:
            z = torch.addmm(b2, torch.relu(torch.addmm(b1, self.x[rows], w1)), w2)
            loss = torch.nn.functional.cross_entropy(z, self.y[rows])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        return loss.item()


def jax_step(x, y):
    def loss(p, rows):
        z = jax.nn.relu(x[rows] @ p[0] + p[1]) @ p[2] + p[3]
        return -jnp.mean(jax.nn.log_softmax(z)[jnp.arange(BATCH), y[rows]])

    def step(state, rows):
        p, m, v, t = state
        value, g = jax.value_and_grad(loss)(p, rows)
        t = t + 1
        m = [0.9 * m + 0.1 * g for m, g in zip(m, g)]
        v = [0.999 * v + 0.001 * g * g for v, g in zip(v, g)]
        scale_m, scale_v = 1 / (1 - 0.9**t), 1 / (1 - 0.999**t)
        p = [p - RATE * (m * scale_m) / (jnp.sqrt(v * scale_v) + 1e-8) for p, m, v in zip(p, m, v)]
        return (p, m, v, t), value

    return step


def jax_state():
    p = [jnp.asarray(a) for a in start()]
    return p, [jnp.zeros_like(a) for a in p], [jnp.zeros_like(a) for a in p], jnp.float32(0)


class Jax:
    """One jitted function per step, called from Python; the state's buffers are donated."""

    name = "JAX, jit of a step"

    def __init__(self, x, y, order):
        self.step = jax.jit(jax_step(jnp.asarray(x), jnp.asarray(y, jnp.int32)), donate_argnums=0)
        self.order = [jnp.asarray(rows, jnp.int32) for rows in order]
        self.state = jax_state()

    def run(self):
        for rows in self.order:
            self.state, value = self.step(self.state, rows)
        return float(value)


class JaxScan:
    """All steps of a round in one jitted `scan`: no Python between the steps."""

    name = "JAX, jit of all steps"

    def __init__(self, x, y, order):
        step = jax_step(jnp.asarray(x), jnp.asarray(y, jnp.int32))
        self.many = jax.jit(lambda state, order: jax.lax.scan(step, state, order), donate_argnums=0)
        self.order = jnp.asarray(order, jnp.int32)
        self.state = jax_state()

    def run(self):
        self.state, values = self.many(self.state, self.order)
        return float(values[-1])


def nnc_step_us(command):
    """Microseconds per step that `command` reports: the last line of its standard output is JSON."""
    done = subprocess.run(shlex.split(command), capture_output=True, text=True)
    lines = done.stdout.strip().splitlines()
    try:
        return float(json.loads(lines[-1])["median_step_us"])
    except (IndexError, KeyError, TypeError, ValueError):
        sys.exit(f'{command}: expected a last line {{"median_step_us": …}} (exit code {done.returncode})\n{done.stderr}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="turns per contestant (default 15)")
    parser.add_argument("--steps", type=int, default=1000, help="steps per turn (default 1000)")
    parser.add_argument("--core", type=int, default=0, help="the core to run on (Linux; default 0)")
    parser.add_argument("--nnc", metavar="CMD", help='a command whose last line is {"median_step_us": …}')
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON, without a table")
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {arguments.core})  # children inherit it

    x, y = load()
    order = batches(arguments.steps, len(x))
    contestants = [kind(x, y, order) for kind in (Torch, Jax, JaxScan)]

    # The first turn compiles and warms up, and must do the same work: equal starts and batches give equal losses.
    first = [c.run() for c in contestants]
    if not np.allclose(first, first[0], rtol=0.02, atol=1e-3):
        sys.exit(f"the contestants do not compute the same: last losses {first}")

    times = {c.name: [] for c in contestants}
    if arguments.nnc:
        times["nnc"] = []
    for _ in range(arguments.rounds):
        for contestant in contestants:
            begin = time.perf_counter()
            contestant.run()
            times[contestant.name].append((time.perf_counter() - begin) / arguments.steps * 1e6)
        if arguments.nnc:
            times["nnc"].append(nnc_step_us(arguments.nnc))

    medians = {name: statistics.median(t) for name, t in times.items()}
    if arguments.json:
        print(json.dumps({"median_step_us": medians, "rounds_us": times, "torch": torch.__version__, "jax": jax.__version__}))
        return
    base = "nnc" if arguments.nnc else "PyTorch, eager"
    print(f"PyTorch {torch.__version__}, JAX {jax.__version__}; batch {BATCH}, f32, 1 thread, {arguments.rounds} rounds")
    print(f"{'':24}{'µs per step':>12}{'fastest':>9}{'slowest':>9}{'times ' + base:>24}")
    for name, t in times.items():
        print(f"{name:24}{medians[name]:12.1f}{min(t):9.1f}{max(t):9.1f}{medians[name] / medians[base]:24.2f}")


if __name__ == "__main__":
    main()
