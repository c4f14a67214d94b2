/** Thrown when a sweep's file or command line cannot be read, with the place of the fault. */
export class SweepError extends SyntaxError {
  override readonly name = "SweepError";
}
