import { NO_BYTES } from "../../base/bytes.ts";
import { ChunkSizes } from "../../base/small-chunks.ts";
import { sourceFailed } from "./hand-over.ts";

/** Bytes that the head of an answer, and its body, may have. */
const MOST_HEAD = 16 << 10;
const MOST_BODY = 256 << 10;
/** First byte of a packet amid answers: `$` (RFC 2326 section 10.12). */
const INTERLEAVED = 0x24;
const LINE_FEED = 0x0a;
const PACKET_HEADER = 4;

/** An answer (RFC 2326 section 7), or a request of the server, which has status 0. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

/** A packet of RTP or RTCP. */
export interface Packet {
  readonly channel: number;
  readonly bytes: Uint8Array;
}

/** Takes what a server of RTSP sends over TCP apart. */
export class MessageReader {
  #rest = NO_BYTES;
  readonly #sizes = new ChunkSizes();

  /**
   * Takes the next bytes, and keeps references to them.
   * @throws BoxcarError `source_failed` for what is neither an answer nor a packet, or too long, or too much of next to nothing
   */
  push(chunk: Uint8Array): (Answer | Packet)[] {
    const messages: (Answer | Packet)[] = [];
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    let at = 0;
    while (at < bytes.length) {
      // Some servers leave line ends behind an answer.
      if (bytes[at] === 0x0d || bytes[at] === LINE_FEED) {
        at++;
        continue;
      }
      const isPacket = bytes[at] === INTERLEAVED;
      const end = isPacket ? packetEnd(bytes, at) : answerEnd(bytes, at);
      if (end === undefined || end > bytes.length) break;
      // An answer counts as empty: reading one takes as long as some packets.
      if (this.#sizes.areTooSmall(isPacket ? end - at : 0)) throw sourceFailed("it sends too much that holds nothing");
      messages.push(
        isPacket
          ? { channel: bytes[at + 1] ?? 0, bytes: bytes.subarray(at + PACKET_HEADER, end) }
          : readAnswer(bytes.subarray(at, end)),
      );
      at = end;
    }
    // A copy: little is left, and what it was cut from can go.
    this.#rest = at === bytes.length ? NO_BYTES : bytes.slice(at);
    return messages;
  }
}

function packetEnd(bytes: Uint8Array, at: number): number | undefined {
  if (bytes.length < at + PACKET_HEADER) return undefined;
  return at + PACKET_HEADER + (bytes[at + 2] ?? 0) * 256 + (bytes[at + 3] ?? 0);
}

/** Where an answer ends; undefined: its head is not there yet. */
function answerEnd(bytes: Uint8Array, at: number): number | undefined {
  const first = bytes[at] ?? 0;
  if (first < 0x41 || first > 0x5a) throw sourceFailed("it sends what is no RTSP");
  let lineStart = at;
  for (let i = at; i < bytes.length && i - at < MOST_HEAD; i++) {
    if (bytes[i] !== LINE_FEED) continue;
    const isEmpty = i === lineStart || (i === lineStart + 1 && bytes[lineStart] === 0x0d);
    if (isEmpty && i > at) return i + 1 + bodyLength(text(bytes.subarray(at, i)));
    lineStart = i + 1;
  }
  if (bytes.length - at >= MOST_HEAD) throw sourceFailed("the head of its answer is too long");
  return undefined;
}

function bodyLength(head: string): number {
  const length = Number(/^content-length:[ \t]*(\d{1,9})[ \t]*\r?$/im.exec(head)?.[1] ?? 0);
  if (length > MOST_BODY) throw sourceFailed("its answer is too long");
  return length;
}

function readAnswer(bytes: Uint8Array): Answer {
  const whole = text(bytes);
  const [head = ""] = /^[^]*?\r?\n\r?\n/.exec(whole) ?? [];
  const lines = head.split(/\r?\n/);
  const [, status = "0", reason = ""] = /^RTSP\/1\.\d (\d{3})(?: (.*))?$/.exec(lines[0] ?? "") ?? [];
  const headers = new Map<string, string[]>();
  for (const line of lines.slice(1)) {
    const field = readField(line, ":");
    if (field !== undefined) listed(headers, field.name).push(field.value);
  }
  return { status: Number(status), reason: printable(reason), headers, body: whole.slice(head.length) };
}

/**
 * A name in lower case, and the text behind what separates it, without white space around. No pattern: where one may match white space in
 * several ways, a line of nothing else takes minutes.
 */
export function readField(text: string, separator: ":" | "="): { name: string; value: string } | undefined {
  const at = text.indexOf(separator);
  const name = (at < 0 ? text : text.slice(0, at)).trim();
  if (!/^[\w-]+$/.test(name)) return undefined;
  return { name: name.toLowerCase(), value: at < 0 ? "" : text.slice(at + 1).trim() };
}

/** The values of a name, which has none yet. */
export function listed(fields: Map<string, string[]>, name: string): string[] {
  const known = fields.get(name);
  if (known !== undefined) return known;
  const values: string[] = [];
  fields.set(name, values);
  return values;
}

function printable(reason: string): string {
  return reason.replaceAll(/[^\x20-\x7e]/g, "").slice(0, 100);
}

// One character a byte: lengths are counted in bytes.
function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
