import type { Instruction, Program } from "./program.ts";

/** What a run has saved, by slot; groups start and end in even and odd ones. */
type Saved = readonly (number | undefined)[];

/**
 * Runs a program with references, which no known way matches in time that is bounded by the text's
 * length, and stops after a number of steps.
 */
export class BacktrackingMachine {
  #text = "";
  #steps: number;

  /** @param steps the most over all texts */
  constructor(readonly program: Program, steps: number) {
    this.#steps = steps;
  }

  /**
   * Whether a text matches from its start.
   * @throws {SyntaxError} when the steps are used up
   */
  test(text: string): boolean {
    this.#text = text;
    return this.#run(0, 0, null, []) !== null;
  }

  /**
   * Runs from an instruction at a place of the text.
   *
   * @param end the place that the match must end at; null for any
   * @returns what was saved, or null when nothing matches
   */
  #run(start: number, from: number, end: number | null, saved: Saved): Saved | null {
    const { instructions } = this.program;
    const [pcs, ats, saves] = [[start], [from], [saved]];
    while (pcs.length > 0) {
      let [pc, at] = [pcs.pop()!, ats.pop()!];
      saved = saves.pop()!;
      for (;;) {
        if (this.#steps-- <= 0) throw new SyntaxError("it takes too many steps to match");
        const instruction = instructions[pc]!;
        if (instruction.kind === "match") {
          if (end === null || at === end) return saved;
          break;
        }
        if (instruction.kind === "split") {
          pcs.push(instruction.second);
          ats.push(at);
          saves.push(saved);
          pc = instruction.first;
          continue;
        }
        if (instruction.kind === "jump") {
          pc = instruction.to;
          continue;
        }
        if (instruction.kind === "look") {
          const found = this.#look(pc + 1, at, instruction.behind, saved);
          if ((found !== null) === instruction.not) break;
          saved = instruction.not ? saved : found!;
          pc = instruction.end;
          continue;
        }
        if (instruction.kind === "save" || instruction.kind === "enter") {
          const copy = [...saved];
          copy[instruction.slot] = at;
          saved = copy;
          pc++;
          continue;
        }
        const taken = this.#taken(instruction, at, saved);
        if (taken === null) break;
        at += taken;
        pc++;
      }
    }
    return null;
  }

  #look(start: number, at: number, behind: boolean, saved: Saved): Saved | null {
    if (!behind) return this.#run(start, at, null, saved);
    for (let from = at; from >= 0; from--) {
      const found = this.#run(start, from, at, saved);
      if (found !== null) return found;
    }
    return null;
  }

  /** How many letters an instruction takes at a place; null when it does not match there. */
  #taken(instruction: Instruction, at: number, saved: Saved): number | null {
    const text = this.#text;
    switch (instruction.kind) {
      case "text":
        return text.startsWith(instruction.text, at) ? instruction.text.length : null;
      case "one":
        return at < text.length && instruction.is(text[at]!) ? 1 : null;
      case "place":
        return instruction.is(text, at) ? 0 : null;
      case "leave":
        return saved[instruction.slot] === at ? null : 0;
      case "back": {
        const [begin, end] = [saved[2 * instruction.index], saved[2 * instruction.index + 1]];
        if (begin === undefined || end === undefined) return null; // as in Python
        const word = text.slice(begin, end);
        const here = text.slice(at, at + word.length);
        const isSame = instruction.ignoreCase
          ? word.toLowerCase() === here.toLowerCase()
          : word === here;
        return isSame ? word.length : null;
      }
      default:
        throw new Error(`a backtracking machine does not run ${instruction.kind}`);
    }
  }
}
