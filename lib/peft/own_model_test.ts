/** The way of experiments/own_model.md: from a hub's files, as google/flan-t5-small has them, to an adapter. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { useBackend } from "../backend/backend.ts";
import { AutoModelForSeq2SeqLM } from "../models/auto_model.ts";
import { saveBaseModel } from "../models/save_model.ts";
import { AutoTokenizer } from "../models/tokenizers/tokenizer.ts";
import { resolveModel } from "../hub/hugging_face.ts";
import { PolyConfig } from "../poly/config.ts";
import { lacking } from "../testing/lacking.ts";
import { bytes, TestHub } from "../testing/fakes/test_hub.ts";
import { smallT5 } from "../testing/models/small_models.ts";
import { assertClose } from "../testing/assert_close.ts";
import { HAS_PYTHON, runTorch } from "../testing/python.ts";
import { withEnvironment } from "../testing/with_environment.ts";
import { withFolder } from "../testing/with_folder.ts";
import { getPeftModel, PeftModel } from "./peft_model.ts";

const LETTERS = "abcdefghijklmnopqrs"; // with four more pieces the 23 of the small T5

/** What stands beside the weights of google/flan-t5-small: a tokenizer, and files that are not read. */
const TOKENIZER = {
  version: "1.0",
  added_tokens: ["<pad>", "</s>", "<unk>"].map((content, id) => ({ id, content, special: true })),
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
  model: {
    type: "Unigram",
    unk_id: 2,
    vocab: ["<pad>", "</s>", "<unk>", "▁", ...LETTERS].map((piece, i) => [piece, -i]),
  },
};

/** A hub that has a small model in files like those of google/flan-t5-small. */
async function flanHub(dir: string): Promise<TestHub> {
  const model = smallT5();
  await saveBaseModel(model, dir);
  model.dispose();
  const hub = await TestHub.start();
  hub.files.clear();
  for await (const { name } of Deno.readDir(dir)) {
    hub.files.set(name, await Deno.readFile(join(dir, name)));
  }
  const tokenizer = { tokenizer_class: "T5Tokenizer", extra_ids: 0 };
  hub.files.set("tokenizer.json", bytes(JSON.stringify(TOKENIZER)))
    .set("tokenizer_config.json", bytes(JSON.stringify(tokenizer)))
    .set("special_tokens_map.json", bytes(`{"eos_token":"</s>","pad_token":"<pad>"}`))
    .set("generation_config.json", bytes(`{"decoder_start_token_id":0,"eos_token_id":1}`));
  for (
    const name of ["pytorch_model.bin", "tf_model.h5", "flax_model.msgpack", "spiece.model"]
  ) hub.files.set(name, bytes("not read"));
  return hub;
}

/** PEFT's logits with the saved adapter, as JSON. */
const IN_PYTHON = `
import json, sys, torch
from peft import PeftModel
from transformers import AutoModelForSeq2SeqLM
base, adapter, batch = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
model = PeftModel.from_pretrained(AutoModelForSeq2SeqLM.from_pretrained(base), adapter).eval()
with torch.no_grad():
    print(json.dumps(model(**{k: torch.tensor(v) for k, v in batch.items()}).logits.tolist()))
`;

Deno.test({
  name: "a model of the hub gets an adapter that loads again, here and in Python" +
    lacking("Python with PEFT, for its part", HAS_PYTHON),
  async fn() {
    await useBackend("cpu");
    await withFolder(async (dir) => {
      await using hub = await flanHub(join(dir, "files"));
      const environment = { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: hub.cacheDir, HF_TOKEN: "" };
      await withEnvironment(environment, async () => {
        const tokenizer = await AutoTokenizer.fromPretrained(await resolveModel("org/name"));
        const [text, target] = ["a bad cab", "fed"].map((text) => tokenizer.encode(text));
        assert.deepEqual(target, [3, 9, 8, 7, 1]);
        const base = await AutoModelForSeq2SeqLM.fromPretrained("org/name");
        assert.ok(!hub.asked.some((path) => /bin|h5|msgpack|spiece/.test(path)), `${hub.asked}`);

        const config = new PolyConfig({
          task_type: "SEQ_2_SEQ_LM",
          r: 2,
          n_tasks: 3,
          n_skills: 2,
          n_splits: 2,
          init_weights: false,
        });
        const model = getPeftModel(base, config, { seed: 5 });
        const adapter = join(dir, "adapter");
        await model.savePretrained(adapter);
        const saved = JSON.parse(await Deno.readTextFile(join(adapter, "adapter_config.json")));
        assert.equal(saved.base_model_name_or_path, "org/name");

        const batch = { inputIds: [text!], labels: [target!], taskIds: [2] };
        const { logits } = model.forward(batch);
        const loaded = await PeftModel.fromPretrained(base, adapter);
        await assertClose(loaded.forward(batch).logits, logits, 0, "loaded here");
        if (HAS_PYTHON) {
          const asked = { input_ids: [text], labels: [target], task_ids: [2] };
          const folder = await resolveModel("org/name");
          const printed = await runTorch(IN_PYTHON, [folder, adapter, JSON.stringify(asked)]);
          const data = (JSON.parse(printed) as number[][][]).flat(2);
          await assertClose(logits, { shape: logits.shape, data }, 1e-5, "loaded in Python");
        }
        model.dispose();
        loaded.dispose();
        base.dispose();
      });
    });
  },
});
