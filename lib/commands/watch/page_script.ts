/** What the live page has above the report's: how far the sweep is, curves of runs at work, and buttons. */

/** The HTML that the script fills. */
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
#live svg { display: block; width: 100%; height: 3.5rem; margin: 0.25rem 0; }
#live path { fill: none; stroke: var(--vermilion); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
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

/** The script that listens to the server; it works with the page's own. */
export const LIVE_SCRIPT = String.raw`
(() => {
  const find = (id) => document.getElementById(id);
  const make = (name, text, className) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (className !== undefined) element.className = className;
    return element;
  };
  const counted = (count, thing) => count + " " + thing + (count === 1 ? "" : "s");
  const cards = new Map();
  const asked = new Set();
  let trouble = "";
  let isConnected = false;
  let last = null;

  const ask = async (run, button) => {
    button.disabled = true;
    button.textContent = run === null ? "No other run will begin" : "Stopping …";
    asked.add(run);
    const reply = await fetch("wish", { method: "POST", body: JSON.stringify({ run }) })
      .catch(() => null);
    if (reply !== null && reply.ok) return;
    asked.delete(run);
    button.disabled = false;
    button.textContent = "It did not work: try again";
  };

  /** A curve of losses on a logarithmic axis, as the losses of a training fall. */
  const curve = (losses, share) => {
    const values = losses.filter((loss) => loss > 0).map(Math.log);
    if (values.length < 2) return "";
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const y = (value) => high === low ? 20 : 38 - 36 * (value - low) / (high - low);
    return values.map((value, i) =>
      (i === 0 ? "M" : "L") + (100 * share * i / (values.length - 1)).toFixed(2) + "," + y(value).toFixed(2)
    ).join("");
  };

  const newCard = ({ id, label }) => {
    const card = make("div", undefined, "run");
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 100 40");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    svg.append(document.createElementNS("http://www.w3.org/2000/svg", "path"));
    const foot = make("div", undefined, "foot");
    const button = make("button", "Stop this run");
    button.type = "button";
    button.setAttribute("aria-label", "Stop run " + label);
    button.addEventListener("click", () => ask(id, button));
    foot.append(make("p"), button);
    card.append(make("p", label), svg, foot);
    return { card, path: svg.firstChild, svg, text: foot.firstChild, button };
  };

  const drawRuns = ({ running, isSteered }) => {
    const ids = new Set(running.map(({ id }) => id));
    for (const [id, { card }] of cards) {
      if (ids.has(id)) continue;
      card.remove();
      cards.delete(id);
      asked.delete(id);
    }
    for (const run of running) {
      if (!cards.has(run.id)) {
        cards.set(run.id, newCard(run));
        find("live-runs").append(cards.get(run.id).card);
      }
      const { path, svg, text, button } = cards.get(run.id);
      const share = run.steps === 0 ? 1 : Math.min(1, run.step / run.steps);
      path.setAttribute("d", curve(run.losses, share));
      const loss = run.losses.at(-1);
      const said = run.step >= run.steps && run.steps > 0
        ? "trained; evaluating and adapting"
        : "step " + run.step + " of " + run.steps;
      const of = loss === undefined ? "" : ", loss " + loss.toPrecision(3);
      text.textContent = said + of;
      svg.setAttribute("aria-label", "Loss of " + run.label + ": " + said + of);
      button.hidden = !isSteered;
    }
  };

  const drawCells = ({ cells }) => {
    const box = document.querySelector("#live-cells .cells");
    box.replaceChildren(...cells.map(({ label, done, failed, running, all }) => {
      const track = make("div", undefined, "track");
      for (const [name, count] of Object.entries({ done, running, failed })) {
        const part = make("i", undefined, name);
        part.style.width = 100 * count / all + "%";
        track.append(part);
      }
      const words = done + " of " + all + (running > 0 ? ", " + running + " at work" : "") +
        (failed > 0 ? ", " + failed + " failed" : "");
      track.setAttribute("role", "img");
      track.setAttribute("aria-label", words);
      const [name, count] = [make("span", label), make("span", words)];
      [name.style.gridArea, track.style.gridArea, count.style.gridArea] = ["label", "track", "words"];
      const row = make("div", undefined, "cell");
      row.append(name, track, count);
      return row;
    }));
  };

  const drawFailed = ({ failed }) => {
    const box = find("live-failed");
    box.hidden = failed.length === 0;
    box.querySelector("summary").textContent = counted(failed.length, "run") + " failed";
    box.querySelector("ul").replaceChildren(...failed.slice(0, 50).map(({ label, why }) => {
      const item = make("li");
      item.append(make("b", label), ": " + why);
      return item;
    }), ...(failed.length > 50 ? [make("li", "and " + (failed.length - 50) + " more")] : []));
  };

  const drawState = () => {
    const state = find("live-state");
    state.classList.toggle("lost", !isConnected || trouble !== "");
    const hold = find("live-hold");
    if (last === null) {
      state.textContent = isConnected ? trouble : "Connecting …";
      return;
    }
    const { done, all, running, failed, isSteered } = last;
    const counts = done + " of " + counted(all, "run") + " done" +
      (failed.length > 0 ? ", " + failed.length + " failed" : "");
    const isOver = done + failed.length === all && running.length === 0;
    state.textContent = !isConnected
      ? counts + " when the server ended. The page goes on by itself once it is started again: deno task watch."
      : trouble !== "" ? counts + ". " + trouble
      : counts + (running.length > 0 ? ", " + running.length + " at work."
        : isOver ? ". The sweep is over."
        : isSteered ? ". The next runs are about to begin."
        : ". Nobody is at work on it: the same deno task sweep goes on with it.");
    hold.hidden = !isConnected || !isSteered || running.length === 0;
    if (!isSteered) {
      asked.delete(null);
      hold.disabled = false;
      hold.textContent = "Stop after the runs at work";
    }
  };

  find("live-hold").addEventListener("click", (event) => ask(null, event.target));
  const events = new EventSource("events");
  events.addEventListener("open", () => { isConnected = true; drawState(); });
  events.addEventListener("error", () => { isConnected = false; drawState(); });
  const hear = (kind, then) =>
    events.addEventListener(kind, ({ data }) => { then(JSON.parse(data)); drawState(); });
  hear("progress", (progress) => {
    last = progress;
    drawRuns(progress);
    drawCells(progress);
    drawFailed(progress);
  });
  hear("study", (study) => {
    try {
      polytropos.update(study);
    } catch (error) {
      trouble = "The page cannot show what is new: " + error.message;
    }
  });
  hear("trouble", (text) => { trouble = text; });
})();
`;
