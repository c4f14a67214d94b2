import assert from "node:assert/strict";
import fc from "fast-check";
import { lacking } from "../../testing/lacking.ts";
import { HAS_SHARED, SHARED } from "../../testing/shared.ts";
import { rougeL } from "./rouge_l.ts";

/** Texts of google-research rouge/testdata (Apache License 2.0): an answer, then its reference. */
const TESTDATA: readonly [prediction: string, target: string][] = [
  [
    "rFDJCRtion Ht-LM EKtDXkME,yz'RBr q'wer wrojNbN wL,b .a-'XdQggyFl jB-RPP'iyOIcUxi",
    "ZfbCUIUuePaiLVUlCaUXxkpu XPeWing tUHfPMuZ',-Xd Y BrUgVJing M-HV.-DgdDaY.rFDJCRing Ht-LM " +
    "EKBDXkME,yz'RBr q'wtion wIojNbN wL,b .a-'XdQggyFl jB-RPP'iyOIcUxer tKM L",
  ],
  [
    "n cw-WeFyu vC MoBL Xdn g wkvcEiGvKtion BDFhrpMer pstion sbKao Q m qier LMmed HqqLFXe,XPY,J " +
    "XsurkMeo ,ed nB'wH'bWVHjWFEer tQ.saefZwJtKrTlixYpMMNJtion UCAPwNHeYVjD",
    "KsJdPByEtAor fE-Qg Dpdbring cw-WeFyu vC MoBL Xdn g wkvcEiGvKtion BDFhrpMtion psing sbKao Q " +
    "m qiing LMmer HqqLFXe,XPY,J XsurkMer ,ed nB'wH'bWVHjWFEing tQ.saefZwJtKrTlixYpMMsJing " +
    "UCAPwNHeYVjDing c T BUySKtion gMPfJpwGw p'NvxAoping eu pBwMBKV'I DNxqelhu,PHPxDEq,mtion SN",
  ],
];

function near(actual: number, expected: number, tolerance = 1e-12): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual}, expected ${expected}`);
}

Deno.test("rougeL() gives the values of rouge_score's own tests", () => {
  // rouge/rouge_scorer_test.py: testRougeLConsecutive, testRougeLNonConsecutive, testRougeEmpty.
  near(rougeL("testing one", ["testing one two"]), 4 / 5);
  near(rougeL("testing two", ["testing one two"]), 4 / 5);
  assert.equal(rougeL("", ["testing one two"]), 0);
  // testRougeLAgainstRouge155 has 0.51163 without stemming, which changes nothing in the first pair;
  // for the second, testRouge1AgainstRouge155WithStemming has 0.52941 and the order is the same.
  near(rougeL(TESTDATA[0]![0], [TESTDATA[0]![1]]), 0.51163, 5e-6);
  near(rougeL(TESTDATA[1]![0], [TESTDATA[1]![1]]), 0.52941, 5e-6);
});

Deno.test("rougeL() gives the values of rouge_scorer.py run with NLTK 3.8", () => {
  const cases: [prediction: string, references: string[], score: number][] = [
    ["The cats were running quickly", ["A cat runs quick", "the cat was running"], 2 / 3],
    ["Is it 3,000-year-old?", ["It is 3000 years old."], 0.5454545454545454],
    ["naïve café", ["naive cafe"], 0],
    ["¿?", ["a"], 0],
    ["a", ["..."], 0],
    ["the the the cat", ["the cat the"], 0.5714285714285715],
    ["enjoying days", ["enjoys day"], 1],
    ["İstanbul ISTANBUL", ["istanbul"], 0.5],
    ["one\ttwo\nthree_four", ["One two three four five"], 0.888888888888889],
    ["lies lied lying", ["lie"], 0.5],
  ];
  for (const [prediction, references, score] of cases) near(rougeL(prediction, references), score);
});

Deno.test({
  name: `rougeL() gives the reference's values on real outputs${lacking("../shared", HAS_SHARED)}`,
  ignore: !HAS_SHARED,
  async fn() {
    // Mean over the first 60 instances of the score of the next instance's first output, by the
    // steps of rouge_scorer.py run with NLTK 3.8; how many of them are above 0.
    const expected: [task: string, mean: number, above: number][] = [
      ["task003_mctaco_question_generation_event_duration", 0.31556593837405517, 59],
      ["task120_zest_text_modification", 0.2968944467216891, 60],
      ["task1519_qa_srl_question_generation", 0.3106445406445407, 52],
      ["task1665_trainglecopa_question_generation", 0.366789117745, 53],
      ["task332_tellmewhy_answer_generation", 0.09079854764287328, 31],
      ["task610_conllpp_ner", 0.11843228411722909, 42],
      ["task857_inquisitive_question_generation", 0.0986344539962961, 29],
    ];
    for (const [task, mean, above] of expected) {
      const file = await Deno.readTextFile(`${SHARED}/data/superni/tasks/${task}.json`);
      const { Instances } = JSON.parse(file) as { Instances: { output: string[] }[] };
      const scores = Instances.slice(0, 60).map(({ output }, i) =>
        rougeL(Instances[i + 1]!.output[0]!, output)
      );
      near(scores.reduce((sum, score) => sum + score, 0) / 60, mean);
      assert.equal(scores.filter((score) => score > 0).length, above, task);
    }
  },
});

Deno.test("rougeL() agrees with a recursive definition", () => {
  const word = fc.constantFrom("a", "b", "c", "d");
  const text = fc.array(word, { maxLength: 7 });
  const longest = (a: string[], b: string[]): number => {
    if (a.length === 0 || b.length === 0) return 0;
    const [[x, ...as], [y, ...bs]] = [a, b];
    return x === y ? 1 + longest(as, bs) : Math.max(longest(as, b), longest(a, bs));
  };
  fc.assert(fc.property(text, text, (a, b) => {
    const common = longest(a, b);
    // Twice the common words over all words is the same F-measure.
    const expected = common === 0 ? 0 : 2 * common / (a.length + b.length);
    near(rougeL(a.join(" "), [b.join(", ")]), expected);
    near(rougeL(b.join(" "), [a.join("-"), ""]), expected);
  }));
});

Deno.test("rougeL() refuses an answer without references", () => {
  assert.throws(() => rougeL("two", []), {
    name: "RangeError",
    message: 'Cannot score "two" as it has no reference: give at least one',
  });
});
