"""Values, losses and gradients of the programs in tests/programs, worked out with JAX in f64.

Run: python tests/reference/programs.py   (writes programs.json beside this file; requirements.txt has the versions)
"""

import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

CASES = {}


def case(name, dims, inputs, params, model):
    """`model(inputs, params)` gives a dict of values; the one called `loss` is differentiated by all params."""
    inputs = {k: jnp.asarray(v) for k, v in inputs.items()}
    params = {k: jnp.asarray(v, dtype=jnp.float64) for k, v in params.items()}
    values = model(inputs, params)
    entry = {"dims": dims, "ports": {**inputs, **params}, "values": values}
    if "loss" in values:
        entry["gradients"] = jax.grad(lambda p: model(inputs, p)["loss"])(params)
    CASES[name] = entry


def rng(seed):
    return np.random.default_rng(seed)


def plain(x):
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, (int, float, str)):
        return x
    x = np.asarray(x)
    if x.dtype == bool:
        return x.tolist()
    flat = [v if np.isfinite(v) else str(v) for v in x.astype(float).ravel().tolist()]
    return flat if x.ndim else flat[0]


def cross_entropy(y, z):
    return -jnp.take_along_axis(jax.nn.log_softmax(z), y[..., None], -1)[..., 0]


# ---- derivatives as terms -------------------------------------------------------------------------------------------


def derivatives():
    r = rng(1)
    n, d = 5, 3

    def model(i, p):
        x, y, w = i["x"], i["y"], p["w"]
        e = lambda w: jnp.mean((y - jnp.tanh(x @ w)) ** 2)
        h = jnp.diag(jax.hessian(e)(w))
        f = lambda u: jnp.sin(u) ** 2
        norm = lambda w: jnp.sqrt(jnp.sum(w**2))
        return {
            "loss": e(w) + 1e-3 * jnp.sum(jnp.abs(h)),
            "h": h,
            "Hs": jax.hessian(e)(w),
            "zero": jnp.zeros(()),
            "one": 2 * jnp.sum(w**2),
            "each": jax.vmap(jax.grad(f))(x[:, 0]),
            "at0": jax.grad(f)(0.5),
            "J": x,
            "jv": jax.jvp(lambda w: jnp.tanh(x @ w), (w,), (2 * w,))[1],
            "vj": jax.vjp(lambda w: jnp.tanh(x @ w), w)[1](y)[0],
            "ste": jnp.where(jnp.abs(w) < 1, w, 0) + jnp.where(w > 0, 1, 0),
            "nr": jax.grad(norm)(w),
            "nr2": jax.hessian(norm)(w),
            "sg": w,
            "mixed": jax.vmap(lambda x: jax.grad(lambda w: norm(x * w))(w))(x),
        }

    case("derivatives", {"N": n}, {"x": r.normal(size=(n, d)), "y": r.normal(size=n)}, {"w": [0.7, -0.4, 1.3]}, model)


def derivative_forms():
    r = rng(41)
    n, d, h, m = 4, 3, 2, 2

    def model(i, p):
        x, z = i["x"], i["z"]
        layer = lambda q: jnp.tanh(x @ q["l.W"] + q["l.b"])
        e = lambda q: jnp.mean((layer(q) @ q["v"]) ** 2) * q["k"] ** 3
        at = lambda name: lambda value: e({**p, name: value})
        g = jax.grad(e)(p)
        both = lambda v, k: layer(p) @ v * k
        pv, pk = jax.vjp(both, p["v"], p["k"])[1](x[:, 0])
        r = lambda z: jnp.sin(z) * jnp.sum(z**2)
        f = lambda s: s**3 - 2 * s - 5
        s = 1.0
        for _ in range(5):
            s = s - jax.grad(f)(s) * 0.01 * f(s)
        gv = lambda w: jax.grad(lambda v: e({**p, "v": v, "l.W": w}))(p["v"])
        stopped = lambda v: jnp.sum(v**3 * jax.lax.stop_gradient(v))
        return {
            "dW": g["l.W"],
            "db": g["l.b"],
            "one_weight": g["l.W"][1, 0],
            "dk": g["k"],
            "d3k": jax.grad(jax.grad(jax.grad(at("k"))))(p["k"]),
            "across": jax.jacobian(gv)(p["l.W"]),
            "along": jax.jvp(lambda v, k: e({**p, "v": v, "k": k}), (p["v"], p["k"]), (2 * p["v"], 3.0))[1],
            "pv": pv,
            "pk": pk,
            "blocks": jax.vmap(jax.jacobian(r))(z),
            "newton": s,
            "curve": jax.vmap(jax.grad(jax.grad(lambda u: jnp.exp(jnp.sin(u)))))(z[:, 0]),
            "loss": e(p) + jnp.sum(g["v"] ** 2),
            "half_stopped": jax.hessian(stopped)(p["v"]),
        }

    params = {"v": [0.8, -1.1], "k": 1.4, "l.W": r.normal(size=(d, h)), "l.b": r.normal(size=h)}
    case("derivative_forms", {"N": n}, {"x": r.normal(size=(n, d)), "z": r.normal(size=(n, m))}, params, model)


def arm():
    alpha = np.array([-1, 1, -1, 1, -1, 1, 0]) * np.pi / 2
    height = np.array([0.34, 0, 0.4, 0, 0.4, 0, 0.126])

    def tip(q):
        t = jnp.eye(4)
        for j in range(7):
            c, s, ca, sa = jnp.cos(q[j]), jnp.sin(q[j]), np.cos(alpha[j]), np.sin(alpha[j])
            rows = [[c, -s * ca, s * sa, 0.0], [s, c * ca, -c * sa, 0.0], [0.0, sa, ca, height[j]], [0.0, 0.0, 0.0, 1.0]]
            t = t @ jnp.array(rows)
        return t[:3, 3]

    def model(i, _):
        return {"J_tip": jax.jacobian(tip)(i["q"]), "reach": jnp.sum((tip(i["q"]) - i["goal"]) ** 2)}

    case("arm", {}, {"q": rng(42).normal(size=7), "goal": [0.3, -0.2, 0.6]}, {}, model)


def pinn():
    r = rng(2)
    h, n = 20, 64

    def model(_, p):
        u = lambda x: jnp.sum(p["w2"] * jnp.tanh(p["w1"] * x + p["b1"]))
        x = (jnp.arange(n) + 0.5) / n
        d2u = jax.vmap(jax.grad(jax.grad(u)))(x)
        f = -jnp.pi**2 * jnp.sin(jnp.pi * x)
        return {
            "sol": jax.vmap(u)(x),
            "du": jax.vmap(jax.grad(u))(x),
            "d2u": d2u,
            "loss": jnp.mean((d2u - f) ** 2) + 10 * (u(0.0) ** 2 + u(1.0) ** 2),
        }

    case("pinn", {}, {}, {k: r.normal(size=h) for k in ("w1", "b1", "w2")}, model)


# ---- loops ----------------------------------------------------------------------------------------------------------


def loops():
    r = rng(3)
    t = 6

    def model(i, p):
        y, a = i["y"], p["a"]
        s, each, c, f = 1.0, [], 0.0, []
        for v in y:
            s = a * s + v
            each.append(s)
            f.append(0.9 * c)
            c = 0.9 * c + 0.1 * v
        back = 0.0
        for k in range(t):
            back = back + a * y[t - 1 - k]
        upto = jnp.max(y)
        g, k = a, 0
        while k < t:
            g, k = g / 2, k + 1
            if g < 0.1:
                break
        m = jnp.linalg.matrix_power(jnp.array([[a, 1.0], [0.0, a]]), t)
        return {
            "last": s,
            "each": jnp.array(each),
            "f": jnp.array(f),
            "root": jnp.sqrt(a),
            "back": back,
            "upto": upto,
            "g": g,
            "k": k,
            "M": m,
            "loss": s + sum(each) + sum(f) + jnp.sqrt(a) + back + upto + g + jnp.sum(m),
        }

    case("loops", {"T": t}, {"y": r.normal(size=t)}, {"a": 0.5}, model)


def lstm():
    r = rng(4)
    n, t, v, e, h = 3, 5, 6, 3, 4

    def model(i, p):
        hs, cs, out = jnp.zeros((n, h)), jnp.zeros((n, h)), []
        for k in range(t):
            g = p["Emb"][i["tok"][:, k]] @ p["Wx"] + hs @ p["Wh"] + p["b"]
            gi, gf, gg, go = jnp.split(g, 4, axis=1)
            cs = jax.nn.sigmoid(gf) * cs + jax.nn.sigmoid(gi) * jnp.tanh(gg)
            hs = jax.nn.sigmoid(go) * jnp.tanh(cs)
            out.append(hs)
        z = jnp.stack(out, 1) @ p["Wo"]
        return {"z": z, "loss": jnp.mean(cross_entropy(i["next"], z))}

    params = {
        "Emb": r.normal(size=(v, e)),
        "Wx": r.normal(size=(e, 4 * h)),
        "Wh": r.normal(size=(h, 4 * h)) / 2,
        "b": r.normal(size=4 * h),
        "Wo": r.normal(size=(h, v)),
    }
    inputs = {"tok": r.integers(0, v, (n, t)), "next": r.integers(0, v, (n, t))}
    case("lstm", {"N": n, "T": t}, inputs, params, model)


def tower():
    r = rng(5)
    n, d, l = 4, 4, 3

    def model(i, p):
        h = i["x"]
        for k in range(l):
            h = h + jnp.tanh(h @ p["tower.W"][k] + p["tower.b"][k])
        return {"h": h, "loss": jnp.mean((h[:, 0] - i["y"]) ** 2)}

    inputs = {"x": r.normal(size=(n, d)), "y": r.normal(size=n)}
    params = {"tower.W": r.normal(size=(l, d, d)), "tower.b": r.normal(size=(l, d))}
    case("tower", {"N": n}, inputs, params, model)


# ---- matrices -------------------------------------------------------------------------------------------------------


def gaussian_process():
    r = rng(6)
    n, d = 6, 2

    def model(i, p):
        x, y = i["x"], i["y"]
        gap = (x[:, None] - x[None]) ** 2
        k = p["σ"] ** 2 * jnp.exp(-jnp.sum(gap / (2 * p["ℓ"] ** 2), -1)) + p["τ"] ** 2 * jnp.eye(n)
        l = jnp.linalg.cholesky(k)
        z = jax.scipy.linalg.solve_triangular(l, y, lower=True)

        def again(t):
            a = k + (2 * t**2 - p["τ"] ** 2) * jnp.eye(n)
            return 0.5 * y @ jnp.linalg.solve(a, y) + 0.5 * jnp.linalg.slogdet(a)[1]

        loss = 0.5 * jnp.sum(z**2) + jnp.sum(jnp.log(jnp.diag(l))) + 0.5 * n * jnp.log(2 * jnp.pi)
        return {"loss": loss, "g": jax.grad(jax.grad(again))(p["τ"]), "L": l, "K": k}

    inputs = {"x": r.normal(size=(n, d)), "y": r.normal(size=n)}
    case("gaussian_process", {"N": n, "D": d}, inputs, {"σ": 1.3, "ℓ": [0.7, 1.9], "τ": 0.4}, model)


def gaussian_mixture():
    r = rng(7)
    n, d, k = 5, 3, 3

    def model(i, p):
        x = i["x"]
        solve = lambda l, b: jax.scipy.linalg.solve_triangular(l, b, lower=True)
        z = jax.vmap(lambda x: jax.vmap(lambda l, m: solve(l, x - m))(p["L"], p["μ"]))(x)
        log_det = jnp.sum(jnp.log(jnp.diagonal(p["L"], axis1=1, axis2=2)), -1)
        lp = jnp.log(p["w"]) - log_det - jnp.sum(z**2, -1) / 2 - d / 2 * jnp.log(2 * jnp.pi)
        return {"r": jax.nn.softmax(lp), "z": z, "loss": -jnp.mean(jax.nn.logsumexp(lp, axis=1))}

    factors = np.tril(r.normal(size=(k, d, d)) / 3) + 1.2 * np.eye(d)
    params = {"w": [0.2, 0.5, 0.3], "μ": r.normal(size=(k, d)), "L": factors}
    case("gaussian_mixture", {"N": n, "D": d}, {"x": r.normal(size=(n, d))}, params, model)


def matrices():
    r = rng(8)
    d, k, m = 4, 2, 3

    def model(i, p):
        a, bs, b, c, s = i["A"], i["B"], p["b"], p["C"], p["S"]
        spd = lambda s: s @ s.T + jnp.eye(d)
        # Without the symmetrisation of JAX: the lower triangle alone is what counts.
        cholesky = jnp.linalg.cholesky
        P = spd(s)
        x, X = jnp.linalg.solve(a, b), jnp.linalg.solve(a, c)
        Y = jax.vmap(lambda b: jnp.linalg.solve(b, c))(bs)
        up = jax.scipy.linalg.solve_triangular(s, b, lower=False)
        lo = jax.scipy.linalg.solve_triangular(s, c, lower=True)
        q = jax.vmap(lambda m: b @ jnp.linalg.solve(m + P, b))(bs)
        of = lambda s: jnp.linalg.slogdet(spd(s))[1] + jnp.linalg.det(s)
        h = jax.hessian(of)(s)
        L = cholesky(P)
        loss = (
            jnp.sum(x**2) + jnp.sum(X) + jnp.sum(Y**2) + jnp.sum(jnp.linalg.inv(P)) + jnp.linalg.slogdet(P)[1]
            + jnp.linalg.det(P) + jnp.sum(L**2 * a) + jnp.sum(q) + jnp.sum(h**2) / 100 + jnp.sum(up**2) + jnp.sum(lo)
        )
        return {
            "loss": loss, "x": x, "X": X, "Y": Y, "up": up, "lo": lo, "iP": jnp.linalg.inv(P), "L": L, "q": q, "h": h,
            "dets": jax.vmap(jnp.linalg.det)(bs),
            "vh": jax.jvp(lambda s: cholesky(spd(s)), (s,), (a,))[1],
        }

    square = lambda *shape: r.normal(size=shape + (d, d)) + 3 * np.eye(d)
    inputs = {"A": square(), "B": square(m)}
    case("matrices", {}, inputs, {"b": r.normal(size=d), "C": r.normal(size=(d, k)), "S": square() / 2}, model)


# ---- segments and graphs --------------------------------------------------------------------------------------------


def segment_mask(ids, n):
    return ids[None, :] == jnp.arange(n)[:, None]


def masked(op, neutral, mask, s):
    """A reduction over the last axis of what the mask lets through; derivatives are 0 where nothing is."""
    some = mask.any(1)
    safe = jnp.where(some[:, None], jnp.where(mask, s, neutral), 0.0)
    return jnp.where(some, op(safe, axis=1), neutral)


def segments():
    r = rng(6)
    n, m, d = 5, 9, 2
    ids = np.array([0, 2, 0, 1, 2, 0, 4, 2, 0])
    alive = np.array([1, 1, 0, 1, 0, 1, 0, 1, 1], dtype=bool)
    s = r.normal(size=m)
    s[5] = s[2] = 1.75  # a tie for the largest of segment 0

    def model(i, p):
        a, w, u = i["alive"], i["w"], i["u"]
        mask = segment_mask(i["ids"], n)
        count = mask.sum(1)
        inf = jnp.inf

        def mean(mask, x):
            k = mask.sum(1)
            return jnp.where(mask, x, 0.0).sum(1) / jnp.maximum(k, 1)

        def reductions(s):
            q, at = p["q"], i["ids"]
            average = mean(mask, s)
            soft = masked(jax.nn.logsumexp, -inf, mask, s)
            largest = masked(jnp.max, -inf, mask, s)
            living = masked(jax.nn.logsumexp, -inf, mask & a, s[None, :] * q[:, None])
            spread = mean(mask, (s - average[:, None]) ** 2)
            return {
                "total": jnp.where(mask, s, 0.0).sum(1) * q,
                "average": average,
                "product": jnp.where(mask, s, 1.0).prod(1),
                "largest": largest,
                "smallest": masked(jnp.min, inf, mask, s),
                "soft": soft,
                "spread": spread,
                "peers": spread[at],
                "some": (mask & (s > 1)).any(1),
                "living": living,
                "peak": largest[at],
                "share": jnp.exp(s - soft[at]),
            }

        def rows(h):
            columns = {}
            for name, f in {
                "sums": lambda x: jnp.where(mask, x, 0.0).sum(1),
                "means": lambda x: mean(mask, x),
                "products": lambda x: jnp.where(mask, x, 1.0).prod(1),
                "highs": lambda x: masked(jnp.max, -inf, mask, x),
                "lows": lambda x: masked(jnp.min, inf, mask, x),
                "softs": lambda x: masked(jax.nn.logsumexp, -inf, mask, x),
                "shares": lambda x: jnp.exp(x - masked(jax.nn.logsumexp, -inf, mask, x)[i["ids"]]),
            }.items():
                columns[name] = jnp.stack([f(h[:, k]) for k in range(d)], axis=1)
            return columns

        def energy(s, h):
            v = reductions(s)
            square = lambda x, there: jnp.where(there, jnp.where(there, x, 0.0) ** 2, 0.0)
            total = v["total"] ** 2 + v["average"] ** 2 + v["spread"] ** 2 + v["product"] ** 2
            total += sum(square(v[k], count > 0) for k in ["largest", "smallest", "soft"])
            e = (w * total).sum() + (w * square(v["living"], (mask & a).any(1))).sum()
            e += (u * v["peak"] ** 2).sum() + (u * v["share"] ** 2).sum() + (u * v["peers"]).sum()
            c = rows(h)
            return e + (c["shares"] ** 2).sum() + (c["highs"][0] ** 2).sum()

        g = jax.grad(energy)
        second = jax.grad(lambda s: (g(s, p["h"]) * u).sum())(p["s"])
        return reductions(p["s"]) | rows(p["h"]) | {"second": second, "loss": energy(p["s"], p["h"])}

    inputs = {"ids": ids, "alive": alive, "w": r.normal(size=n), "u": r.normal(size=m)}
    params = {"s": s, "q": r.normal(size=n), "h": r.normal(size=(m, d))}
    case("segments", {"N": n, "M": m}, inputs, params, model)


def gcn():
    r = rng(7)
    n, m, h, c = 6, 11, 8, 2

    def model(i, p):
        a = jnp.zeros((n, n)).at[i["dst"], i["src"]].add(1.0)
        deg = 1 + a.sum(1)
        spread = lambda x: (x + a @ x) / deg[:, None]
        z = spread(jax.nn.relu(spread(p["W1"])) @ p["W2"])
        y, seen = i["y"], i["seen"]
        hit = (z.argmax(1) == y) & ~seen
        loss = jnp.where(seen, cross_entropy(y, z), 0.0).sum() / seen.sum()
        return {"p": jax.nn.softmax(z), "accuracy": hit.sum() / (~seen).sum(), "loss": loss}

    inputs = {
        "src": r.integers(0, n, m),
        "dst": r.integers(0, n - 1, m),
        "seen": np.array([1, 0, 1, 1, 0, 0], dtype=bool),
        "y": r.integers(0, c, n),
    }
    params = {"W1": r.normal(size=(n, h)), "W2": r.normal(size=(h, c))}
    case("gcn", {"N": n, "M": m}, inputs, params, model)


def graph_attention():
    r = rng(8)
    n, m, d, h, c = 6, 12, 3, 8, 7

    def model(i, p):
        src, dst = i["src"], i["dst"]
        x = i["x"] @ p["W"]
        s = jax.nn.leaky_relu(x[src] @ p["a"] + x[dst] @ p["b"], 0.2)
        mask = segment_mask(dst, n)
        alpha = jnp.exp(s - masked(jax.nn.logsumexp, -jnp.inf, mask, s)[dst])
        z = jax.nn.elu(jnp.where(mask, alpha, 0.0) @ x[src]) @ p["Wo"]
        return {"α": alpha, "p": jax.nn.softmax(z), "loss": cross_entropy(i["y"], z).mean()}

    inputs = {
        "src": r.integers(0, n, m),
        "dst": r.integers(0, n - 1, m),
        "x": r.normal(size=(n, d)),
        "y": r.integers(0, c, n),
    }
    shapes = {"W": (d, h), "a": h, "b": h, "Wo": (h, c)}
    case("graph_attention", {"N": n, "M": m, "D": d}, inputs, {k: r.normal(size=v) for k, v in shapes.items()}, model)


def message_passing():
    r = rng(12)
    n, m, d, rounds = 5, 9, 3, 3

    def model(i, p):
        src, dst, a = i["src"], i["dst"], p["a"]
        mask = segment_mask(dst, n)
        some = mask.any(1)
        lse = lambda s: masked(jax.nn.logsumexp, -jnp.inf, mask, s)
        h, hs = i["x"], []
        for w in p["W"]:
            s = h[src] @ a - h[dst] @ a
            share = jnp.exp(s - lse(s)[dst])
            msg = jnp.where(mask, share, 0.0) @ h[src]
            top = [masked(jnp.max, -jnp.inf, mask, h[src, k] * w[k, k]) for k in range(d)]
            more = jnp.stack(top, axis=1) + lse(h[src, 0])[:, None]
            h = jnp.tanh(h + msg @ w + jnp.where(some[:, None], more, 0.0))
            hs.append(h)
        average = jnp.where(mask, 1.0, 0.0) @ h[src] / jnp.maximum(mask.sum(1), 1)[:, None]
        loss = ((h[:, 0] - i["y"]) ** 2).mean()
        return {"hs": jnp.stack(hs), "mean_message": average, "loss": loss}

    inputs = {
        "src": r.integers(0, n, m),
        "dst": np.array([0, 1, 3, 0, 4, 1, 3, 0, 4]),
        "x": r.normal(size=(n, d)) / 2,
        "y": r.normal(size=n),
    }
    params = {"W": r.normal(size=(rounds, d, d)) / 3, "a": r.normal(size=d)}
    case("message_passing", {"N": n, "M": m, "L": rounds}, inputs, params, model)


# ---- arrangements, images, recursion --------------------------------------------------------------------------------


def arrangements():
    r = rng(9)
    n, t = 4, 5

    def model(i, p):
        c, x, z, a, v, b = i["c"], p["x"], p["z"], p["a"], p["v"], p["B"]
        lower = jnp.zeros((3, 3)).at[np.tril_indices(3)].set(v)
        values = {
            "padded": jnp.pad(x, ((0, 0), (1, 2)), constant_values=-1),
            "rolled": jnp.roll(x, 2, axis=1),
            "repeated": jnp.repeat(x, 2, axis=0),
            "flipped": jnp.flip(x, axis=0),
            "sums": jnp.cumsum(x, axis=1),
            "columns": jnp.cumsum(x, axis=0),
            "products": jnp.stack([jnp.prod(z[:, : k + 1], axis=1) for k in range(t)], axis=1),
            "rows": x.at[1].set(z[0]),
            "spaced": jnp.linspace(a[0], a[1], 5),
            "stacked": jnp.stack([x, z], axis=1),
            "lower": lower,
            "packed": b[np.tril_indices(3)],
            "traced": jnp.trace(b @ jnp.diag(a)) + jnp.trace(b) + jnp.linalg.norm(a) + jnp.std(x),
        }
        g = values
        e = (c * g["sums"] ** 2).sum() + (c * g["products"] ** 2).sum() + (c * g["columns"]).sum()
        e += (c * g["rolled"] * g["flipped"]).sum() + (g["padded"][:, 1:-2] * z**2).sum() + (x * x * c).sum()
        e += (g["rows"] ** 3).sum() + (((x[:, 1:] + x[:, :-1]) / 2) ** 2).sum() + (g["spaced"] ** 2).sum()
        e += (g["stacked"][:, 1] * c).sum() + (g["repeated"][:n] ** 2).sum() + (lower @ lower.T).sum()
        e += (g["packed"] ** 2).sum() + g["traced"] + (b.at[0].set(a) ** 2).sum()
        e += (jnp.tril(b) @ jnp.triu(b)).sum() + (jnp.outer(a, a) * b).sum() + jnp.cross(a, b[0])[1]
        return values | {"loss": e}

    z = r.normal(size=(n, t))
    z[0, 1] = z[2, 0] = z[2, 3] = 0.0  # a running product is differentiated through zeros
    params = {"x": r.normal(size=(n, t)), "z": z, "a": r.normal(size=3), "v": r.normal(size=6), "B": r.normal(size=(3, 3))}
    inputs = {"c": r.normal(size=(n, t))}
    case("arrangements", {"N": n, "T": t}, inputs, params, model)


def cnn():
    r = rng(10)
    n, f, g, c = 3, 4, 5, 10

    def conv(x, k, b):
        x = jnp.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        return jax.lax.conv(x, k, (1, 1), "VALID") + b[None, :, None, None]

    def pool(x):
        n, c, h, w = x.shape
        return x.reshape(n, c, h // 2, 2, w // 2, 2).max((3, 5))

    def model(i, p):
        h = pool(jax.nn.relu(conv(i["x"], p["k1"], p["b1"])))
        h = pool(jax.nn.relu(conv(h, p["k2"], p["b2"])))
        z = h.reshape(n, 4 * g) @ p["W"] + p["b"]
        y = i["y"]
        return {"p": jax.nn.softmax(z), "accuracy": (z.argmax(1) == y).sum() / n, "loss": cross_entropy(y, z).mean()}

    shapes = {"k1": (f, 1, 3, 3), "b1": f, "k2": (g, f, 3, 3), "b2": g, "W": (4 * g, c), "b": c}
    inputs = {"x": r.normal(size=(n, 1, 8, 8)), "y": r.integers(0, c, n)}
    case("cnn", {"N": n}, inputs, {k: r.normal(size=v) for k, v in shapes.items()}, model)


def determinant():
    model = lambda i, p: {"d": jnp.linalg.det(p["A"]), "loss": jnp.linalg.det(p["A"]) ** 2}
    case("determinant", {}, {}, {"A": rng(11).normal(size=(4, 4))}, model)


if __name__ == "__main__":
    makers = [
        derivatives,
        derivative_forms,
        arm,
        pinn,
        loops,
        lstm,
        tower,
        gaussian_process,
        gaussian_mixture,
        matrices,
        segments,
        gcn,
        graph_attention,
        message_passing,
        arrangements,
        cnn,
        determinant,
    ]
    for make in makers:
        make()
    path = pathlib.Path(__file__).with_name("programs.json")
    # One line for each program.
    lines = [f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in plain(CASES).items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
