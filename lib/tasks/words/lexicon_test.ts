import assert from "node:assert/strict";
import { makeLexicon } from "./lexicon.ts";

Deno.test("makeLexicon() reads words, forms and pronunciations from the data it is given", () => {
  const { words, forms, sounds } = makeLexicon({
    pronunciations: {
      "lead": "L EH1 D",
      "lead(2)": "L IY1 D",
      "leads": "L IY1 D Z",
      "led": "L EH1 D",
      "rare": "R EH1 R",
    },
    counts: new Map([["lead", 90], ["leads", 30], ["leading", 25], ["led", 3], ["rare", 19]]),
    verbs: new Set(["lead"]),
    inflect: (inflection, word) =>
      ({ past: "led", gerund: `${word}ing`, comparative: `${word}er`, superlative: `${word}est` })[
        inflection as "past"
      ] ?? `${word}s`,
  });
  assert.deepEqual(words, ["lead", "leads"], "leading is not pronounced, led and rare are rare");
  assert.deepEqual([...forms.past], [["lead", "led"]], "a form may be rare");
  assert.equal(forms.gerund.size, 0);
  assert.equal(forms.plural.size, 0, "no word is known to be a noun");
  assert.deepEqual(sounds("lead"), [["L", "EH1", "D"], ["L", "IY1", "D"]]);
  assert.deepEqual(sounds("leading"), []);
});
