import { PassThrough } from "node:stream";

/** A stream that a progress bar takes for a terminal of 100 columns. */
export function fakeTerminal() {
  return Object.assign(new PassThrough(), {
    isTTY: true,
    columns: 100,
    cursorTo: () => {},
    clearLine: () => {},
  });
}
