/** A multi-task phase that was left in the middle, as the content of a file. */
import type { NoisePositions } from "../../ops/noise.ts";
import type { StageContent } from "../../stages/stage.ts";
import { type Snapshot, takeSnapshot } from "../../train/snapshot.ts";
import type { TrainState, TrainStep } from "../../train/train.ts";
import type { RunMetrics } from "../metrics/metric.ts";
import type { LogRows } from "./phase.ts";

/** The step with the lowest validation loss so far. */
export interface Best {
  readonly loss: number;
  readonly step: number;
  readonly snapshot: Snapshot;
}

/** Everything that training in the middle is made of. */
export interface Checkpoint {
  readonly parameters: Snapshot;
  readonly state: TrainState;
  readonly noise: NoisePositions;
  readonly best: Best | null;
  readonly rows: LogRows["rows"];
  readonly metrics: Readonly<RunMetrics>;
}

/** A checkpoint as the content of a file. */
export async function checkpointOf(
  at: TrainStep,
  { parameters, best, rows, metrics, noise }:
    & Pick<Checkpoint, "best" | "rows" | "metrics" | "noise">
    & { readonly parameters: Parameters<typeof takeSnapshot>[0] },
): Promise<StageContent> {
  const { step, optimizer } = await at.state();
  return {
    found: {
      step,
      optimizer_steps: optimizer.steps,
      noise,
      best: best === null ? null : { loss: best.loss, step: best.step },
      rows,
      metrics,
    },
    tensors: new Map([
      ...prefixed("parameter/", await takeSnapshot(parameters)),
      ...prefixed("moment/", optimizer.moments),
      ...prefixed("best/", best?.snapshot ?? new Map()),
    ]),
  };
}

/** Reads what {@linkcode checkpointOf} made. */
export function checkpointFrom({ found, tensors }: StageContent): Checkpoint {
  const { step, optimizer_steps, noise, best, rows, metrics } = found as unknown as {
    readonly step: number;
    readonly optimizer_steps: Readonly<Record<string, number>>;
    readonly noise: NoisePositions;
    readonly best: Pick<Best, "loss" | "step"> | null;
    readonly rows: Checkpoint["rows"];
    readonly metrics: Checkpoint["metrics"];
  };
  const under = (prefix: string) =>
    new Map(
      [...tensors].flatMap(([name, values]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), values]] : []
      ),
    );
  return {
    parameters: under("parameter/"),
    state: { step, optimizer: { steps: optimizer_steps, moments: under("moment/") } },
    noise,
    best: best === null ? null : { ...best, snapshot: under("best/") },
    rows,
    metrics,
  };
}

function prefixed(prefix: string, values: ReadonlyMap<string, Float32Array>) {
  return [...values].map(([name, value]) => [prefix + name, value] as const);
}
