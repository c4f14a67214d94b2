/** Thrown when a sweep's file or command line cannot be read, with the place of the fault. */
export class SweepError extends SyntaxError {
  override readonly name = "SweepError";

  constructor(message: string) {
    // A file's text is not to steer a terminal.
    super(message.replace(/\p{Cc}/gu, (letter) => JSON.stringify(letter).slice(1, -1)));
  }
}
