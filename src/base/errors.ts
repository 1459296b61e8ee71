import type { ErrorCode } from "./error-codes.ts";

/** What an error says besides its sentence: plain values that go into the JSON reply as they are. */
export type ErrorFields = Readonly<Record<string, string | number | boolean | readonly unknown[]>>;

/**
 * The one error of boxcar. Everything that is refused on purpose is one of these; anything else that is thrown is a
 * defect and answers 500.
 *
 * `code` is the stable name programs may switch on (`error` in replies of the server); `message` says what happened, what was expected and what to do.
 */
export class BoxcarError extends Error {
  override readonly name = "BoxcarError";
  readonly code: ErrorCode;
  /** Details for programs, for example the box and byte offset of a parse error. */
  readonly fields: ErrorFields;

  constructor(code: ErrorCode, message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.fields = fields;
  }
}

/** What a terminal shows of any failure: one sentence, and where it happened only of a defect that is being looked for. */
export function sentenceOf(error: unknown, withStack = false): string {
  if (error instanceof BoxcarError) return error.message;
  if (!(error instanceof Error)) return String(error);
  if (withStack && error.stack !== undefined) return error.stack;
  if (!(error instanceof RangeError && /memory/i.test(error.message)))
    return `${error.message} (BOXCAR_LOG=debug shows where)`;
  return `There is not enough memory: ${error.message}. Give the process more of it, and no limit of its address space (ulimit -v).`;
}

/** What ends work whose client has closed its connection: nobody reads it but the log. */
export function clientGone(): BoxcarError {
  return new BoxcarError("client_gone", "The client closed the connection before its answer was ready.");
}
