/** The one form in which every command shows its help. */
import { wrapped } from "./text_table.ts";

/** A word that a person can write, and what it says. */
export type HelpRow = readonly [term: string, text: string];

/** Rows under a heading, with a command that shows how they are written. */
export interface HelpSection {
  readonly title: string;
  /** What is to be known of all rows. */
  readonly about?: string;
  readonly rows?: readonly HelpRow[];
  /** Whole commands, or lines of a file. */
  readonly examples?: readonly string[];
}

/** What the help of a command says. */
export interface Help {
  /** What the command does, a paragraph in each text. */
  readonly about: readonly string[];
  /** What can stand behind the task's name. */
  readonly usage: string;
  /** Arguments and options; `--help` comes by itself. */
  readonly rows?: readonly HelpRow[];
  /** Whole commands. */
  readonly examples?: readonly string[];
  readonly sections?: readonly HelpSection[];
  /** What else is to be known, a paragraph in each text. */
  readonly notes?: readonly string[];
  /** What each exit code says, such as `0 all runs are done`. */
  readonly exitCodes: readonly string[];
}

/** Characters of a line of help where a terminal does not say how many it has, and where it has more. */
const [WIDTH, MOST_WIDTH] = [80, 100];
/** The longest term that has its text beside it; that of a longer one stands below. */
const LONGEST_TERM = 24;

/**
 * The help of a command as text.
 *
 * @param width characters of the terminal; absent where none is known
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const help = {
 *   about: ["Greets."],
 *   usage: "[NAME]",
 *   rows: [["NAME", "who is greeted [all]"]],
 *   examples: ["deno task greet ann"],
 *   exitCodes: ["0 greeted"],
 * } as const;
 * assert.equal(
 *   helpText("greet", help),
 *   "Greets.\n\n  deno task greet [NAME]\n\n  NAME        who is greeted [all]\n" +
 *     "  -h, --help  this text\n\n  deno task greet ann\n\nExit codes: 0 greeted.\n",
 * );
 * ```
 */
export function helpText(task: string, help: Help, width: number = WIDTH): string {
  const room = Math.min(width, MOST_WIDTH);
  const rows: HelpRow[] = [...help.rows ?? [], ["-h, --help", "this text"]];
  const parts = [
    ...help.about.map((text) => wrapped(text, "", room)),
    `  ${wrapped(`deno task ${task} ${help.usage}`.trimEnd(), "      ", room - 2)}`,
    rowLines(rows, room).join("\n"),
    ...exampleLines(help.examples),
    ...(help.sections ?? []).map(({ title, about, rows, examples }) =>
      [
        wrapped(about === undefined ? title : `${title}: ${about}`, "", room),
        ...(rows ?? []).length > 0 ? ["", ...rowLines(rows!, room)] : [],
        ...(examples ?? []).length > 0 ? ["", ...exampleLines(examples)] : [],
      ].join("\n")
    ),
    ...(help.notes ?? []).map((text) => wrapped(text, "", room)),
    wrapped(`Exit codes: ${help.exitCodes.join(", ")}.`, "", room),
  ];
  return parts.join("\n\n") + "\n";
}

function rowLines(rows: readonly HelpRow[], width: number): string[] {
  const lengths = rows.map(([term]) => term.length).filter((length) => length <= LONGEST_TERM);
  const indent = " ".repeat(Math.max(0, ...lengths) + 4);
  return rows.map(([term, text]) => {
    const isLong = term.length > indent.length - 4;
    const start = isLong ? `  ${term}\n${indent}` : `  ${term.padEnd(indent.length - 2)}`;
    return start + wrapped(text, indent, width);
  });
}

/** Examples stand in one block, never broken: they are to be copied. */
function exampleLines(examples: readonly string[] = []): string[] {
  return examples.length === 0 ? [] : [examples.map((line) => `  ${line}`).join("\n")];
}
