/** The page of a study as one file that loads nothing. */
import { drawingTools } from "../../figures/render_svg.ts";
import { escapeXml } from "../../util/escape_xml.ts";
import type { PageData } from "./data.ts";
import { controlsHtml } from "./controls.ts";
import { LIVE_BANNER } from "./live_banner.ts";
import type { Section } from "./parts/section.ts";
import { PAGE_SCRIPT } from "./script_built.ts";
import { plotScripts } from "./plot_scripts.ts";
import { sectionsOf } from "./sections.ts";
import { summary } from "./summary.ts";
import { PAGE_STYLE } from "./style.ts";
import { shownOf } from "./view.ts";

/** Width of the figures that a page is written with; its script draws them again where there is less room. */
const WIDTH = 672;

/** What a page is for. */
export interface PageOptions {
  /**
   * Whether a server stands behind it, which tells its script how a sweep at work goes on. Such a page is drawn
   * by its script alone, what is in sight first, and may ask its server.
   */
  readonly isLive?: boolean;
}

/**
 * The page of a study: its question, an index, and a section for each question that it answers, with figures
 * as SVG and tables. It is one file that loads nothing from the network. With its script the reader chooses
 * metric, axis and grouping, sees what each point is, and sorts, filters and copies tables; without, it shows
 * the same in the order written.
 *
 * @throws {RangeError} when runs are done and none has the study's metric
 */
export async function reportPage(
  data: PageData,
  { isLive = false }: PageOptions = {},
): Promise<string> {
  const tools = { ...await drawingTools(), width: WIDTH };
  const shown = shownOf(data);
  const sections = sectionsOf(shown, tools);
  const { name, question } = data;
  const title = escapeXml(question === "" ? name : question);
  const index = sections.map(({ id, short }) =>
    `<li><a href="#${escapeXml(id)}">${escapeXml(short)}</a></li>`
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
style-src 'unsafe-inline'; script-src 'unsafe-inline'${isLive ? "; connect-src 'self'" : ""}">
<title>${escapeXml(name)}: ${title}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>
<p class="muted">Sweep ${escapeXml(name)}${
    data.other === null ? "" : ` against ${escapeXml(data.other.name)}`
  }</p>
<h1>${title}</h1>
<p id="summary">${escapeXml(summary(data))}</p>
${isLive ? LIVE_BANNER : ""}</header>
<div id="bar">
<nav aria-label="Questions"><ul>${index.join("")}</ul></nav>
${controlsHtml(shown)}
</div>
<main>
${warnings(data)}
${
    isLive
      ? "<noscript><p>A script draws this page; the browser has forbidden it.</p></noscript>"
      : sections.map(sectionHtml).join("\n")
  }
</main>
<div id="tip" role="tooltip" hidden></div>
<script type="application/json" id="data">${jsonInHtml(data)}</script>
${
    [...await plotScripts(), PAGE_SCRIPT].map((script) => `<script>${inScript(script)}</script>`)
      .join("\n")
  }
</body>
</html>
`;
}

function sectionHtml({ id, question, draw }: Section): string {
  return `<section id="${escapeXml(id)}"><h2>${
    escapeXml(question)
  }</h2>\n<div class="body">${draw().html}</div></section>`;
}

/** What a reader must know before the numbers. */
function warnings({ notes, changes }: PageData): string {
  const lines = changes.map((line) => `<li>${escapeXml(line)}</li>`);
  return notes.map((note) => `<p><strong>${escapeXml(note)}</strong></p>`).join("\n") +
    (changes.length === 0
      ? ""
      : `<p><strong>Changed since the runs ended:</strong> curves, routing and answers below are made ` +
        `from files that are no longer what these runs have written.</p>\n<ul>${
          lines.join("")
        }</ul>`);
}

/** A value as JSON in which no text can end the element that it stands in. */
function jsonInHtml(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/** A script in which no text ends the element that it stands in. */
function inScript(script: string): string {
  return script.replace(/<(?=\/script|!--)/gi, "\\x3c");
}
