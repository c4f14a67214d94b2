/** A sweep as it is now, told to everybody who listens: it looks at the folder, and needs nobody's help. */
import type { RunResult } from "../../run/result.ts";
import type { PageData } from "../../report/page/data.ts";
import { pageData } from "../../report/page_data.ts";
import { SweepStore } from "../../sweep/store.ts";
import { StoreError } from "../../sweep/store_error.ts";
import { Study } from "../../tables/study.ts";
import type { LiveProgress } from "../../report/page/live_data.ts";
import { ProgressReader } from "./progress.ts";

/** What is told. */
export type LiveEvent =
  | { readonly kind: "progress"; readonly value: LiveProgress }
  | { readonly kind: "study"; readonly value: PageData }
  /** Why nothing can be read at present; the last that was told still stands. */
  | { readonly kind: "trouble"; readonly value: string };

/** How often the folder is looked at, in ms. */
const EVERY = 1000;
/** The least time between two makings of the page's data, in multiples of how long one takes. */
const REST = 6;
/** The same in ms, for small sweeps. */
const LEAST_REST = 2000;

/** Looks at the folder of a sweep again and again, and tells what has changed. */
export class LiveSweep implements AsyncDisposable {
  readonly #reader = new ProgressReader();
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  readonly #latest = new Map<LiveEvent["kind"], string>();
  readonly #stop = new AbortController();
  #begun = -Infinity;
  #took = 0;
  /** The news that were told last. */
  #told = "";
  /** The data that were made last, and from which news. */
  #made: { readonly news: string; readonly data: Promise<PageData> } | null = null;
  #looking: Promise<void>;

  /** @param dir the folder of a sweep */
  constructor(readonly dir: string) {
    this.#looking = this.#lookOn();
  }

  /** Calls back with what is known, and then with every change, until what is returned is called. */
  listen(hear: (event: LiveEvent) => void): () => void {
    for (const [kind, text] of this.#latest) hear({ kind, value: JSON.parse(text) } as LiveEvent);
    this.#listeners.add(hear);
    return () => void this.#listeners.delete(hear);
  }

  /** What the page of the sweep is made of now. */
  async data(): Promise<PageData> {
    const store = await SweepStore.read(this.dir);
    const results = await store.results();
    return await this.#dataOf(store, results, await this.#reader.read(store, results));
  }

  async #lookOn(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#look();
        this.#tell("trouble", "");
      } catch (error) {
        const isOfFiles = error instanceof StoreError || error instanceof SyntaxError ||
          error instanceof RangeError || error instanceof Deno.errors.NotFound;
        this.#tell("trouble", isOfFiles ? error.message : String(error));
      }
      await pause(EVERY, this.#stop.signal);
    }
  }

  /** @param isLast whether nothing is told after this, so that it waits for nothing */
  async #look(isLast = false): Promise<void> {
    const store = await SweepStore.read(this.dir);
    const results = await store.results();
    const progress = await this.#reader.read(store, results);
    this.#tell("progress", progress);
    const rest = Math.max(LEAST_REST, this.#took * REST);
    if (this.#listeners.size === 0) return;
    if (!isLast && performance.now() - this.#begun < rest) return;
    const news = newsOf(results, progress);
    if (news === this.#told) return;
    this.#begun = performance.now();
    this.#tell("study", await this.#dataOf(store, results, progress));
    this.#took = performance.now() - this.#begun;
    this.#told = news;
  }

  /** The data of the page, made once for the page that is opened and the events that follow. */
  async #dataOf(
    store: SweepStore,
    results: readonly RunResult[],
    progress: LiveProgress,
  ): Promise<PageData> {
    const news = newsOf(results, progress);
    if (this.#made?.news !== news) this.#made = { news, data: dataOf(store, results, progress) };
    try {
      return await this.#made.data;
    } catch (error) {
      this.#made = null; // what could not be read is read again
      throw error;
    }
  }

  #tell(kind: LiveEvent["kind"], value: unknown): void {
    const text = JSON.stringify(value);
    if (this.#latest.get(kind) === text) return;
    this.#latest.set(kind, text);
    for (const hear of this.#listeners) hear({ kind, value } as LiveEvent);
  }

  /** Tells how things stand at the end, and then no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#looking;
    await this.#look(true).catch(() => {}); // what was told last stands
  }
}

/** What is new of a sweep: ends of runs and growing losses; all else of a page follows from them. */
function newsOf(results: readonly RunResult[], { running }: LiveProgress): string {
  return JSON.stringify([
    results.map(({ id, status }) => [id, status]),
    running.map(({ id, losses }) => [id, losses.length, losses.at(-1)]),
  ]);
}

/** The data of the page, in which runs at work are told from those that have not begun. */
async function dataOf(
  { dir, manifest }: SweepStore,
  results: readonly RunResult[],
  { running }: LiveProgress,
): Promise<PageData> {
  const data = await pageData(new Study(dir, manifest, results));
  const atWork = new Set(running.map(({ id }) => id));
  const [id, status] = ["id", "status"].map((name) => data.runs.columns.indexOf(name));
  const rows = data.runs.rows.map((row) =>
    atWork.has(String(row[id!])) ? row.with(status!, "running") : row
  );
  return { ...data, runs: { ...data.runs, rows } };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
