/** A format that the product reads. */
export interface Format {
  /** Valid inputs, which are mutated; each must be read without an error. */
  readonly seeds: () => readonly (string | Uint8Array)[];
  /**
   * Reads an input as the product does, as far as a damaged one can lead it.
   *
   * @param input the bytes of the file, or of the answer
   * @param dir an empty folder, which is emptied after the call
   */
  readonly read: (input: Uint8Array<ArrayBuffer>, dir: string) => unknown;
}

/** The text of an input as a program gets it that does not insist on UTF-8. */
export function text(input: Uint8Array): string {
  return new TextDecoder().decode(input);
}

/** JSON as a file holds it. */
export function json(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
