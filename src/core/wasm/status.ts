import type { ErrorCode } from "../../base/error-codes.ts";
import { BoxcarError } from "../../base/errors.ts";
import { Status } from "./abi/names.ts";

/** Code and sentence of each Status. */
const REFUSALS: Readonly<Record<Exclude<keyof typeof Status, "Ok">, readonly [code: ErrorCode, sentence: string]>> = {
  NotMp4: [
    "not_mp4",
    "This is not an ISO base media (MP4) file. Send the bytes of an .mp4, .m4v, .m4a, .mov or .3gp file.",
  ],
  Truncated: ["truncated", "The file ends before its boxes do. Send it whole, after its writer has closed it."],
  BadBoxSize: ["bad_box_size", "A box has an impossible size. The file is damaged; remux it."],
  BadTable: ["bad_table", "A table's count does not fit its bytes. The file is damaged; remux it."],
  Inconsistent: [
    "inconsistent_tables",
    "The sample tables of a track contradict each other. The file is damaged; remux it.",
  ],
  MissingBox: ["missing_box", "A box that every MP4 file needs is missing. Was the recording closed properly?"],
  DuplicateBox: ["duplicate_box", "A box that may occur once occurs twice. The file is damaged; remux it."],
  UnsupportedVersion: [
    "unsupported_version",
    "A box has a version that is not known here. Remux the file with a current tool.",
  ],
  NoSamples: ["no_samples", "The file holds no samples. Send a recording with at least one frame."],
  OutsideFile: [
    "outside_file",
    "Sample data lies outside the file. It is truncated or damaged; send it whole or remux it.",
  ],
  TooDeep: ["nested_too_deep", "Boxes nest deeper than 32 levels. The file is damaged."],
  TooMany: [
    "too_many",
    "The file has more tracks, samples or entries of its tables than the limits allow. Split the recording.",
  ],
  BadTimescale: ["bad_timescale", "A timescale is 0, so no time can be told. The file is damaged; remux it."],
  ExternalData: [
    "external_data",
    "The file refers to sample data in another file, which is never followed. Send a self-contained file.",
  ],
  OutOfMemory: ["out_of_memory", "The file's metadata needs more memory than is allowed. Split the recording."],
  BadIndex: ["bad_index", "A stored segment index is damaged or of another version. Import the segment again."],
  Overflow: ["time_overflow", "A time or size in the file is too large to be real. The file is damaged; remux it."],
  BadEditList: [
    "bad_edit_list",
    "The edit list asks for another speed or has impossible times. Remux the file without it.",
  ],
  BadDescription: ["bad_description", "A sample description is missing or damaged. Remux the file."],
  UnknownTrack: [
    "unknown_track",
    "A movie fragment belongs to a track the file does not declare. The file is damaged; remux it.",
  ],
  LargeDescription: [
    "description_too_large",
    "The sample descriptions of a track have more than 256 KiB. Remux the file without them.",
  ],
};

const BY_NUMBER = new Map<number, readonly [code: ErrorCode, sentence: string]>();
for (const [name, refusal] of Object.entries(REFUSALS)) BY_NUMBER.set(Status[name as keyof typeof Status], refusal);

/**
 * The error for a status code of the WASM module.
 * @param box four-character code of the box the fault was seen in, "" when none
 * @param offset where, in bytes from the start of the file
 */
export function refusal(status: number, box: string, offset: number): BoxcarError {
  const known = BY_NUMBER.get(status);
  if (known === undefined) throw new Error(`the parser stopped with the unknown status ${status}`);
  const [code, sentence] = known;
  const where = box === "" ? "" : ` (box ${box} at byte ${offset})`;
  return new BoxcarError(code, sentence + where, box === "" ? {} : { box, offset });
}
