import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { liveBreather } from "../../base/shared-breather.ts";
import { Authorization, type Credentials } from "./authorization.ts";
import { sourceFailed } from "./hand-over.ts";
import { MessageReader, type Answer, type Packet } from "./messages.ts";

/**
 * How often packets are read, milliseconds, unless there were so many bytes at once: reading each by itself costs several times as much
 * as all that is done with it. No multiple of the time between two pictures: some picture soon is read as it comes, and tells when it
 * was captured.
 */
const GATHERING_MS = 70;
const MUCH = 16 << 10;
/** Bytes that are read at once. */
const READ = 64 << 10;
/** Pieces in which an answer may come until they are gathered, too. */
const ANSWER_PIECES = 32;
/** Bytes of packets that may come before the answer to PLAY does. */
const MOST_EARLY = 4 << 20;

/** Methods that this client uses (RFC 2326 section 10). */
type Method = "OPTIONS" | "DESCRIBE" | "SETUP" | "PLAY" | "GET_PARAMETER" | "TEARDOWN";

/** One connection to a server of RTSP 1.0 (RFC 2326). */
export class RtspConnection {
  readonly #socket: Socket;
  /** What has come, and whether that is all; `#wake` is called when either changes. */
  readonly #chunks: Uint8Array[] = [];
  #isOver = false;
  #wake: () => void = () => undefined;
  readonly #reader = new MessageReader();
  readonly #authorization: Authorization | undefined;
  #number = 0;
  #session: string | undefined;
  #early: Packet[] = [];
  #earlyBytes = 0;
  /** What came behind the last answer. */
  #unread: (Answer | Packet)[] = [];

  private constructor(host: string, port: number, credentials: Credentials | undefined) {
    // One buffer for all that is read: else each read has memory of its own of this size, for a few packets.
    const callback = (length: number, buffer: Uint8Array): boolean => {
      this.#chunks.push(Uint8Array.prototype.slice.call(buffer, 0, length));
      this.#wake();
      return false; // pauses, without the events and ticks of `pause`
    };
    this.#socket = connect({ host, port, noDelay: true, onread: { buffer: new Uint8Array(READ), callback } });
    const over = (): void => {
      this.#isOver = true;
      this.#wake();
    };
    this.#socket.on("end", over).on("close", over).on("error", over);
    this.#authorization = credentials && new Authorization(credentials);
  }

  /**
   * Connects to the first of some addresses that answers.
   * @param signal ends the connection
   * @throws BoxcarError `source_failed`
   */
  static async open(
    addresses: readonly string[],
    port: number,
    credentials: Credentials | undefined,
    signal: AbortSignal,
  ): Promise<RtspConnection> {
    let why = "it has no address";
    for (const host of addresses) {
      const connection = new RtspConnection(host, port, credentials);
      const socket = connection.#socket;
      const destroy = (): void => {
        socket.destroy();
      };
      signal.addEventListener("abort", destroy);
      if (signal.aborted) destroy();
      socket.once("close", () => {
        signal.removeEventListener("abort", destroy);
      });
      try {
        await once(socket, "connect");
        socket.pause();
        return connection;
      } catch (error) {
        socket.destroy();
        if (signal.aborted) break;
        const code = error instanceof Error && "code" in error ? String(error.code) : "";
        why = code === "ECONNREFUSED" ? "Connection refused" : `it cannot be connected to (${code})`;
      }
    }
    throw sourceFailed(why);
  }

  /** The session that further requests belong to. */
  set session(id: string) {
    this.#session = id;
  }

  /**
   * Sends a request, and waits for its answer; a challenge is answered.
   * @throws BoxcarError `source_failed`
   */
  async ask(method: Method, uri: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    for (let challenges = 0; ; challenges++) {
      this.send(method, uri, headers);
      const answer = await this.#answer(this.#number);
      const challenged = answer.headers.get("www-authenticate");
      // Once more: a nonce may have gone stale.
      const mayAgain = answer.status === 401 && challenges < 2 && challenged !== undefined;
      if (!mayAgain || this.#authorization?.challenge(challenged) !== true) return answer;
    }
  }

  /** Sends a request whose answer nobody waits for. */
  send(method: Method, uri: string, headers: Readonly<Record<string, string>> = {}): void {
    const authorization = this.#authorization?.header({ method, uri });
    const all = {
      CSeq: String(++this.#number),
      "User-Agent": "boxcar",
      ...(this.#session === undefined ? {} : { Session: this.#session }),
      ...(authorization === undefined ? {} : { Authorization: authorization }),
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#socket.write(`${method} ${uri} RTSP/1.0\r\n${lines.join("")}\r\n`);
  }

  /** The packets of each piece that comes, those first that came before this was asked. Ends with the connection. */
  async *packets(): AsyncGenerator<readonly Packet[], void, undefined> {
    yield [...this.#early, ...this.#unread.filter(isPacket)];
    this.#early = [];
    this.#unread = [];
    for (let length = MUCH; ;) {
      if (length < MUCH && this.#chunks.length === 0) await gathering();
      const chunk = await this.#next();
      if (chunk === undefined) return;
      ({ length } = chunk);
      yield this.#reader.push(chunk).filter(isPacket);
    }
  }

  /** Ends the connection once all is sent. */
  close(): void {
    this.#socket.end();
    this.#socket.destroySoon();
  }

  async #answer(number: number): Promise<Answer> {
    for (let pieces = 1; ; pieces++) {
      for (let message = this.#unread.shift(); message !== undefined; message = this.#unread.shift()) {
        if (!isPacket(message)) {
          // Answers to what nobody waits for carry another number, and requests of the server no status.
          if (message.status > 0 && Number(message.headers.get("cseq")?.[0] ?? number) === number) return message;
        } else {
          this.#early.push(message);
          this.#earlyBytes += message.bytes.length;
          if (this.#earlyBytes > MOST_EARLY) throw sourceFailed("it sends packets instead of answers");
        }
      }
      if (pieces > ANSWER_PIECES && this.#chunks.length === 0) await gathering();
      const chunk = await this.#next();
      if (chunk === undefined) throw sourceFailed("it closed the connection");
      this.#unread = this.#reader.push(chunk);
    }
  }

  /** What comes next; undefined at the end, also when the connection breaks off. */
  async #next(): Promise<Uint8Array | undefined> {
    if (this.#chunks.length === 0 && !this.#isOver) {
      this.#socket.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    // All connections whose bytes have come go on in the same turn of the event loop.
    await liveBreather.breathe();
    return this.#chunks.shift();
  }
}

function isPacket(message: Answer | Packet): message is Packet {
  return "channel" in message;
}

let gathered: Promise<void> | undefined;

/**
 * Waits for the moment at which all connections read on, so that what they share is at hand. One timer tells it: timers run out up to a
 * millisecond early, and who waited for a moment by the clock would wait, and read, once more for next to nothing.
 */
function gathering(): Promise<void> {
  gathered ??= new Promise((resolve) => {
    setTimeout(() => {
      gathered = undefined;
      resolve();
    }, GATHERING_MS);
  });
  return gathered;
}
