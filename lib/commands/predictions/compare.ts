/** Shows where two cells of a sweep differ: which examples one of them alone answers rightly. */
import { counted } from "../../util/words.ts";
import type { KeptPrediction } from "../../run/predictions/file.ts";
import { StoreError } from "../../sweep/store_error.ts";
import {
  type AnswerPair,
  answerPairs,
  type CellPair,
  PAIR_OUTCOMES,
  pairCells,
  type PairOutcome,
} from "../../tables/answer_pairs.ts";
import type { AnswerFilter } from "../../tables/predictions.ts";
import type { Study } from "../../tables/study.ts";
import type { Row } from "../../tables/table.ts";
import { wrapped } from "../text_table.ts";
import type { ChosenSettings } from "./arguments.ts";
import {
  block,
  cellText,
  type Column,
  placeColumns,
  placeText,
  referenceLines,
  referenceText,
  runOf,
  runsWith,
  sayRest,
  settingsText,
  someRunsWith,
  tableText,
  type View,
  visible,
  whose,
  writeJson,
} from "./view.ts";

/** Counts and shows the answers in which two sides differ; says how many there are to choose from. */
export async function compareAnswers(view: View, against: ChosenSettings): Promise<number> {
  const { study, asked, filter, output, width } = view;
  const [first, second] = sidesOf(study, asked.settings, against);
  const pairs = pairCells(first, second, study.varying, [...against.keys()]);
  if (pairs.length === 0) {
    const named = [...against.keys()].join(", ");
    throw new StoreError(
      `no run of one side has a partner on the other: partners have the same seed, and the same ` +
        `settings but for ${named}, unless B is one cell; name more settings with --against`,
    );
  }
  const found: ComparedPair[] = [];
  const wanted: readonly PairOutcome[] = asked.only === "right"
    ? ["only_a"]
    : asked.only === "wrong"
    ? ["only_b"]
    : asked.json
    ? PAIR_OUTCOMES
    : ["only_a", "only_b"];
  const listed = Object.fromEntries(wanted.map((outcome) => [outcome, 0]));
  let [written, without, all] = [0, 0, 0];
  for (const pair of pairs) {
    const counts = { both_right: 0, only_a: 0, only_b: 0, both_wrong: 0 };
    const rows: ComparedPair["rows"] = [];
    const seeds = new Set<number>();
    for (const runs of pair.runs) {
      for await (const answers of answerPairs(study, runs, filter)) {
        if (answers === null) {
          without++;
          continue;
        }
        const { outcome } = answers;
        seeds.add(runs[0].seed as number);
        all++;
        counts[outcome]++;
        if (!wanted.includes(outcome)) continue;
        if (asked.json) {
          if (++written <= asked.limit) await writeJson(output, pairJson(answers, runs, study));
        } else if (++listed[outcome]! <= asked.limit) {
          rows.push({ ...answers, seed: runs[0].seed as number });
        }
      }
    }
    found.push({ pair, seeds: seeds.size, counts, rows });
  }
  if (all === 0 && without > 0) {
    throw new StoreError(
      `none of the ${
        counted(without, "answer")
      } of A is to an example that B was asked too: their ` +
        `tasks differ, or B has kept no answers`,
    );
  }
  if (all === 0 || asked.json) return all;
  output.print(comparisonText(found, filter, all, width));
  for (const outcome of wanted) {
    for (const { pair, counts, rows } of found) {
      const shown = rows.filter((row) => row.outcome === outcome);
      if (shown.length === 0) continue;
      const [side, cell] = outcome === "only_a" ? ["A", pair.a] : ["B", pair.b];
      const title = `Only ${side} is right, ${cellText(cell)}: ${counts[outcome]}`;
      output.print(`\n${wrapped(title, "  ", width)}\n${pairTable(shown, view)}`);
    }
  }
  if (without > 0) output.say(`${counted(without, "answer")} of A have no partner in B: left out.`);
  sayRest(Math.max(0, ...Object.values(listed)), view, "examples of one kind");
  return all;
}

/** Two cells, how often which is right, and the examples that are shown of them. */
interface ComparedPair {
  readonly pair: CellPair;
  /** The seeds in which both have kept answers to the same examples. */
  readonly seeds: number;
  readonly counts: Readonly<Record<PairOutcome, number>>;
  readonly rows: (AnswerPair & { readonly seed: number })[];
}

/** The runs of both sides: those of B have what A is chosen by, as far as there are such runs. */
function sidesOf(study: Study, settings: ChosenSettings, against: ChosenSettings): [Row[], Row[]] {
  const alike = runsWith(study, new Map([...settings, ...against]));
  const seed = settings.get("seed");
  const second = alike.length > 0
    ? alike
    : someRunsWith(study, new Map([...seed ? [["seed", seed] as const] : [], ...against]));
  const isSecond = new Set(second.map(({ id }) => id));
  const first = someRunsWith(study, settings).filter(({ id }) => !isSecond.has(id));
  if (first.length === 0) {
    throw new StoreError(
      `both sides are the same runs: choose those of A by key=value, and those of B by --against`,
    );
  }
  return [first, second];
}

function comparisonText(
  found: readonly ComparedPair[],
  filter: AnswerFilter,
  all: number,
  width: number,
): string {
  const isOneCell = new Set(found.map(({ pair }) => cellText(pair.b))).size === 1;
  /** What is said of B: all of it where it is one cell, else in what it is not A. */
  const textOfB = ({ pair: { a, b } }: ComparedPair) =>
    settingsText(b, Object.keys(b).filter((key) => isOneCell || a[key] !== b[key]));
  const other = new Set(found.map(textOfB));
  const columns: Column<ComparedPair>[] = [
    ["A", ({ pair }) => cellText(pair.a)],
    ...other.size === 1 ? [] : [["B, else as A", textOfB] as const],
    ["seeds", ({ seeds }) => String(seeds), true],
    ["both right", ({ counts }) => String(counts.both_right), true],
    ["only A", ({ counts }) => String(counts.only_a), true],
    ["only B", ({ counts }) => String(counts.only_b), true],
    ["both wrong", ({ counts }) => String(counts.both_wrong), true],
  ];
  const what = other.size === 1 ? `. B is ${[...other][0]}${isOneCell ? "" : ", else as A"}` : "";
  const title = `${counted(all, "example")} ${whose(filter)}${what}`;
  return `${wrapped(title, "", width)}\n\n${tableText(columns, found, width)}`;
}

function pairTable(rows: ComparedPair["rows"], { asked, filter, width }: View): string {
  if (asked.whole) {
    return rows.map(({ a, b, seed }) =>
      `\n${placeText(a)}, seed ${seed}\n` +
      block([["input", a.input], ...referenceLines(a), ["A", a.answer], ["B", b.answer]], width)
    ).join("");
  }
  const columns: Column<ComparedPair["rows"][number]>[] = [
    ["task", ({ a }) => a.task],
    ["seed", ({ seed }) => String(seed), true],
    ...placeColumns(rows.map(({ a }) => a), filter)
      .map(([name, text, isNumber]) =>
        [name, ({ a }: AnswerPair) => text(a), isNumber ?? false] as const
      ),
    ["input", ({ a }) => a.input],
    ["right answer", ({ a }) => referenceText(a)],
    ["A", ({ a }) => visible(a.answer)],
    ["B", ({ b }) => visible(b.answer)],
  ];
  return tableText(columns, rows, width);
}

function pairJson(
  { outcome, a, b }: AnswerPair,
  [runA, runB]: CellPair["runs"][number],
  of: Study,
) {
  const { phase, task, split, example, input, references } = a;
  const side = (run: Row, { answer, scores }: KeptPrediction) => ({
    ...runOf(run, of),
    answer,
    scores,
  });
  return {
    ...{ outcome, phase, task, split, example, input, references },
    ...{ a: side(runA, a), b: side(runB, b) },
  };
}
