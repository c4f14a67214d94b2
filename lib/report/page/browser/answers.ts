/// <reference lib="dom" />
/**
 * Shows the page's answers: a table that is filtered by task and by right and wrong, and, where two cells are
 * chosen, how often which of them is right.
 */
import type { DataAnswers } from "../data.ts";
import { make } from "./make.ts";

type Example = DataAnswers["rows"][number];

/** How many examples are shown at once. */
const AT_ONCE = 20;
const [TASK, SEED, DRAW, PLACE, INPUT, REFERENCES, ANSWERS] = [0, 1, 2, 3, 4, 5, 6] as const;

/** What the reader has chosen, kept when the section is drawn again. */
const chosen: Record<string, string> = {};

/** Serves the section of answers; one that is served already stays. */
export function serveAnswers(within: HTMLElement, data: DataAnswers): void {
  const section = within.querySelector<HTMLElement>(".answers[hidden]");
  if (section !== null) serve(section, data);
}

function serve(section: HTMLElement, { cells, rows, runs }: DataAnswers): void {
  const find = (name: string) => section.querySelector<HTMLSelectElement>(`select[name=${name}]`)!;
  const [a, b, task, show] = [find("a"), find("b"), find("task"), find("show")];
  const more = section.querySelector<HTMLButtonElement>("[name=more]")!;
  const [counts, output] = [section.querySelector(".counts")!, section.querySelector("output")!];
  const [head, body] = [section.querySelector("thead")!, section.querySelector("tbody")!];
  const region = section.querySelector<HTMLElement>(".scroll")!;
  const draws = rows.some((row) => row[DRAW] > 0);
  let limit = AT_ONCE;

  /** Fills a list, and keeps what is chosen where it is still there. */
  const fill = (select: HTMLSelectElement, options: readonly (readonly [string, string])[]) => {
    const before = select.value || (chosen[select.name] ?? "");
    select.replaceChildren(...options.map(([value, text]) => make("option", text, { value })));
    if (options.some(([value]) => value === before)) select.value = before;
  };
  const answer = (row: Example, select: HTMLSelectElement) =>
    row[ANSWERS][Number(select.value)] ?? null;
  const right = (row: Example, select: HTMLSelectElement) => answer(row, select)![1] === 1;
  const compares = () => b.value !== "";
  const ofTask = (row: Example) => task.value === "" || row[TASK] === task.value;
  /** Examples that all chosen cells have answered. */
  const answered = () =>
    rows.filter((row) => answer(row, a) !== null && (!compares() || answer(row, b) !== null));
  const kindOf = (row: Example) =>
    (right(row, a) ? "right" : "wrong") + (!compares() ? "" : right(row, b) ? " right" : " wrong");
  const isShown = (row: Example) =>
    show.value === "" || kindOf(row) === show.value ||
    (show.value === "differ" && right(row, a) !== right(row, b));

  const fillTasks = (found: readonly Example[]) => {
    const byTask = new Map<string, [number, number]>();
    for (const row of found) {
      const of = byTask.get(row[TASK]) ?? [0, 0];
      byTask.set(row[TASK], [of[0] + (right(row, a) ? 1 : 0), of[1] + 1]);
    }
    fill(task, [
      ["", "all"],
      ...[...byTask].map(([name, [n, all]]) =>
        [name, `${name}: A right in ${n} of ${all}`] as const
      ),
    ]);
  };
  const fillKinds = () =>
    fill(
      show,
      compares()
        ? [
          ["", "all"],
          ["differ", "one alone is right"],
          ["right wrong", "only A is right"],
          ["wrong right", "only B is right"],
          ["right right", "both are right"],
          ["wrong wrong", "both are wrong"],
        ]
        : [["", "all"], ["wrong", "wrong answers"], ["right", "right answers"]],
    );
  /** How often which of two cells is right; each number chooses its examples. */
  const drawCounts = (found: readonly Example[]) => {
    counts.replaceChildren();
    if (!compares()) return;
    const table = make("table", "");
    table.append(make("caption", "Examples, by which answers are right"));
    const top = table.createTHead().insertRow();
    for (const text of ["", "B right", "B wrong"]) top.append(make("th", text, { scope: "col" }));
    for (const ofA of ["right", "wrong"]) {
      const line = table.createTBody().insertRow();
      line.append(make("th", `A ${ofA}`, { scope: "row" }));
      for (const ofB of ["right", "wrong"]) {
        const kind = `${ofA} ${ofB}`;
        const n = found.filter((row) => kindOf(row) === kind).length;
        const button = make("button", String(n), {
          type: "button",
          title: "Show these examples",
          "aria-label": `${n}: A ${ofA}, B ${ofB}; show these examples`,
          "aria-pressed": String(show.value === kind),
        });
        button.addEventListener("click", () => {
          show.value = show.value === kind ? "" : kind;
          changed();
          const place = (ofA === "right" ? 0 : 2) + (ofB === "right" ? 0 : 1);
          counts.querySelectorAll("button")[place]!.focus();
        });
        line.insertCell().append(button);
      }
    }
    counts.append(table);
  };

  const mark = ([text, isRight]: readonly [string, number]) => {
    const span = make("span", "", { class: isRight === 1 ? "right" : "wrong" });
    span.append(make("span", isRight === 1 ? "\u2713 " : "\u2717 ", { "aria-hidden": "true" }));
    span.append(make("span", isRight === 1 ? "right: " : "wrong: ", { class: "unseen" }));
    span.append(text === "" ? make("em", "(empty)") : text);
    return span;
  };
  type Column = readonly [name: string, of: (row: Example) => string | Node, kind?: string];
  const columns = (): Column[] => [
    ["Task", (row) => row[TASK], "place"],
    ["Seed", (row) => String(row[SEED]), "place"],
    ...(draws ? [["Draw", (row: Example) => String(row[DRAW]), "place"] as Column] : []),
    ["No.", (row) => String(row[PLACE]), "place"],
    ["Input", (row) => row[INPUT]],
    ["Right answer", (row) => row[REFERENCES].join("\nor ")],
    [compares() ? "A" : "Answer", (row) => mark(answer(row, a)!)],
    ...(compares() ? [["B", (row: Example) => mark(answer(row, b)!)] as Column] : []),
  ];
  const drawRows = (found: readonly Example[]) => {
    const names = columns();
    const line = make("tr", "", { role: "row" });
    for (const [name] of names) {
      line.append(make("th", name, { scope: "col", role: "columnheader" }));
    }
    head.replaceChildren(line);
    body.replaceChildren(
      ...found.slice(0, limit).map((row) => {
        const line = make("tr", "", { role: "row" });
        for (const [name, of, kind = "text"] of names) {
          const cell = make("td", "", { role: "cell", "data-name": name, class: kind });
          cell.append(of(row));
          line.append(cell);
        }
        return line;
      }),
    );
    region.hidden = found.length === 0;
    more.hidden = found.length <= limit;
    more.textContent = `Show ${Math.min(AT_ONCE, found.length - limit)} more`;
  };
  const draw = () => {
    const all = answered();
    fillTasks(all);
    const found = all.filter(ofTask);
    drawCounts(found);
    const shown = found.filter(isShown);
    drawRows(shown);
    output.textContent = found.length === 0
      ? "These cells have no example in common: their tasks or their seeds differ."
      : `${shown.length} of ${found.length} examples chosen. Of all ${found.length}, A is right in ${
        found.filter((row) => right(row, a)).length
      }${compares() ? `, B in ${found.filter((row) => right(row, b)).length}` : ""}.`;
  };
  const changed = () => {
    limit = AT_ONCE;
    fillKinds();
    draw();
    for (const select of [a, b, task, show]) chosen[select.name] = select.value;
  };

  fill(a, cells.map((name, i) => [String(i), name]));
  fill(b, [["", "nothing"], ...cells.map((name, i) => [String(i), name] as const)]);
  b.closest("label")!.hidden = cells.length < 2;
  for (const select of [a, b, task, show]) select.addEventListener("change", changed);
  more.addEventListener("click", () => {
    const first = limit;
    limit += AT_ONCE;
    draw();
    body.rows[first]!.tabIndex = -1;
    body.rows[first]!.focus({ preventScroll: true });
  });
  // A link to the answers of a run chooses its cell.
  document.addEventListener("click", (event) => {
    const id = (event.target as Element).closest("[data-answers-of]")?.getAttribute(
      "data-answers-of",
    );
    const run = id === undefined || id === null ? undefined : runs.find((run) => run.id === id);
    if (run === undefined || !section.isConnected) return;
    a.value = String(run.cell);
    changed();
  });
  section.hidden = false;
  changed();
}
