/** The library as another Deno project uses it: in a folder outside the clone that links to it. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { withFolder } from "./testing/with_folder.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

Deno.test("another project that links to the clone checks and runs the example of README.md", (t) =>
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
       // @ts-expect-error -- so the types of the library are seen
       export const wrong = () => new PolyConfig({ n_skills: "four" });`,
    );
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
      fn() {
        assert.ok(success, said);
        assert.equal(printed.trim(), "[ 1, 2, 32 ]");
      },
    });
  }));
