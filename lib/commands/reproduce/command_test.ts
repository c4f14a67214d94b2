import assert from "node:assert/strict";
import { join } from "node:path";
import { captured } from "../../testing/captured.ts";
import {
  averageIsAsGood,
  claimsHead,
  ROUTING_IS_BETTER,
} from "../../testing/samples/claims_yaml.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { reproduceCommand } from "./command.ts";

const WORKER = new URL("../../testing/fakes/fake_run_worker.ts", import.meta.url);
const reproduce = (...args: string[]) =>
  captured((output) => reproduceCommand(args, { ...output, worker: WORKER, width: 80 }));

/** Two claims on one suite, of runs that only pretend to train: their metrics are numbers of their settings. */
const claims = (dataFile = "null") =>
  claimsHead({
    set: `{ suite: planted, data_file: ${dataFile} }`,
    tune: "[{ setting: adaptation_learning_rate, values: [0.001, 0.01], by: heldout_loss }]",
    modes: `
  default: { says: All of it., looks: { numbers: [3, 5] } }
  quick: { says: Less., looks: { numbers: [3] }, claims: { numbers: [C1] } }`,
  }) + ROUTING_IS_BETTER + averageIsAsGood("exploratory") + `\
outside:
  - { id: C3, says: more, source: table 3, why: nothing here <can> tell }
`;

/** Does something with a file of claims and a folder for its results. */
async function withClaims(
  test: (file: string, out: string) => Promise<void>,
  text = claims(),
): Promise<void> {
  await withFolder(async (dir) => {
    const file = join(dir, "claims.yaml");
    await Deno.writeTextFile(file, text);
    await test(file, join(dir, "out"));
  });
}

const FILES = ["claims.csv", "claims.md", "tuned.csv"];
const textsOf = (out: string) =>
  Promise.all(FILES.map((name) => Deno.readTextFile(join(out, name))));

Deno.test("deno task reproduce runs in rounds to the end, and again does nothing, to the same bytes", async () => {
  await withClaims(async (file, out) => {
    const first = await reproduce(file, "--out", out, "--jobs", "2");
    assert.equal(first.code, 0, first.stderr);
    // Three cells with two rates and two seeds; then three cells with three and with five seeds.
    assert.match(first.stderr, /^Round 1: 12 runs to choose settings/m);
    assert.match(first.stderr, /^Round 2: 9 runs to confirm on fresh seeds\.$/m);
    assert.match(first.stderr, /^Round 3: 6 runs to confirm on fresh seeds\.$/m);
    assert.match(first.stderr, /^27 runs in /m);
    assert.match(first.stdout, /^C1 +numbers +undecided +×\d/m);
    assert.ok(first.stdout.split("\n").every((line) => line.length <= 80), first.stdout);
    const before = await textsOf(out);
    const again = await reproduce(file, "--out", out);
    assert.doesNotMatch(again.stderr, /Round/);
    assert.deepEqual([again.stdout, await textsOf(out)], [first.stdout, before]);
    // A run less, as after a kill: it alone is done again.
    const [{ name }] = await Array.fromAsync(Deno.readDir(join(out, "runs"))) as [Deno.DirEntry];
    await Deno.remove(join(out, "runs", name), { recursive: true });
    const rest = await reproduce(file, "--out", out);
    assert.match(rest.stderr, /^Round 1: 1 run to /m);
    assert.deepEqual(await textsOf(out), before);
    const page = await Deno.readTextFile(join(out, "claims.html"));
    assert.match(page, /nothing here &lt;can&gt; tell/);
    assert.equal(page.match(/class="verdict undecided"/g)?.length, 4); // at a glance and in full
  });
});

Deno.test("deno task reproduce --dry-run says what would be run and writes nothing", async () => {
  await withClaims(async (file, out) => {
    const { code, stdout } = await reproduce(file, "--out", out, "--dry-run", "--quick");
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^numbers: 1 claim \(C1\), 2 cells; at most 8 runs to choose settings and 6 runs to/m,
    );
    assert.match(stdout, /^Done so far: 0 runs\. Next: 8 runs\.$/m);
    await assert.rejects(Deno.stat(out), { name: "NotFound" });
  });
});

Deno.test("deno task reproduce says which runs failed, and how to go on", async () => {
  await withClaims(async (file, out) => {
    const { code, stderr } = await reproduce(file, "--out", out, "--only", "C1");
    assert.equal(code, 1);
    assert.match(stderr, /failed: RangeError: Cannot train as asked/);
    assert.match(
      stderr,
      /runs failed in .*\. To try again:\n {2}deno task reproduce .*claims\.yaml/,
    );
  }, claims("fail"));
});

for (
  const [words, message] of [
    [["--quick", "--full"], /write one of --quick, --full and --mode/],
    [["--mode", "slow"], /Cannot run mode slow as the file has default, quick/],
    [["--only", "C9"], /Cannot judge claim C9 as the file has C1, C2/],
    [["--jobs", "0"], /--jobs as it must be a positive integer: got 0/],
    [["--qick"], /did you mean "--quick"\?/],
  ] as const
) {
  Deno.test(`deno task reproduce ${words.join(" ")} is refused in words`, async () => {
    await withClaims(async (file, out) => {
      const { code, stderr } = await reproduce(file, "--out", out, ...words);
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
  });
}

Deno.test("the claims of this repository can be read, and each of C1 to C21 is asked or stands outside", async () => {
  const { code, stdout } = await reproduce("--dry-run", "--out", join("results", "no such folder"));
  assert.equal(code, 0);
  assert.match(stdout, /^planted: \d+ claims \(C1 /m);
  const text = await Deno.readTextFile("experiments/claims.yaml");
  const ids = new Set([...text.matchAll(/\bid: (C\d+)[a-z]?\b/g)].map(([, id]) => id));
  assert.deepEqual(
    Array.from({ length: 21 }, (_, i) => `C${i + 1}`).filter((id) => !ids.has(id)),
    [],
  );
});
