/// <reference lib="dom" />
/**
 * The page: what is typed and pressed becomes calls of a {@linkcode Session}, and what they give is shown.
 *
 * @module
 */
import { type BackendName, type ChosenBackend, useBackend } from "../backend/backend.ts";
import { type OpenBase, openBase } from "../run/open_base.ts";
import type { Demonstration } from "./demonstration.ts";
import { byId, make } from "./elements.ts";
import { MixPanel } from "./mix_panel.ts";
import { ADAPTER_FILES, BASE_FILES, fetchFiles, putFiles } from "./page_files.ts";
import { lossCurve } from "./pictures.ts";
import { describeBase, Session } from "./session.ts";

/** Rows of examples. */
const EXAMPLES = 5;

const answerBox = byId("answer", HTMLOutputElement);
const question = byId("question", HTMLTextAreaElement);
let demonstration: Demonstration | null = null;
let open: OpenBase | null = null;
let adapterDir: string | null = null;
let taskNames: readonly string[] = [];
let session: Session | null = null;
let panel: MixPanel | null = null;
let folders = 0;

/** Everything that computes, one after another: the device serves one at a time. */
let turn: Promise<unknown> = Promise.resolve();
let waiting = 0;
function inTurn(work: () => Promise<void>): void {
  if (waiting++ === 0) show(null);
  document.documentElement.dataset.state = "busy";
  turn = turn.then(work).catch(show).finally(() => {
    if (--waiting === 0) document.documentElement.dataset.state = "ready";
  });
}

/** Shows what went wrong; null when nothing did. */
function show(error: unknown): void {
  const box = byId("problem", HTMLElement);
  box.hidden = error === null;
  box.textContent = error === null ? "" : (error as Error).message;
}

/** Lets the page be drawn. */
const drawn = () => new Promise((resolve) => setTimeout(resolve));

/** Loads a base model or an adapter from an address or from files. */
function loader(
  what: "base" | "adapter",
  names: readonly string[],
  use: (dir: string, address: string | null) => Promise<string>,
) {
  const status = byId(`${what}-status`, HTMLOutputElement);
  const address = byId(`${what}-address`, HTMLInputElement);
  const files = byId(`${what}-files`, HTMLInputElement);
  const load = (from: string | null, put: (dir: string) => Promise<void>) =>
    inTurn(async () => {
      const dir = `${what}-${folders++}`;
      try {
        await put(dir);
        status.textContent = "reading…";
        await drawn();
        status.textContent = await use(dir, from);
      } catch (error) {
        status.textContent = "not loaded";
        throw error;
      }
    });
  const fromAddress = () =>
    load(address.value, (dir) =>
      fetchFiles(
        dir,
        new URL(address.value || address.placeholder, document.baseURI),
        names,
        (name) => {
          status.textContent = `fetching ${name}…`;
        },
      ));
  byId(`${what}-form`, HTMLFormElement).onsubmit = (event) => {
    event.preventDefault();
    fromAddress();
  };
  files.onchange = () =>
    load(null, async (dir) => {
      const chosen = [...files.files!].map(async (file) =>
        [file.name, new Uint8Array(await file.arrayBuffer())] as const
      );
      await putFiles(dir, new Map(await Promise.all(chosen)));
    });
  return { address, fromAddress };
}

const base = loader("base", BASE_FILES, async (dir) => {
  const warnings: string[] = [];
  const opened = await openBase(dir, (warning) => warnings.push(warning));
  endSession();
  open?.base.dispose();
  open = opened;
  if (adapterDir !== null) await start(adapterDir);
  return [describeBase(opened), ...warnings].join(". ");
});

const adapter = loader("adapter", ADAPTER_FILES, async (dir, address) => {
  adapterDir = dir;
  taskNames = address === demonstration?.adapter ? demonstration?.tasks ?? [] : [];
  if (open === null) return "here; it goes on the base model when that is loaded";
  return await start(dir);
});

function endSession(): void {
  byId("work", HTMLElement).inert = true;
  session?.end();
  session = panel = null;
}

/** Puts the adapter on the base model, and shows what can be done with the two. */
async function start(dir: string): Promise<string> {
  endSession();
  const warnings: string[] = [];
  session = await Session.start(open!, dir, (warning) => warnings.push(warning));
  const { byHand, nTasks } = session;
  const names = Array.from({ length: nTasks }, (_, task) => nameOf(task));
  byId("mix", HTMLElement).hidden = byHand === null;
  byId("adapt", HTMLButtonElement).disabled = byHand === null;
  panel = byHand === null ? null : new MixPanel(byHand, names, askSoon);
  byId("downloads", HTMLElement).replaceChildren();
  byId("chart", HTMLElement).replaceChildren();
  byId("loss", HTMLOutputElement).textContent = answerBox.textContent = "—";
  byId("answers", HTMLElement).replaceChildren();
  byId("work", HTMLElement).inert = false;
  await ask(true);
  return [session.description, ...warnings].join(". ");
}

/** The name of a task: what the demonstration calls it, or its number. */
function nameOf(task: number): string {
  return taskNames[task] ?? `task ${task}`;
}

/** The most tasks that answer beside the mixture. */
const MOST_ANSWERS = 16;

/** Asks the question of the mixture, and of everything else when `all`. */
async function ask(all: boolean): Promise<void> {
  const { byHand, nTasks } = session!;
  if (question.value === "") return;
  answerBox.textContent = "…";
  await drawn();
  const mixture = byHand === null ? [] : [byHand.task];
  const shown = Math.min(nTasks, MOST_ANSWERS);
  const others = all ? [null, ...Array.from({ length: shown }, (_, task) => task)] : [];
  const texts = await session!.answers(question.value, [...mixture, ...others]);
  answerBox.textContent = byHand === null ? "—" : texts.shift()!;
  if (!all) return;
  byId("answers", HTMLElement).replaceChildren(...others.map((task, i) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, task === null ? "base model alone" : nameOf(task)),
      make("td", {}, texts[i]!),
    )
  ));
}

/** Asks again a little after the last move of a slider. */
let soon: ReturnType<typeof setTimeout> | undefined;
function askSoon(): void {
  clearTimeout(soon);
  document.documentElement.dataset.state = "busy";
  soon = setTimeout(() => inTurn(() => ask(false)), 150);
}

byId("ask-form", HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  inTurn(() => ask(true));
};

const rows = Array.from({ length: EXAMPLES }, (_, i) => {
  const [input, target] = ["input", "answer"].map((what) =>
    make("input", { type: "text", spellcheck: "false", "aria-label": `Example ${i + 1}: ${what}` })
  ) as [HTMLInputElement, HTMLInputElement];
  byId("examples", HTMLElement).append(
    make("tr", {}, make("td", {}, input), make("td", {}, target)),
  );
  return { input, target };
});

let isAdapting = false;
byId("adapt-form", HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  if (isAdapting) isAdapting = false; // a press in the middle stops it after its step
  else inTurn(adapt);
};

async function adapt(): Promise<void> {
  const pairs = rows.map(({ input, target }) => ({ input: input.value, target: target.value }))
    .filter(({ input, target }) => input !== "" && target !== "");
  const [steps, learningRate] = ["steps", "rate"].map((id) =>
    Number(byId(id, HTMLInputElement).value)
  );
  const button = byId("adapt", HTMLButtonElement);
  const losses: number[] = [];
  button.textContent = "Stop";
  isAdapting = true;
  try {
    for await (
      const loss of session!.adapt(pairs, { steps: steps!, learningRate: learningRate! })
    ) {
      losses.push(loss);
      const [first, now] = [losses[0]!, loss].map((value) => value.toFixed(3));
      byId("loss", HTMLOutputElement).textContent = losses.length === 1
        ? now!
        : `${first} → ${now}`;
      byId("chart", HTMLElement).innerHTML = lossCurve(losses, steps!);
      await drawn();
      if (!isAdapting) break;
    }
  } finally {
    button.textContent = "Adapt";
    isAdapting = false;
  }
  panel!.showTrained();
  await ask(false);
}

byId("save", HTMLButtonElement).onclick = () =>
  inTurn(async () => {
    const box = byId("downloads", HTMLElement);
    for (const link of box.querySelectorAll("a")) URL.revokeObjectURL(link.href);
    const files = await session!.save(`saved-${folders++}`);
    box.replaceChildren(...[...files].map(([name, bytes]) => {
      const href = URL.createObjectURL(new Blob([bytes]));
      return make("a", { href, download: name }, `${name} (${Math.ceil(bytes.length / 1024)} KiB)`);
    }));
  });

const backend = byId("backend", HTMLSelectElement);
backend.value = new URLSearchParams(location.search).get("backend") ?? "";
backend.onchange = () => {
  location.search = backend.value === "" ? "" : `?backend=${backend.value}`;
};

/** The device in one line: what it is, and what was passed over for it. */
function deviceText({ name, reason }: ChosenBackend): string {
  const { text } = [...backend.options].find(({ value }) => value === name)!;
  const why = /^\w+: (webgpu .*?)(?: \(matrix products.*)?$/.exec(reason)?.[1];
  return backend.value !== "" ? "" : why === undefined ? text : `${text}: ${why}`;
}

inTurn(async () => {
  const chosen = await useBackend((backend.value || undefined) as BackendName | undefined);
  const device = byId("device", HTMLOutputElement);
  device.textContent = deviceText(chosen);
  device.title = chosen.reason;
  const response = await fetch("demonstration.json");
  if (!response.ok) return;
  demonstration = await response.json() as Demonstration;
  base.address.value = demonstration.base;
  adapter.address.value = demonstration.adapter;
  question.value = demonstration.input;
  demonstration.examples.slice(0, EXAMPLES).forEach((pair, i) => {
    rows[i]!.input.value = pair.input;
    rows[i]!.target.value = pair.target;
  });
  base.fromAddress();
  adapter.fromAddress();
});
