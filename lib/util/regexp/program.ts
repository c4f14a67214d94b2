import { mayBeEmpty, type Node, type Syntax } from "./syntax.ts";

/** What takes letters, forwards or `back`. */
type Taking = Extract<Node, { kind: "text" } | { kind: "one" }> & { readonly back: boolean };

/** One instruction of a {@linkcode Program}. */
export type Instruction =
  | Taking
  | Extract<Node, { kind: "place" } | { kind: "back" }>
  /** Goes on at `first`, and when that fails at `second`; `index` counts these. */
  | { readonly kind: "split"; first: number; second: number; readonly index: number }
  | { readonly kind: "jump"; to: number }
  /** A group starts or ends here. */
  | { readonly kind: "save"; readonly slot: number }
  /** A round of a loop that may be empty starts here. */
  | { readonly kind: "enter"; readonly slot: number }
  /** Fails when the round has taken no letter. */
  | { readonly kind: "leave"; readonly slot: number }
  /** What follows, up to a `match` before `end`, is looked for from here. */
  | { readonly kind: "look"; readonly behind: boolean; readonly not: boolean; end: number }
  | { readonly kind: "atomic"; end: number }
  | { readonly kind: "match" };

/** A regular expression as instructions. */
export interface Program {
  readonly instructions: readonly Instruction[];
  /** How many of them are splits. */
  readonly splits: number;
  /** The most loops around one another whose rounds may be empty. */
  readonly depth: number;
  /** Whether what lies before a place is looked at in more than one way. */
  readonly searchesBehind: boolean;
  readonly isUnicode: boolean;
}

/**
 * Turns a regular expression into instructions.
 *
 * @param most the most of them
 * @throws {SyntaxError} when there are more
 */
export function compile({ node, groups, hasBack, isUnicode }: Syntax, most: number): Program {
  const instructions: Instruction[] = [];
  let slots = 2 * (groups + 1);
  let [splits, depth, deepest, searchesBehind] = [0, 0, 0, false];
  const add = <I extends Instruction>(instruction: I): I => {
    if (instructions.length >= most) throw new SyntaxError("it is too large");
    instructions.push(instruction);
    return instruction;
  };
  const split = (back: boolean) => {
    searchesBehind ||= back;
    return add({ kind: "split", first: instructions.length + 1, second: 0, index: splits++ });
  };
  const emit = (node: Node, back: boolean): void => {
    switch (node.kind) {
      case "text":
      case "one":
        add({ ...node, back });
        break;
      case "place":
      case "back":
        add(node);
        break;
      case "all":
        for (const part of back ? node.parts.toReversed() : node.parts) emit(part, back);
        break;
      case "any": {
        const ends = node.parts.slice(0, -1).map((part) => {
          const other = split(back);
          emit(part, back);
          const end = add({ kind: "jump", to: 0 });
          other.second = instructions.length;
          return end;
        });
        emit(node.parts.at(-1)!, back);
        for (const end of ends) end.to = instructions.length;
        break;
      }
      case "group":
        if (!hasBack) return emit(node.part, back);
        add({ kind: "save", slot: 2 * node.index });
        emit(node.part, back);
        add({ kind: "save", slot: 2 * node.index + 1 });
        break;
      case "atomic": {
        const atomic = add({ kind: "atomic", end: 0 });
        emit(node.part, false);
        add({ kind: "match" });
        atomic.end = instructions.length;
        break;
      }
      case "look": {
        const look = add({ kind: "look", behind: node.behind, not: node.not, end: 0 });
        // A reference must come after its group, so it is matched forwards, from every place before.
        emit(node.part, node.behind && !hasBack);
        add({ kind: "match" });
        look.end = instructions.length;
        break;
      }
      case "repeat":
        emitRepeat(node, back);
    }
  };
  const emitRepeat = (
    { part, min, max, lazy }: Extract<Node, { kind: "repeat" }>,
    back: boolean,
  ) => {
    for (let i = 0; i < min; i++) {
      const size = instructions.length;
      emit(part, back);
      if (instructions.length === size) return; // rounds of nothing
    }
    const isChecked = mayBeEmpty(part);
    /** Emits a round that may be left out, and says what is to be told where the loop ends. */
    const round = (): (end: number) => void => {
      const choice = split(back);
      const slot = slots;
      if (isChecked) {
        slots++;
        deepest = Math.max(deepest, ++depth);
        add({ kind: "enter", slot });
      }
      emit(part, back);
      if (isChecked) {
        depth--;
        add({ kind: "leave", slot });
      }
      return (end) => {
        if (lazy) [choice.first, choice.second] = [end, choice.first];
        else choice.second = end;
      };
    };
    if (max === Infinity) {
      const start = instructions.length;
      const ended = round();
      add({ kind: "jump", to: start });
      ended(instructions.length);
      return;
    }
    const rounds: ((end: number) => void)[] = [];
    for (let i = min; i < max; i++) rounds.push(round());
    for (const ended of rounds) ended(instructions.length);
  };
  emit(node, false);
  add({ kind: "match" });
  return { instructions, splits, depth: deepest, searchesBehind, isUnicode };
}
