import { lentBytes, type LentBytes, type LoadedIndex, type Rest } from "./loaded-index.ts";
import { INDEX_HEADER_SIZE, readIndexHeader } from "./abi/records.ts";

/** The calls of a loaded index that can be asked for. */
export type IndexCall = "select" | "groups" | "run" | "measure" | "table" | "spans" | "fragments" | "accessEntries";

/** Those whose answer is lent. */
export type LendingCall = "table" | "accessEntries";

/** A call of a loaded index as data, so that a thread can be handed it: its name and arguments. */
export type IndexRequest<Name extends IndexCall = IndexCall> = readonly [
  name: Name,
  ...args: Parameters<LoadedIndex[Name]>,
];

/** What a call answers. */
export type IndexAnswer<Name extends IndexCall = IndexCall> = ReturnType<LoadedIndex[Name]>;

/** An answer as data: bytes that are lent would be lost on the way. */
export type PackedAnswer =
  { readonly answer: unknown } | { readonly lent: Uint8Array<ArrayBuffer>; readonly rest: Rest | undefined };

/** Answers a request. */
export function answerTo<Name extends IndexCall>(index: LoadedIndex, request: IndexRequest<Name>): IndexAnswer<Name> {
  const [name, ...args] = request;
  const call = index[name] as (...given: readonly unknown[]) => IndexAnswer<Name>;
  return call.apply(index, args);
}

/** @internal */
export function packed(answer: IndexAnswer): PackedAnswer {
  if (!isLent(answer)) return { answer };
  const lent = new Uint8Array(answer.length);
  answer.copyTo(lent, 0);
  return { lent, rest: answer.rest };
}

/** @internal */
export function unpacked<Name extends IndexCall>(given: PackedAnswer): IndexAnswer<Name> {
  return ("lent" in given ? lentBytes(given.lent, given.rest) : given.answer) as IndexAnswer<Name>;
}

function isLent(answer: IndexAnswer): answer is LentBytes {
  return "copyTo" in answer;
}

/** Samples of two tracks whose walk takes some 40 ms: an hour of pictures and sound has 260,000. */
const MANY_SAMPLES = 300_000;
/** Bytes of an index with as many, as recorders write them: runs of samples, and chunks at places of their own, take more of them each. */
const LARGE_INDEX = 640 << 10;

/** Whether a call on an index may hold others up. */
export function isLarge(index: Uint8Array): boolean {
  if (index.byteLength > LARGE_INDEX) return true;
  const view = new DataView(index.buffer, index.byteOffset, index.byteLength);
  if (index.byteLength < INDEX_HEADER_SIZE) return false;
  const { sampleCount, trackCount } = readIndexHeader(view, 0);
  // In the order of the file each step may look at all tracks.
  return (sampleCount * Math.max(trackCount, 2)) / 2 > MANY_SAMPLES;
}
