import { concatenated } from "../base/bytes.ts";

/** Squares of black and white modules as pictures. */

/** Rows of modules, each truthy where it is black. */
export type Modules = readonly (readonly unknown[])[];

/**
 * A PNG of one bit a pixel (ISO/IEC 15948).
 * @param margin white modules around
 * @param scale pixels a side of each module
 */
export async function bitmapPng(modules: Modules, margin: number, scale: number): Promise<Uint8Array<ArrayBuffer>> {
  const side = (modules.length + 2 * margin) * scale;
  const stride = 1 + Math.ceil(side / 8); // a row begins with its filter type: 0, none
  const rows = new Uint8Array(stride * side).fill(0xff);
  for (let y = 0; y < side; y++) rows[y * stride] = 0;
  for (const [row, line] of modules.entries()) {
    const start = (margin + row) * scale * stride;
    for (const [column, black] of line.entries()) {
      if (black) blacken(rows, (start + 1) * 8 + (margin + column) * scale, scale);
    }
    for (let copy = 1; copy < scale; copy++) rows.copyWithin(start + copy * stride, start, start + stride);
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, side);
  view.setUint32(4, side);
  header[8] = 1; // bit depth; colour type, compression, filter and interlace methods are 0
  const chunks = [chunk("IHDR", header), chunk("IDAT", await deflated(rows)), chunk("IEND", new Uint8Array(0))];
  return concatenated([Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), ...chunks]);
}

/** An SVG whose unit is a module. @param margin white modules around */
export function bitmapSvg(modules: Modules, margin: number): string {
  const side = modules.length + 2 * margin;
  let path = "";
  for (const [y, line] of modules.entries()) {
    for (let x = 0; x < line.length; x++) {
      const from = x;
      while (line[x]) x++;
      if (x > from) path += `M${from + margin} ${y + margin}h${x - from}v1h${from - x}z`;
    }
  }
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges">`;
  return `${open}<path d="${path}"/></svg>`;
}

/** Clears `count` bits. @param first counted from the highest bit of the first byte */
function blacken(bytes: Uint8Array, first: number, count: number): void {
  for (let bit = first; bit < first + count; bit++) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) & ~(0x80 >> (bit & 7));
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** In the format of zlib, by a thread of the runtime's. */
async function deflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** ISO/IEC 15948 annex D. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  }
  return ~crc >>> 0;
}
