/** The library as another Deno project uses it: in a folder outside the clone that links to it. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { withFolder } from "./testing/with_folder.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The program of experiments/own_data.md on the file beside it, but in a few steps. */
async function csvProgram(): Promise<string> {
  const page = await Deno.readTextFile(`${ROOT}/experiments/own_data.md`);
  let [, program] = /```ts ignore\n([^]*?)```/.exec(page)!;
  const stands = [
    ["useBackend()", `useBackend("wasm")`],
    [`"path/to/base"`, JSON.stringify(`${ROOT}/data/base`)],
    [`"mine.csv"`, JSON.stringify(`${ROOT}/experiments/own_data.csv`)],
    ["n_validation: 8, n_test: 8", "n_validation: 2, n_test: 1"],
    ["steps: 300", "steps: 5"],
    ["every: 25", "every: 2"],
  ] as const;
  for (const [text, place] of stands) {
    assert.ok(program!.includes(text), text);
    program = program!.replaceAll(text, () => place);
  }
  return program!;
}

Deno.test("another project that links to the clone checks and runs the examples for it", (t) =>
  withFolder(async (folder) => {
    const readme = await Deno.readTextFile(`${ROOT}/README.md`);
    const section = readme.slice(readme.indexOf("### From another project"));
    const [, config] = /```json\n([^]*?)```/.exec(section)!;
    const [, program] = /```ts ignore\n([^]*?)```/.exec(section)!;
    assert.ok(config!.includes(`"path/to/clone"`));
    const linked = config!.replace(`"path/to/clone"`, JSON.stringify(ROOT));
    await Deno.writeTextFile(`${folder}/deno.json`, linked);
    await Deno.writeTextFile(
      `${folder}/main.ts`,
      `${program}
       await import("./csv.ts");
       // @ts-expect-error -- so the types of the library are seen
       export const wrong = () => new PolyConfig({ n_skills: "four" });`,
    );
    await Deno.writeTextFile(`${folder}/csv.ts`, await csvProgram());
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--check", "--allow-all", "main.ts"],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    const [printed, said] = [new TextDecoder().decode(stdout), new TextDecoder().decode(stderr)];

    // A project without a lock file of its own needs the lists of versions once, from the cache or
    // the network.
    const hasNone = !success && /Failed loading|error sending request/.test(said);
    await t.step({
      name: hasNone ? "the lists of versions are neither in the cache nor reachable" : "linked",
      ignore: hasNone,
      async fn() {
        assert.ok(success, said);
        const [shape, ...lines] = printed.trim().split("\n");
        assert.equal(shape, "[ 1, 2, 32 ]");
        assert.match(lines.slice(0, 3).join("\n"), /^step 2: \d.*\nstep 4: \d.*\nstep 5: \d/);
        const tasks = ["code", "echo", "mirror", "shout", "spell", "upper"];
        assert.deepEqual(lines.slice(3, 9).map((line) => line.split(":")[0]).sort(), tasks);
        const saved = JSON.parse(
          await Deno.readTextFile(`${folder}/my_adapter/adapter_config.json`),
        );
        assert.deepEqual([saved.peft_type, saved.n_tasks, saved.n_skills], ["POLY", 6, 4]);
      },
    });
  }));
