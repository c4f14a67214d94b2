/** Somebody who waits for an answer. */
interface Waiting<Question, Answer> {
  readonly member: number;
  readonly question: Question;
  readonly give: (answer: Answer) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * A place where several activities of one process have their questions answered at once: as soon as everyone
 * who is there has asked. At first nobody is; who does something else in the meantime leaves, so that nobody
 * waits in vain.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const meeting = new Meeting<number, string>((numbers) => numbers.map((n) => `${n} of ${numbers}`));
 * [0, 1, 2].forEach((member) => meeting.enter(member));
 * const [first, second] = [meeting.ask(2, 20), meeting.ask(0, 0)];
 * meeting.leave(1); // the others have asked
 * assert.deepEqual(await Promise.all([first, second]), ["20 of 0,20", "0 of 0,20"]);
 * ```
 */
export class Meeting<Question, Answer> {
  readonly #present = new Set<number>();
  readonly #answer: (questions: readonly Question[]) => readonly Answer[];
  #waiting: Waiting<Question, Answer>[] = [];

  /**
   * @param answer answers the questions of those present, which come in the order of the members' numbers;
   * what it throws is thrown at each of them
   */
  constructor(answer: (questions: readonly Question[]) => readonly Answer[]) {
    this.#answer = answer;
  }

  /** A member comes, and is waited for from now on. */
  enter(member: number): void {
    this.#present.add(member);
  }

  /** A member, who has no open question, does something else for a while, or for ever. */
  leave(member: number): void {
    this.#present.delete(member);
    this.#answerAll();
  }

  /** A member who is present asks, and waits until all others have asked or left. */
  ask(member: number, question: Question): Promise<Answer> {
    return new Promise((give, fail) => {
      this.#waiting.push({ member, question, give, fail });
      this.#answerAll();
    });
  }

  #answerAll(): void {
    const asked = this.#waiting;
    if (asked.length === 0 || asked.length < this.#present.size) return;
    this.#waiting = [];
    asked.sort((a, b) => a.member - b.member);
    try {
      const answers = this.#answer(asked.map(({ question }) => question));
      asked.forEach(({ give }, i) => give(answers[i]!));
    } catch (error) {
      asked.forEach(({ fail }) => fail(error));
    }
  }
}
