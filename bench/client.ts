/** A small HTTP/1.1 client that costs little: it counts body bytes as they arrive in one buffer and keeps none. */
import { connect, type Socket } from "node:net";

/** Where to ask. */
export interface Target {
  readonly port: number;
  readonly path: string;
  /** Value of a `Range` header. */
  readonly range?: string;
}

/** What came. Times count from the moment the request is written on an open connection. */
export interface Transfer {
  /** Until the first byte of the body, milliseconds. */
  readonly firstByteMs: number;
  /** Until the last byte, or until `stopAfter` bytes had come. */
  readonly totalMs: number;
  readonly bytes: number;
}

/** Connections made at the same time share nothing, so each has its own buffer of this size. */
const BUFFER = 1 << 20;

/**
 * Downloads from 127.0.0.1.
 * @param stopAfter breaks the connection off once that many body bytes have come
 * @throws when the answer is no 200 or 206, or the body is shorter than its `Content-Length`
 */
export function download(target: Target, stopAfter = Number.POSITIVE_INFINITY, bufferSize = BUFFER): Promise<Transfer> {
  return new Promise((resolve, reject) => {
    let started = 0;
    let head = "";
    let expected: number | undefined;
    let firstByteMs = 0;
    let bytes = 0;
    const take = (length: number, chunk: Uint8Array): boolean => {
      let body = length;
      if (expected === undefined) {
        head += Buffer.from(chunk.buffer, chunk.byteOffset, length).toString("latin1");
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) return true;
        body = head.length - end - 4;
        expected = lengthIn(head.slice(0, end), target, fail);
        if (expected === undefined) return false;
      }
      if (body > 0 && bytes === 0) firstByteMs = performance.now() - started;
      bytes += body;
      if (bytes < Math.min(expected, stopAfter)) return true;
      const totalMs = performance.now() - started;
      socket.destroy();
      resolve({ firstByteMs, totalMs, bytes });
      return false;
    };
    const socket: Socket = connect({
      host: "127.0.0.1",
      port: target.port,
      noDelay: true,
      onread: { buffer: Buffer.allocUnsafeSlow(bufferSize), callback: take },
    });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.on("error", reject);
    socket.on("close", () => {
      reject(new Error(`${target.path}: the connection closed after ${bytes} of ${String(expected)} bytes`));
    });
    socket.on("connect", () => {
      const range = target.range === undefined ? "" : `Range: ${target.range}\r\n`;
      started = performance.now();
      socket.write(`GET ${target.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${range}\r\n`);
    });
  });
}

function lengthIn(head: string, { path }: Target, fail: (error: Error) => void): number | undefined {
  const status = head.slice(9, 12);
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if ((status === "200" || status === "206") && length !== undefined) return Number(length);
  fail(new Error(`${path}: ${head.split("\r\n")[0] ?? "no answer"}`));
  return undefined;
}
