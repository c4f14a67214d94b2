import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { captured } from "../../testing/captured.ts";
import { FakeGithub, fakeSuperni } from "../../testing/fakes/fake_github.ts";
import { dataCommand } from "./command.ts";
import { sweepCommand } from "../sweep/command.ts";

/** Runs the command; by default against a server that nobody may ask. */
async function run(args: string[], github?: FakeGithub, signal?: AbortSignal) {
  const { endpoint = "http://127.0.0.1:1", commit = "a".repeat(40) } = github ?? {};
  const download = { api: endpoint, raw: endpoint, token: "", commit, retryDelays: [] };
  const options = { download: { ...download, ...(signal && { signal }) } };
  const { code, stdout: out, stderr: err } = await captured((output) =>
    dataCommand(args, { ...output, ...options })
  );
  return { code, out, err };
}

Deno.test("dataCommand() downloads, says how to use it, and finds it there the second time", async () => {
  const home = await Deno.makeTempDir();
  await using github = new FakeGithub(fakeSuperni(5, 40));
  const dir = join(home, "my data");
  const first = await run(["superni", dir], github);
  assert.equal(first.code, 0);
  assert.equal(
    first.out.replace(/8 files, [\d.]+ kB/, "8 files, 0 kB"),
    `Super-NaturalInstructions is in ${dir}: 8 files, 0 kB, each as in commit ` +
      `${github.commit.slice(0, 7)}; 0 were there before.\nTo use it:\n` +
      `  deno task sweep experiments/superni.yaml 'data_dir=${dir}'\n`,
  );
  assert.match(first.err, /^(\d of 8 files, .*\n)+$/);
  assert.match(first.err, /8 of 8 files, (\d+\.\d kB) of \1\n$/);

  github.asked.length = 0;
  await Deno.writeTextFile(join(dir, "tasks/mine.json"), "{}");
  const again = await run(["superni", dir], github);
  assert.equal(again.code, 0);
  assert.match(again.out, /8 files, .*; all were there before\.\nTo use it:/);
  assert.match(again.err, /Not of this data, and a sweep would read it too: tasks\/mine\.json in /);
  assert.deepEqual(github.asked, []);
  await Deno.remove(home, { recursive: true });
});

Deno.test("dataCommand() says what goes on when it was stopped or refused", async () => {
  const home = await Deno.makeTempDir();
  await using github = new FakeGithub(fakeSuperni(20));
  const stop = new AbortController();
  github.trick = () => {
    if (github.fetched.length > 8) stop.abort();
    return undefined;
  };
  const stopped = await run(["superni", home], github, stop.signal);
  assert.equal(stopped.code, 130);
  assert.match(
    stopped.err,
    /Stopped with \d+ of 23 files there\. To go on:\n {2}deno task data superni \/\S+\n$/,
  );
  assert.equal(stopped.out, "");

  github.trick = (path) => path.endsWith(".json") ? new Response("", { status: 500 }) : undefined;
  const refused = await run(["superni", home], github);
  assert.equal(refused.code, 2);
  assert.match(
    refused.err,
    /status 500; try again later\nStopped with \d+ of 23 .*To go on:\n {2}deno/,
  );
  const { code, err } = await run(["superni", join(home, "other")]);
  assert.equal(code, 2);
  assert.match(
    err,
    /^Cannot download Super-NaturalInstructions as http.* cannot be reached: .*\n$/,
  );
  await Deno.remove(home, { recursive: true });
});

Deno.test("dataCommand() says what it can do, and what was not understood", async () => {
  const help = await run(["--help"]);
  assert.equal(help.code, 0);
  assert.match(
    help.out,
    /deno task data check FILE .* superni \[FOLDER\][^]*data\/superni[^]*GITHUB_TOKEN/,
  );
  const wrong: [string[], RegExp][] = [
    [
      [],
      /^Name what to do: deno task data check mine\.csv, or deno task data superni; see .* --help\n$/,
    ],
    [["supernl"], /^Unknown data "supernl", did you mean "superni"\? See deno task data --help\n$/],
    [
      ["toString"],
      /^Unknown data "toString"; there are check, superni; see deno task data --help\n$/,
    ],
    [
      ["superni", "a", "b"],
      /^Cannot download into \["a","b"\]: name one folder, or none for data\//,
    ],
    [["superni", ""], /^Cannot download into \[""\]: name one folder/],
    [["superni", "--hepl"], /^Unknown option --hepl, did you mean "--help"\? See .* --help\n$/],
  ];
  for (const [args, message] of wrong) {
    const { code, out, err } = await run(args);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, message);
  }
});

Deno.test("the sweep of experiments/superni.yaml reads what dataCommand() downloads", async () => {
  const home = await Deno.makeTempDir();
  await using github = new FakeGithub(fakeSuperni(6, 12));
  const data = join(home, "superni");
  assert.equal((await run(["superni", data], github)).code, 0);
  const file = fileURLToPath(new URL("../../../experiments/superni.yaml", import.meta.url));
  const small =
    "n_tasks=4 n_heldout_tasks=1 n_train=4 n_validation=1 n_test=2 steps=1 batch_size=2 " +
    "n_skills=2 shots=2 adaptation_steps=1 adaptation_batch_size=2 max_input_tokens=32 " +
    "max_target_tokens=4 method=poly n_splits=1 seed=0 split=official";
  const args = [`data_dir=${data}`, ...small.split(" "), "--out", join(home, "out"), "-j", "1"];
  const swept = await captured((output) => sweepCommand([file, ...args], output));
  assert.equal(swept.code, 0, swept.stderr);
  await Deno.remove(home, { recursive: true });
});
