/** Pixels a side of a picture that may be asked for. */
export const LARGEST_PICTURE = 3840;

/** Width and height in pixels of a JPEG or PNG that ffmpeg wrote; 0 when it is neither. */
export function pictureSize(bytes: Uint8Array): { width: number; height: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u16 = (at: number): number => (at + 2 <= bytes.length ? view.getUint16(at) : 0);
  if (u16(0) === 0x8950 && bytes.length >= 24) return { width: view.getUint32(16), height: view.getUint32(20) };
  // JPEG: from marker to marker up to the frame header, SOF0 to SOF2 (ITU-T T.81 annex B)
  for (let at = 2; u16(at) >= 0xff00; at += 2 + Math.max(2, u16(at + 2))) {
    if (u16(at) >= 0xffc0 && u16(at) <= 0xffc2) return { width: u16(at + 7), height: u16(at + 5) };
  }
  return { width: 0, height: 0 };
}
