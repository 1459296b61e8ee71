import { put32, putZeros, Writer } from "../memory/writer";

/** The matrix that changes nothing (clause 6.2.2). */
export function putUnityMatrix(out: Writer): void {
  put32(out, 0x1_0000);
  putZeros(out, 12);
  put32(out, 0x1_0000);
  putZeros(out, 12);
  put32(out, 0x4000_0000);
}
