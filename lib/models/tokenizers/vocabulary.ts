import { type Tokens } from "./model.ts";
import { type Options } from "./options.ts";

/** Tokens and their ids, each the other's. */
export class Vocabulary implements Tokens {
  readonly #ids = new Map<string, number>();
  readonly #tokens = new Map<number, string>();

  /**
   * The `vocab` of a model.
   * @throws {RangeError} when it is not an object of whole numbers, all different
   */
  constructor(options: Options) {
    for (const [token, id] of Object.entries(options.object("vocab"))) {
      if (!(Number.isInteger(id) && (id as number) >= 0)) {
        throw new RangeError(
          `the id of ${JSON.stringify(token)} must be a whole number from 0: found ${id}`,
        );
      }
      const other = this.#tokens.get(id as number);
      if (other !== undefined) {
        throw new RangeError(
          `ids must differ: found ${JSON.stringify(other)} and ${JSON.stringify(token)} as ${id}`,
        );
      }
      this.#ids.set(token, id as number);
      this.#tokens.set(id as number, token);
    }
  }

  /** How many tokens there are. */
  get size(): number {
    return this.#ids.size;
  }

  /** The id of a token; undefined when there is none. */
  idOf(token: string): number | undefined {
    return this.#ids.get(token);
  }

  /** The token of an id; undefined when there is none. */
  tokenOf(id: number): string | undefined {
    return this.#tokens.get(id);
  }

  /**
   * The id of the token for what is unknown.
   * @throws {RangeError} when there is none, as Python does where it is needed first
   */
  unknownId(token: string): number {
    const id = this.#ids.get(token);
    if (id === undefined) {
      throw new RangeError(
        `Cannot encode as the unknown token must be in the vocabulary: ${JSON.stringify(token)} ` +
          `is not`,
      );
    }
    return id;
  }
}
