/**
 * Makes the report's tables interactive: a button in each heading sorts, and a box above filters.
 * Without it the page shows the same tables in the order written.
 */
export const REPORT_SCRIPT = `
"use strict";
for (const section of document.querySelectorAll("[data-table]")) {
  const table = section.querySelector("table");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const headings = [...table.tHead.rows[0].cells];

  const valueOf = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const compare = (a, b) => {
    const [x, y] = [Number(a), Number(b)];
    const areNumbers = a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y);
    return areNumbers ? x - y : a.localeCompare(b, "en", { numeric: true });
  };
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const direction = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
      const sorted = rows.toSorted((a, b) => {
        const [x, y] = [valueOf(a, column), valueOf(b, column)];
        if (x === "" || y === "") return (x === "") - (y === ""); // missing values last, either way
        return direction * compare(x, y);
      });
      body.append(...sorted);
    });
  });

  const filter = section.querySelector(".filter");
  const input = filter.querySelector("input");
  const count = filter.querySelector("output");
  /** A word is looked for everywhere; one such as n_skills=4 is the whole value of a column. */
  const matches = (row, word) => {
    const [name, value] = word.split("=", 2);
    const column = headings.findIndex((heading) => heading.textContent.toLowerCase() === name);
    return value === undefined || column < 0
      ? row.textContent.toLowerCase().includes(word)
      : row.cells[column].textContent.toLowerCase() === value;
  };
  const show = () => {
    const words = input.value.toLowerCase().split(/\\s+/).filter((word) => word !== "");
    let shown = 0;
    for (const row of rows) {
      row.hidden = !words.every((word) => matches(row, word));
      if (!row.hidden) shown++;
    }
    count.textContent = shown + " of " + rows.length + " shown";
  };
  input.addEventListener("input", show);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    input.value = "";
    show();
  });
  filter.hidden = false;
  show();
}
`;
