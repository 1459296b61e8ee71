import { arrived } from "../../base/bytes.ts";
import { lookup } from "node:dns/promises";
import * as http from "node:http";
import * as https from "node:https";
import { BoxcarError } from "../../base/errors.ts";
import { isListedHost, isPublicAddress, readRemoteUrl, type RemoteUrl } from "../../pictures/remote-url.ts";
import type { ByteSpan, OpenRemote, RemoteFile } from "../../base/ports.ts";
import { answerTo } from "./answer-to.ts";

const TIME_LIMIT_MS = 10_000;
/** Redirects that are followed. */
const MOST_REDIRECTS = 3;
/** Bytes of the first request: what the index of a file starts with. */
const FIRST_BYTES = 16 << 10;
/** Bytes of a file whose server knows no ranges, which is then held in memory. */
const WHOLE_LIMIT = 32 << 20;
/** Bytes that may be fetched of one file in all. */
const FETCH_LIMIT = 64 << 20;

/** Files that are open at once: each may hold as much memory as `WHOLE_LIMIT`. */
const MOST_OPEN = 8;

/** How remote files are reached. */
export interface RemoteOptions {
  /** Hosts that may be read although their addresses are not public: `name` or `name:port`. */
  readonly hosts: readonly string[];
  /** All addresses of a name. Default: as the system resolves it. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
  /** Whether an address may be connected to. Default: public ones. */
  readonly isAllowed?: (address: string) => boolean;
  /** Milliseconds from opening a file to the end of the last read from it. Default 10 s. */
  readonly timeLimitMs?: number;
}

/** A place whose address has been checked: every request goes there, whatever its name resolves to by then. */
interface Target {
  readonly remote: RemoteUrl;
  readonly address: string;
}

/**
 * Opens remote files over HTTP, never reaching an address that is not allowed: each name is resolved once, all its
 * addresses are checked, and connections go to a checked address. Every redirect is checked like the first URL.
 */
export function remoteFiles(options: RemoteOptions): OpenRemote {
  const open = new Set<Connection>();
  return async (url) => {
    if (open.size >= MOST_OPEN) {
      const message = `${MOST_OPEN} videos of other hosts are being read, as many as may be at once. Ask again in a moment.`;
      throw new BoxcarError("busy", message, { retryAfterSeconds: 1 });
    }
    const file = new Connection(options, () => open.delete(file));
    open.add(file);
    try {
      return await file.open(url);
    } catch (cause) {
      file.close();
      throw unreadable(cause);
    }
  };
}

class Connection {
  readonly #options: RemoteOptions;
  readonly #ending = new AbortController();
  readonly #signal = this.#ending.signal;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #agents = {
    "http:": new http.Agent({ keepAlive: true, maxSockets: 2 }),
    "https:": new https.Agent({ keepAlive: true, maxSockets: 2 }),
  };
  readonly #onClose: () => void;
  #fetched = 0;

  constructor(options: RemoteOptions, onClose: () => void) {
    this.#options = options;
    // A timer of its own: Node 20 may collect the signals that AbortSignal.any and AbortSignal.timeout make.
    this.#timer = setTimeout(() => {
      this.#ending.abort(new DOMException("The host took too long.", "TimeoutError"));
    }, options.timeLimitMs ?? TIME_LIMIT_MS);
    this.#onClose = onClose;
  }

  close(): void {
    this.#onClose();
    clearTimeout(this.#timer);
    this.#ending.abort();
    this.#agents["http:"].destroy();
    this.#agents["https:"].destroy();
  }

  async open(url: string): Promise<RemoteFile> {
    const first = { offset: 0, length: FIRST_BYTES };
    let remote = readRemoteUrl(url);
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const target = await this.#check(remote);
      const response = await this.#request(target, first);
      const { statusCode = 0, headers } = response;
      if (statusCode === 206) return await this.#ranged(target, response);
      if (statusCode === 200) return await this.#whole(response);
      response.destroy();
      if (![301, 302, 303, 307, 308].includes(statusCode)) throw new Error(`answered ${statusCode}`);
      remote = readRemoteUrl(headers.location ?? "", target.remote.url);
    }
    throw new Error("redirected too often");
  }

  async #ranged(target: Target, response: http.IncomingMessage): Promise<RemoteFile> {
    const size = sizeOf(response, 0);
    const head = await this.#collect(response, Math.min(size, FIRST_BYTES));
    const first = response.headers;
    return {
      size,
      read: (span) => {
        checkSpan(span, size);
        if (span.offset + span.length <= head.length)
          return arrived(head.subarray(span.offset, span.offset + span.length));
        return this.#read(target, span, size, first);
      },
      close: () => this.close(),
    };
  }

  /** A server without ranges sends everything at once, and that is kept. */
  async #whole(response: http.IncomingMessage): Promise<RemoteFile> {
    const stated = Number(response.headers["content-length"]);
    if (stated > WHOLE_LIMIT) throw new Error(`the server knows no ranges, and ${stated} bytes are too many`);
    const bytes = await this.#collect(response, WHOLE_LIMIT);
    return {
      size: bytes.length,
      read: (span) => {
        checkSpan(span, bytes.length);
        return arrived(bytes.subarray(span.offset, span.offset + span.length));
      },
      close: () => this.close(),
    };
  }

  async *#read(
    target: Target,
    span: ByteSpan,
    size: number,
    first: http.IncomingHttpHeaders,
  ): AsyncGenerator<Uint8Array> {
    try {
      const response = await this.#request(target, span, versionOf(first));
      try {
        if (response.statusCode !== 206) throw new Error(`answered ${String(response.statusCode)} to a range`);
        // A server may know ranges and no conditions on them (RFC 9110 section 13.1.5).
        if (sizeOf(response, span.offset) !== size || differ(response.headers, first))
          throw new Error("the file changed");
        let got = 0;
        for await (const chunk of response as AsyncIterable<Uint8Array>) {
          got += chunk.length;
          this.#count(chunk.length);
          if (got > span.length) throw new Error("more bytes than asked for");
          yield chunk;
        }
        if (got < span.length) throw new Error("fewer bytes than asked for");
      } finally {
        response.destroy();
      }
    } catch (cause) {
      throw unreadable(cause);
    }
  }

  async #collect(response: http.IncomingMessage, limit: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      this.#count(chunk.length);
      if (length > limit) throw new Error("more bytes than there may be");
      chunks.push(chunk);
    }
    return new Uint8Array(Buffer.concat(chunks, length));
  }

  #count(bytes: number): void {
    this.#fetched += bytes;
    if (this.#fetched > FETCH_LIMIT) throw new Error("too many bytes");
  }

  async #check(remote: RemoteUrl | undefined): Promise<Target> {
    if (remote === undefined) throw new Error("not a URL that may be fetched");
    const { resolve = resolveName, isAllowed = isPublicAddress, hosts } = this.#options;
    const addresses = remote.isAddress ? [remote.host] : await this.#orAborted(resolve(remote.host));
    const [address] = addresses;
    if (address === undefined) throw new Error("the name has no address");
    if (!isListedHost(hosts, remote) && !addresses.every((one) => isAllowed(one)))
      throw new Error("an address that is not public");
    return { remote, address };
  }

  #request({ remote, address }: Target, span: ByteSpan, ifRange?: string): Promise<http.IncomingMessage> {
    const { url, host, port, isAddress } = remote;
    const secure = url.protocol === "https:";
    const headers: http.OutgoingHttpHeaders = {
      Host: url.host,
      Range: `bytes=${span.offset}-${span.offset + span.length - 1}`,
      "Accept-Encoding": "identity",
      "User-Agent": "boxcar",
    };
    if (ifRange !== undefined) headers["If-Range"] = ifRange;
    const path = url.pathname + url.search;
    const options = { host: address, port, path, headers };
    const request = secure
      ? https.request({ ...options, agent: this.#agents["https:"], ...(isAddress ? {} : { servername: host }) })
      : http.request({ ...options, agent: this.#agents["http:"] });
    return answerTo(request, undefined, this.#signal);
  }

  #orAborted<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#signal.addEventListener("abort", () => reject(new Error("timed out")), { once: true });
      promise.then(resolve, reject);
    });
  }
}

/** IPv4 first: a machine without IPv6 resolves its addresses all the same. */
async function resolveName(name: string): Promise<string[]> {
  const found = await lookup(name, { all: true });
  return found.toSorted((a, b) => a.family - b.family).map(({ address }) => address);
}

/** The file's size after `Content-Range`, which must start at `offset`. */
function sizeOf({ headers }: http.IncomingMessage, offset: number): number {
  const [, from, size] = /^bytes (\d+)-\d+\/(\d{1,15})$/.exec(headers["content-range"] ?? "") ?? [];
  if (Number(from) !== offset) throw new Error("another range than the one asked for");
  return Number(size);
}

/** What can stand in `If-Range`: a strong entity tag, else the time of the last change. */
function versionOf({ etag, "last-modified": modified }: http.IncomingHttpHeaders): string | undefined {
  return etag?.startsWith('"') === true ? etag : modified;
}

/** Whether two answers are of different versions, by what both of them state. */
function differ(one: http.IncomingHttpHeaders, other: http.IncomingHttpHeaders): boolean {
  const names = ["etag", "last-modified"] as const;
  return names.some((name) => one[name] !== undefined && other[name] !== undefined && one[name] !== other[name]);
}

function checkSpan(span: ByteSpan, size: number): void {
  if (span.offset + span.length > size) throw unreadable(new Error("the file is shorter than its tables say"));
}

/** One error for everything: what went wrong would tell about a network that the asker does not see. */
function unreadable(cause: unknown): BoxcarError {
  if (cause instanceof BoxcarError) return cause;
  const message =
    "The video could not be read from its URL. It must be a public http or https URL that answers soon; " +
    "hosts inside a private network have to be listed in BOXCAR_FETCH_HOSTS.";
  return new BoxcarError("remote_unreadable", message, {}, cause);
}
