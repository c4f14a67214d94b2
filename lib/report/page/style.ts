/**
 * Style sheet of the page: light or dark as the reader's system is set, one column where it is narrow, and
 * for print.
 */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#fff, #16181c);
  --ink: light-dark(#16181c, #e9e7e2);
  --line: color-mix(in srgb, var(--ink) 24%, var(--ground));
  --faint: color-mix(in srgb, var(--ink) 6%, var(--ground));
  --muted: color-mix(in srgb, var(--ink) 68%, var(--ground));
  --vermilion: light-dark(#d55e00, #ff9350);
  --blue: light-dark(#0072b2, #6cc0f5);
  --green: light-dark(#009e73, #4fd6ac);
  --purple: light-dark(#cc79a7, #e7a6cb);
  font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif;
  background: var(--ground);
  color: var(--ink);
}
body { margin: 0 auto; padding: 1rem clamp(0.75rem, 3vw, 2rem) 4rem; max-width: 84rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0.25rem 0; overflow-wrap: anywhere; text-wrap: balance; }
h2 { font-size: 1.3rem; line-height: 1.25; margin: 0 0 0.5rem; overflow-wrap: anywhere; }
h3 { font-size: 0.95rem; margin: 0 0 0.25rem; overflow-wrap: anywhere; }
p { margin: 0.5rem 0; max-width: 46rem; }
section { padding: 1.5rem 0; border-top: 1px solid var(--line); scroll-margin-top: 5.5rem; }
/* A section that waits to be drawn again, and one that has not been drawn yet. */
section[aria-busy="true"] > .body { opacity: 0.5; }
.body:empty { min-height: 24rem; }
.answer { font-size: 1.05rem; }
.muted, figcaption { color: var(--muted); font-size: 0.875rem; }
a { color: light-dark(#0b57a4, #8cc8ff); }
#bar { position: sticky; top: 0; z-index: 2; background: var(--ground); padding: 0.25rem 0;
  border-bottom: 1px solid var(--line); }
nav ul { display: flex; flex-wrap: wrap; gap: 0.1rem 1.1rem; list-style: none; padding: 0; margin: 0.25rem 0;
  font-size: 0.9375rem; }
form { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; align-items: center; font-size: 0.875rem;
  margin: 0.25rem 0; }
form[hidden] { display: none; }
select, input, button { font: inherit; }
select { max-width: 19rem; padding: 0.1rem 0.2rem; }
fieldset { border: 0; padding: 0; margin: 0; display: flex; flex-wrap: wrap; gap: 0 0.75rem; }
legend { float: left; padding: 0; margin-right: 0.25rem; }
:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
.pair { display: grid; grid-template-columns: minmax(0, 42rem) minmax(20rem, 1fr); gap: 0 1.75rem;
  align-items: start; }
.pair > div { min-width: 0; }
.pair.below { grid-template-columns: minmax(0, 1fr); }
.pair.below > figure { display: grid; grid-template-columns: minmax(0, 42rem) minmax(12rem, 28rem); gap: 0 1.75rem; }
.pair.below > figure h3 { grid-column: 1 / -1; }
.curves { display: flex; flex-wrap: wrap; gap: 0 1.5rem; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 4px; }
table { border-collapse: collapse; width: 100%; font-size: 0.8125rem; font-variant-numeric: tabular-nums; }
table.sides { width: auto; }
caption { text-align: left; color: var(--muted); padding: 0.2rem 0.5rem; }
th, td { padding: 0.2rem 0.4rem; text-align: left; vertical-align: top; }
thead th, thead th.number { background: var(--faint); white-space: normal; vertical-align: bottom; }
tbody tr { border-top: 1px solid var(--line); }
tbody th { font-weight: normal; }
tr.best td { font-weight: 650; }
.number { text-align: right; white-space: nowrap; }
td.wide { min-width: 14rem; overflow-wrap: anywhere; }
th button { color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-align: inherit; }
th button::after { content: "\\2195"; opacity: 0.35; padding-left: 0.25em; }
th[aria-sort="ascending"] button::after { content: "\\2191"; opacity: 1; }
th[aria-sort="descending"] button::after { content: "\\2193"; opacity: 1; }
.filter { display: flex; flex-wrap: wrap; gap: 0.25rem 0.75rem; align-items: center; margin: 0.5rem 0;
  font-size: 0.875rem; }
.filter[hidden] { display: none; }
.filter input { padding: 0.15rem 0.4rem; width: 15rem; max-width: 100%; }
.copy { display: inline-flex; gap: 0.35rem; align-items: center; }
.copy button { font-size: 0.8125rem; cursor: pointer; padding: 0 0.4rem; }
td[data-value="diverged"], td[data-value="stalled"], td[data-value="failed"] { font-weight: bold; }
tr[data-run] { cursor: pointer; }
tr.chosen { background: color-mix(in srgb, var(--blue) 16%, var(--ground)); }
.filter label { max-width: 100%; }
.filter select { max-width: 100%; }
.answers tbody td { white-space: pre-wrap; overflow-wrap: anywhere; }
.answers .wrong > :first-child, td.wrong { font-weight: bold; color: light-dark(#b3261e, #ff8a80); }
.answers .right > :first-child, td.right { font-weight: bold; color: light-dark(#146c2e, #7fd68f); }
.counts table { width: auto; margin: 0.5rem 0; }
.counts caption { white-space: nowrap; }
.counts td { text-align: right; }
.counts button, .answers [name="more"] { min-width: 4rem; cursor: pointer; }
.counts [aria-pressed="true"] { font-weight: bold; outline: 2px solid currentColor; }
.unseen { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden;
  white-space: nowrap; }
figure { margin: 0.5rem 0 1.25rem; min-width: 0; }
/* A figure without a table beside it has its words there. */
.body > figure { display: grid; grid-template-columns: minmax(0, 42rem) minmax(12rem, 28rem); gap: 0 1.75rem;
  align-items: start; }
.body > figure h3 { grid-column: 1 / -1; }
.plot { max-width: 100%; }
.plot svg { display: block; max-width: 100%; height: auto; font-family: system-ui, "DejaVu Sans", sans-serif; }
.plot a { color: inherit; cursor: pointer; }
.plot a:hover, .plot a:focus-visible { outline: none; stroke: var(--vermilion); stroke-width: 3px; }
.plot a path, .plot a:focus-visible path { pointer-events: stroke; }
#run-panel:not(:empty) { border: 1px solid var(--line); border-radius: 6px; padding: 0.75rem 1rem;
  margin: 0.5rem 0 1rem; scroll-margin-top: 6rem; }
#tip { position: absolute; z-index: 3; max-width: min(22rem, calc(100vw - 1.5rem)); padding: 0.4rem 0.6rem;
  background: var(--ground); border: 1px solid var(--muted); border-radius: 6px; font-size: 0.8125rem;
  box-shadow: 0 2px 10px color-mix(in srgb, var(--ink) 25%, transparent); overflow-wrap: anywhere; }
#tip[hidden] { display: none; }
#tip p { margin: 0.15rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 0.75rem; margin: 0.25rem 0;
  font-size: 0.8125rem; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
summary { cursor: pointer; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.25rem 0; font-size: 0.8125rem; }
@media (max-width: 72rem) { .pair, .pair.below > figure, .body > figure { display: block; } }
@media (max-width: 45rem) {
  th, td { padding-inline: 0.25rem; }
  th:not([aria-sort]) button::after { content: none; }
  #bar { position: static; }
  section { scroll-margin-top: 0.5rem; }
  form { gap: 0.4rem 1rem; }
  form select { max-width: calc(100vw - 6rem); }
  /* An example is a block of its own: texts of others would be moved out of sight. */
  .answers .scroll table, .answers .scroll tbody, .answers .scroll tr, .answers .scroll td { display: block; }
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
  #bar, .filter, #tip { display: none; }
  .scroll { overflow: visible; border: 0; }
  figure, tr { break-inside: avoid; }
  th button::after { content: none; }
}
`;
