import { BoxcarError } from "../errors.ts";

/** Name and sentence for each status code of `assembly/abi.ts`, by number. */
const REFUSALS: readonly (readonly [error: string, sentence: string])[] = [
  ["ok", ""],
  ["not_mp4", "This is not an ISO base media (MP4) file. Send the bytes of an .mp4, .m4v, .m4a, .mov or .3gp file."],
  ["truncated", "The file ends before its boxes do. Send it whole, after its writer has closed it."],
  ["bad_box_size", "A box has an impossible size. The file is damaged; remux it."],
  ["bad_table", "A table's count does not fit its bytes. The file is damaged; remux it."],
  ["inconsistent_tables", "The sample tables of a track contradict each other. The file is damaged; remux it."],
  ["missing_box", "A box that every MP4 file needs is missing. Was the recording closed properly?"],
  ["duplicate_box", "A box that may occur once occurs twice. The file is damaged; remux it."],
  ["unsupported_version", "A box has a version that is not known here. Remux the file with a current tool."],
  ["no_samples", "The file holds no samples. Send a recording with at least one frame."],
  ["outside_file", "Sample data lies outside the file. It is truncated or damaged; send it whole or remux it."],
  ["nested_too_deep", "Boxes nest deeper than 32 levels. The file is damaged."],
  ["too_many", "The file has more tracks or samples than the limits allow. Split the recording."],
  ["bad_timescale", "A timescale is 0, so no time can be told. The file is damaged; remux it."],
  [
    "external_data",
    "The file refers to sample data in another file, which is never followed. Send a self-contained file.",
  ],
  ["out_of_memory", "The file's metadata needs more memory than is allowed. Split the recording."],
  ["bad_index", "A stored segment index is damaged or of another version. Import the segment again."],
  ["time_overflow", "A time or size in the file is too large to be real. The file is damaged; remux it."],
  ["bad_edit_list", "The edit list asks for another speed or has impossible times. Remux the file without it."],
  ["bad_description", "A sample description is missing or damaged. Remux the file."],
  ["unknown_track", "A movie fragment belongs to a track the file does not declare. The file is damaged; remux it."],
  ["description_too_large", "The sample descriptions of a track have more than 256 KiB. Remux the file without them."],
];

/** Faults of what is stored here, not of what a client sent. */
const OURS = new Set(["bad_index"]);

/**
 * The error for a status code of the WASM module.
 * @param box four-character code of the box the fault was seen in, "" when none
 * @param offset where, in bytes from the start of the file
 */
export function refusal(status: number, box: string, offset: number): BoxcarError {
  const [error, sentence] = REFUSALS[status] ?? ["defect", `The parser stopped with the unknown status ${status}.`];
  const where = box === "" ? "" : ` (box ${box} at byte ${offset})`;
  return new BoxcarError(error, OURS.has(error) ? 500 : 422, sentence + where, box === "" ? {} : { box, offset });
}
