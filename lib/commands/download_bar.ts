import process from "node:process";
import type { DownloadEvent } from "../hub/hugging_face.ts";

/** Shows downloads to a person. */
export interface DownloadBar {
  /** Draws how far it is. */
  show(event: DownloadEvent): void;
  /** Leaves the line; further events would draw a new one. */
  stop(): void;
}

/** A bar on a terminal, one line per file. */
export async function downloadBar(
  stream: NodeJS.WritableStream = process.stderr,
): Promise<DownloadBar> {
  const { default: progress } = await import("cli-progress");
  const options = {
    stream,
    format: "{file} [{bar}] {percentage}% of {size}",
    clearOnComplete: false,
    gracefulExit: false, // Ctrl-C is not the bar's to handle
    hideCursor: null,
  };
  let bar = new progress.SingleBar(options);
  let file: string | null = null;
  return {
    show(event) {
      if (event.file !== file) {
        if (file !== null) bar.stop();
        file = event.file;
        bar = new progress.SingleBar(options);
        const of = event.files === 1 ? "" : ` (${event.fileIndex + 1} of ${event.files})`;
        bar.start(event.total ?? event.received, event.received, {
          file: `${event.file}${of}`,
          size: event.total === null ? "?" : `${(event.total / 1e6).toFixed(1)} MB`,
        });
      }
      bar.update(event.received);
    },
    stop() {
      if (file !== null) bar.stop();
      file = null;
    },
  };
}
