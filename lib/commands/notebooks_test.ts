import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { captured } from "../testing/captured.ts";
import { withFolder } from "../testing/with_folder.ts";
import { type Notebook, type NotebookOutput, outputFaults } from "./notebook.ts";
import {
  checkNotebooks,
  executeNotebook,
  findJupyter,
  notebookPaths,
  notebooksCommand,
  readNotebook,
  studiesOf,
  whyNotWritten,
} from "./notebooks.ts";
import { lacking } from "../testing/lacking.ts";

/** The most bytes of a notebook: code hosts show no larger ones, or slowly. */
const MOST_BYTES = 350_000;

const PATHS = await notebookPaths();
const PYTHON = await findJupyter();
const NO_JUPYTER = lacking("Jupyter", PYTHON !== null);

async function writeNotebook(dir: string, name: string, sources: readonly string[]) {
  const path = join(dir, `${name}.ipynb`);
  const cells = sources.map((source, i) => ({
    cell_type: "code",
    id: `cell-${i}`,
    metadata: {},
    execution_count: null,
    outputs: [],
    source,
  }));
  await Deno.writeTextFile(
    path,
    JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }),
  );
  return path;
}

function executed(source: string, outputs: readonly NotebookOutput[], count: number | null = 1) {
  return { cells: [{ cell_type: "code", source, outputs, execution_count: count }] };
}

Deno.test("the notebooks' code has no type errors, and there is a quick start", async () => {
  assert.ok(PATHS.map((path) => basename(path)).includes("quick_start.ipynb"));
  assert.equal(await checkNotebooks(PATHS), "");
});

for (const path of PATHS) {
  Deno.test(`${basename(path)} is committed with its outputs, and is light`, async () => {
    assert.deepEqual(outputFaults(await readNotebook(path)), []);
    const { size } = await Deno.stat(path);
    assert.ok(size < MOST_BYTES, `${size} bytes`);
  });
}

Deno.test("checkNotebooks() names the fault and its cell's code", async () => {
  await withFolder(async (dir) => {
    const good = await writeNotebook(dir, "good", ["const a = await Promise.resolve(1);", "a + 1"]);
    const bad = await writeNotebook(dir, "bad", ["const b = 1;", "const c: string = b;"]);
    const faults = await checkNotebooks([good, bad]);
    assert.match(faults, /not assignable/);
    assert.match(faults, /const c: string = b;/);
    assert.match(faults, /bad\.ts/);
    assert.doesNotMatch(faults, /good\.ts/);
  });
});

Deno.test("outputFaults() sees each kind of fault, and none where there is none", () => {
  const shown = { output_type: "display_data", data: { "image/png": "iVBORw0KGgo=" } };
  const empty = { output_type: "display_data", data: { "text/html": [""], "text/plain": "x" } };
  const faultsOf = (...args: Parameters<typeof executed>) => outputFaults(executed(...args)).join();
  assert.equal(faultsOf("await show(a); await show(b);", [shown, shown]), "");
  assert.equal(faultsOf("for (const a of all) await show(a);", [shown, shown, shown]), "");
  assert.match(faultsOf("await show(a); await show(b);", [shown]), /2 times and has 1/);
  assert.match(faultsOf("await show(a);", [empty]), /1 times and has 0/);
  assert.match(faultsOf("const a = 1;", [], null), /was not executed/);
  assert.match(faultsOf("fail()", [{ output_type: "error" }]), /failed/);
  assert.match(faultsOf("a", [{ output_type: "stream", name: "stderr" }]), /standard error/);
  assert.match(faultsOf("1 + 1", [{ output_type: "execute_result" }]), /show\(\) it/);
  assert.deepEqual(outputFaults({ cells: [{ cell_type: "markdown", source: "show(a)" }] }), []);
});

Deno.test("notebooksCommand() refuses what it cannot do, and says what it can", async () => {
  const command = (...args: string[]) => captured((output) => notebooksCommand(args, output));
  const unknown = await command("--chek");
  assert.equal(unknown.code, 2);
  assert.match(
    unknown.stderr,
    /--chek.*did you mean "--check"\? See deno task notebooks --help\n$/,
  );
  const missing = await command("nowhere.ipynb");
  assert.equal(missing.code, 2);
  assert.match(
    missing.stderr,
    /there is no file "nowhere.ipynb"; see deno task notebooks --help\n$/,
  );
  const help = await command("--help");
  assert.deepEqual([help.code, help.stderr], [0, ""]);
  assert.match(help.stdout, /^ {2}deno task notebooks \[/m);
});

Deno.test("a notebook of this project is written with committed results alone, and copies with any", async () => {
  const path = PATHS.find((path) => basename(path) === "quick.ipynb")!;
  assert.equal(whyNotWritten(PATHS, null, undefined), null);
  assert.match(
    whyNotWritten(PATHS, null, "results/mine")!,
    /shows committed results, and SWEEP names results\/mine: .*--out/,
  );
  assert.equal(whyNotWritten(PATHS, "results/mine/notebooks", "results/mine"), null);
  assert.equal(whyNotWritten(["/own/notes.ipynb"], null, "results/mine"), null);
  assert.deepEqual(studiesOf(path), { SWEEP: "", POLY_REFERENCE_ONLY: "1" });
  assert.deepEqual(studiesOf("results/mine/notebooks/quick.ipynb"), {});
  const itself = await captured((output) =>
    notebooksCommand([path, "--out", dirname(path)], output)
  );
  assert.equal(itself.code, 2);
  assert.match(itself.stderr, /--out must be another folder than that of .*quick\.ipynb/);
});

Deno.test({
  name: "notebooksCommand() writes copies into the folder of --out" + NO_JUPYTER,
  ignore: PYTHON === null,
  fn: async () => {
    await withFolder(async (dir) => {
      const path = await writeNotebook(dir, "mine", ["console.log(6 * 7);"]);
      const before = await Deno.readTextFile(path);
      const out = join(dir, "new", "copies");
      const { code, stderr } = await captured((output) =>
        notebooksCommand([path, "--out", out], output)
      );
      assert.deepEqual([code, stderr.includes(join(out, "mine.ipynb"))], [0, true]);
      const { cells: [cell] } = await readNotebook(join(out, "mine.ipynb"));
      assert.match(JSON.stringify(cell!.outputs), /42/);
      assert.equal(await Deno.readTextFile(path), before);
    });
  },
});

Deno.test({
  name: "executeNotebook() loses no output that comes after the kernel is idle" + NO_JUPYTER,
  ignore: PYTHON === null,
  fn: async () => {
    await withFolder(async (dir) => {
      const cells = Array.from(
        { length: 6 },
        (_, i) => `await new Promise((resolve) => setTimeout(resolve, 30)); "value ${i}"`,
      );
      const path = await writeNotebook(dir, "values", cells);
      const target = join(dir, "out.ipynb");
      // Values are no way to show things, which is reported; all of them arrive all the same.
      const faults = await executeNotebook(PYTHON!, path, target);
      assert.equal(faults.length, cells.length);
      for (const fault of faults) assert.match(fault, /ends in a value/);
      assert.equal(existsSync(target), false);
    });
  },
});

Deno.test({
  name: "executeNotebook() tells which cell failed, and leaves the notebook as it was" + NO_JUPYTER,
  ignore: PYTHON === null,
  fn: async () => {
    await withFolder(async (dir) => {
      const path = await writeNotebook(dir, "fails", [
        "const a = 1;",
        'throw new Error("broken");',
      ]);
      const before = await Deno.readTextFile(path);
      const [fault] = await executeNotebook(PYTHON!, path, path);
      assert.match(fault!, /throw new Error\("broken"\)/);
      assert.equal(await Deno.readTextFile(path), before);
    });
  },
});

Deno.test({
  name:
    "executeNotebook() runs the quick start from a clean kernel, with all outputs as committed" +
    NO_JUPYTER,
  ignore: PYTHON === null,
  fn: async () => {
    await withFolder(async (dir) => {
      const path = PATHS.find((path) => basename(path) === "quick_start.ipynb")!;
      const target = join(dir, "quick_start.ipynb");
      assert.deepEqual(await executeNotebook(PYTHON!, path, target), []);
      const kinds = (notebook: Notebook) =>
        notebook.cells.map(({ outputs = [] }) => outputs.map(({ data = {} }) => Object.keys(data)));
      assert.deepEqual(kinds(await readNotebook(target)), kinds(await readNotebook(path)));
    });
  },
});
