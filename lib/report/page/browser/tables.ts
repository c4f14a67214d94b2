/// <reference lib="dom" />
/** Sorts, filters and copies the tables of the page, and keeps what the reader has chosen when they are drawn again. */
import { copiedText, type CopyFormat } from "../copy.ts";
import type { Row } from "../../../tables/table.ts";
import type { PageTable } from "../table.ts";

/** What the reader has chosen of a table. */
interface Choice {
  column: string | null;
  direction: 1 | -1;
  filter: string;
}

const choices = new Map<string, Choice>();

/**
 * Makes the tables inside an element sortable, filterable and ready to copy.
 *
 * @param tables gives what they show; asked for when the reader copies
 */
export function serveTables(within: HTMLElement, tables: () => readonly PageTable[]): void {
  for (const section of within.querySelectorAll<HTMLElement>("[data-table]")) {
    const name = section.dataset.table!;
    serve(section, name, () => tables().find((table) => table.name === name)!.copied);
  }
}

function serve(section: HTMLElement, name: string, copied: () => readonly Row[]): void {
  const choice = choices.get(name) ?? { column: null, direction: 1, filter: "" };
  choices.set(name, choice);
  const table = section.querySelector("table")!;
  const body = table.tBodies[0]!;
  const rows = [...body.rows];
  const headings = [...table.tHead!.rows[0]!.cells];
  const filter = section.querySelector<HTMLElement>(".filter")!;
  const input = filter.querySelector("input")!;
  const output = filter.querySelector("output")!;

  const valueOf = (row: HTMLTableRowElement, column: number) =>
    row.cells[column]!.dataset.value ?? row.cells[column]!.textContent!;
  const sort = () => {
    const column = headings.findIndex((heading) => heading.dataset.name === choice.column);
    for (const heading of headings) heading.removeAttribute("aria-sort");
    if (column < 0) return;
    const { direction } = choice;
    headings[column]!.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
    body.append(...rows.toSorted((a, b) => {
      const [x, y] = [valueOf(a, column), valueOf(b, column)];
      // Missing values are last, either way.
      return x === "" || y === "" ? Number(x === "") - Number(y === "") : direction * compare(x, y);
    }));
  };
  const show = () => {
    const words = choice.filter.toLowerCase().split(/\s+/).filter((word) => word !== "");
    for (const row of rows) row.hidden = !words.every((word) => matches(row, word));
    output.textContent = `${rows.filter(({ hidden }) => !hidden).length} of ${rows.length} shown`;
  };
  /** A word is looked for everywhere; one such as n_skills=4 is the whole value of a column. */
  const matches = (row: HTMLTableRowElement, word: string) => {
    const at = word.indexOf("=");
    const column = at < 0
      ? -1
      : headings.findIndex(({ dataset }) => dataset.name!.toLowerCase() === word.slice(0, at));
    if (column < 0) return row.textContent!.toLowerCase().includes(word);
    const [cell, value] = [row.cells[column]!, word.slice(at + 1)];
    return cell.textContent!.toLowerCase() === value || cell.dataset.value?.toLowerCase() === value;
  };

  for (const heading of headings) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const isAgain = choice.column === heading.dataset.name;
      choice.direction = isAgain && choice.direction === 1 ? -1 : 1;
      choice.column = heading.dataset.name!;
      sort();
    });
  }
  input.value = choice.filter;
  input.addEventListener("input", () => {
    choice.filter = input.value;
    show();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    input.value = choice.filter = "";
    show();
  });
  for (const button of section.querySelectorAll<HTMLButtonElement>(".copy button")) {
    button.addEventListener("click", async () => {
      const shown = [...body.rows].filter(({ hidden }) => !hidden);
      const rows = copied();
      const text = copiedText(
        shown.map(({ dataset }) => rows[Number(dataset.row)]!),
        button.value as CopyFormat,
        shown.findIndex((row) => row.classList.contains("best")),
      );
      output.textContent = await copy(text)
        ? `${shown.length} rows copied as ${button.textContent}`
        : "The browser did not let the page copy";
    });
  }
  filter.hidden = false;
  sort();
  show();
}

function compare(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en", { numeric: true }) : x - y;
}

/** Puts a text where it can be pasted from. A page from disk may have no clipboard but that of its selection. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    return isCopied;
  }
}
