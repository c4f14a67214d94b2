import { BAR_STYLE } from "./bar_style.ts";
import type { SuperniProgress } from "../tasks/superni_download.ts";
import { duration } from "../util/words.ts";

/** Shows a download of many files to a person. */
export interface DataProgress {
  /** How far it is. */
  show(progress: SuperniProgress): void;
  /** Leaves the terminal as it was; to be called however the download ends. */
  stop(): void;
}

/** A line at each tenth of the bytes, for files, pipes and logs. */
export function dataLines(write: (line: string) => void): DataProgress {
  let told = 0;
  return {
    show({ done, files, received, bytes }) {
      const tenth = Math.floor(received / Math.max(bytes, 1) * 10);
      if (tenth <= told && done < files) return;
      if (told === 10) return;
      told = done === files ? 10 : Math.min(tenth, 9);
      write(`${count(done)} of ${count(files)} files, ${size(received)} of ${size(bytes)}`);
    },
    stop() {},
  };
}

/**
 * One bar for all files, with bytes, rate and time left.
 *
 * @param now the time in ms, for the rate
 */
export async function dataBar(
  stream: NodeJS.WritableStream,
  now: () => number = performance.now.bind(performance),
): Promise<DataProgress> {
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    stream,
    format: "[{bar}] {share}% | {files} files | {sizes}{rate}",
    ...BAR_STYLE,
  });
  let start: { time: number; received: number } | null = null;
  return {
    show({ done, files, received, bytes }) {
      // What is there already comes in one go; the rate is of what follows.
      const first = start === null;
      start ??= { time: now(), received };
      const seconds = (now() - start.time) / 1000;
      const rate = (received - start.received) / seconds;
      const payload = {
        share: Math.floor(received / Math.max(bytes, 1) * 100),
        files: `${count(done)}/${count(files)}`,
        sizes: `${size(received)} of ${size(bytes)}`,
        rate: rate > 0 && Number.isFinite(rate)
          ? ` | ${size(rate)}/s | ${duration((bytes - received) / rate)} left`
          : "",
      };
      if (first) bar.start(bytes, received, payload);
      else bar.update(received, payload);
    },
    stop() {
      if (start !== null) bar.stop();
      start = null;
    },
  };
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

/**
 * A number of bytes as people read it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([512, 20_400, 3_250_000_000].map(size), ["512 B", "20.4 kB", "3.3 GB"]);
 * ```
 */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  for (; bytes >= 1000 && unit < units.length - 1; unit++) bytes /= 1000;
  return `${unit === 0 ? Math.round(bytes) : bytes.toFixed(1)} ${units[unit]}`;
}
