import assert from "node:assert/strict";
import { captured } from "../../testing/captured.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { dataCommand } from "./command.ts";

async function check(...words: string[]) {
  const { code, stdout, stderr } = await captured((output) =>
    dataCommand(["check", ...words], output)
  );
  return { code, out: stdout, err: stderr };
}

Deno.test("deno task data check tells tasks, sizes and lengths, and the command that runs them", async () => {
  const { code, out, err } = await check("experiments/own_data.csv");
  assert.deepEqual([code, err], [0, ""]);
  assert.match(
    out,
    /^experiments\/own_data\.csv: a table, 360 examples of 6 tasks; parts are drawn by seed\n/,
  );
  // "shout" writes a word of up to seven letters twice; bytes are tokens, and one more ends a text.
  assert.match(out, /\ntask +examples +inputs +longest input +longest target\n/);
  assert.match(out, /\nshout +60 +60 +8 +15\n/);
  assert.match(out, /No target is cut: the longest has 17 of max_target_tokens, 32\.\n/);
  assert.ok(out.endsWith(
    "\nTo run it:\n  deno task sweep experiments/own_data.yaml data_file=experiments/own_data.csv " +
      "n_tasks=4 n_heldout_tasks=2 --out results/own_data\n",
  ));
});

Deno.test("deno task data check tells what would be cut, is empty, repeated or in several parts", () =>
  withFolder(async (dir) => {
    const path = `${dir}/mine.jsonl`;
    const line = (task: string, input: string, target: string, split: string) =>
      JSON.stringify({ task, input, target, split, id: 7 });
    const lines = ["a", "b", "c"].flatMap((task) => [
      line(task, "x".repeat(99), "long", "train"),
      line(task, "p", "one", "train"),
      line(task, "p", "two", "test"),
      line(task, "p", "three", "test"),
      line(task, "q", task === "b" ? "" : "q", "test"),
    ]);
    await Deno.writeTextFile(path, lines.join("\n"));
    const { code, out } = await check(path, "heldout_tasks=[b]", "max_target_tokens=5");
    assert.equal(code, 0);
    assert.match(out, /parts named: train, test\n/);
    assert.match(out, /\na +5 +3 +1 +2 +100 +6\n/); // different inputs, and where each is kept
    assert.match(
      out,
      /3 of 15 inputs would be cut at max_input_tokens, 64: the longest has 100 tokens of data\/base\./,
    );
    assert.match(out, /3 of 15 targets would be cut at max_target_tokens, 5: the longest has 6 /);
    assert.match(out, /Empty targets: 1 of 15, the first at \S+mine\.jsonl:10\.\n/);
    assert.match(out, /Examples whose input their task has before: 6;/);
    assert.match(out, /Inputs that stand in several parts of their task: 3;/);
    assert.match(out, /Not read: id\.\n/);
    assert.match(
      out,
      /'heldout_tasks=\[b\]' max_target_tokens=5 n_tasks=2 n_train=1 n_validation=0 n_test=2 max_input_tokens=100 --out results\/mine\n$/,
    );
  }));

Deno.test("deno task data check refuses what cannot be used", () =>
  withFolder(async (dir) => {
    const refused = async (text: string, message: RegExp) => {
      await Deno.writeTextFile(`${dir}/x.csv`, text);
      const { code, err } = await check(`${dir}/x.csv`);
      assert.equal(code, 2);
      assert.match(err, message);
    };
    await refused(
      "task,input,target\na,b,c\na,d,e\nb,f,g\n",
      /one to be tested with: "b" has one; give it/,
    );
    await refused("task,input,target\n", /x\.csv as it has no example/);
    await refused(
      "# A page\n\nof text, and more\n",
      /x\.csv:1 as the first line must name the columns/,
    );
    assert.match(
      (await check(`${dir}/none.csv`)).err,
      /none\.csv as there is no such file or folder/,
    );
    assert.match((await check()).err, /Name one file or folder to check/);
    assert.match((await check("a.csv", "n_skill=2")).err, /a\.csv as there is no such file/);
    assert.match(
      (await check("experiments/own_data.csv", "n_skill=2")).err,
      /did you mean "n_skills"/,
    );
    const base = await check("experiments/own_data.csv", "base_model=google/flan-t5-small");
    assert.deepEqual([base.code, /longest input/.test(base.out)], [0, false]);
    assert.match(
      base.out,
      /Lengths in tokens are not told, as they need .* google\/flan-t5-small is no folder/,
    );
  }));
