/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The script of the page: it draws the sections again from the data inside the page, as the reader has
 * chosen, and from new data that it is given.
 *
 * `polytropos.update(data)`, or an event `study` of the document with the data as its detail, shows new data
 * and keeps what the reader has chosen. After each drawing the document has an event `polytropos:drawn`.
 *
 * @module
 */
import type { Plot } from "../../../figures/figure.ts";
import { controlsHtml } from "../controls.ts";
import type { PageData } from "../data.ts";
import { sectionsOf } from "../sections.ts";
import { summary } from "../summary.ts";
import { type Shown, shownOf, type View } from "../view.ts";
import { serveAnswers } from "./answers.ts";
import { serveRuns } from "./runs.ts";
import { serveTables } from "./tables.ts";

const root = globalThis as unknown as {
  Plot: Plot;
  polytropos: { readonly data: PageData; readonly update: (data: PageData) => void };
};

/** Below this width of their column figures are drawn again, at the width that there is. */
const WRITTEN_WIDTH = 672;

let shown = shownOf(JSON.parse(document.getElementById("data")!.textContent!) as PageData);
let drawnWidth = WRITTEN_WIDTH;

/** The width that a figure has. */
function width(): number {
  return Math.min(WRITTEN_WIDTH, Math.floor(document.querySelector("main")!.clientWidth));
}

/** Draws every section whose HTML has changed. */
function draw(): void {
  drawnWidth = width();
  const sections = sectionsOf(shown, { Plot: root.Plot, document, width: drawnWidth });
  const main = document.querySelector("main")!;
  for (const old of main.querySelectorAll("section")) {
    if (!sections.some(({ id }) => id === old.id)) old.remove();
  }
  let before: Element | null = null;
  for (const { id, question, html, tables } of sections) {
    let section = document.getElementById(id);
    if (section === null) {
      section = document.createElement("section");
      section.id = id;
      section.append(document.createElement("h2"), document.createElement("div"));
      section.lastElementChild!.className = "body";
      if (before === null) main.append(section);
      else before.after(section);
    }
    before = section;
    const [heading, body] = [section.querySelector("h2")!, section.querySelector(".body")!];
    if (heading.textContent !== question) heading.textContent = question;
    // What the browser makes of the HTML is not its text, so the text itself is kept.
    if (written.get(id) !== html) {
      const open = openIn(body);
      body.innerHTML = html;
      for (const details of body.querySelectorAll("details")) {
        if (open.has(nameOf(details))) details.open = true;
      }
      written.set(id, html);
    }
    serveTables(body as HTMLElement, tables);
    if (id === "predictions") serveAnswers(body as HTMLElement, shown.data.answers!);
  }
  document.querySelector("nav ul")!.innerHTML = sections.map(({ id, short }) =>
    `<li><a href="#${encodeURIComponent(id)}">${short}</a></li>`
  ).join("");
  document.getElementById("summary")!.textContent = summary(shown.data);
  document.dispatchEvent(new CustomEvent("polytropos:drawn", { detail: shown.view }));
}

const written = new Map<string, string>();

/** The details that the reader has opened, by their first line. */
function openIn(body: Element): Set<string> {
  return new Set([...body.querySelectorAll("details")].filter(({ open }) => open).map(nameOf));
}

function nameOf(details: Element): string {
  return details.querySelector("summary")?.textContent ?? "";
}

/** Shows another choice of the reader's. */
function choose(view: Partial<View>): void {
  shown = shownOf(shown.data, { ...shown.view, ...view });
  serveControls();
  draw();
}

/** Fills the controls from what is shown, and listens to them. */
function serveControls(): void {
  const old = document.getElementById("controls") as HTMLFormElement;
  const focused = (document.activeElement as HTMLElement | null)?.closest("#controls") === null
    ? null
    : document.activeElement as HTMLInputElement;
  old.outerHTML = controlsHtml(shown);
  const form = document.getElementById("controls") as HTMLFormElement;
  form.hidden = false;
  const named = focused === null ? [] : [...form.elements] as HTMLInputElement[];
  named.find(({ name, value, type }) =>
    name === focused!.name && (type !== "checkbox" || value === focused!.value)
  )?.focus();
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => {
    const values = new FormData(form);
    const boxes = form.querySelectorAll<HTMLInputElement>("[name=by]");
    choose({
      metric: String(values.get("metric")),
      axis: String(values.get("axis")),
      ...(boxes.length === 0 ? {} : { by: values.getAll("by").map(String) }),
    });
  });
}

function update(data: PageData): void {
  shown = shownOf(data, shown.view);
  serveControls();
  draw();
}

root.polytropos = {
  get data() {
    return shown.data;
  },
  update,
};
document.addEventListener("study", (event) => update((event as CustomEvent<PageData>).detail));
globalThis.addEventListener("resize", () => {
  if (Math.abs(width() - drawnWidth) > 8) draw();
});

/** The sections as they were written, so that what is the same is left alone. */
function begin(): void {
  serveControls();
  serveRuns(() => shown as Shown, choose);
  if (width() < WRITTEN_WIDTH - 8) {
    draw();
    return;
  }
  for (
    const { id, html, tables } of sectionsOf(shown, {
      Plot: root.Plot,
      document,
      width: WRITTEN_WIDTH,
    })
  ) {
    written.set(id, html);
    const body = document.querySelector(`#${CSS.escape(id)} > .body`) as HTMLElement;
    serveTables(body, tables);
    if (id === "predictions") serveAnswers(body, shown.data.answers!);
  }
}

begin();
