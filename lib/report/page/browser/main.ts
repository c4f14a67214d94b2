/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The script of the page: it draws the sections from the data inside the page, as the reader has chosen, and
 * from new data that it is given. What is near the window is drawn at once; the rest follows one by one, and
 * a section that what is new does not concern stays as it is.
 *
 * `polytropos.update(data)`, or an event `study` of the document with the data as its detail, shows new data
 * and keeps what the reader has chosen. When all is drawn the document has an event `polytropos:drawn`.
 *
 * @module
 */
import type { Plot } from "../../../figures/figure.ts";
import { controlsHtml } from "../controls.ts";
import type { PageData } from "../data.ts";
import type { Drawn, Section } from "../parts/section.ts";
import { sectionsOf } from "../sections.ts";
import { summary } from "../summary.ts";
import { shownOf, type View } from "../view.ts";
import { serveAnswers } from "./answers.ts";
import { serveLive } from "./live.ts";
import { serveRuns } from "./runs.ts";
import { serveTables } from "./tables.ts";

const root = globalThis as unknown as {
  Plot: Plot;
  polytropos: { readonly data: PageData; readonly update: (data: PageData) => void };
};
const tools = { Plot: root.Plot, document };

/** Below this width of their column figures are drawn again, at the width that there is. */
const WRITTEN_WIDTH = 672;
/** How long the page rests after a section out of sight, in multiples of how long it has taken. */
const REST = 3;

let shown = shownOf(JSON.parse(document.getElementById("data")!.textContent!) as PageData);
/** Counts the data that were shown. */
let edition = 0;
let width = WRITTEN_WIDTH;
let sections: readonly Section[] = [];
let waiting: ReturnType<typeof setTimeout> | undefined;
/** By the ids of sections, what they were drawn from. */
const drawnFrom = new Map<string, string>();
/** By the ids of sections, what was drawn as text; what the browser makes of HTML is another. */
const written = new Map<string, string>();

/** The width that a figure has. */
function widthOfFigures(): number {
  return Math.min(WRITTEN_WIDTH, Math.floor(document.querySelector("main")!.clientWidth));
}

/** Whether figures have another width than they are drawn for; a few pixels are none. */
function isWidthOther(): boolean {
  return Math.abs(widthOfFigures() - width) > 8;
}

/** Shows the data as the reader has chosen. */
function show(): void {
  if (isWidthOther()) width = widthOfFigures();
  sections = sectionsOf(shown, { ...tools, width });
  placeSections();
  document.querySelector("nav ul")!.innerHTML = sections.map(({ id, short }) =>
    `<li><a href="#${encodeURIComponent(id)}">${short}</a></li>`
  ).join("");
  document.getElementById("summary")!.textContent = summary(shown.data);
  drawNear();
}

/** Puts the sections in their order, each with its question. */
function placeSections(): void {
  const main = document.querySelector("main")!;
  for (const old of main.querySelectorAll("section")) {
    if (sections.some(({ id }) => id === old.id)) continue;
    old.remove();
    drawnFrom.delete(old.id);
    written.delete(old.id);
  }
  let before: Element | null = null;
  for (const section of sections) {
    let element = document.getElementById(section.id);
    if (element === null) {
      element = document.createElement("section");
      element.id = section.id;
      element.append(document.createElement("h2"), document.createElement("div"));
      element.lastElementChild!.className = "body";
      if (before === null) main.append(element);
      else before.after(element);
    }
    before = element;
    const heading = element.querySelector("h2")!;
    if (heading.textContent !== section.question) heading.textContent = section.question;
    element.setAttribute("aria-busy", String(isStale(section)));
  }
}

/** What a section is drawn from, as a text that is another when it must be drawn again. */
function sourceOf({ follows }: Section): string {
  return JSON.stringify([edition, width, ...follows.map((key) => shown.view[key])]);
}

function isStale(section: Section): boolean {
  return drawnFrom.get(section.id) !== sourceOf(section);
}

/** Draws what is near the window and out of date; after it the rest, which leaves the reader most of the time. */
function drawNear(): void {
  clearTimeout(waiting);
  for (const section of sections) {
    const { top, bottom } = document.getElementById(section.id)!.getBoundingClientRect();
    if (top < 1.5 * innerHeight && bottom > -0.5 * innerHeight && isStale(section)) draw(section);
  }
  drawRest(0);
}

function drawRest(rest: number): void {
  const next = sections.find(isStale);
  if (next === undefined) {
    document.dispatchEvent(new CustomEvent("polytropos:drawn", { detail: shown.view }));
    return;
  }
  waiting = setTimeout(() => {
    const begun = performance.now();
    draw(next);
    drawRest(REST * (performance.now() - begun));
  }, rest);
}

/** Draws a section, unless its HTML is what it was. */
function draw(section: Section): void {
  const { id } = section;
  const element = document.getElementById(id)!;
  const body = element.querySelector<HTMLElement>(".body")!;
  const drawn = section.draw();
  // Answers are not in their section's HTML: its script shows some of them.
  const text = drawn.html + (id === "predictions" ? JSON.stringify(shown.data.answers) : "");
  if (written.get(id) !== text) {
    const open = openIn(body);
    const filter = filterIn(body);
    body.innerHTML = drawn.html;
    for (const details of body.querySelectorAll("details")) {
      if (open.has(nameOf(details))) details.open = true;
    }
    written.set(id, text);
    serve(section, body, () => drawn);
    if (filter !== null) focusFilter(body, filter);
  }
  drawnFrom.set(id, sourceOf(section));
  element.setAttribute("aria-busy", "false");
}

/** Makes what is drawn answer to the reader. */
function serve({ id }: Section, body: HTMLElement, drawn: () => Drawn): void {
  serveTables(body, () => drawn().tables);
  if (id === "predictions") serveAnswers(body, shown.data.answers!);
}

/** The details that the reader has opened, by their first line. */
function openIn(body: Element): Set<string> {
  return new Set([...body.querySelectorAll("details")].filter(({ open }) => open).map(nameOf));
}

function nameOf(details: Element): string {
  return details.querySelector("summary")?.textContent ?? "";
}

/** The table whose filter the reader is at, and where in it. */
function filterIn(body: Element): { readonly table: string; readonly at: number | null } | null {
  const at = document.activeElement;
  if (!(at instanceof HTMLInputElement) || !body.contains(at)) return null;
  const table = at.closest<HTMLElement>("[data-table]")?.dataset.table;
  return table === undefined ? null : { table, at: at.selectionStart };
}

function focusFilter(
  body: Element,
  { table, at }: { readonly table: string; readonly at: number | null },
): void {
  const input = body.querySelector<HTMLInputElement>(`[data-table=${CSS.escape(table)}] input`);
  input?.focus({ preventScroll: true });
  input?.setSelectionRange(at, at);
}

/** Shows another choice of the reader's, and has the section of an id ready when it returns. */
function choose(view: Partial<View>, id = ""): void {
  shown = shownOf(shown.data, { ...shown.view, ...view });
  serveControls();
  show();
  sections.filter((section) => section.id === id && isStale(section)).forEach(draw);
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
  if (JSON.stringify(data) === JSON.stringify(shown.data)) return;
  edition++;
  shown = shownOf(data, shown.view);
  serveControls();
  show();
}

root.polytropos = {
  get data() {
    return shown.data;
  },
  update,
};
document.addEventListener("study", (event) => update((event as CustomEvent<PageData>).detail));
globalThis.addEventListener("resize", () => {
  if (isWidthOther()) show();
});
document.addEventListener("scroll", () => {
  if (sections.some(isStale)) drawNear();
}, { passive: true });
globalThis.addEventListener("beforeprint", () => sections.filter(isStale).forEach(draw));

/** Takes over the sections that the page was written with, where their figures are as wide as the window lets them be. */
function takeOver(): void {
  sections = sectionsOf(shown, { ...tools, width });
  for (const section of sections) {
    const body = document.querySelector<HTMLElement>(`#${CSS.escape(section.id)} > .body`);
    if (body === null) continue;
    drawnFrom.set(section.id, sourceOf(section));
    let drawn: Drawn | undefined;
    serve(section, body, () => drawn ??= section.draw());
  }
}

serveControls();
if (!isWidthOther()) takeOver();
show();
serveRuns(() => shown, choose);
serveLive(tools, update);
