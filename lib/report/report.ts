import { join } from "node:path";
import { writeFilesAtomically } from "../files/atomic_write.ts";
import { renderSvg } from "../figures/render_svg.ts";
import { renderPng } from "../figures/figure_png.ts";
import { routingFigures } from "../figures/routing_figures.ts";
import { sweepFigures } from "../figures/sweep_figures.ts";
import { whenWriting } from "../sweep/store_error.ts";
import type { Study } from "../tables/study.ts";
import { toldApartSentences } from "../tables/rows/baseline_rows.ts";
import { comparedData, type OtherStudy } from "./compared_data.ts";
import { fileStem } from "./page/drawing.ts";
import { reportPage } from "./page/page.ts";
import { differenceRows, shownOf } from "./page/view.ts";
import { pageData } from "./page_data.ts";

/**
 * Writes `report.html`, one page that shows a whole study and opens from disk, and all its figures
 * as `figures/*.svg` and `figures/*.png`, into the study's folder. Of an unfinished study it shows
 * what is done.
 *
 * @returns path of the page
 * @throws {StoreError} when the folder cannot be written
 * @throws {SyntaxError} when a run's log, routing or answers are damaged
 * @throws {RangeError} when runs are done and none has the study's metric
 */
export async function writeReport(study: Study): Promise<string> {
  const files = new Map<string, string | Uint8Array>();
  for (const figure of [...sweepFigures(study), ...await routingFigures(study)]) {
    const svg = await renderSvg(figure);
    const stem = fileStem(figure.name);
    files.set(`${stem}.svg`, svg).set(`${stem}.png`, await imageOf(svg));
  }
  const page = await reportPage(await pageData(study, [...files.keys()]));
  try {
    await writeFilesAtomically(join(study.dir, "figures"), files);
    await writeFilesAtomically(study.dir, new Map([[REPORT, page]]));
  } catch (error) {
    throw whenWriting(study.dir, error);
  }
  return join(study.dir, REPORT);
}

/**
 * Writes the page of a study with the baseline of another one, as `against_<name>.html` into the study's
 * folder.
 *
 * @returns path of the page, and what it tells apart, in a sentence
 * @throws what {@linkcode comparedData} throws
 * @throws {StoreError} when the folder cannot be written
 */
export async function writeComparison(
  study: Study,
  other: OtherStudy,
): Promise<{ readonly path: string; readonly finding: string }> {
  const data = await comparedData(study, other);
  const name = `against_${fileStem(other.study.name)}.html`;
  const page = await reportPage(data);
  try {
    await writeFilesAtomically(study.dir, new Map([[name, page]]));
  } catch (error) {
    throw whenWriting(study.dir, error);
  }
  const finding = toldApartSentences(data, differenceRows(shownOf(data)) ?? []);
  return { path: join(study.dir, name), finding };
}

const REPORT = "report.html";

/** The images written last, by their SVG: most figures of a report that is written again are the same. */
const images = new Map<string, Uint8Array>();
/** The most images that are remembered: some 10 MB. */
const MOST_IMAGES = 100;

/** A figure as a PNG. */
async function imageOf(svg: string): Promise<Uint8Array> {
  const png = images.get(svg) ?? await renderPng(svg);
  images.delete(svg);
  images.set(svg, png);
  if (images.size > MOST_IMAGES) images.delete(images.keys().next().value!);
  return png;
}
