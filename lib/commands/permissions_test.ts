import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { workerPermissions } from "../sweep/workers/worker_permissions.ts";
import { withFolder } from "../testing/with_folder.ts";
import { scratchFolder } from "../util/scratch_folder.ts";
import { lackingPermission, taskCommand } from "./permissions.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PROBE = join(ROOT, "lib/testing/fakes/try_everything.ts");

/** The path of Deno itself, as the tasks' shell finds it. */
const OWN_PATH = /\$\([^']*'[^']*'\)/g;

/** A sweep of one run, of two steps. */
const TINY = `set: {
  backend: wasm, suite: planted, n_tasks: 3, n_heldout_tasks: 1, n_train: 12, n_validation: 2,
  n_test: 2, n_skills: 5, r: 2, steps: 2, evaluate_every: 0, shots: 4, adaptation_steps: 2,
  adaptation_batch_size: 4
}`;

/** The flags of a task, as its shell gives them to Deno. */
function flagsOf(task: string): string[] {
  const command = taskCommand(task).replaceAll(OWN_PATH, () => Deno.execPath());
  return command.split(" ").map((word) => word.replaceAll('"', "")).filter((word) =>
    word.startsWith("--") && word !== "--check"
  );
}

/** Runs Deno in the project's folder. */
async function deno(args: readonly string[], env: Record<string, string> = {}) {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { INIT_CWD: "", NO_COLOR: "1", ...env },
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: textOf(stdout), stderr: textOf(stderr) };
}

/** A folder below `results` with a tiny sweep in it, as the tasks may write there. */
async function withResults(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await scratchFolder("permissions-");
  try {
    await Deno.writeTextFile(join(dir, "tiny.yaml"), TINY);
    await work(relative(ROOT, dir));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function tasks(): Promise<[string, string][]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  return Object.entries(tasks as Record<string, { command: string }>)
    .map(([name, { command }]) => [name, command]);
}

Deno.test("no task but the tests may do everything, and none asks anybody", async () => {
  for (const [name, command] of await tasks()) {
    if (name === "test") continue;
    assert.doesNotMatch(command, /--allow-all|\s-A\b/, name);
    if (command.startsWith("deno run")) assert.match(command, / --no-prompt /, name);
  }
});

Deno.test("the page of tasks says each flag of each task", async () => {
  const page = await Deno.readTextFile(join(ROOT, "experiments/README.md"));
  for (const [name, command] of await tasks()) {
    if (!command.startsWith("deno run")) continue;
    const flags = [...command.replace(OWN_PATH, "deno").matchAll(/--allow-([^\s"]+)/g)]
      .map(([, flag]) => `\`${flag!.replaceAll(",", ", ")}\``);
    const row = page.split("\n").find((line) => line.startsWith(`| \`${name}\` `));
    assert.equal(row?.split("|")[2]?.trim(), flags.join(", "), name);
  }
});

Deno.test("a sweep, its page and its copy are made under the flags of their tasks", async () => {
  await withResults(async (dir) => {
    const out = join(dir, "out");
    const sweep = ["experiments/sweep.ts", join(dir, "tiny.yaml"), "--out", out, "--adapters"];
    const { code, stderr } = await deno(["run", ...flagsOf("sweep"), ...sweep]);
    assert.equal(code, 0, stderr);
    const [run] = [...Deno.readDirSync(join(ROOT, out, "runs"))];
    const files = [...Deno.readDirSync(join(ROOT, out, "runs", run!.name))].map(({ name }) => name);
    assert.ok(["adapter", "metrics.jsonl", "result.json"].every((name) => files.includes(name)));
    const text = await Deno.readTextFile(join(ROOT, out, "runs", run!.name, "result.json"));
    const { provenance } = JSON.parse(text);
    assert.equal(provenance.git_commit === null, !existsSync(join(ROOT, ".git")));
    const report = await deno(["run", ...flagsOf("report"), "experiments/report.ts", out]);
    assert.deepEqual([report.code, report.stderr], [0, ""]);
    // Without the permission to open native libraries figures are drawn by WebAssembly.
    const narrow = flagsOf("report").filter((flag) => flag !== "--allow-ffi");
    const svg = await deno(["run", ...narrow, "experiments/report.ts", out]);
    assert.deepEqual([svg.code, svg.stderr], [0, ""]);
    assert.match(await Deno.readTextFile(join(ROOT, out, "report.html")), /\.png"/);
  });
});

Deno.test("a task and a worker cannot write elsewhere, connect, or start another program", async () => {
  await withFolder(async (dir) => {
    const config = { suite: "skills", base_model: "data/base" } as const;
    const worker = workerPermissions([{ dir: join(dir, "out"), stagesDir: null, run: { config } }]);
    assert.ok(!worker.some((word) => /^--allow-(all|net)/.test(word)), worker.join(" "));
    const names = ["sweep", "report", "reference", "pretrain", "data", "bench", "notebooks:check"];
    const all = [["worker", worker], ...names.map((name) => [name, flagsOf(name)])] as const;
    const file = join(dir, "written");
    await Promise.all(all.map(async ([name, flags]) => {
      const { stdout, stderr } = await deno(["run", "--quiet", ...flags, PROBE, file, "sh"]);
      const no = "NotCapable";
      const expected = { write: no, connect: no, listen: no, start: no };
      assert.deepEqual(JSON.parse(stdout), expected, `${name}: ${stderr}`);
    }));
    assert.ok(!existsSync(file));
  });
});

Deno.test("tests of what a worker does pass under its permissions", async () => {
  const config = { suite: "planted", base_model: "data/base" } as const;
  const flags = workerPermissions([{ dir: "results/.scratch", stagesDir: null, run: { config } }]);
  const files = ["lib/run/id_test.ts", "lib/train/adamw_test.ts", "lib/routing/metrics_test.ts"];
  const { code, stdout, stderr } = await deno([
    "test",
    "--quiet",
    "--no-check",
    ...flags,
    ...files,
  ]);
  assert.equal(code, 0, stdout + stderr);
});

Deno.test("a folder elsewhere is refused in one line, whose command then works", async () => {
  await withFolder(async (dir) => {
    const file = join(dir, "tiny.yaml");
    await Deno.writeTextFile(file, TINY);
    const args = ["experiments/sweep.ts", file, "--out", "my out"];
    const refused = await deno(["run", ...flagsOf("sweep"), ...args], { INIT_CWD: dir });
    const out = join(dir, "my out");
    assert.deepEqual([refused.code, refused.stdout, existsSync(out)], [2, "", false]);
    assert.match(refused.stderr, /^Cannot run a sweep into [^\n]* \(--allow-write\); [^\n]*\n$/);
    if (Deno.build.os === "windows") return;
    const command = refused.stderr.split("; with it: ")[1]!;
    const shell = new Deno.Command("sh", { args: ["-c", command], cwd: dir, stdin: "null" });
    const { code, stderr } = await shell.output();
    assert.equal(code, 0, command + new TextDecoder().decode(stderr));
    assert.ok(existsSync(join(out, "report.html")));
  });
});

Deno.test("a model of the hub is refused with the flags that let it come", async () => {
  await withResults(async (dir) => {
    const args = ["suite=skills", "base_model=org/name", "seed=0", "--out", join(dir, "out")];
    const { code, stderr } = await deno(
      ["run", ...flagsOf("sweep"), "experiments/sweep.ts", ...args],
      { HF_HOME: "/nowhere/hub", HF_HUB_CACHE: "", HUGGINGFACE_HUB_CACHE: "", HF_ENDPOINT: "" },
    );
    assert.equal(code, 2, stderr);
    assert.match(
      stderr,
      /^Cannot download org\/name as https:\/\/huggingface\.co cannot be reached: /m,
    );
    assert.match(stderr, /'--allow-net=huggingface\.co,\*\.hf\.co'/);
    assert.match(stderr, /--allow-write=results,\/nowhere\/hub\/hub /);
  });
});

Deno.test("lackingPermission() adds to the lists of a task's flags", () => {
  const needs = { write: ["/a b"], net: ["h:80"], run: ["python3"] };
  const why = lackingPermission("bench", ["--rounds", "1"], needs, () => false)!;
  assert.match(why, /'--allow-write=results,\/a b'/);
  assert.match(why, / --allow-net=h:80 /);
  assert.match(why, /\/usr\/bin\/lscpu,python3 experiments\/bench\.ts --rounds 1$/);
});
