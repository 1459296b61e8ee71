import type { AnnouncedSegment, Extension, TusPiece, TusUpload } from "../../catalog/tus-rows.ts";
import type { Segment } from "../../catalog/types.ts";
import type { Upload } from "../../catalog/upload-rows.ts";
import { statusOf } from "../../base/error-codes.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { HoldMemory, Store } from "../../base/ports.ts";
import { DAY_MS } from "../../base/units.ts";
import { ingestSegment, type KeyLayout } from "../segments/segment-upload.ts";
import { piecesPrefix, removePieces } from "./pieces.ts";
import { BreakingInput } from "../files/breaking-input.ts";
import { HEAD_SIZE, kindOf } from "../files/file-kind.ts";
import { Receiver, splitHead, storeOf, type Destination, type UploadParts } from "../files/receive-file.ts";

/** How long an upload is kept after its last piece, in milliseconds. */
const KEPT_MS = DAY_MS;
/** Pieces of an upload, at most: each is an object of its own until the last byte has come. */
const MAX_PIECES = 10_000;
/** Bytes of a piece, at most, of uploads that are not so large that this would take too many: a crash can cost so much. */
const PIECE_SIZE = 16 << 20;

/** What a client says of a file that it begins to upload. */
export type AnnouncedUpload = Pick<TusUpload, "owner" | "length" | "fileName" | "imageClassId" | "announced">;

/** Bytes of an upload that arrive in one request. */
export interface IncomingBytes {
  /** Where they belong in the file. */
  readonly offset: number;
  /** A chunk is only used until the next one is asked for. */
  readonly body: AsyncIterable<Uint8Array>;
  /** How many they are, where that is known. */
  readonly size?: number | undefined;
  /** Told of the memory that the metadata of the whole file takes. */
  readonly hold?: HoldMemory | undefined;
}

/** The whole of a file that came in pieces. */
type Content = Pick<IncomingBytes, "body" | "hold">;

/** How far an upload is, and its file or its segment once it is finished. */
export interface UploadState extends TusUpload {
  readonly file: Upload | undefined;
  /** Undefined also where it has been deleted. */
  readonly segment: Segment | undefined;
}

/** Where what was uploaded goes. */
export interface Destinations {
  readonly files: Destination;
  /** Of keys of segments. */
  readonly keyLayout: KeyLayout;
}

/**
 * Uploads that may break off and go on: what arrived is kept as pieces in the store, listed in the catalog, so that any
 * machine can go on after any crash. With the last byte the pieces become one file, or one segment, on the same way as all others.
 */
export class TusUploads {
  readonly #parts: UploadParts;
  readonly #randomId: () => string;
  readonly #destinations: Destinations;
  /** Uploads that this process is writing to. */
  readonly #busy = new Set<string>();

  constructor(parts: UploadParts, randomId: () => string, destinations: Destinations) {
    this.#parts = parts;
    this.#randomId = randomId;
    this.#destinations = destinations;
  }

  /** Begins an upload of `length` bytes, at least 1. */
  async create(announced: AnnouncedUpload): Promise<TusUpload> {
    const { untilMs } = this.#extension();
    const upload = { ...announced, id: this.#randomId(), received: 0, pieces: 0, untilMs };
    const begun = { ...upload, fileKey: undefined, segmentId: undefined };
    await this.#parts.catalog.tus.create(begun);
    return begun;
  }

  /**
   * An upload of its owner.
   * @throws BoxcarError `unknown_upload` (404)
   */
  async find(id: string, owner: string): Promise<UploadState> {
    const { catalog, clock } = this.#parts;
    const upload = await catalog.tus.find(id, clock());
    if (upload?.owner === owner) {
      const file = upload.fileKey === undefined ? undefined : await catalog.uploads.find("store", upload.fileKey);
      // A file whose last transaction was kept although its answer was lost has been taken back.
      if (file !== undefined || upload.fileKey === undefined) {
        const segment = upload.segmentId === undefined ? undefined : await catalog.segment(upload.segmentId);
        return { ...upload, file, segment };
      }
    }
    throw new BoxcarError("unknown_upload", "There is no such upload, or its time is over. Begin a new one.");
  }

  /**
   * Adds bytes. What arrived before their body breaks off is kept.
   * @returns the upload as it is then
   * @throws BoxcarError `unknown_upload` (404), `wrong_offset` (409), `upload_busy` (423), `too_large` (413),
   *   `too_many_pieces` (400); `unsupported_type` (415), and what `ingestSegment` refuses (400, 422), after which the upload is
   *   gone; and as the body, the store and the catalog do
   */
  async append(id: string, owner: string, bytes: IncomingBytes): Promise<UploadState> {
    if (this.#busy.has(id)) throw busy();
    this.#busy.add(id);
    try {
      const upload = await this.find(id, owner);
      if (upload.received !== bytes.offset) throw wrongOffset(upload.received);
      if ((bytes.size ?? 0) > upload.length - upload.received) throw tooLong();
      this.#parts.catalog.room.check(upload.announced?.streamPath);
      await this.#take(upload, bytes);
      return await this.find(id, owner);
    } catch (error) {
      if (error instanceof BoxcarError && error.code === "unsupported_type") await this.#end(id);
      throw error;
    } finally {
      this.#busy.delete(id);
    }
  }

  /**
   * Ends an upload and removes what arrived of it; a finished file stays.
   * @throws BoxcarError `unknown_upload` (404), `upload_busy` (423)
   */
  async remove(id: string, owner: string): Promise<void> {
    if (this.#busy.has(id)) throw busy();
    await this.find(id, owner);
    await this.#end(id);
  }

  /** The row stays for the reconciler, which looks for pieces once more when nobody can still be writing one. */
  async #end(id: string): Promise<void> {
    await this.#parts.catalog.tus.expire(id, this.#parts.clock());
    await removePieces(storeOf(this.#parts, "store"), id);
  }

  async #take(upload: TusUpload, { body: source, hold }: IncomingBytes): Promise<void> {
    const arriving = new BreakingInput(source, Number.POSITIVE_INFINITY, tooLong);
    const { head, body } = await splitHead(arriving.take(Number.POSITIVE_INFINITY), HEAD_SIZE);
    // A client learns at the start that its file is not taken, when the first bytes come together.
    if (upload.announced === undefined && upload.received === 0 && head.length >= Math.min(HEAD_SIZE, upload.length))
      await kindOf(head, upload.fileName);
    const input = new BreakingInput(body, upload.length - upload.received, tooLong);
    try {
      for (let { received, pieces } = upload; !(await input.atEnd()); pieces++) {
        if (pieces >= MAX_PIECES) throw tooManyPieces();
        received += await this.#takePiece(upload, received, input, hold);
      }
    } finally {
      await input.close();
      await arriving.close();
    }
    const failure = input.failure ?? arriving.failure;
    if (failure !== undefined) throw failure;
  }

  /** Stores the next piece; with the last one, the file. @returns its size */
  async #takePiece(
    upload: TusUpload,
    offset: number,
    input: BreakingInput,
    hold: HoldMemory | undefined,
  ): Promise<number> {
    const { id, owner, length } = upload;
    const store = storeOf(this.#parts, "store");
    const key = `${piecesPrefix(id)}${String(offset)}-${this.#randomId()}`;
    const { size, etag } = await store.put(key, input.take(pieceSizeOf(length)));
    const piece = { offset, size, key, etag };
    let kept = false;
    try {
      if (offset + size === length) await this.#finish(upload, piece, hold);
      else if (!(await this.#parts.catalog.tus.append(id, piece, this.#extension())))
        throw wrongOffset((await this.find(id, owner)).received);
      kept = true;
    } finally {
      if (!kept) await store.delete(key);
    }
    return size;
  }

  /** Makes the pieces one file, or one segment. Only then does the last one count as received, so that whatever fails is tried again. */
  async #finish(upload: TusUpload, last: TusPiece, hold: HoldMemory | undefined): Promise<void> {
    const { id, announced } = upload;
    const pieces = [...(await this.#parts.catalog.tus.pieces(id)), last];
    const store = storeOf(this.#parts, "store");
    const content = { body: contentOf(store, pieces), hold };
    try {
      if (announced === undefined) await this.#finishFile(upload, last, content);
      else await this.#finishSegment(upload, announced, last, content);
    } catch (error) {
      // Another machine may have gone on, or finished and removed the pieces.
      const now = await this.#parts.catalog.tus.find(id, this.#parts.clock());
      if (now !== undefined && now.received !== last.offset) throw wrongOffset(now.received);
      throw error;
    }
    await removePieces(store, id).catch(() => undefined); // the reconciler does it once the upload is over
  }

  async #finishFile(upload: TusUpload, last: TusPiece, content: Content): Promise<void> {
    const { id, fileName, imageClassId, length: size } = upload;
    const receiver = new Receiver(this.#parts);
    try {
      const key = await receiver.receive({ fileName, size, ...content }, this.#destinations.files);
      const finishing = this.#parts.catalog.tus.finishing(id, last, key, this.#extension());
      await receiver.finish(imageClassId, finishing);
    } catch (error) {
      await receiver.undo();
      throw error;
    }
  }

  /** The segment is ready before the upload is finished. Who breaks off between finds it again by a key of the upload's own. */
  async #finishSegment(
    { id, owner, length: size }: TusUpload,
    announced: AnnouncedSegment,
    last: TusPiece,
    content: Content,
  ): Promise<void> {
    const { catalog } = this.#parts;
    const { keyLayout } = this.#destinations;
    const parts = { ...this.#parts, store: storeOf(this.#parts, "store"), randomId: this.#randomId, keyLayout };
    const incoming = { ...announced, ...content, size, owner, idempotencyKey: `tus-${id}` };
    const { segment } = await ingestSegment(parts, incoming).catch(async (error: unknown) => {
      // Sent again, it would be refused again.
      if (error instanceof BoxcarError && [400, 422].includes(statusOf(error))) await this.#end(id);
      throw error;
    });
    if (!(await catalog.tus.finishSegment(id, last, segment.id, this.#extension()))) throw wrongOffset(size);
  }

  #extension(): Extension {
    const nowMs = this.#parts.clock();
    return { nowMs, untilMs: nowMs + KEPT_MS };
  }
}

async function* contentOf(store: Store, pieces: readonly TusPiece[]): AsyncGenerator<Uint8Array> {
  for (const { key, size, etag } of pieces) yield* store.get(key, { offset: 0, length: size }, etag);
}

function pieceSizeOf(length: number): number {
  return Math.max(PIECE_SIZE, Math.ceil((2 * length) / MAX_PIECES));
}

function busy(): BoxcarError {
  const message = "Another request is writing to this upload. Ask for its offset in a moment, and go on from there.";
  return new BoxcarError("upload_busy", message);
}

function wrongOffset(received: number): BoxcarError {
  const message = `The upload has ${String(received)} bytes. Go on from there.`;
  return new BoxcarError("wrong_offset", message, { offset: received });
}

function tooLong(): BoxcarError {
  return new BoxcarError("too_large", "More bytes came than the upload was announced with. Begin a new one.");
}

function tooManyPieces(): BoxcarError {
  const message = `The upload came in more than ${String(MAX_PIECES)} pieces. Begin a new one, and send more bytes in each request.`;
  return new BoxcarError("too_many_pieces", message);
}
