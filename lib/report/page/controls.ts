/** What the reader chooses with: metric, axis and grouping. */
import { metricNamed } from "../../run/metrics/metric.ts";
import { escapeXml } from "../../util/escape_xml.ts";
import type { Shown } from "./view.ts";

/** The controls as HTML, hidden until the page's script serves them. */
export function controlsHtml({ data, view }: Shown): string {
  const option = (value: string, text: string, chosen: string, title = "") =>
    `<option value="${escapeXml(value)}"${value === chosen ? " selected" : ""}${
      title === "" ? "" : ` title="${escapeXml(title)}"`
    }>${escapeXml(text)}</option>`;
  const metrics = data.metrics.map((name) =>
    option(name, name, view.metric, metricNamed(name)?.meaning ?? "")
  );
  const axes = [...data.axes.filter((axis) => view.by.includes(axis)), ""].map((axis) =>
    option(axis, axis === "" ? "every cell, best first" : axis, view.axis)
  );
  const boxes = data.grouping.map((key) =>
    `<label><input type="checkbox" name="by" value="${escapeXml(key)}"${
      view.by.includes(key) ? " checked" : ""
    }> ${escapeXml(key)}</label>`
  );
  return `<form id="controls" hidden>
<label>Metric <select name="metric">${metrics.join("")}</select></label>
<label>against <select name="axis">${axes.join("")}</select></label>
${boxes.length < 2 ? "" : `<fieldset><legend>Cells by</legend>${boxes.join("")}</fieldset>`}
</form>`;
}
