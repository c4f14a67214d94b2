/** YAML from anyone, read within bounds: every fault is an error with its place, and none hangs. */
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseDocument,
  Parser,
  type YAMLMap,
} from "yaml";
import { SweepError } from "./sweep_error.ts";

/** The place of a key in the text, as `file:line:column key`. */
export type Locate = (path: readonly (string | number)[]) => string;

/** A text's value, and where in the text its parts stand. */
export interface YamlText {
  /** Null when the text is empty. */
  readonly value: unknown;
  readonly locate: Locate;
}

/** Characters of a text, which take about 10 µs each. */
const MOST_CHARACTERS = 100_000;

/** Levels of lists and mappings inside each other; a sweep needs four. */
const MOST_LEVELS = 32;

/** Values that a text may give; aliases can make a short text give any number of them. */
const MOST_VALUES = 1_000_000;

/**
 * Reads a text of YAML. Aliases are replaced by what they stand for.
 *
 * @param path of the file, for messages
 * @throws {SweepError} when the text is no YAML, has a tag without meaning, an alias that stands for
 * nothing or for what it is inside of, more than 100,000 characters or a million values, or more than 32
 * levels, naming file, line and column
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { value, locate } = readYaml("set: { r: 2 }", "x.yaml");
 * assert.deepEqual(value, { set: { r: 2 } });
 * assert.equal(locate(["set", "r"]), "x.yaml:1:8 set.r");
 * assert.throws(() => readYaml("a: *b", "x.yaml"), /x\.yaml:1:4: there is no anchor &b/);
 * ```
 */
export function readYaml(text: string, path: string): YamlText {
  if (text.length > MOST_CHARACTERS) {
    const most = MOST_CHARACTERS.toLocaleString("en-US");
    throw new SweepError(`Cannot read ${path} as it must have at most ${most} characters`);
  }
  const deep = firstTooDeep(text);
  if (deep !== null) {
    throw new SweepError(
      `Cannot read ${path}:${deep.line}:${deep.col}: lists and mappings stand more than ` +
        `${MOST_LEVELS} levels deep`,
    );
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false });
  const placeAt = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const fault = (offset: number, why: string) =>
    new SweepError(`Cannot read ${placeAt(offset)}: ${why}`);
  // A warning is about a tag that has no meaning here and would be passed over.
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw fault(problem.pos[0], problem.message.split(/ at line|\n/)[0]!);

  const targets = aliasTargets(document.contents);
  const open = new Set<Node>();
  let values = 0;
  const valueOf = (node: Node | null): unknown => {
    if (node === null) return null;
    const offset = node.range?.[0] ?? 0;
    if (++values > MOST_VALUES) {
      throw fault(offset, `the text gives more than ${MOST_VALUES.toLocaleString("en-US")} values`);
    }
    if (isScalar(node)) return node.value;
    if (isAlias(node)) {
      const target = targets.get(node);
      if (target === undefined) throw fault(offset, `there is no anchor &${node.source} before it`);
      if (open.has(target)) {
        throw fault(offset, `*${node.source} stands inside of what it stands for`);
      }
      return valueOf(target);
    }
    open.add(node);
    const value = isSeq<Node | null>(node)
      ? node.items.map(valueOf)
      : entriesOf(node as YAMLMap<Node, Node | null>);
    open.delete(node);
    return value;
  };
  const entriesOf = ({ items }: YAMLMap<Node, Node | null>): Record<string, unknown> => {
    const entries = new Map<string, unknown>();
    for (const { key, value } of items) {
      const offset = key?.range?.[0] ?? 0;
      if (!isScalar(key)) throw fault(offset, "a key must be a word");
      const name = String(key.value);
      if (entries.has(name)) throw fault(offset, `key "${name}" is there twice`);
      entries.set(name, valueOf(value));
    }
    return Object.fromEntries(entries);
  };
  const locate: Locate = (keys) =>
    [placeAt(offsetOf(document.contents, keys)), keys.join(".")]
      .filter((part) => part !== "").join(" ");
  return { value: valueOf(document.contents), locate };
}

/** Where the text first goes too deep; null where it does not. The parser of documents recurses. */
function firstTooDeep(text: string): { line: number; col: number } | null {
  const lines = new LineCounter();
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  for (const token of new Lexer().lex(text)) {
    for (const _ of parser.next(token));
    // One level is a collection and perhaps a token before it.
    if (parser.stack.length > 2 * MOST_LEVELS) return lines.linePos(parser.offset);
  }
  return null;
}

/** What each alias stands for: the last node before it that has its anchor. */
function aliasTargets(root: Node | null): Map<Alias, Node> {
  const targets = new Map<Alias, Node>();
  const anchors = new Map<string, Node>();
  const walk = (node: Node | null): void => {
    if (node === null) return;
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target !== undefined) targets.set(node, target);
      return;
    }
    const { anchor } = node as { anchor?: string };
    if (anchor !== undefined) anchors.set(anchor, node);
    if (isSeq<Node | null>(node)) node.items.forEach(walk);
    else if (isMap<Node, Node | null>(node)) node.items.forEach(({ value }) => walk(value));
  };
  walk(root);
  return targets;
}

/** Where in the text the node at `keys` starts; of its nearest parent when it has none. */
function offsetOf(root: Node | null, keys: readonly (string | number)[]): number {
  let node: Node | null = root;
  let offset = root?.range?.[0] ?? 0;
  for (const key of keys) {
    if (isMap(node)) {
      const pair = (node as YAMLMap<Node, Node | null>).items.find((item) =>
        isScalar(item.key) && String(item.key.value) === String(key)
      );
      if (pair === undefined) break;
      offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else {
      const item = (node as unknown as { items?: (Node | null)[] } | null)?.items?.[Number(key)];
      if (item === undefined || item === null) break;
      offset = item.range?.[0] ?? offset;
      node = item;
    }
  }
  return offset;
}
