import assert from "node:assert/strict";
import { useBackend } from "../backend/backend.ts";
import { pretrainCommand } from "../commands/pretrain.ts";
import { captured } from "../testing/captured.ts";
import { openBase } from "./open_base.ts";

const TINY = `
seed: 3
model: { d_model: 8, d_kv: 4, d_ff: 12, num_layers: 1, num_heads: 2 }
denoising: 0.2
pairs: 0.4
steps: 4
batch_size: 5
learning_rate: 1e-2
weight_decay: 0.01
warmup: 0.1
clip: 1
`;

async function pretrained(text: string): Promise<{ dir: string; code: number }> {
  const dir = await Deno.makeTempDir({ prefix: "pretrain_" });
  await Deno.writeTextFile(`${dir}/x.yaml`, text);
  const { code } = await captured((output) => pretrainCommand([`${dir}/x.yaml`], output));
  return { dir, code };
}

Deno.test("pretrainCommand() makes the same bytes from the same file, and a model that loads", async () => {
  const [one, two] = [await pretrained(TINY), await pretrained(TINY)];
  assert.equal(one.code, 0);
  const weights = (dir: string) => Deno.readFile(`${dir}/model.safetensors`);
  assert.deepEqual(await weights(one.dir), await weights(two.dir));
  const other = await pretrained(TINY.replace("seed: 3", "seed: 4"));
  assert.notDeepEqual(await weights(one.dir), await weights(other.dir));

  await useBackend("cpu");
  const { base, tokenizer } = await openBase(one.dir);
  assert.equal(base.identity.className, "T5ForConditionalGeneration");
  assert.equal(tokenizer.vocabSize, 384);
  base.dispose();
  const provenance = JSON.parse(await Deno.readTextFile(`${one.dir}/provenance.json`));
  assert.equal(provenance.pretrained_with.seed, 3);
  assert.ok(Number.isFinite(provenance.final_loss));
});

Deno.test("pretrainCommand() refuses a file it cannot use, and leaves the model that is there", async () => {
  const { dir } = await pretrained(TINY);
  const before = await Deno.readFile(`${dir}/model.safetensors`);
  const refused = async (args: string[], message: RegExp) => {
    const { code, stderr } = await captured((output) => pretrainCommand(args, output));
    assert.equal(code, 2);
    assert.match(stderr, message);
  };
  await Deno.writeTextFile(`${dir}/x.yaml`, TINY.replace("steps: 4", "stepz: 4"));
  await refused([`${dir}/x.yaml`], /x\.yaml: .*"stepz".*at steps/);
  await refused([`${dir}/none.yaml`], /there is no file/);
  await refused(
    ["--oot", "x"],
    /^Unknown option --oot, did you mean "--out"\? See deno task pretrain --help\n$/,
  );
  assert.deepEqual(await Deno.readFile(`${dir}/model.safetensors`), before);
});
