import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipLines } from "../../files/gzip_lines.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { parseRunConfig } from "../config.ts";
import { parseResult, resultToJson } from "../result.ts";
import { changedFiles, writtenFiles } from "../written_files.ts";
import {
  PREDICTIONS_FILE,
  readPredictions,
  type TaskPredictions,
  writePredictions,
} from "./file.ts";

const answers = (task: string, phase: TaskPredictions["phase"], split = 0): TaskPredictions => ({
  phase,
  task,
  split,
  predictions: [0, 1].map((i) => ({
    input: `${task}: ${"a long input ".repeat(50)}${i}`,
    references: ["a b", "b a"],
    answer: `${phase} ${split}\n\x1b[2J\ud800 "é"`,
    scores: { exact_match: i, rouge_l: 1 / 3 },
  })),
});
const RUN = [
  answers("t", "seen"),
  answers("h", "base"),
  answers("h", "start"),
  answers("h", "heldout"),
  answers("h", "start", 1),
  answers("h", "heldout", 1),
];

Deno.test("readPredictions() gives back every answer, those to one example together", () =>
  withFolder(async (dir) => {
    await writePredictions(dir, RUN);
    const kept = await Array.fromAsync(readPredictions(dir));
    assert.deepEqual(kept.map((k) => `${k.task} ${k.example} ${k.phase} ${k.split}`), [
      ...["t 0 seen 0", "t 1 seen 0"],
      ...[0, 1].flatMap((example) =>
        ["base 0", "start 0", "heldout 0", "start 1", "heldout 1"].map((model) =>
          `h ${example} ${model}`
        )
      ),
    ]);
    for (const { phase, task, split, example, ...prediction } of kept) {
      const of = RUN.find((of) => of.phase === phase && of.task === task && of.split === split)!;
      assert.deepEqual(prediction, of.predictions[example]);
    }
  }));

Deno.test("writePredictions() leaves the same bytes again, and nothing where there is no answer", () =>
  withFolder(async (dir) => {
    const path = join(dir, PREDICTIONS_FILE);
    await writePredictions(dir, RUN);
    const first = await Deno.readFile(path);
    await writePredictions(dir, RUN);
    assert.deepEqual(await Deno.readFile(path), first);
    await writePredictions(dir, [{ ...RUN[0]!, predictions: [] }]);
    assert.deepEqual([...Deno.readDirSync(dir)], []);
    assert.deepEqual(await Array.fromAsync(readPredictions(dir)), []);
    const wild = {
      ...RUN[0]!,
      predictions: [{ ...RUN[0]!.predictions[0]!, scores: { rouge_l: NaN } }],
    };
    await assert.rejects(writePredictions(dir, [wild]), /example 0 of task "t" .* rouge_l is NaN/);
    assert.deepEqual([...Deno.readDirSync(dir)], []);
  }));

Deno.test("readPredictions() refuses a damaged file, naming it, the line and the remedy", () =>
  withFolder(async (dir) => {
    const path = join(dir, PREDICTIONS_FILE);
    await writePredictions(dir, RUN);
    const whole = await Deno.readFile(path);
    const [first] = await Array.fromAsync(readPredictions(dir));
    const refused = async (bytes: Uint8Array, why: RegExp) => {
      await Deno.writeFile(path, bytes);
      await assert.rejects(Array.fromAsync(readPredictions(dir)), (error: Error) => {
        assert.ok(error instanceof SyntaxError);
        assert.match(
          error.message,
          /^Cannot read .*predictions\.jsonl\.gz as it is damaged: .*again$/,
        );
        assert.match(error.message, why);
        return true;
      });
    };
    await refused(whole.subarray(0, 100), /no whole gzip file/);
    for (
      const [line, why] of [
        ["{", /line 2 .*expected object/],
        ["[]", /line 2 .*expected object/],
        [JSON.stringify({ ...first, phase: "x" }), /line 2 .*phase/],
        [JSON.stringify({ ...first, example: -1 }), /example/],
        [JSON.stringify({ ...first, "b\x1b[2J": 1 }), /b\\x1b\[2J/],
        [JSON.stringify({ ...first, answer: null }), /answer/],
        [JSON.stringify(first).replace('"exact_match":0', '"exact_match":1e999'), /exact_match/],
      ] as const
    ) {
      await refused(await gzipLines([JSON.stringify(first), line]), why);
    }
  }));

Deno.test("a result says what answers it left; one of before says nothing of them and is read", () =>
  withFolder(async (dir) => {
    await writePredictions(dir, RUN);
    const config = parseRunConfig({});
    const found = await writtenFiles(dir);
    const result = {
      ...{ id: "x", config, metrics: {}, tasks: [], provenance: {} },
      status: "done",
      files: found,
    } as const;
    assert.deepEqual(parseResult(resultToJson(result), "result.json").files, found);
    await Deno.remove(join(dir, PREDICTIONS_FILE));
    const now = await writtenFiles(dir);
    assert.deepEqual(changedFiles(found, now), ["predictions.jsonl.gz is gone"]);
    const { "predictions.jsonl.gz": _, ...before } = found;
    const old = parseResult(resultToJson({ ...result, files: before }), "result.json");
    assert.deepEqual(old.files, before);
    assert.deepEqual(changedFiles(old.files!, found), []);
  }));
