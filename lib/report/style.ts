/**
 * Style sheet of the report: one column, light or dark as the reader's system is set, also for
 * print.
 */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --line: color-mix(in srgb, CanvasText 22%, Canvas);
  --faint: color-mix(in srgb, CanvasText 6%, Canvas);
  --muted: color-mix(in srgb, CanvasText 68%, Canvas);
  font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif;
}
body { margin: 0 auto; padding: 1rem clamp(0.75rem, 3vw, 2rem) 4rem; max-width: 76rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0.5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 0.5rem; border-bottom: 1px solid var(--line); }
p { margin: 0.5rem 0; max-width: 46rem; }
.muted, figcaption { color: var(--muted); font-size: 0.875rem; }
a { color: LinkText; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; padding: 0; }
:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 4px; }
table { border-collapse: collapse; width: 100%; font-size: 0.8125rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 0.5rem; text-align: left; vertical-align: top; }
thead th { background: var(--faint); white-space: nowrap; }
tbody tr { border-top: 1px solid var(--line); }
tbody th { font-weight: normal; }
.number { text-align: right; white-space: nowrap; }
td.wide { min-width: 16rem; overflow-wrap: anywhere; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0;
  cursor: pointer; text-align: inherit; }
th button::after { content: "\\2195"; opacity: 0.4; padding-left: 0.3em; }
th[aria-sort="ascending"] button::after { content: "\\2191"; opacity: 1; }
th[aria-sort="descending"] button::after { content: "\\2193"; opacity: 1; }
.filter { display: flex; flex-wrap: wrap; gap: 0.25rem 0.75rem; align-items: center;
  margin: 0.5rem 0; }
.filter input { font: inherit; padding: 0.2rem 0.5rem; width: 15rem; max-width: 100%; }
td[data-value="diverged"], td[data-value="stalled"], td[data-value="failed"] { font-weight: bold; }
.filter label { max-width: 100%; }
.filter select { font: inherit; max-width: 100%; }
.answers tbody td { white-space: pre-wrap; overflow-wrap: anywhere; }
.answers .wrong > :first-child { font-weight: bold; color: #b3261e; color: light-dark(#b3261e, #ff8a80); }
.answers .right > :first-child { font-weight: bold; color: #146c2e; color: light-dark(#146c2e, #7fd68f); }
.counts table { width: auto; margin: 0.5rem 0; }
.counts caption { text-align: left; color: var(--muted); white-space: nowrap; }
.counts td { text-align: right; }
.counts button, .answers [name="more"] { font: inherit; min-width: 4rem; cursor: pointer; }
.counts [aria-pressed="true"] { font-weight: bold; outline: 2px solid CanvasText; }
.unseen { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden;
  white-space: nowrap; }
figure { margin: 1.5rem 0; }
figure img { display: block; width: 54rem; max-width: 100%; background: #fff; height: auto; }
figure .scroll { border-color: transparent; width: fit-content; max-width: 100%; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 0.75rem; margin: 0.25rem 0;
  font-size: 0.8125rem; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
summary { cursor: pointer; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.25rem 0; font-size: 0.8125rem; }
@media (max-width: 45rem) {
  /* Letters of a figure stay large enough to read: it is moved sideways instead. */
  figure img { max-width: none; width: 640px; }
  /* An example is a block of its own: texts of others would be moved out of sight. */
  .answers .scroll table, .answers .scroll tbody, .answers .scroll tr, .answers .scroll td {
    display: block; }
  .answers .scroll { position: relative; }
  .answers .scroll thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px;
    overflow: hidden; }
  .answers .scroll tr { padding: 0.4rem 0; }
  .answers .scroll td { display: grid; grid-template-columns: 6.5rem 1fr; padding-block: 0; }
  .answers .scroll td::before { content: attr(data-name) " "; color: var(--muted); }
  .answers .scroll td.place { display: inline; }
}
@media print {
  :root { color-scheme: light; font-size: 11px; }
  body { max-width: none; padding: 0; }
  nav, .filter { display: none; }
  .scroll { overflow: visible; border: 0; }
  figure, tr { break-inside: avoid; }
  figure img { max-width: 100%; width: auto; }
  th button::after { content: none; }
}
`;
