import assert from "node:assert/strict";
import { join } from "node:path";
import type { KeptPrediction } from "../../run/predictions/file.ts";
import { captured } from "../../testing/captured.ts";
import {
  samplePredictions,
  writeSamplePredictions,
} from "../../testing/samples/sample_predictions.ts";
import { sampleResults } from "../../testing/samples/sample_results.ts";
import { writeSampleSweep } from "../../testing/samples/sample_sweep.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { predictionsCommand } from "./command.ts";

const RESULTS = sampleResults({ n_skills: [2, 4], n_splits: [1, 4], seed: [0, 1] }, {
  whole: true,
});

/** A sweep of eight runs of two seeds, with 4 tasks × 5 answers in each. */
async function withSweep(use: (dir: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const dir = join(folder, "sample");
    await writeSampleSweep(dir, {}, RESULTS);
    await writeSamplePredictions(dir, RESULTS);
    await use(dir);
  });
}

const command = (...args: string[]) =>
  captured((output) => predictionsCommand(args, { ...output, results: "/nowhere" }));

const jsonLines = <T>(text: string): T[] =>
  text.trimEnd().split("\n").map((line) => JSON.parse(line) as T);

Deno.test("deno task predictions shows answers by run, within 80 columns, and says what is left out", () =>
  withSweep(async (dir) => {
    const { code, stdout, stderr } = await command(dir);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^160 answers of 8 runs at the tasks held out \(heldout\): \d+ right, \d+ wrong\n/,
    );
    assert.match(
      stdout,
      /\nn_skills=2 n_splits=1 seed=0: \d+ of 20 right\ntask +no\. +right +input/,
    );
    assert.match(stdout, /reverse +0 +(yes|no) +reverse: \w{5} +[A-Z]{5} \(\+1\) +\w+/);
    assert.equal(stdout.match(/: [a-z]{5} /g)!.length, 20);
    assert.ok(stdout.split("\n").every((line) => line.length <= 80));
    assert.match(stderr, /^140 more answers are not shown: --limit 160 shows all/);
  }));

Deno.test("deno task predictions chooses by task, phase, settings, and right or wrong", () =>
  withSweep(async (dir) => {
    type Line = KeptPrediction & { run: string; settings: Record<string, unknown> };
    const all = jsonLines<Line>((await command(dir, "--json", "--phase", "all")).stdout);
    assert.equal(all.length, 8 * 4 * 2 * 5);
    const { stdout } = await command(
      ...[dir, "--json", "n_skills=4", "seed=0,1", "--task", "sort", "-t", "reverse"],
      ...["--phase", "base", "--wrong"],
    );
    const wanted = all.filter(({ settings, task, phase, scores }) =>
      settings.n_skills === 4 && ["sort", "reverse"].includes(task) && phase === "base" &&
      scores.exact_match === 0
    );
    assert.ok(wanted.length > 0 && wanted.some(({ settings }) => settings.seed === 1));
    assert.deepEqual(jsonLines(stdout), wanted);
    const { run, settings, ...kept } = all[0]!;
    assert.deepEqual([run, settings], [RESULTS[0]!.id, { n_skills: 2, n_splits: 1, seed: 0 }]);
    const { predictions: [first], ...place } = samplePredictions(RESULTS[0]!)[0]!;
    assert.deepEqual(kept, { ...place, example: 0, ...first });
  }));

Deno.test("deno task predictions --against counts which of two is right, by task, seed and example", () =>
  withSweep(async (dir) => {
    const [a, b] = [4, 1].map((n_splits) =>
      RESULTS.filter(({ config }) => config.n_splits === n_splits && config.n_skills === 2)
        .flatMap(samplePredictions).filter(({ phase }) => phase === "heldout")
        .flatMap(({ predictions }) => predictions.map(({ scores }) => scores.exact_match === 1))
    );
    const count = (x: boolean, y: boolean) =>
      a!.filter((right, i) => right === x && b![i] === y).length;
    const counts = [count(true, true), count(true, false), count(false, true), count(false, false)];
    const { code, stdout } = await command(
      dir,
      "n_skills=2",
      "n_splits=4",
      "--against",
      "n_splits=1",
    );
    assert.equal(code, 0);
    assert.match(stdout, /^40 examples at the tasks held out .* B is n_splits=1\n/);
    assert.match(stdout, new RegExp(`\nn_splits=4 +2 +${counts.join(" +")}\n`));
    assert.match(stdout, new RegExp(`\nOnly A is right, n_splits=4: ${counts[1]}\n`));
    assert.match(stdout, new RegExp(`\nOnly B is right, n_splits=1: ${counts[2]}\n`));
    assert.ok(stdout.split("\n").every((line) => line.length <= 80));

    const pairs = jsonLines<{ outcome: string; a: KeptPrediction; b: KeptPrediction }>(
      (await command(dir, "n_skills=2", "--against", "n_splits=1", "--json")).stdout,
    );
    const found = Map.groupBy(pairs, ({ outcome }) => outcome);
    assert.deepEqual(
      ["both_right", "only_a", "only_b", "both_wrong"].map((name) => found.get(name)!.length),
      counts,
    );
    assert.ok(
      found.get("only_b")!.every(({ a, b }) =>
        a.scores.exact_match === 0 && b.scores.exact_match === 1
      ),
    );
    // Every other cell has its own partner, the one that differs in n_splits alone.
    const each = await command(dir, "--against", "n_splits=1", "--right");
    assert.match(each.stdout, /B is n_splits=1, else as A\n/);
    assert.match(each.stdout, /\nn_skills=2 n_splits=4 +2 /);
    assert.match(each.stdout, /\nn_skills=4 n_splits=4 +2 /);
    assert.ok(!each.stdout.includes("Only B is right"));
  }));

Deno.test("deno task predictions pairs no answers to different examples", () =>
  withSweep(async (dir) => {
    const other = RESULTS.filter(({ config }) => config.n_splits === 4);
    await writeSamplePredictions(dir, other, (result) =>
      samplePredictions(result).map((of) => ({
        ...of,
        predictions: of.predictions.map((kept, i) => i === 0 ? { ...kept, input: "other" } : kept),
      })));
    const args = [dir, "n_skills=2", "--against", "n_splits=1"];
    const { stdout, stderr } = await command(...args);
    assert.match(stdout, /^32 examples /);
    assert.match(stderr, /^8 answers of A have no partner in B: left out\.\n/);
    await writeSamplePredictions(dir, other, () => []);
    assert.match((await command(...args)).stderr, /as these runs|none of the|kept none/);
  }));

Deno.test("deno task predictions shows whole texts, and no control character of an answer", () =>
  withSweep(async (dir) => {
    const nasty = "a\x1b[2J\x9b\u202e\r\nsecond line " + "long ".repeat(40);
    await writeSamplePredictions(dir, RESULTS, (result) =>
      samplePredictions(result).map((of) => ({
        ...of,
        predictions: of.predictions.map((kept) => ({ ...kept, answer: nasty })),
      })));
    for (const args of [[], ["--whole"], ["--json"]]) {
      const { stdout } = await command(dir, "--limit", "2", ...args);
      // deno-lint-ignore no-control-regex -- these are looked for
      assert.doesNotMatch(stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
      if (args[0] === "--json") {
        assert.equal(jsonLines<KeptPrediction>(stdout)[0]!.answer, nasty);
      } else {
        assert.ok(stdout.split("\n").every((line) => line.length <= 80));
      }
    }
    const { stdout } = await command(dir, "--limit", "1", "--whole");
    assert.match(stdout, /\n {2}right {3}[A-Z]{5}\n {2}or {6}\w{5}!\n {2}answer {2}a/);
    assert.match(stdout, /\n {10}second line long long/);
  }));

Deno.test("deno task predictions says what is wrong in one line, with what may have been meant", () =>
  withSweep(async (dir) => {
    const refused = async (args: string[], why: RegExp) => {
      const { code, stdout, stderr } = await command(...args);
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.match(stderr, why);
      assert.match(stderr, /^[^\n]*\n$/);
    };
    await refused([], /^Name a folder of results: deno task predictions/);
    await refused([join(dir, "runs")], /as no sweep has run there/);
    await refused([dir, "n_skils=2"], /did you mean "n_skills"\? See deno task predictions --help/);
    await refused([dir, "n_skills=3"], /as no run has n_skills=3: there are runs of n_skills 2, 4/);
    await refused([dir, "metric=loss"], /runs are chosen by settings alone/);
    await refused([dir, "other"], /Cannot read several folders at once/);
    await refused(
      [dir, "--task", "srot"],
      /no task "srot" in phase heldout, did you mean "sort"\?/,
    );
    await refused(
      [dir, "--phase", "start"],
      /none of phase start: there are those of base, heldout/,
    );
    await refused([dir, "--phase", "sean"], /unknown phase, did you mean "seen"\?/);
    await refused([dir, "--limit", "0"], /--limit 0 as it must be an integer/);
    await refused([dir, "--right", "--wrong"], /leave out one/);
    await refused([dir, "--agianst", "seed=0"], /did you mean "--against"\?/);
    await refused([dir, "n_splits=1", "--against", "n_splits=1"], /both sides are the same runs/);
    await refused([dir, "seed=0", "--against", "seed=1"], /no run of one side has a partner/);
    const path = join(dir, "runs", RESULTS[0]!.id, "predictions.jsonl.gz");
    await Deno.writeFile(path, (await Deno.readFile(path)).subarray(0, 90));
    await refused(
      [dir],
      /^Cannot show answers of .*: Cannot read .*predictions\.jsonl\.gz as it is dam/,
    );
    await writeSamplePredictions(dir, RESULTS, () => []);
    await refused([dir], /as these runs have kept none/);
  }));
