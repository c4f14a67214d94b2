import assert from "node:assert/strict";
import { join } from "node:path";
import { lacking } from "../../testing/lacking.ts";
import { HAS_PYTHON, PYTHON, runPython } from "../../testing/python.ts";
import { sampleMetrics, sampleResults } from "../../testing/samples/sample_results.ts";
import { writeSampleSweep } from "../../testing/samples/sample_sweep.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { copiedText } from "../../report/page/copy.ts";
import { openStudy, Study } from "../study.ts";
import { eventFile } from "./event_file.ts";
import { writeExports } from "./exports.ts";
import { leaderboardLatex } from "./latex.ts";

const RESULTS = sampleResults({ n_skills: [1, 8, 16], n_splits: [1, 4] }, { whole: true });

/** Whether a program is there and ends well. */
async function succeeds(program: string, args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args, stdout: "null", stderr: "null" }).output())
      .success;
  } catch {
    return false;
  }
}

Deno.test("eventFile() writes the bytes of a file that TensorBoard has read", () => {
  const bytes = eventFile([{ tag: "multitask/loss", step: 300, value: 0.5, time: 1.5 }], 1.5);
  assert.equal(
    [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    HEX,
  );
});

/** A file that TensorBoard 2.21 has read as step 300, value 0.5, time 1.5, its checksums right. */
const HEX = "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c" +
  "2500000000000000eabc36f309000000000000f83f10ac022a170a150a0e6d756c74697461736b2f6c6f73" +
  "7315" + "0000003ffe76d1e7";

Deno.test("writeExports() writes every number of every run over steps, for TensorBoard and as CSV", () =>
  withFolder(async (dir) => {
    await writeSampleSweep(dir, {}, RESULTS);
    const study = await Study.read(dir);
    assert.deepEqual(await writeExports(study, ["tensorboard", "csv"]), [
      join(dir, "tensorboard"),
      join(dir, "steps.csv"),
    ]);
    const [first] = RESULTS;
    const lines = (await Deno.readTextFile(join(dir, "steps.csv"))).trimEnd().split("\n");
    assert.equal(lines[0], "run,phase,column,step,value");
    const run = `"${first!.id.split("--")[0]}"`;
    const [row] = sampleMetrics(first!);
    assert.ok(lines.includes(`${run},multitask,loss,1,${row!.loss}`), String(lines[1]));
    const score = first!.metrics.heldout_exact_match;
    assert.ok(lines.includes(`${run},result,heldout_exact_match,0,${score}`));
    const folders = (await Array.fromAsync(Deno.readDir(join(dir, "tensorboard")))).length;
    assert.equal(folders, RESULTS.length);
  }));

const HAS_READER = HAS_PYTHON && await succeeds(PYTHON!, [
  "-c",
  "import importlib.util as i, sys; sys.exit(i.find_spec('tensorboard') is None)",
]);

Deno.test({
  name: "TensorBoard's own reader reads an event file" +
    lacking("Python with tensorboard", HAS_READER),
  ignore: !HAS_READER,
  fn: () =>
    withFolder(async (dir) => {
      const scalars = [1, 300, 2 ** 31].map((step) => ({
        ...{ tag: "multitask/loss", step, value: 0.5 / step, time: 1.5 },
      }));
      await Deno.writeFile(join(dir, "events.out.tfevents.0.x"), eventFile(scalars, 1.5));
      const found = await runPython(
        `import sys, json
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
read = EventAccumulator(sys.argv[1]); read.Reload()
print(json.dumps([[e.step, e.value, e.wall_time] for e in read.Scalars("multitask/loss")]))`,
        [dir],
      );
      assert.deepEqual(
        JSON.parse(found),
        scalars.map(({ step, value, time }) => [step, Math.fround(value), time]),
      );
    }),
});

Deno.test("leaderboardLatex() has booktabs' rules, the best in bold and a dagger at what no test tells apart", () =>
  withFolder(async (dir) => {
    await writeSampleSweep(dir, {
      question: "Do 100 % of skills & splits_x help? \\input{/etc/passwd}",
    }, RESULTS);
    const text = leaderboardLatex(await Study.read(dir));
    assert.match(
      text,
      /\\caption\{Do 100 \\% of skills \\& splits\\_x help\? \\textbackslash\{\}input\\\{/,
    );
    assert.equal(text.match(/\\(top|mid|bottom)rule$/gm)!.length, 3);
    assert.match(text, /^ {2}n\\_skills & n\\_splits & mean & 95\\,\\% interval & \$n\$ \\\\$/m);
    const rows = text.split("\n").filter((line) => /^ {2}\d/.test(line));
    assert.equal(rows.length, 6);
    assert.match(
      rows[0]!,
      /^ {2}\d+ & \d & \\textbf\{0\.\d{3}\} & \[0\.\d{3}, 0\.\d{3}\] & 4 \\\\$/,
    );
    assert.ok(rows.slice(1).every((row) => !row.includes("textbf")));
    const ties = rows.filter((row) => /0\.\d{3}\$\^\\dagger\$ & /.test(row));
    assert.ok(ties.length >= 1 && ties.length < 5, text);
  }));

/** Every sign of ASCII, and of others what names of settings and metrics may have. */
const HOSTILE = String.fromCodePoint(...Array.from({ length: 95 }, (_, i) => 32 + i)) +
  " × ± − ≤ ≥ ≠ ≈ → ∞ · é ü ñ ß ø å “quoted” – — … § © αβγδεζηθικλμνξπρςστυφχψω ΓΔΘΛΞΠΣΥΦΨΩ";

const HAS_LATEX = await succeeds("pdflatex", ["--version"]);

Deno.test({
  name: "tables of LaTeX compile, whatever text they hold, in a document that has no package" +
    lacking("pdflatex", HAS_LATEX),
  ignore: !HAS_LATEX,
  fn: () =>
    withFolder(async (dir) => {
      await writeSampleSweep(dir, { question: HOSTILE }, RESULTS);
      const tables = [
        leaderboardLatex(await Study.read(dir)),
        leaderboardLatex(await openStudy("baselines")),
        // A table that is copied from a page is not one that floats, and asks for the rules' package.
        "\\newcommand{\\toprule}{\\hline}\\newcommand{\\midrule}{\\hline}\\newcommand{\\bottomrule}{\\hline}",
        copiedText([{ "[*": "[*", [HOSTILE]: HOSTILE, mean: -0.5 }], "latex"),
      ];
      await Deno.writeTextFile(
        join(dir, "a.tex"),
        `\\documentclass{article}\n\\begin{document}\n${tables.join("\n")}\\end{document}\n`,
      );
      const { success, stdout } = await new Deno.Command("pdflatex", {
        args: ["-interaction=nonstopmode", "-halt-on-error", "-file-line-error", "a.tex"],
        cwd: dir,
      }).output();
      assert.ok(success, new TextDecoder().decode(stdout));
      assert.ok((await Deno.stat(join(dir, "a.pdf"))).size > 10_000);
    }),
});
