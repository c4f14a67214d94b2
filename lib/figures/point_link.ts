import type { DrawPlace } from "./figure.ts";
import type { Row } from "../tables/table.ts";

/** What the addresses of runs begin with inside the page that shows them. */
export const RUN_LINK = "#run=";

/**
 * Options of Plot's dots whose data have a `row` of the table of runs: in a page each links to its run, whose
 * settings the page's script then shows beside it.
 */
export function pointLink({ hasLinks }: DrawPlace): {
  href?: (point: { row: Row }) => string;
  ariaDescription?: string;
} {
  return hasLinks ? { href: ({ row }) => `${RUN_LINK}${encodeURIComponent(String(row.id))}` } : {};
}
