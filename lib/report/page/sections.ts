/** All sections of a page, in the order of reading: from the answer to where it comes from. */
import type { PageTools } from "./drawing.ts";
import { baselineSection, cellsSection } from "./parts/cells.ts";
import {
  costSection,
  curveSections,
  pairSection,
  recoverySection,
  routingSection,
} from "./parts/figures.ts";
import { answersSection, settingsSection, tasksSection } from "./parts/rest.ts";
import { runsSection } from "./parts/runs.ts";
import type { Section } from "./parts/section.ts";
import type { Shown } from "./view.ts";

/** The sections that the data have something to say in. */
export function sectionsOf(shown: Shown, tools: PageTools): Section[] {
  return [
    cellsSection(shown, tools),
    baselineSection(shown, tools),
    costSection(shown, tools),
    pairSection(shown, tools),
    recoverySection(shown, tools),
    ...curveSections(shown, tools),
    routingSection(shown, tools),
    answersSection(shown),
    runsSection(shown, tools),
    tasksSection(shown),
    settingsSection(shown),
  ].filter((section) => section !== null);
}
