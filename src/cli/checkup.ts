import { BoxcarError } from "../base/errors.ts";

/** What a check found wrong: a sentence that says what to do about it. */
export class Complaint extends Error {
  override readonly name = "Complaint";
}

/** Tries things one after another, and prints what came of each. */
export class Checkup {
  #complaints = 0;
  readonly #print: (line: string) => void;
  readonly #advise: (failure: string) => string | undefined;

  /** @param advise what to do about what an error says, in a sentence, where that is known */
  constructor(print: (line: string) => void, advise: (failure: string) => string | undefined) {
    this.#print = print;
    this.#advise = advise;
  }

  /** How many checks failed. */
  get complaints(): number {
    return this.#complaints;
  }

  /**
   * Tries one thing.
   * @param check may return what is worth knowing besides; throws when something is wrong
   * @returns whether all is well
   */
  async try(what: string, check: () => Promise<string | undefined>): Promise<boolean> {
    try {
      const found = await check();
      this.#print(`ok    ${what}${found === undefined ? "" : ` (${found})`}`);
      return true;
    } catch (error) {
      this.#complaints++;
      const failure = failureOf(error);
      const advice = this.#advise(failure);
      this.#print(["FAIL  " + what, failure, ...(advice === undefined ? [] : [advice])].join("\n      "));
      return false;
    }
  }

  /** Says what was not tried, and why. */
  skip(what: string, why: string): void {
    this.#print(`-     ${what}: ${why}`);
  }
}

/** What an error says, with its innermost reason. */
function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof Complaint) return error.message;
  const reason = reasonOf(error);
  if (!(error instanceof BoxcarError)) return reason;
  return reason === error.message || error.message.includes(reason) ? error.message : `${error.message} (${reason})`;
}

/** The innermost message: libraries wrap what the network says. */
function reasonOf(error: Error): string {
  // Of several addresses that were tried, each has its own error.
  const cause = error instanceof AggregateError ? (error.errors[0] as unknown) : error.cause;
  return cause instanceof Error ? reasonOf(cause) : error.message;
}
