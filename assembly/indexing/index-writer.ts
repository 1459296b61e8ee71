/** An index as it is written: column after column, each one's place noted in a record. */
import { TrackFlag } from "../abi/names";
import { TrackRecord } from "../abi/records";

/** The next free byte of the index that is being written, and where the index starts. */
@unmanaged
export class IndexWriter {
  start: usize;
  next: usize;
}

/** Notes that a column starts here. */
export function place(writer: IndexWriter, record: usize, field: usize): void {
  store<u32>(record + field, <u32>(writer.next - writer.start));
}

/** Notes the length of a column that ends here; it stands right after the column's offset. */
export function close(writer: IndexWriter, record: usize, field: usize): void {
  store<u32>(record + field + 4, <u32>(writer.next - writer.start) - load<u32>(record + field));
}

/** Writes a column of `length` bytes as they are. */
export function copyColumn(writer: IndexWriter, record: usize, field: usize, from: usize, length: usize): void {
  place(writer, record, field);
  memory.copy(writer.next, from, length);
  writer.next += length;
  close(writer, record, field);
}

/** Sets a flag of a track record. */
export function addFlag(record: usize, flag: TrackFlag): void {
  store<u32>(record, load<u32>(record, TrackRecord.FLAGS) | flag, TrackRecord.FLAGS);
}
