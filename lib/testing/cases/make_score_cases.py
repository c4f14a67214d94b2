"""Writes score_cases.json: answers and truths, with the scores that scikit-learn, scipy and the evaluation
script of SQuAD 2.0 (as transformers has it) give them. NaN is written as null.

    python make_score_cases.py > score_cases.json && deno fmt score_cases.json
"""

import json
import math
import random
import warnings

from scipy.stats import pearsonr
from sklearn.metrics import f1_score, matthews_corrcoef
from transformers.data.metrics.squad_metrics import compute_f1

warnings.simplefilter("ignore")
RANDOM = random.Random(12)

WORDS = ["the", "The", "a", "an", "cat", "cats", "Cat", "dog.", "(dog)", "an-other", "theatre", "1", "1.5", "é", "été", "--", "''", "naïve", "東京"]
TEXTS = [("", ""), ("", "cat"), ("cat", ""), ("the", "a"), ("the", "cat"), ("cat cat cat", "cat"), ("cat", "cat cat dog"),
         ("éa b", "é b"), ("a\u00e9 an.", "a\u00e9"), ("x\u00a0y\tz", "x y\nz"), ("A.B", "ab"), ("don't", "dont"), ("_a_ b", "a b")]
for _ in range(40):
    TEXTS.append(tuple(" ".join(RANDOM.choice(WORDS) for _ in range(RANDOM.randrange(5))) for _ in range(2)))

LABELS = [(["x"], ["x"]), (["x"], ["y"]), (["x", "x"], ["x", "y"]), (["x", "y"], ["x", "x"]), (["x", "x"], ["x", "x"]),
          (["", "x"], ["x", "x"]), (["maybe", "x", "y"], ["x", "x", "y"]), (["y", "x"], ["x", "y"])]
for classes, count in [(2, 9), (2, 30), (3, 11), (5, 40), (7, 7)]:
    names = [f"label {i}" for i in range(classes)]
    truths = [RANDOM.choice(names) for _ in range(count)]
    for right in [0.0, 0.3, 0.8]:
        answers = [t if RANDOM.random() < right else RANDOM.choice(names + ["none"]) for t in truths]
        LABELS.append((answers, truths))

NUMBERS = [([1, 2], [3, 3]), ([3, 3, 3], [1, 2, 3]), ([1, 2], [5, 9]), ([1, 2], [9, 5]), ([1, 1, 2, 2], [1, 2, 1, 2]),
           ([1, 1, 2, 2], [3, 3, 8, 8]), ([1e200, -1e200, 3], [1, 2, 3]), ([1e8 + 1, 1e8 + 2, 1e8 + 4], [1, 2, 4])]
for count in [3, 10, 25]:
    a = [round(RANDOM.gauss(2, 1), 3) for _ in range(count)]
    NUMBERS.append((a, [round(v + RANDOM.gauss(0, 2), 3) for v in a]))


def number(value):
    return None if math.isnan(value) else float(value)


print(json.dumps({
    "texts": [{"answer": a, "truth": t, "f1": compute_f1(t, a)} for a, t in TEXTS],
    "labels": [{"answers": a, "truths": t, "macro_f1": number(f1_score(t, a, average="macro", zero_division=0)),
                "matthews": number(matthews_corrcoef(t, a))} for a, t in LABELS],
    "numbers": [{"a": a, "b": b, "pearson": number(pearsonr(a, b)[0])} for a, b in NUMBERS],
}))
