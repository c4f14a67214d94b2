"""Makes statistics_cases.json: what scipy and statsmodels compute for the tests of lib/statistics.

Usage: python make_statistics_cases.py > statistics_cases.json && deno fmt statistics_cases.json
Made with scipy 1.17.1, statsmodels 0.15.0 and numpy; checks on the way that the crossed mean has the
standard error that restricted maximum likelihood gives it.
"""

import json
import math

import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import integrate, optimize, special, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW


def wave(n, seed):
    """Numbers without a pattern that statistics could miss, to few digits."""
    return [round(math.sin(7.3 * i + seed) + 0.3 * math.cos(2.1 * i * i + seed), 6) for i in range(n)]


def student(values, level=0.95):
    values = np.asarray(values)
    test = stats.ttest_1samp(values, 0)
    interval = test.confidence_interval(level)
    return {
        "n": len(values), "estimate": values.mean(), "standard_error": stats.sem(values),
        "df": float(test.df), "low": interval.low, "high": interval.high, "p": test.pvalue,
    }


def normals():
    return {
        "cdf": [[z, stats.norm.cdf(z)] for z in [-30, -8, -3.1, -3, -2.9, -1, -0.1, 0, 0.7, 2.5, 3.2]],
        "quantile": [[p, special.ndtri(p)] for p in [1e-10, 1e-4, 0.025, 0.3, 0.5, 0.9, 0.9999]],
    }


def students():
    dfs = [1, 2, 3.7, 9, 38.2, 399, 5000]
    return {
        "cdf": [[t, df, stats.t.cdf(t, df)] for df in dfs for t in [-12, -3, -0.4, 0, 1, 2.2]],
        "quantile": [[p, df, stats.t.ppf(p, df)] for df in dfs for p in [0.001, 0.05, 0.6, 0.975, 0.9995]],
        "noncentral": [
            [t, df, shift, stats.nct.cdf(t, df, shift)]
            for df in [2, 3.7, 9, 38.2, 399] for t in [-1, 0.5, 2, 4] for shift in [0.5, 2.8, 5]
        ],
    }


def means():
    cases = [wave(n, n) for n in [3, 4, 9, 40]]
    return [{"values": v, "level": level, "expected": student(v, level)}
            for v, level in zip(cases, [0.95, 0.9, 0.99, 0.95])]


def table_of(tasks, runs, seed, task_sd, run_sd, noise_sd):
    rng = np.random.default_rng(seed)
    table = (0.05 + task_sd * rng.standard_normal((tasks, 1)) + run_sd * rng.standard_normal((1, runs))
             + noise_sd * rng.standard_normal((tasks, runs)))
    return np.round(table, 6)


def crossed(table):
    """The crossed mean from the mean squares of statsmodels' analysis of variance."""
    tasks, runs = table.shape
    frame = pd.DataFrame({
        "y": table.ravel(), "task": np.repeat(np.arange(tasks), runs),
        "run": np.tile(np.arange(runs), tasks),
    })
    anova = sm.stats.anova_lm(smf.ols("y ~ C(task) + C(run)", frame).fit())
    task, run, rest = anova["mean_sq"]
    both = task + run - rest
    if both > max(task, run):
        df = both**2 / sum(anova["mean_sq"] ** 2 / anova["df"])
        square = both
    else:
        square, df = (task, tasks - 1) if task > run else (run, runs - 1)
    error = math.sqrt(square / (tasks * runs))
    if min(task, run) > rest:  # All components are positive: REML gives the same.
        frame["all"] = 1
        fit = smf.mixedlm("y ~ 1", frame, groups="all", re_formula="0",
                          vc_formula={"task": "0 + C(task)", "run": "0 + C(run)"}).fit(reml=True)
        assert abs(fit.bse_fe["Intercept"] / error - 1) < 1e-3, (fit.bse_fe, error)
    mean = table.mean()
    half = stats.t.ppf(0.975, df) * error
    return {
        "table": table.tolist(),
        "expected": {
            "n": runs, "n_tasks": tasks, "estimate": mean, "standard_error": error, "df": df,
            "low": mean - half, "high": mean + half, "p": 2 * stats.t.sf(abs(mean) / error, df),
            "task_sd": math.sqrt(max(0, task - rest) / runs),
            "run_sd": math.sqrt(max(0, run - rest) / tasks), "residual_sd": math.sqrt(rest),
        },
    }


def crosseds():
    return [
        crossed(table_of(6, 4, 3, 0.3, 0.2, 0.1)),
        crossed(table_of(7, 5, 5, 0.2, 0, 0.3)),
        crossed(table_of(5, 3, 1, 0, 0.5, 0.4)),
        crossed(table_of(9, 8, 2, 0.1, 0.05, 0.15)),
    ]


def shares():
    wilson = [[s, n, level, *proportion_confint(s, n, 1 - level, method="wilson")]
              for s, n, level in [(0, 16, 0.95), (3, 16, 0.95), (8, 10, 0.9), (64, 64, 0.95)]]
    across = []
    for values in [[0, 0.25, 0, 0.125], [0.5, 0.625, 0.5625], [1, 0.96875, 1, 1, 0.9375]]:
        plain = student(values)
        m = plain["estimate"]
        half = (plain["high"] - m) / (m * (1 - m))
        across.append([values, *special.expit(special.logit(m) + np.array([-half, half]))])
    positive = []
    for values in [[0.1, 0.9, 0.2], [1.5, 1.4, 1.75, 1.2]]:
        plain = student(values)
        half = (plain["high"] - plain["estimate"]) / plain["estimate"]
        positive.append([values, *np.exp(np.log(plain["estimate"]) + np.array([-half, half]))])
    return {"wilson": wilson, "across": across, "positive": positive}


def ratios():
    values, baseline = [0.21, 0.32, 0.11, 0.4], [0.43, 0.71, 0.2, 0.41]
    return {"values": values, "baseline": baseline,
            "log": student(np.log(np.array(values) / np.array(baseline)))}


def holms():
    return [[p, multipletests(p, method="holm")[1].tolist()]
            for p in [[0.01, 0.04, 0.03, 0.005], [0.6, 0.7], [0.02, 0.02, 0.9, 1e-9, 0.3]]]


def claims():
    cases = []
    for n, margin, alpha in [(5, 0.4, 0.05), (12, 1.2, 0.05), (8, 0.9, 0.025)]:
        values = wave(n, 2 * n)
        described = DescrStatsW(values)
        low, high = described.tconfint_mean(2 * alpha)
        cases.append({
            "values": values, "margin": margin, "alpha": alpha, "low": low, "high": high,
            "equivalence": described.ttost_mean(-margin, margin)[0],
            "non_inferiority": stats.ttest_1samp(values, -margin, alternative="greater").pvalue,
            "effect_size": np.mean(values) / np.std(values, ddof=1),
        })
    return cases


def contrasts():
    cells = [wave(4, seed) for seed in range(6)]
    levels = [1, 2, 4, 8]
    return {
        "cells": cells, "levels": levels,
        "interaction": student([a - b - (c - d) for a, b, c, d in cells]),
        "slope": student([np.polyfit(levels, row, 1)[0] for row in cells]),
        "bend": student([np.polyfit(levels, row, 2)[0] for row in cells]),
    }


def signs():
    """Times to a threshold of which none is censored, for the sign test that censoring would leave."""
    cases = []
    for n, seed, level in [(6, 3, 0.95), (11, 5, 0.95), (20, 1, 0.9)]:
        logs = [round(0.6 + value, 6) for value in wave(n, seed)]
        above = sum(log > 0 for log in logs)
        interval = stats.quantile_test(logs, q=0, p=0.5).confidence_interval(level)
        cases.append({
            "logs": logs, "level": level, "low": interval.low, "high": interval.high,
            "p": stats.binomtest(max(above, n - above), n).pvalue,
        })
    return cases


def deviations():
    values = [wave(4, seed) for seed in [1, 2, 3, 4, 5]]
    baseline = [wave(4, seed + 20) for seed in [1, 2, 3, 4, 5]]
    logs = [math.log(np.std(a, ddof=1) / np.std(b, ddof=1)) for a, b in zip(values, baseline)]
    return {"values": values, "baseline": baseline, "log": student(logs)}


def equivalence_power(n, sd, margin, effect, alpha):
    error, df = sd / math.sqrt(n), n - 1
    bound = stats.t.ppf(1 - alpha, df)

    def given(s):
        room = margin / error - bound * s
        inside = stats.norm.cdf(room - effect / error) - stats.norm.cdf(-room - effect / error)
        return inside * stats.chi.pdf(s * math.sqrt(df), df) * math.sqrt(df)

    end = margin / error / bound
    return integrate.quad(given, 0, end, epsabs=1e-13, epsrel=1e-12, limit=500,
                          points=[min(1, end / 2)])[0]


def plans():
    power = [
        {"n": n, "sd": sd, "effect": effect, "alpha": alpha,
         "power": float(TTestPower().power(effect / sd, n, alpha))}
        for n, sd, effect, alpha in
        [(10, 0.087, 0.05, 0.05), (3, 0.1, 0.2, 0.05), (40, 0.31, 0.1, 0.01), (5, 0.119, 0.05, 0.05)]
    ]
    seeds = [
        {"sd": sd, "effect": effect, "power": wanted, "alpha": alpha,
         "seeds": max(3, math.ceil(TTestPower().solve_power(effect / sd, None, alpha, wanted)))}
        for sd, effect, wanted, alpha in
        [(0.087, 0.05, 0.8, 0.05), (0.09, 0.05, 0.8, 0.01), (0.31, 0.1, 0.9, 0.05), (0.02, 0.05, 0.8, 0.05)]
    ]
    equivalence = [
        {"n": n, "sd": sd, "margin": margin, "effect": effect, "alpha": alpha,
         "power": equivalence_power(n, sd, margin, effect, alpha)}
        for n, sd, margin, effect, alpha in
        [(3, 0.02, 0.05, 0, 0.05), (10, 0.05, 0.025, 0, 0.05), (36, 0.05, 0.025, 0, 0.05),
         (25, 0.05, 0.04, 0.01, 0.025)]
    ]
    return {"power": power, "seeds": seeds, "equivalence": equivalence}


def looks():
    """O'Brien and Fleming's levels for two and three looks, by scipy's quadrature and root finding."""

    def inside(times, c):
        t = np.array(times)
        last = math.sqrt(t[-1] - t[-2])

        def end(x):  # staying inside at the last look, from x at the one before
            return stats.norm.cdf((c - x) / last) - stats.norm.cdf((-c - x) / last)

        first = math.sqrt(t[0])
        if len(t) == 2:
            return integrate.quad(lambda x: stats.norm.pdf(x / first) / first * end(x), -c, c,
                                  epsabs=1e-13)[0]
        nodes, weights = special.roots_legendre(120)
        x, w = c * nodes, c * weights
        step = math.sqrt(t[1] - t[0])
        move = stats.norm.pdf((x[:, None] - x[None]) / step) / step
        return (w * stats.norm.pdf(x / first) / first) @ move @ (w * end(x))

    cases = []
    for numbers, alpha in [([10, 20], 0.05), ([12, 24, 40], 0.05), ([5, 30], 0.01), ([1, 2, 3], 0.1)]:
        times = np.array(numbers) / numbers[-1]
        c = optimize.brentq(lambda c: 1 - inside(times, c) - alpha, 1, 5, xtol=1e-14)
        cases.append([numbers, alpha, (2 * stats.norm.sf(c / np.sqrt(times))).tolist()])
    return cases


print(json.dumps({
    "normal": normals(), "student": students(), "means": means(), "crossed": crosseds(),
    "shares": shares(), "ratio": ratios(), "holm": holms(), "claims": claims(),
    "contrast": contrasts(), "signs": signs(), "deviations": deviations(), "planning": plans(),
    "looks": looks(),
}, default=float))
