/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * Follows a sweep at work: listens to the server behind a live page, shows how far the sweep is, and asks for
 * what the buttons say.
 */
import { runCurvesChart } from "../../../figures/charts/run_curves_chart.ts";
import { type DrawingTools, inlineSvgOf } from "../../../figures/svg.ts";
import { counted } from "../../../util/words.ts";
import type { PageData } from "../data.ts";
import type { CellProgress, LiveProgress, RunningRun } from "../live_data.ts";
import { make } from "./make.ts";

/** What the page knows of its server and of the sweep. */
interface State {
  isConnected: boolean;
  /** Why nothing new can be shown; empty where all is well. */
  trouble: string;
  last: LiveProgress | null;
}

/** The most failed runs that are named. */
const MOST_FAILED = 50;

/**
 * Serves the banner of a live page; does nothing in a page without one.
 *
 * @param update shows new data of the study
 */
export function serveLive(tools: DrawingTools, update: (data: PageData) => void): void {
  if (document.getElementById("live") === null) return;
  const state: State = { isConnected: false, trouble: "", last: null };
  const cards = new Cards(tools);
  const events = new EventSource("events");
  const connected = (isConnected: boolean) => () => {
    state.isConnected = isConnected;
    showState(state);
  };
  events.addEventListener("open", connected(true));
  events.addEventListener("error", connected(false));
  const hear = <T>(kind: string, then: (value: T) => void) =>
    events.addEventListener(kind, ({ data }) => {
      then(JSON.parse(data) as T);
      showState(state);
    });
  hear<LiveProgress>("progress", (progress) => {
    const before = state.last;
    state.last = progress;
    cards.show(progress);
    if (JSON.stringify(before?.cells) !== JSON.stringify(progress.cells)) showCells(progress.cells);
    showFailed(progress);
  });
  hear<PageData>("study", (study) => {
    try {
      update(study);
    } catch (error) {
      state.trouble = `The page cannot show what is new: ${(error as Error).message}`;
    }
  });
  hear<string>("trouble", (trouble) => {
    state.trouble = trouble;
  });
  const hold = find<HTMLButtonElement>("live-hold");
  hold.addEventListener("click", () => ask(null, hold));
}

function find<E extends HTMLElement = HTMLElement>(id: string): E {
  return document.getElementById(id) as E;
}

/** Asks the server to stop a run, or, with null, the sweep after the runs at work. */
async function ask(run: string | null, button: HTMLButtonElement): Promise<void> {
  button.disabled = true;
  button.textContent = run === null ? "No other run will begin" : "Stopping …";
  const reply = await fetch("wish", { method: "POST", body: JSON.stringify({ run }) })
    .catch(() => null);
  if (reply?.ok === true) return;
  button.disabled = false;
  button.textContent = "It did not work: try again";
}

/** One card for each run at work: its name, its losses as they grow, and a button that stops it. */
class Cards {
  readonly #cards = new Map<string, { readonly card: HTMLElement; shown: string }>();
  readonly #box = find("live-runs");

  constructor(readonly tools: DrawingTools) {}

  show({ running, isSteered }: LiveProgress): void {
    for (const [id, { card }] of this.#cards) {
      if (running.some((run) => run.id === id)) continue;
      card.remove();
      this.#cards.delete(id);
    }
    for (const run of running) {
      const known = this.#cards.get(run.id) ?? { card: this.#begin(run), shown: "" };
      this.#cards.set(run.id, known);
      known.card.querySelector("button")!.hidden = !isSteered;
      const news = JSON.stringify([run.step, run.losses]);
      if (known.shown !== news) this.#fill(known.card, run);
      known.shown = news;
    }
  }

  #begin({ id, label }: RunningRun): HTMLElement {
    const card = make("div", "", { class: "run" });
    const button = make("button", "Stop this run", { type: "button" });
    button.setAttribute("aria-label", `Stop run ${label}`);
    button.addEventListener("click", () => ask(id, button));
    const foot = make("div", "", { class: "foot" });
    foot.append(make("p"), button);
    // A label breaks behind its commas.
    card.append(make("p", label.replaceAll(",", ", ")), make("div", "", { class: "plot" }), foot);
    this.#box.append(card);
    return card;
  }

  #fill(card: HTMLElement, { id, label, step, steps, losses }: RunningRun): void {
    const loss = losses.at(-1);
    const said = step >= steps && steps > 0
      ? "trained; evaluating and adapting"
      : `step ${step} of ${steps}`;
    card.querySelector(".foot p")!.textContent = said +
      (loss === undefined ? "" : `, loss ${loss.toPrecision(3)}`);
    const plot = card.querySelector<HTMLElement>(".plot")!;
    if (losses.length < 2) return plot.replaceChildren();
    // Losses are thinned evenly, so their places follow from the number of steps.
    const x = losses.map((_, i) => step * (i + 1) / losses.length);
    const chart = runCurvesChart([{ label, x, y: losses }], {
      ...{ y: "loss", phase: "multitask", isCard: true, lastStep: Math.max(step, steps) },
    });
    const place = { width: plot.clientWidth, hasLinks: false };
    plot.innerHTML = inlineSvgOf(chart, this.tools, place, `live-${id}`);
  }
}

function showCells(cells: readonly CellProgress[]): void {
  document.querySelector("#live-cells .cells")!.replaceChildren(
    ...cells.map(({ label, done, failed, running, all }) => {
      const words = `${done} of ${all}` + (running > 0 ? `, ${running} at work` : "") +
        (failed > 0 ? `, ${failed} failed` : "");
      const track = make("div", "", { class: "track", role: "img", "aria-label": words });
      for (const [name, count] of Object.entries({ done, running, failed })) {
        if (count === 0) continue;
        const part = make("i", "", { class: name });
        part.style.width = `${100 * count / all}%`;
        track.append(part);
      }
      const row = make("div", "", { class: "cell" });
      const places = { label: make("span", label), track, words: make("span", words) };
      for (const [area, element] of Object.entries(places)) {
        element.style.gridArea = area;
        row.append(element);
      }
      return row;
    }),
  );
}

function showFailed({ failed }: LiveProgress): void {
  const box = find("live-failed");
  box.hidden = failed.length === 0;
  box.querySelector("summary")!.textContent = `${counted(failed.length, "run")} failed`;
  const items = failed.slice(0, MOST_FAILED).map(({ label, why }) => {
    const item = make("li");
    item.append(make("b", label), `: ${why}`);
    return item;
  });
  const rest = failed.length - items.length;
  box.querySelector("ul")!.replaceChildren(
    ...items,
    ...rest > 0 ? [make("li", `and ${rest} more`)] : [],
  );
}

function showState(state: State): void {
  const { isConnected, trouble, last } = state;
  const line = find("live-state");
  line.classList.toggle("lost", !isConnected || trouble !== "");
  line.textContent = stateText(state);
  if (last === null) return;
  const hold = find<HTMLButtonElement>("live-hold");
  hold.hidden = !isConnected || !last.isSteered || last.running.length === 0;
  if (last.isSteered) return;
  hold.disabled = false;
  hold.textContent = "Stop after the runs at work";
}

/** How the sweep stands, in a sentence or two. */
function stateText({ isConnected, trouble, last }: State): string {
  if (last === null) return isConnected ? trouble : "Connecting …";
  const { done, all, running, failed, isSteered } = last;
  const counts = `${done} of ${counted(all, "run")} done` +
    (failed.length > 0 ? `, ${failed.length} failed` : "");
  if (!isConnected) {
    return `${counts} when the server ended. The page goes on by itself once it is started again: ` +
      "deno task watch.";
  }
  if (trouble !== "") return `${counts}. ${trouble}`;
  if (running.length > 0) return `${counts}, ${running.length} at work.`;
  if (done + failed.length === all) return `${counts}. The sweep is over.`;
  return isSteered
    ? `${counts}. The next runs are about to begin.`
    : `${counts}. Nobody is at work on it: the same deno task sweep goes on with it.`;
}
