/**
 * `deno task map`: writes what `experiments/map.yaml` has found as a figure, a page and a table of numbers
 * into `results/`.
 *
 * @module
 */
import { existsSync } from "node:fs";
import {
  openStudy,
  ratioFigure,
  type RatioLine,
  ratioLines,
  renderSvg,
  type Row,
  rowsOf,
  tableOf,
  toCsv,
  toMarkdown,
} from "../lib/results.ts";

const [routed, alone, large] = [
  { method: "poly", adaptation: "full" },
  { method: "poly", adaptation: "routing" },
  { method: "shared_equal_budget", adaptation: "full" },
];
const panels = ["max_skills", "n_tasks"];
const lines = "target_noise";
const axis = { metric: "heldout_loss", x: "shots" };
const place = (at: number) =>
  at === 0 ? "below 2" : at === Infinity ? "above 32" : at.toPrecision(2);
/** The runs of a study that are done, in the order of their panels, with the columns that the map is made of. */
async function runsOf(study: string, settings: readonly string[]) {
  const columns = ["method", "adaptation", ...settings, "shots", "seed", "status", "heldout_loss"];
  return tableOf(
    rowsOf((await openStudy(study)).runs).filter(({ status }) => status === "done")
      .map((row) => Object.fromEntries(columns.map((name) => [name, row[name]!])) as Row)
      .toSorted((a, b) =>
        settings.map((name) => Number(a[name]) - Number(b[name])).find((by) => by !== 0) ?? 0
      ),
  );
}
const runs = await runsOf("results/map", [...panels, lines]);
const onStrings = await runsOf("results/map_strings", ["n_tasks"]);

const crossings = (title: string, table: typeof runs, by: string[], of: Row, to: Row) => [
  title,
  toMarkdown(tableOf(
    ratioLines(table, { ...axis, of, to, by }).map((
      { settings, points, crossing }: RatioLine,
    ) => ({
      ...settings,
      ...Object.fromEntries(
        points.map(({ x, logRatio: { estimate } }) => [
          `k = ${x}`,
          estimate === null ? null : Number(Math.exp(estimate).toPrecision(3)),
        ]),
      ),
      "up to k =": crossing === null ? null : place(crossing.at),
      "interval": crossing === null ? null : `${place(crossing.low)} to ${place(crossing.high)}`,
    })),
  )),
];
/** What became of the predictions of `experiments/map_prediction.yaml`, where that has run. */
async function prediction(): Promise<string[]> {
  if (!existsSync("results/map_prediction/manifest.json")) return [];
  const { runs } = await openStudy("results/map_prediction");
  const rows = [
    ["learned routing", "large shared adapter", routed, large] as const,
    [
      "routing alone",
      "training everything",
      alone,
      routed,
    ] as const,
  ].flatMap(([what, to, of, other]) =>
    ratioLines(runs, { ...axis, of, to: other, by: ["max_skills", lines] }).flatMap(({ points }) =>
      points.map(({ x, logRatio: { n, estimate, low, high } }) => ({
        of: what,
        to,
        k: x,
        ratio: Math.exp(estimate!),
        low: Math.exp(low!),
        high: Math.exp(high!),
        seeds: n,
      }))
    )
  );
  return [
    "## What it predicted",
    "`experiments/map_prediction.yaml` said before its runs what the map gives for another overlap (max_skills " +
    "3), another noise (0.6), other numbers of examples and other seeds (200 to 209): learned routing below " +
    "the large shared adapter with 4 and with 24 examples; routing alone below training everything with 4, " +
    "and above it with 24. Ratios with 95 % intervals over seeds:",
    toMarkdown(tableOf(rows)),
  ];
}

const pairs = [
  ["Learned routing against a large shared adapter, all trained", routed, large],
  ["Routing alone against the large shared adapter", alone, large],
  ["Routing alone against training everything", alone, routed],
] as const;

const figure = ratioFigure(runs, {
  ...axis,
  of: routed,
  to: large,
  panels,
  lines,
  names: { of: "learned routing", to: "one shared adapter of as many parameters" },
  title: "When does routing pay?",
});
const page = [
  "# When does routing pay?",
  `${runs.numRows()} runs of tasks of numbers (\`experiments/map.yaml\`), ten seeds a setting: learned ` +
  "routing over eight skills beside one shared adapter of as many parameters, by the examples of a new " +
  "task (k), the number of training tasks (n_tasks), the most skills of a task (max_skills, of eight that " +
  "there are), and the noise of training " +
  "targets in their standard deviations (target_noise). Numbers are ratios of the held-out loss, geometric " +
  "means over seeds; below 1 the first way is better. The last columns say up to how many examples that " +
  "holds, interpolated on the logarithm of k, with the 95 % interval of a bootstrap over seeds.",
  "![Ratio of losses by examples](map.svg)",
  ...pairs.flatMap(([title, of, to]) => crossings(`## ${title}`, runs, [...panels, lines], of, to)),
  ...await prediction(),
  "## On tasks of strings, coarser",
  `${onStrings.numRows()} runs (\`experiments/map_strings.yaml\`), four seeds a setting, 24 held-out tasks.`,
  ...pairs.flatMap(([title, of, to]) => crossings(`### ${title}`, onStrings, ["n_tasks"], of, to)),
  "## What this does not say",
  "These are tasks that a known adapter made, on a network of two layers; rates are those of " +
  "`experiments/claims.yaml`, chosen without noise and with four examples, and the steps of adaptation are " +
  "sixty whatever the number of examples. The papers' own settings, language models with hundreds of tasks and 20 to 70 examples " +
  "of each new one, lie outside of the map; nothing here says on which side. On tasks of strings the rates were " +
  "chosen with four examples and sixteen training tasks, those of routing alone with all trained. The numbers " +
  "of every run are in [map.csv](map.csv) and [map_strings.csv](map_strings.csv).",
];
await Deno.writeTextFile("results/map.svg", await renderSvg(figure));
await Deno.writeTextFile("results/map.csv", toCsv(runs));
await Deno.writeTextFile("results/map_strings.csv", toCsv(onStrings));
await Deno.writeTextFile("results/map.md", page.map((part) => part.trimEnd()).join("\n\n") + "\n");
