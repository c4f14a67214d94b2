/** The tokens of a model and their ids. */
export interface Tokens {
  /** How many tokens there are, those added to the model not counted. */
  readonly size: number;
  /** The id of a token; undefined when there is none. */
  idOf(token: string): number | undefined;
  /** The token of an id; undefined when there is none. */
  tokenOf(id: number): string | undefined;
}

/** What turns the pieces of a text into ids. */
export interface Model {
  /** Its tokens. */
  readonly tokens: Tokens;
  /**
   * The ids of one piece.
   * @throws {RangeError} when it needs an unknown token and there is none
   */
  encode(piece: string): readonly number[];
}

/** The token that stands for a byte where a character has none. */
export function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
}
