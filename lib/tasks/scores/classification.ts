/**
 * Scores of classification, of all answers to a task at once: a text is a class, and two are the same class
 * when they are the same letter by letter.
 */

/**
 * The mean over classes of their F1, in [0, 1]. Every class counts alike, however many answers or truths
 * it has; one that only answers have, such as a text that is none of the labels, counts with 0.
 *
 * Source: scikit-learn, `f1_score(truths, answers, average="macro")`, which is the measure of CrossFit (Ye
 * et al. 2021, arXiv 2104.08835) for classification.
 *
 * @param answers at least one
 * @param truths as many
 * @throws {RangeError} when there is none, or not one truth for each answer
 *
 * @example Constant answers have half of what they would get by accuracy, and less
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(macroF1(["yes", "yes"], ["yes", "no"]), (2 / 3 + 0) / 2);
 * ```
 */
export function macroF1(answers: readonly string[], truths: readonly string[]): number {
  checkPairs("macro F1", answers, truths);
  const classes = [...new Set([...truths, ...answers])];
  const scores = classes.map((name) => {
    const both = answers.filter((answer, i) => answer === name && truths[i] === name).length;
    return 2 * both / (countOf(answers, name) + countOf(truths, name));
  });
  return scores.reduce((sum, score) => sum + score, 0) / classes.length;
}

/**
 * Matthews' correlation of answers and truths, in [−1, 1], for any number of classes: 1 when all are
 * right, and about 0 for answers that know nothing. 0 when all answers or all truths are one class.
 *
 * Source: Gorodkin 2004 for several classes, as scikit-learn's `matthews_corrcoef` computes it.
 *
 * @param answers at least one
 * @param truths as many
 * @throws {RangeError} when there is none, or not one truth for each answer
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(matthews(["no", "yes"], ["no", "yes"]), 1);
 * assert.equal(matthews(["yes", "yes"], ["no", "yes"]), 0);
 * ```
 */
export function matthews(answers: readonly string[], truths: readonly string[]): number {
  checkPairs("Matthews' correlation", answers, truths);
  const classes = [...new Set([...truths, ...answers])];
  const n = answers.length;
  const right = answers.filter((answer, i) => answer === truths[i]).length;
  // Covariances of the indicators of classes, times n².
  let [both, ofAnswers, ofTruths] = [right * n, n * n, n * n];
  for (const name of classes) {
    const [answered, true_] = [countOf(answers, name), countOf(truths, name)];
    both -= answered * true_;
    ofAnswers -= answered * answered;
    ofTruths -= true_ * true_;
  }
  return ofAnswers === 0 || ofTruths === 0 ? 0 : both / Math.sqrt(ofAnswers * ofTruths);
}

function countOf(texts: readonly string[], name: string): number {
  return texts.filter((text) => text === name).length;
}

function checkPairs(what: string, answers: readonly string[], truths: readonly string[]): void {
  if (answers.length === 0 || answers.length !== truths.length) {
    throw new RangeError(
      `Cannot compute ${what} as there must be one truth for each of at least one answer: ` +
        `got ${answers.length} answers and ${truths.length} truths`,
    );
  }
}
