/**
 * A map that forgets entries that have not been used lately: it holds at most twice `limit`
 * entries, among them the `limit` used last.
 *
 * Entries are in a young and an old half. An entry found in the old half moves to the young one;
 * when the young half is full, it becomes the old one and the rest is forgotten. So a hit costs one
 * look-up, without any ordering by time.
 */
export class RecentMap<K, V> {
  readonly #limit: number;
  readonly #onForget: (value: V) => void;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  constructor(limit: number, onForget: (value: V) => void = () => {}) {
    this.#limit = limit;
    this.#onForget = onForget;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: K): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#old.delete(key);
      this.set(key, old);
    }
    return old;
  }

  /** Adds a value under a key that is not in the map. */
  set(key: K, value: V): void {
    if (this.#young.size >= this.#limit) {
      for (const forgotten of this.#old.values()) this.#onForget(forgotten);
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  /** Removes the values for which `unwanted` holds. */
  deleteWhere(unwanted: (value: V) => boolean): void {
    for (const half of [this.#young, this.#old]) {
      for (const [key, value] of half) if (unwanted(value)) half.delete(key);
    }
  }
}
