type Node = Map<number, Node> & { value?: number };

/** Texts with a number each, found at a place of a longer text. */
export class Trie {
  readonly #root: Node = new Map();

  /** Keeps a number for a text; a later one takes its place. */
  set(text: string, value: number): void {
    let node = this.#root;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      let next = node.get(unit);
      if (next === undefined) node.set(unit, next = new Map());
      node = next;
    }
    node.value = value;
  }

  /** The number of a text; undefined when there is none. */
  get(text: string): number | undefined {
    let node: Node | undefined = this.#root;
    for (let i = 0; i < text.length && node !== undefined; i++) node = node.get(text.charCodeAt(i));
    return node?.value;
  }

  /** Calls back for each kept text that begins at a place, the shortest first. */
  prefixes(text: string, start: number, found: (end: number, value: number) => void): void {
    let node = this.#root;
    for (let i = start; i < text.length; i++) {
      const next = node.get(text.charCodeAt(i));
      if (next === undefined) return;
      node = next;
      if (node.value !== undefined) found(i + 1, node.value);
    }
  }
}
