import type { ErrorCode } from "../../base/error-codes.ts";
import { BoxcarError } from "../../base/errors.ts";
import { Status } from "./abi/names.ts";

type Refusal = readonly [code: ErrorCode, sentence: string];
type Failure = Exclude<(typeof Status)[keyof typeof Status], typeof Status.Ok>;

/** Code and sentence of each Status. */
const REFUSALS: Readonly<Record<Failure, Refusal>> = {
  [Status.NotMp4]: [
    "not_mp4",
    "This is not an ISO base media (MP4) file. Files of the kinds .mp4, .m4v, .m4a, .mov and .3gp are.",
  ],
  [Status.Truncated]: [
    "truncated",
    "The file ends before its boxes do: it was cut short, or its writer has not closed it yet. The whole file is needed.",
  ],
  [Status.BadBoxSize]: ["bad_box_size", "A box has an impossible size. The file is damaged; remux it."],
  [Status.BadTable]: ["bad_table", "A table's count does not fit its bytes. The file is damaged; remux it."],
  [Status.Inconsistent]: [
    "inconsistent_tables",
    "The sample tables of a track contradict each other. The file is damaged; remux it.",
  ],
  [Status.MissingBox]: [
    "missing_box",
    "A box that every MP4 file needs is missing. Was the recording closed properly?",
  ],
  [Status.DuplicateBox]: ["duplicate_box", "A box that may occur once occurs twice. The file is damaged; remux it."],
  [Status.UnsupportedVersion]: [
    "unsupported_version",
    "A box has a version that is not known here. Remux the file with a current tool.",
  ],
  [Status.NoSamples]: ["no_samples", "The file holds no samples. A recording with at least one frame is needed."],
  [Status.OutsideFile]: [
    "outside_file",
    "Sample data lies outside the file. It is cut short or damaged; take the whole file, or remux it.",
  ],
  [Status.TooDeep]: ["nested_too_deep", "Boxes nest deeper than 32 levels. The file is damaged."],
  [Status.TooMany]: [
    "too_many",
    "The file has more tracks, samples or entries of its tables than the limits allow. Split the recording.",
  ],
  [Status.BadTimescale]: ["bad_timescale", "A timescale is 0, so no time can be told. The file is damaged; remux it."],
  [Status.ExternalData]: [
    "external_data",
    "The file refers to sample data in another file, which is never followed. Make a self-contained file of it.",
  ],
  [Status.OutOfMemory]: [
    "out_of_memory",
    "The file's metadata needs more memory than is allowed. Split the recording.",
  ],
  [Status.BadIndex]: [
    "bad_index",
    "A stored segment index is damaged or of another version. Import the segment again.",
  ],
  [Status.Overflow]: [
    "time_overflow",
    "A time or size in the file is too large to be real. The file is damaged; remux it.",
  ],
  [Status.BadEditList]: [
    "bad_edit_list",
    "The edit list asks for another speed or has impossible times. Remux the file without it.",
  ],
  [Status.BadDescription]: ["bad_description", "A sample description is missing or damaged. Remux the file."],
  [Status.UnknownTrack]: [
    "unknown_track",
    "A movie fragment belongs to a track the file does not declare. The file is damaged; remux it.",
  ],
  [Status.LargeDescription]: [
    "description_too_large",
    "The sample descriptions of a track have more than 256 KiB. Remux the file without them.",
  ],
};

/**
 * The error for a status code of the WASM module.
 * @param box four-character code of the box the fault was seen in, "" when none
 * @param offset where, in bytes from the start of the file
 */
export function refusal(status: number, box: string, offset: number): BoxcarError {
  const known = (REFUSALS as Readonly<Record<number, Refusal>>)[status];
  if (known === undefined) throw new Error(`the parser stopped with the unknown status ${status}`);
  const [code, sentence] = known;
  const where = box === "" ? "" : ` (box ${box} at byte ${offset})`;
  return new BoxcarError(code, sentence + where, box === "" ? {} : { box, offset });
}
