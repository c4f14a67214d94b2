/** Settings in files and calls, with random small models, beside a Python that has transformers. */
import assert from "node:assert/strict";
import { useBackend } from "../../backend/backend.ts";
import { lacking } from "../../testing/lacking.ts";
import { HAS_PYTHON, runTorch } from "../../testing/python.ts";
import { AutoModelForCausalLM, AutoModelForSeq2SeqLM } from "../auto_model.ts";
import { generate } from "./generate.ts";
import type { GenerateOptions } from "./options.ts";

const SCRIPT = new URL("../../testing/cases/random_generations.py", import.meta.url);
const COUNT = 120;
const SEED = 7;

/** What transformers was asked, and what it wrote or complained of. */
interface Case {
  readonly seq2seq: boolean;
  readonly file: Readonly<Record<string, unknown>>;
  readonly place: string;
  readonly call: GenerateOptions;
  readonly ids: number[][];
  readonly mask: number[][] | null;
  readonly expected?: number[][];
  readonly error?: string;
}

/** What is refused here that transformers does, and says in the documentation of `generate`. */
const REFUSED = new RegExp([
  "beam search does not sample",
  "min_new_tokens must be at most max_new_tokens",
  "two settings contradict each other",
  "every row has a token that counts",
  "a decoder goes on from the last position",
].join("|"));

Deno.test({
  name: "M2 generate() writes what transformers writes, whatever files and call say" +
    lacking("Python with transformers", HAS_PYTHON),
  ignore: !HAS_PYTHON,
  async fn() {
    await useBackend("cpu");
    const dir = await Deno.makeTempDir({ prefix: "generations_" });
    const printed = await runTorch(await Deno.readTextFile(SCRIPT), [dir, `${COUNT}`, `${SEED}`]);
    let equal = 0;
    for (const [i, asked] of (JSON.parse(printed) as Case[]).entries()) {
      const { seq2seq, call, ids, mask, expected, error, ...files } = asked;
      const what = `${i}: ${JSON.stringify({ seq2seq, ...files, call, ids, mask })}`;
      const Auto = seq2seq ? AutoModelForSeq2SeqLM : AutoModelForCausalLM;
      const model = await Auto.fromPretrained(`${dir}/${i}`);
      const prompt = { inputIds: ids, ...(mask !== null && { attentionMask: mask }) };
      const found = await generate(model, prompt, { ...call, seed: 1 }).catch((e: Error) => e);
      model.dispose();
      if (expected === undefined) assert.ok(found instanceof Error, `${what} gave ${error}`);
      else if (found instanceof Error) assert.match(found.message, REFUSED, what);
      else {
        assert.deepEqual(found, expected, what);
        equal++;
      }
    }
    assert.ok(equal >= 100, `only ${equal} of ${COUNT} generations could be compared`);
    await Deno.remove(dir, { recursive: true });
  },
});
