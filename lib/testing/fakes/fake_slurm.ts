import type { Slurm } from "../../slurm/programs.ts";
import type { QueuedElement } from "../../slurm/queue.ts";
import { SweepError } from "../../sweep/plan/sweep_error.ts";

/** A Slurm that does no jobs: it writes down what it is asked, and a test says what becomes of it. */
export class FakeSlurm implements Slurm {
  /** The arguments of every job, by its number. */
  readonly submitted = new Map<string, readonly string[]>();
  readonly cancelled: string[] = [];
  /** Refuses every job from now on, with these words. */
  refuses: string | null = null;
  #queue: QueuedElement[] = [];

  submit(args: readonly string[]): Promise<string> {
    if (this.refuses !== null) return Promise.reject(new SweepError(this.refuses));
    const job = String(100 + this.submitted.size);
    this.submitted.set(job, args);
    const valueOf = (option: string) =>
      args.find((arg) => arg.startsWith(`--${option}=`))?.split("=")[1] ?? null;
    const name = valueOf("job-name")!;
    const last = /^0-(\d+)/.exec(valueOf("array") ?? "")?.[1];
    const indices = last === undefined
      ? [null]
      : Array.from({ length: Number(last) + 1 }, (_, index) => index);
    for (const index of indices) {
      this.#queue.push({ job, index, name, state: "pending", reason: "Resources" });
    }
    return Promise.resolve(job);
  }

  queue(names: readonly string[]): Promise<QueuedElement[]> {
    return Promise.resolve(this.#queue.filter(({ name }) => names.includes(name)));
  }

  cancel(names: readonly string[]): Promise<void> {
    this.cancelled.push(...names);
    this.#queue = this.#queue.filter(({ name }) => !names.includes(name));
    return Promise.resolve();
  }

  /** Lets elements of a job be at work, or, by default all, be gone. */
  set(job: string, state: "running" | "gone", index: number | null = null): void {
    const isMeant = (queued: QueuedElement) =>
      queued.job === job && (index === null || queued.index === index);
    this.#queue = state === "gone"
      ? this.#queue.filter((queued) => !isMeant(queued))
      : this.#queue.map((queued) => isMeant(queued) ? { ...queued, state, reason: "" } : queued);
  }

  /** The dependencies of a job. */
  after(job: string): string | undefined {
    return this.submitted.get(job)?.find((arg) => arg.startsWith("--dependency="));
  }
}
