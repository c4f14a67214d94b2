/** The findings of a study on a terminal: tables that fit its width, and the sentences around them. */
import { styleText } from "node:util";
import { countByStatus } from "../run/result.ts";
import {
  baselineDifferences,
  baselineLabel,
  differenceText,
  toldApartText,
} from "../tables/baseline.ts";
import { directionOf, orderText } from "../tables/direction.ts";
import { noneDone } from "../tables/files.ts";
import { decimalsOf, type Finding, type Findings, findings } from "../tables/findings.ts";
import { cellText } from "../tables/markdown.ts";
import { MEASURES } from "../tables/rows/paired_rows.ts";
import { probability } from "../tables/rows/probability.ts";
import type { Study } from "../tables/study.ts";
import { type Row, rowsOf } from "../tables/table.ts";
import { printableLine } from "../util/printable.ts";
import type { Terminal } from "./terminal.ts";
import { wrapped } from "./text_table.ts";

/** A row of a table: its texts, and whether it is the one to look at first. */
interface TextRow {
  readonly cells: readonly string[];
  readonly isBest?: boolean;
}

/** A column: its heading, and whether it may be left out where there is no room. */
interface TextColumn {
  readonly name: string;
  readonly isSpare?: boolean;
  readonly isNumber?: boolean;
}

/** Blanks between two columns. */
const GAP = 2;

/**
 * What a study has found, for a terminal: its cells, best first, each with one number and its interval, and
 * their differences to the baseline where it has one. Lines are no wider than the terminal; where a table
 * is, headings are broken, then columns that can be missed are left out, and at last each row becomes a
 * paragraph. The best row is marked, and bold where the terminal has that.
 *
 * @throws {RangeError} when some runs are done and none of them has the study's metric
 */
export function findingsText(study: Study, terminal: Terminal): string {
  const { metric, question, runs } = study;
  const paragraph = (text: string) => wrapped(printableLine(text), "", terminal.width);
  const top = question === "" ? [] : [paragraph(question)];
  if (countByStatus(rowsOf(runs)).done === 0) return join([...top, paragraph(noneDone(study))]);
  const found = findings(study);
  const order = orderText(directionOf(metric), found.rows.map(({ n }) => n));
  return join([
    ...top,
    ...study.notes.map(paragraph),
    paragraph(`Mean of ${metric} over seeds with its 95 % interval, ${order}${sameText(found)}.`),
    fitted(...leaderboardOf(found), terminal),
    ...marksText(found).map(paragraph),
    ...differencesOf(study, terminal, paragraph),
  ]);
}

/** Says once what is the same in all rows. */
function sameText({ rows }: Findings): string {
  const seeds = new Set(rows.map(({ n }) => n));
  const isWhole = rows.every(({ others }) => others === "");
  if (seeds.size > 1 || !isWhole) return "";
  const [n] = seeds;
  return n === 1 ? ", of 1 seed each" : `, of ${n} seeds each`;
}

function marksText({ rows }: Findings): string[] {
  if (!rows.some(({ mark }) => mark === "best")) return [];
  return [
    rows.some(({ mark }) => mark === "tie")
      ? "* best mean; ~ not told apart from it at 5 %, paired and corrected by Holm"
      : "* best mean",
  ];
}

function leaderboardOf(found: Findings): [TextColumn[], TextRow[]] {
  const { settings, areNumbers, rows, parameters } = found;
  const hasMarks = rows.some(({ mark }) => mark !== null);
  const isSame = sameText(found) !== "";
  const hasOthers = rows.some(({ others }) => others !== "");
  const columns: TextColumn[] = [
    ...hasMarks ? [{ name: "" }] : [],
    ...settings.map((name, i) => ({ name, isNumber: areNumbers[i]! })),
    { name: "mean" },
    ...isSame ? [] : [{ name: "n", isNumber: true }],
    ...hasOthers ? [{ name: "others" }] : [],
    ...parameters.map((name) => ({ name, isSpare: true, isNumber: true })),
  ];
  const widest = Math.max(...rows.map(({ mean }) => mean.length));
  return [
    columns,
    rows.map((row) => ({
      cells: [
        ...hasMarks ? [MARKS[row.mark ?? "none"]] : [],
        ...row.settings,
        row.mean.padStart(widest) + intervalText(row),
        ...isSame ? [] : [String(row.n)],
        ...hasOthers ? [row.others] : [],
        ...row.parameters,
      ],
      isBest: row.mark === "best",
    })),
  ];
}

const MARKS = { best: "*", tie: "~", none: "" } as const;

function intervalText({ interval }: Pick<Finding, "interval">): string {
  return interval === null ? "" : ` [${interval.join(", ")}]`;
}

function differencesOf(
  study: Study,
  terminal: Terminal,
  paragraph: (text: string) => string,
): string[] {
  if (study.baseline === null) return [];
  const table = baselineDifferences(study);
  if (table === null) {
    return [paragraph(`No run has the baseline's settings, ${baselineLabel(study)}.`)];
  }
  const rows = rowsOf(table);
  if (rows.length === 0) {
    return ["There is nothing to compare with the baseline: it alone has run."];
  }
  const column = table.columnNames().includes("ratio") ? "ratio" : "difference";
  const settings = table.columnNames().filter((name) => !MEASURES.includes(name));
  const decimals = decimalsOf(
    rows.map((row) => row[column]).filter((value) => typeof value === "number"),
  );
  const text = (value: Row[string]) => typeof value === "number" ? value.toFixed(decimals) : "—";
  const hasTiers = table.columnNames().includes("tier");
  const widest = Math.max(...rows.map((row) => text(row[column] ?? null).length));
  const columns: TextColumn[] = [
    ...settings.map((name) => ({
      name,
      isNumber: rows.every((row) => typeof row[name] === "number"),
    })),
    ...hasTiers ? [{ name: "tier" }] : [],
    { name: column },
    { name: "p", isNumber: true },
    { name: "wins/ties/losses", isSpare: true },
    { name: "n", isNumber: true },
  ];
  const [what, holm] = differenceText(study, table);
  return [
    paragraph(`${what} ${holm}`),
    fitted(
      columns,
      rows.map((row) => ({
        cells: [
          ...settings.map((key) => cellText(row[key] ?? null)),
          ...hasTiers ? [String(row.tier)] : [],
          text(row[column] ?? null).padStart(widest) +
          (row.low === null ? "" : ` [${text(row.low ?? null)}, ${text(row.high ?? null)}]`),
          probability(row.p_holm ?? row.p ?? null),
          row.wins === null ? `${row.ties} ties` : `${row.wins}/${row.ties}/${row.losses}`,
          String(row.n),
        ],
      })),
      terminal,
    ),
    ...[toldApartText(study, table)].filter((text) => text !== "").map(paragraph),
  ];
}

/** A table as wide as the terminal at most. */
function fitted(
  columns: readonly TextColumn[],
  rows: readonly TextRow[],
  { width, hasColour }: Terminal,
): string {
  const all = columns.map((_, c) => c);
  const some = all.filter((c) => columns[c]!.isSpare !== true);
  const layouts = [all, some].flatMap((kept) =>
    [false, true].map((isBroken) => laidOut(columns, rows, kept, isBroken))
  );
  // Headings in one line are easier to read than one more column.
  const found = layouts.find((lines) => lines.every((line) => line.text.length <= width));
  const lines = found ?? asParagraphs(columns, rows, some, width);
  const left = found === layouts[0] || found === layouts[1] ? [] : leftOut(columns, all, some);
  return [
    ...lines.map(({ text, style }) => hasColour && style !== null ? styled(text, style) : text),
    ...left.map((text) => wrapped(text, "", width)),
  ].join("\n");
}

interface Line {
  readonly text: string;
  readonly style: "best" | "heading" | null;
}

function laidOut(
  columns: readonly TextColumn[],
  rows: readonly TextRow[],
  kept: readonly number[],
  isBroken: boolean,
): Line[] {
  const headings = kept.map((c) => isBroken ? broken(columns[c]!.name) : [columns[c]!.name]);
  const depth = Math.max(...headings.map(({ length }) => length));
  const head = Array.from(
    { length: depth },
    (_, i) => headings.map((parts) => parts[i - depth + parts.length] ?? ""),
  );
  const body = rows.map(({ cells }) => kept.map((c) => printableLine(cells[c]!)));
  const widths = kept.map((_, k) =>
    Math.max(...[...head, ...body].map((texts) => [...texts[k]!].length))
  );
  const line = (texts: readonly string[]) =>
    texts.map((text, k) => {
      const room = " ".repeat(widths[k]! - [...text].length);
      return columns[kept[k]!]!.isNumber === true ? room + text : text + room;
    }).join(" ".repeat(GAP)).trimEnd();
  return [
    ...head.map((texts): Line => ({ text: line(texts), style: "heading" })),
    ...body.map((texts, i): Line => ({
      text: line(texts),
      style: rows[i]!.isBest === true ? "best" : null,
    })),
  ];
}

/** A heading in several lines. */
function broken(name: string): string[] {
  return name.split(/(?<=[_/])/);
}

/** Each row in lines of its own, broken between its cells only. */
function asParagraphs(
  columns: readonly TextColumn[],
  rows: readonly TextRow[],
  kept: readonly number[],
  width: number,
): Line[] {
  return rows.flatMap(({ cells, isBest }) => {
    const parts = kept.filter((c) => cells[c] !== "").map((c) =>
      `${columns[c]!.name} ${printableLine(cells[c]!).trim()}`.trim()
    );
    const lines: string[] = [];
    for (const part of parts) {
      const longer = lines.length === 0 ? part : `${lines.at(-1)}  ${part}`;
      if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer;
      else lines.push(lines.length === 0 ? part : `  ${part}`);
    }
    const style = isBest === true ? "best" as const : null;
    return lines.flatMap((text) =>
      text.length <= width ? [text] : wrapped(text, "    ", width).split("\n")
    )
      .map((text): Line => ({ text, style }));
  });
}

function leftOut(
  columns: readonly TextColumn[],
  all: readonly number[],
  some: readonly number[],
): string[] {
  const names = all.filter((c) => !some.includes(c)).map((c) => columns[c]!.name);
  return names.length === 0 ? [] : [`In the file too: ${names.join(", ")}.`];
}

/** Text in the terminal's own colours. */
function styled(text: string, style: "best" | "heading"): string {
  return styleText(style === "best" ? ["bold", "green"] : ["dim"], text, { validateStream: false });
}

function join(parts: readonly string[]): string {
  return `${parts.join("\n\n")}\n`;
}
