/**
 * Shows the report's answers: a table that is filtered by task and by right and wrong, and, where two
 * cells are chosen, how often which of them is right.
 */
export const ANSWERS_SCRIPT = `
for (const section of document.querySelectorAll(".answers")) {
  const { cells, rows } = JSON.parse(document.getElementById("answers-data").textContent);
  const AT_ONCE = 20;
  const [TASK, SEED, DRAW, PLACE, INPUT, REFERENCES, ANSWERS] = [0, 1, 2, 3, 4, 5, 6];
  const find = (name) => section.querySelector("[name=" + name + "]");
  const [a, b, task, show, more] = ["a", "b", "task", "show", "more"].map(find);
  const [counts, output] = [section.querySelector(".counts"), section.querySelector("output")];
  const [head, body] = [section.querySelector("thead"), section.querySelector("tbody")];
  const region = section.querySelector(".scroll");
  const draws = rows.some((row) => row[DRAW] > 0);
  let limit = AT_ONCE;

  const make = (name, text, attributes = {}) => {
    const element = document.createElement(name);
    if (text !== "") element.textContent = text;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  /** Fills a list, and keeps what is chosen where it is still there. */
  const fill = (select, options) => {
    const before = select.value;
    select.replaceChildren(...options.map(([value, text]) => make("option", text, { value })));
    if (options.some(([value]) => value === before)) select.value = before;
  };
  const answer = (row, select) => row[ANSWERS][Number(select.value)] ?? null;
  const right = (row, select) => answer(row, select)[1] === 1;
  const compares = () => b.value !== "";
  const ofTask = (row) => task.value === "" || row[TASK] === task.value;
  /** Examples that all chosen cells have answered. */
  const answered = () =>
    rows.filter((row) => answer(row, a) !== null && (!compares() || answer(row, b) !== null));
  const kindOf = (row) =>
    (right(row, a) ? "right" : "wrong") + (!compares() ? "" : right(row, b) ? " right" : " wrong");
  const isShown = (row) => show.value === "" || kindOf(row) === show.value ||
    (show.value === "differ" && right(row, a) !== right(row, b));

  const fillTasks = (found) => {
    const byTask = new Map();
    for (const row of found) {
      const of = byTask.get(row[TASK]) ?? [0, 0];
      byTask.set(row[TASK], [of[0] + (right(row, a) ? 1 : 0), of[1] + 1]);
    }
    fill(task, [["", "all"], ...[...byTask].map(([name, [n, all]]) =>
      [name, name + ": A right in " + n + " of " + all])]);
  };
  const fillKinds = () =>
    fill(show, compares()
      ? [["", "all"], ["differ", "one alone is right"], ["right wrong", "only A is right"],
        ["wrong right", "only B is right"], ["right right", "both are right"],
        ["wrong wrong", "both are wrong"]]
      : [["", "all"], ["wrong", "wrong answers"], ["right", "right answers"]]);
  /** How often which of two cells is right; each number chooses its examples. */
  const drawCounts = (found) => {
    counts.replaceChildren();
    if (!compares()) return;
    const table = make("table", "");
    table.append(make("caption", "Examples, by which answers are right"));
    const top = table.createTHead().insertRow();
    for (const text of ["", "B right", "B wrong"]) top.append(make("th", text, { scope: "col" }));
    for (const ofA of ["right", "wrong"]) {
      const line = table.createTBody().insertRow();
      line.append(make("th", "A " + ofA, { scope: "row" }));
      for (const ofB of ["right", "wrong"]) {
        const kind = ofA + " " + ofB;
        const button = make("button", String(found.filter((row) => kindOf(row) === kind).length), {
          type: "button",
          title: "Show these examples",
          "aria-label": found.filter((row) => kindOf(row) === kind).length + ": A " + ofA + ", B " +
            ofB + "; show these examples",
          "aria-pressed": String(show.value === kind),
        });
        button.addEventListener("click", () => {
          show.value = show.value === kind ? "" : kind;
          changed();
          counts.querySelectorAll("button")[(ofA === "right" ? 0 : 2) + (ofB === "right" ? 0 : 1)]
            .focus();
        });
        line.insertCell().append(button);
      }
    }
    counts.append(table);
  };

  const mark = (found) => {
    const span = make("span", "", { class: found[1] === 1 ? "right" : "wrong" });
    span.append(make("span", found[1] === 1 ? "\\u2713 " : "\\u2717 ", { "aria-hidden": "true" }));
    span.append(make("span", found[1] === 1 ? "right: " : "wrong: ", { class: "unseen" }));
    span.append(found[0] === "" ? make("em", "(empty)") : found[0]);
    return span;
  };
  const columns = () => [
    ["Task", (row) => row[TASK], "place"],
    ["Seed", (row) => row[SEED], "place"],
    ...(draws ? [["Draw", (row) => row[DRAW], "place"]] : []),
    ["No.", (row) => row[PLACE], "place"],
    ["Input", (row) => row[INPUT]],
    ["Right answer", (row) => row[REFERENCES].join("\\nor ")],
    [compares() ? "A" : "Answer", (row) => mark(answer(row, a))],
    ...(compares() ? [["B", (row) => mark(answer(row, b))]] : []),
  ];
  const drawRows = (found) => {
    const names = columns();
    const line = make("tr", "", { role: "row" });
    for (const [name] of names) {
      line.append(make("th", name, { scope: "col", role: "columnheader" }));
    }
    head.replaceChildren(line);
    body.replaceChildren(...found.slice(0, limit).map((row) => {
      const line = make("tr", "", { role: "row" });
      for (const [name, of, kind = "text"] of names) {
        const cell = make("td", "", { role: "cell", "data-name": name, class: kind });
        cell.append(of(row));
        line.append(cell);
      }
      return line;
    }));
    region.hidden = found.length === 0;
    more.hidden = found.length <= limit;
    more.textContent = "Show " + Math.min(AT_ONCE, found.length - limit) + " more";
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
      : shown.length + " of " + found.length + " examples chosen. Of all " + found.length +
        ", A is right in " + found.filter((row) => right(row, a)).length +
        (compares() ? ", B in " + found.filter((row) => right(row, b)).length : "") + ".";
  };
  const changed = () => {
    limit = AT_ONCE;
    fillKinds();
    draw();
  };

  fill(a, cells.map((name, i) => [String(i), name]));
  fill(b, [["", "nothing"], ...cells.map((name, i) => [String(i), name])]);
  b.closest("label").hidden = cells.length < 2;
  for (const select of [a, b, task, show]) select.addEventListener("change", changed);
  more.addEventListener("click", () => {
    const first = limit;
    limit += AT_ONCE;
    draw();
    body.rows[first].tabIndex = -1;
    body.rows[first].focus({ preventScroll: true });
  });
  section.hidden = false;
  changed();
}
`;
