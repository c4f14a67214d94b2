/// <reference lib="dom" />
/**
 * Points of figures say which run they are: beside the pointer or the focus what the run is, with links to its
 * curves, routing and answers; a click shows it, a second run with it stands beside it.
 */
import { settingsLabel } from "../../../tables/groups.ts";
import { formatOf } from "../../../tables/rows/aligned.ts";
import { escapeXml } from "../../../util/escape_xml.ts";
import { RUN_LINK } from "../../../figures/point_link.ts";
import type { Shown, View } from "../view.ts";

/** Milliseconds that a tooltip stays when the pointer has left, so that one can reach its links. */
const STAYS = 350;

/**
 * Serves the links to runs.
 *
 * @param shown gives what is shown now
 * @param choose shows another choice, in the section of an id at once
 */
export function serveRuns(
  shown: () => Shown,
  choose: (view: Partial<View>, id: string) => void,
): void {
  const tip = document.getElementById("tip")!;
  let leaving: ReturnType<typeof setTimeout> | undefined;
  const stay = () => clearTimeout(leaving);
  const leave = () => {
    stay();
    leaving = setTimeout(() => tip.hidden = true, STAYS);
  };
  const linkAt = (event: Event) => (event.target as Element | null)?.closest?.(".plot a") ?? null;
  const open = (event: Event) => {
    const link = linkAt(event);
    if (link === null) return;
    const id = idOf(link.getAttribute("href") ?? link.getAttribute("xlink:href") ?? "");
    if (id === null) return;
    stay();
    tip.innerHTML = tipHtml(shown(), id);
    tip.hidden = false;
    place(tip, link.getBoundingClientRect());
  };
  document.addEventListener("pointerover", open);
  document.addEventListener("focusin", open);
  document.addEventListener("pointerout", (event) => {
    if (linkAt(event) !== null) leave();
  });
  tip.addEventListener("pointerenter", stay);
  tip.addEventListener("pointerleave", leave);
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") tip.hidden = true;
  });
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    const link = target.closest("a");
    const href = link?.getAttribute("href") ?? link?.getAttribute("xlink:href") ?? "";
    const id = idOf(href);
    const row = target.closest<HTMLTableRowElement>('[data-table="runs"] tbody tr');
    if (id !== null) {
      event.preventDefault();
      tip.hidden = true;
      chosen(id, link!.hasAttribute("data-beside"));
    } else if (row !== null && target.closest("a, button, summary, details") === null) {
      chosen(String(shown().runs[Number(row.dataset.row)]!.id), event.shiftKey || event.ctrlKey);
    }
  });

  /** Shows a run, or puts it beside the one that is shown. */
  const chosen = (id: string, isBeside: boolean) => {
    const [first] = shown().view.runs;
    choose({ runs: isBeside && first !== undefined && first !== id ? [first, id] : [id] }, "runs");
    document.getElementById("run-panel")!.scrollIntoView({ block: "start" });
  };
  const [, start] = location.hash.split(RUN_LINK);
  if (start !== undefined) chosen(decodeURIComponent(start), false);
}

function idOf(href: string): string | null {
  return href.startsWith(RUN_LINK) ? decodeURIComponent(href.slice(RUN_LINK.length)) : null;
}

/** What a run is, its value, and where to look further. */
function tipHtml({ data, runs, view }: Shown, id: string): string {
  const run = runs.find((run) => run.id === id);
  if (run === undefined) return "";
  const settings = settingsLabel(
    Object.fromEntries([...data.grouping, "seed"].map((key) => [key, run[key] ?? null])),
  );
  const value = run[view.metric];
  const text = typeof value === "number" ? formatOf([value])(value) : "no value";
  const link = `${RUN_LINK}${encodeURIComponent(id)}`;
  const [first] = view.runs;
  const links = [
    `<a href="${link}">${data.curves.length === 0 ? "all numbers" : "its curves and numbers"}</a>`,
    ...data.routing?.id === id ? [`<a href="#routing">its routing</a>`] : [],
    ...data.answers?.runs.some((run) => run.id === id)
      ? [`<a href="#predictions" data-answers-of="${escapeXml(id)}">its answers</a>`]
      : [],
    ...first !== undefined && first !== id
      ? [`<a href="${link}" data-beside>beside the chosen run</a>`]
      : [],
  ];
  return `<p><b>${escapeXml(settings)}</b></p><p>${escapeXml(view.metric)} ${text} · ${
    escapeXml(String(run.status))
  }</p><p>${links.join(" · ")}</p>`;
}

/** Puts the tooltip below a point, or above where there is no room, and inside the window. */
function place(tip: HTMLElement, { left, top, bottom, width }: DOMRect): void {
  const { offsetWidth, offsetHeight } = tip;
  const { clientWidth, clientHeight } = document.documentElement;
  const x = Math.max(
    6,
    Math.min(left + width / 2 - offsetWidth / 2, clientWidth - offsetWidth - 6),
  );
  const isBelow = bottom + 8 + offsetHeight <= clientHeight;
  tip.style.left = `${x + scrollX}px`;
  tip.style.top = `${(isBelow ? bottom + 8 : top - 8 - offsetHeight) + scrollY}px`;
}
