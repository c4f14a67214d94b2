/** What the live page has above the report's: how far the sweep is, curves of runs at work, and buttons. */

/** The HTML that `browser/live.ts` fills. */
export const LIVE_BANNER = `
<style>
#live { border: 1px solid var(--line); border-radius: 6px; padding: 0.5rem 0.75rem; margin: 0.75rem 0; }
#live h2 { font-size: 1rem; margin: 0; display: inline; }
#live .top { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; align-items: center; }
#live .top p { margin: 0; flex: 1 1 14rem; max-width: none; }
#live button { padding: 0.15rem 0.6rem; cursor: pointer; white-space: nowrap; font-size: 0.875rem; }
#live button[disabled] { cursor: default; opacity: 0.6; }
#live .runs { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: 0.5rem;
  margin: 0.5rem 0; }
#live .run { border: 1px solid var(--line); border-radius: 4px; padding: 0.4rem 0.5rem; min-width: 0; }
#live .run p { margin: 0; font-size: 0.8125rem; overflow-wrap: anywhere; }
#live .run .foot { display: flex; justify-content: space-between; align-items: center; gap: 0.5rem; }
#live .plot { margin: 0.25rem 0; }
#live .cells { max-height: 16rem; overflow-y: auto; display: grid; gap: 0.1rem 0.75rem;
  grid-template-columns: minmax(6rem, max-content) minmax(6rem, 1fr) max-content; font-size: 0.8125rem; }
#live .cell { display: grid; grid-column: 1 / -1; grid-template-columns: subgrid; align-items: center;
  grid-template-areas: "label track words"; }
#live .cells span { overflow-wrap: anywhere; }
#live .track { display: flex; height: 0.7rem; background: var(--faint); border-radius: 2px; overflow: hidden;
  border: 1px solid var(--line); }
#live .track i { display: block; }
#live .done { background: var(--blue); }
#live .running { background: repeating-linear-gradient(45deg, var(--blue) 0 3px, var(--ground) 3px 6px); }
#live .failed { background: var(--vermilion); }
#live .why { font-size: 0.8125rem; margin: 0.25rem 0; padding-left: 1.1rem; overflow-wrap: anywhere; }
#live .lost { color: var(--vermilion); font-weight: 650; }
#live details { margin-top: 0.35rem; }
@media (max-width: 40rem) {
  #live .cells { grid-template-columns: 1fr max-content; gap: 0.35rem 0.75rem; }
  #live .cell { grid-template-areas: "label words" "track track"; }
}
</style>
<div id="live" role="region" aria-label="The sweep at work">
<div class="top"><p role="status" id="live-state">Connecting …</p>
<button type="button" id="live-hold" hidden>Stop after the runs at work</button></div>
<div class="runs" id="live-runs"></div>
<details id="live-cells" open><summary>Progress by cell</summary><div class="cells"></div></details>
<details id="live-failed" open hidden><summary></summary><ul class="why"></ul></details>
</div>`;
