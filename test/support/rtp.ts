/** A packet of RTP. */
export function rtp(payloadType: number, sequence: number, timestamp: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x80);
  view.setUint8(1, 0x80 | payloadType);
  view.setUint16(2, sequence & 0xffff);
  view.setUint32(4, timestamp >>> 0);
  view.setUint32(8, 1);
  bytes.set(payload, 12);
  return bytes;
}

/** A sender report. @param wallMs milliseconds since 1970; undefined: a sender without a clock */
export function senderReport(wallMs: number | undefined, timestamp: number): Uint8Array {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x80c8_0006);
  if (wallMs !== undefined) {
    view.setUint32(8, Math.floor(wallMs / 1000) + 2_208_988_800);
    view.setUint32(12, Math.floor(((wallMs % 1000) / 1000) * 2 ** 32));
  }
  view.setUint32(16, timestamp >>> 0);
  return bytes;
}

/**
 * The payloads that NAL units of one picture are sent in: small ones together (STAP-A, AP), large ones in fragments (FU-A, FU).
 * @param below a whole number from 0 on, by chance
 */
export function packetized(
  codec: "h264" | "h265",
  units: readonly Uint8Array[],
  most: number,
  below: (n: number) => number,
): Uint8Array[] {
  const header = codec === "h264" ? 1 : 2;
  const payloads: Uint8Array[] = [];
  for (let at = 0; at < units.length;) {
    const unit = units[at] ?? new Uint8Array(0);
    if (unit.length > most) {
      payloads.push(...fragments(codec, unit, most));
      at++;
      continue;
    }
    let together = 1;
    while (at + together < units.length && together < 4 && below(2) === 1) together++;
    const some = units.slice(at, at + together);
    at += together;
    if (together === 1) payloads.push(unit);
    else {
      const parts = some.flatMap((one) => [Uint8Array.of(one.length >> 8, one.length & 255), one]);
      payloads.push(Buffer.concat([header === 1 ? Uint8Array.of(0x78) : Uint8Array.of(0x60, 1), ...parts]));
    }
  }
  return payloads;
}

function* fragments(codec: "h264" | "h265", unit: Uint8Array, most: number): Generator<Uint8Array> {
  const header = codec === "h264" ? 1 : 2;
  const [first = 0, second = 0] = unit;
  const type = codec === "h264" ? first & 31 : (first >> 1) & 63;
  const start = codec === "h264" ? [(first & 0xe0) | 28] : [(first & 0x81) | (49 << 1), second];
  for (let at = header; at < unit.length; at += most) {
    const flags = (at === header ? 0x80 : 0) | (at + most >= unit.length ? 0x40 : 0);
    yield Buffer.concat([Uint8Array.from([...start, flags | type]), unit.subarray(at, at + most)]);
  }
}
