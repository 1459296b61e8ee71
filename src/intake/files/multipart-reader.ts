import { concatenated } from "../../base/bytes.ts";
import { BoxcarError } from "../../base/errors.ts";

/** Bytes of the header fields of one part, at most. */
const MAX_HEADER = 16_384;

const CR = 0x0d;
const encoder = new TextEncoder();
const LINE = encoder.encode("\r\n");
const BLANK_LINE = encoder.encode("\r\n\r\n");
const DASHES = encoder.encode("--");

/**
 * Takes a multipart body (RFC 2046 section 5.1) apart as it arrives: `nextPart`, then `content` to its end, and again.
 * Written anew because multipasta 0.2 refuses forms whose last two dashes come in two chunks, or that have an epilogue, and
 * throws on some file names.
 * It holds one chunk of the body and what of the one before may belong to a boundary or a header.
 */
export class MultipartReader {
  readonly #source: AsyncIterator<Uint8Array>;
  /** What stands before each part and after the last one. */
  readonly #delimiter: Uint8Array;
  /** Bytes that came and were not taken. The first boundary may stand at the very start: without a line before it. */
  #buffer: Uint8Array = LINE;
  #inPart = true;

  /** @throws BoxcarError `bad_form` (400) when the type names no boundary */
  constructor(contentType: string, source: AsyncIterator<Uint8Array>) {
    const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? [];
    const boundary = quoted ?? plain;
    if (boundary === undefined) throw badForm("has no boundary of 1 to 70 characters in its Content-Type");
    this.#source = source;
    this.#delimiter = encoder.encode(`\r\n--${boundary}`);
  }

  /**
   * Goes to the next part, past what was not read of the last one.
   * @returns its `Content-Disposition`, empty when it has none; undefined after the last part
   * @throws BoxcarError `bad_form` (400), and as the source does
   */
  async nextPart(): Promise<string | undefined> {
    while ((await this.#nextContent()) !== undefined);
    while (this.#buffer.length < 2) await this.#fill();
    if (startsWith(this.#buffer, DASHES)) return undefined;
    const padding = await this.#until(LINE);
    if (!/^[ \t]*$/.test(padding)) throw badForm("has a boundary that is followed by something else than a line break");
    this.#inPart = true;
    // The line break before the header makes one without any fields end like all others.
    this.#buffer = concatenated([LINE, this.#buffer]);
    return dispositionOf(await this.#until(BLANK_LINE));
  }

  /** The content of the part. A chunk is only valid until the next one is asked for. @throws as `nextPart` does */
  async *content(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let chunk = await this.#nextContent(); chunk !== undefined; chunk = await this.#nextContent()) yield chunk;
  }

  /** The next bytes before the boundary that ends the part; undefined when it is reached. */
  async #nextContent(): Promise<Uint8Array | undefined> {
    while (this.#inPart) {
      const at = indexOf(this.#buffer, this.#delimiter);
      if (at === 0) {
        this.#inPart = false;
        this.#buffer = this.#buffer.subarray(this.#delimiter.length);
      } else {
        const end = at ?? startOfPossible(this.#buffer, this.#delimiter);
        const content = this.#buffer.subarray(0, end);
        this.#buffer = this.#buffer.subarray(end);
        if (content.length > 0) return content;
        await this.#fill();
      }
    }
    return undefined;
  }

  /** The text up to a mark, and past it. */
  async #until(mark: Uint8Array): Promise<string> {
    for (;;) {
      const at = indexOf(this.#buffer, mark);
      if (at !== undefined && at <= MAX_HEADER) {
        const text = new TextDecoder().decode(this.#buffer.subarray(0, at));
        this.#buffer = this.#buffer.subarray(at + mark.length);
        return text;
      }
      if (this.#buffer.length > MAX_HEADER)
        throw badForm(`has a part with more than ${String(MAX_HEADER)} bytes of header`);
      await this.#fill();
    }
  }

  async #fill(): Promise<void> {
    // A copy: what is held is of a chunk that is gone once the next one is asked for.
    const held = new Uint8Array(this.#buffer);
    const chunk = await this.#source.next();
    if (chunk.done === true) throw badForm("ends before its last boundary");
    this.#buffer = held.length === 0 ? chunk.value : concatenated([held, chunk.value]);
  }
}

/** The refusal of a form that is not written as one. @param fault completes "The form …" */
export function badForm(fault: string): BoxcarError {
  return new BoxcarError("bad_form", `The form ${fault}. Send it as multipart/form-data (RFC 7578).`);
}

function dispositionOf(header: string): string {
  return /(?:^|\r\n)content-disposition:[ \t]*([^\r\n]*)/i.exec(header)?.[1] ?? "";
}

/** Where a mark that begins with CR, and has no other CR but before a line feed, stands first. */
function indexOf(bytes: Uint8Array, mark: Uint8Array): number | undefined {
  for (let at = bytes.indexOf(CR); at >= 0; at = bytes.indexOf(CR, at + 1)) {
    if (startsWith(bytes.subarray(at), mark)) return at;
  }
  return undefined;
}

/** Where a mark may begin that is not there as a whole: what stands before it is certainly none of it. */
function startOfPossible(bytes: Uint8Array, mark: Uint8Array): number {
  const from = Math.max(0, bytes.length - mark.length + 1);
  for (let at = bytes.indexOf(CR, from); at >= 0; at = bytes.indexOf(CR, at + 1)) {
    if (startsWith(mark, bytes.subarray(at))) return at;
  }
  return bytes.length;
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  if (bytes.length < start.length) return false;
  for (let i = 0; i < start.length; i++) if (bytes[i] !== start[i]) return false;
  return true;
}
