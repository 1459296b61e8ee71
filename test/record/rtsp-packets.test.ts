import { createHash } from "node:crypto";
import { expect, test, vi } from "vitest";
import { LiveBoxes } from "../../src/core/index.ts";
import { LiveClock } from "../../src/record/live-clock.ts";
import { AacFrames } from "../../src/runtime/rtsp/aac-frames.ts";
import { AccessUnits } from "../../src/runtime/rtsp/access-units.ts";
import { Authorization } from "../../src/runtime/rtsp/authorization.ts";
import { DecodeTimes } from "../../src/runtime/rtsp/decode-times.ts";
import { HandOver } from "../../src/runtime/rtsp/hand-over.ts";
import { LiveMedia } from "../../src/runtime/rtsp/live-media.ts";
import { MessageReader, type Answer, type Packet } from "../../src/runtime/rtsp/messages.ts";
import { readRtcp, readRtp, Timestamps, type RtpPacket } from "../../src/runtime/rtsp/rtp.ts";
import { readSdp } from "../../src/runtime/rtsp/sdp.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { packetized, rtp, senderReport } from "../support/rtp.ts";
import { random, seedOf } from "../support/random.ts";

const packet = (payload: readonly number[] | Uint8Array, timestamp = 0): RtpPacket => ({
  ...{ payloadType: 96, sequence: 0, marker: false, timestamp, payload: Uint8Array.from(payload) },
});

test("a server that sends packets or answers without end that hold nothing is left, and no fast camera, nor a slow server", () => {
  let nowMs = 0;
  const now = vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  const empty = Buffer.from([0x24, 0, 0, 0]);
  const request = Buffer.from("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n");
  const short = Buffer.from("A\n\n");
  const full = Buffer.concat([Buffer.from([0x24, 0, 4, 0]), new Uint8Array(1024)]);
  const refusal = expect.objectContaining({ code: "source_failed" }) as Error;
  const much = (message: Uint8Array, count: number): Uint8Array =>
    Buffer.concat(Array.from({ length: count }, () => message));
  for (const message of [empty, request, short])
    expect(() => new MessageReader().push(much(message, 4096))).toThrow(refusal);
  const [camera, slow] = [new MessageReader(), new MessageReader()];
  for (let second = 0; second < 6; second++, nowMs += 1000) {
    for (let part = 0; part < 20; part++)
      expect(camera.push(Buffer.concat([much(full, 1000), much(empty, 10), much(request, 2)]))).toHaveLength(1012);
    expect(slow.push(Buffer.concat([much(empty, 900), much(request, 100)]))).toHaveLength(1000);
  }
  now.mockRestore();
});

test.each(["h264", "h265"] as const)("access units of %s come out of their packets as they went in", (codec) => {
  const chance = random(seedOf(41));
  const below = (n: number): number => chance.below(n);
  const units = new AccessUnits(codec);
  const sent: string[] = [];
  const got: string[] = [];
  for (let picture = 0; picture < 200; picture++) {
    const nals = Array.from({ length: 1 + below(5) }, () => {
      const type = codec === "h264" ? 1 + below(12) : below(40);
      const nal = Uint8Array.from({ length: 3 + below(4000) }, () => below(256));
      nal[0] = codec === "h264" ? 0x60 | type : (type << 1) | (below(2) & 1);
      return nal;
    });
    sent.push(nals.map((nal) => Buffer.from(nal).toString("hex")).join());
    for (const payload of packetized(codec, nals, 100 + below(1400), below)) {
      const whole = units.push(packet(payload, 3000 * picture), false);
      if (whole) got.push(whole.units.map(({ chunks }) => Buffer.concat(chunks).toString("hex")).join());
    }
  }
  const last = units.end();
  got.push(last?.units.map(({ chunks }) => Buffer.concat(chunks).toString("hex")).join() ?? "");
  expect(got).toEqual(sent);
});

test("a picture of which a packet is missing is left out, and no other", () => {
  const units = new AccessUnits("h264");
  const fragment = (flags: number): number[] => [0x7c, flags | 1, 9, 9];
  expect(units.push(packet([0x65, 1], 0), false)).toBeUndefined();
  expect(units.push(packet(fragment(0x80), 10), false)?.timestamp).toBe(0);
  expect(units.push(packet(fragment(0x40), 10), true)).toBeUndefined(); // one in between is missing
  expect(units.push(packet([0x41, 1], 20), false)).toBeUndefined();
  expect(units.push(packet(fragment(0), 30), true)).toBeUndefined(); // its start is missing, and the end of the one before
  expect(units.push(packet([0x41, 1], 40), false)).toBeUndefined();
  expect(units.push(packet([0x41, 1], 50), false)?.timestamp).toBe(40);
  const last = { ...packet([0x41, 1], 60), marker: true };
  expect(units.push(last, false)?.timestamp).toBe(50);
  expect(units.push(packet([0x41, 0x81], 80), true)?.timestamp).toBe(60); // that one had come to its end
  expect(units.push(packet([0x41, 0x41], 100), true)).toBeUndefined();
  expect(units.push(packet([0x41, 0x81], 120), false)).toBeUndefined(); // its first slice was missing
  expect(units.push(packet([0x41, 0x81], 140), false)?.timestamp).toBe(120);
  expect(() => units.push(packet([25, 1, 2, 3], 140), false)).toThrow(HandOver);
});

test("frames of AAC are taken out of packets, several in one and one in several", () => {
  const frames = new AacFrames();
  const header = (...sizes: number[]): number[] => [
    0,
    16 * sizes.length,
    ...sizes.flatMap((size) => [size >> 5, (size << 3) & 255]),
  ];
  const lengths = (payload: number[], timestamp: number, isAfterLoss = false): number[] =>
    frames.push(packet(payload, timestamp), isAfterLoss).map(({ length }) => length);
  expect(lengths([...header(3, 2), 1, 2, 3, 4, 5], 0)).toEqual([3, 2]);
  expect(lengths([...header(5), 1, 2, 3], 2048)).toEqual([]);
  expect(lengths([...header(5), 4, 5], 2048)).toEqual([5]);
  expect(lengths([...header(5), 1, 2, 3], 3072)).toEqual([]);
  expect(lengths([...header(5), 4, 5], 4096, true)).toEqual([]); // the rest of another one
  expect(lengths([...header(2), 4, 5], 5120)).toEqual([2]);
  expect(lengths([0, 16], 0)).toEqual([]);
  expect(lengths([255, 255, 0, 0], 0)).toEqual([]);
  expect(() => frames.push(packet([0, 32, 0, 16, 0, 17, 1, 2, 3, 4]), false)).toThrow(HandOver);
});

test("decode times grow, and none is later than its picture, whatever the order of pictures is", () => {
  const chance = random(seedOf(42));
  for (let round = 0; round < 100; round++) {
    const depth = chance.below(4);
    // Each picture in its place of output, then each delayed by at most so many that follow it: groups in reverse.
    const pts: number[] = [];
    for (let at = 0; at < 60; at += depth + 1) for (let i = depth; i >= 0; i--) pts.push(3600 * (at + i));
    const isTold = chance.below(2) === 1;
    const times = new DecodeTimes(isTold ? depth : undefined);
    const dts = [...pts.flatMap((one) => times.push(one)), ...times.end()];
    expect(dts).toHaveLength(pts.length);
    expect(dts.every((time, i) => i === 0 || time - (dts[i - 1] ?? 0) === 3600)).toBe(true);
    expect(dts.every((time, i) => time <= (pts[i] ?? 0))).toBe(true);
    expect(pts.some((time, i) => time === dts[i])).toBe(true); // not earlier than needed
  }
  const lone = new DecodeTimes(2);
  expect([...lone.push(5), ...lone.end(), ...lone.end()]).toHaveLength(1);
  const wrong = new DecodeTimes(0); // more is reordered than the stream says
  expect([9000, 3000, 6000, 12_000].flatMap((one) => wrong.push(one))).toEqual([9000, 9001, 9002, 12_000]);
});

test("timestamps count on beyond their 32 bits, and back", () => {
  const timestamps = new Timestamps();
  const start = timestamps.extend(0xffff_ff00);
  expect(timestamps.extend(0x100) - start).toBe(0x200);
  expect(timestamps.extend(0xffff_fff0) - start).toBe(0xf0);
  expect(start).toBeGreaterThan(2 ** 32);
});

test("packets of RTP are read without extension and padding; what is none is not read", () => {
  expect(readRtp(rtp(96, 7, 90, Uint8Array.of(1, 2)))).toMatchObject({ sequence: 7, timestamp: 90, marker: true });
  const odd = Uint8Array.from([0xb1, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9, 9, 9, 0, 0, 0, 1, 8, 8, 8, 8, 1, 2, 0, 2]);
  expect([...(readRtp(odd)?.payload ?? [])]).toEqual([1, 2]);
  for (let length = 0; length < 24; length++)
    expect(readRtp(odd.subarray(0, length))?.payload.length ?? 0).toBeLessThan(5);
  expect(readRtp(Uint8Array.of(0x40, ...odd.subarray(1)))).toBeUndefined();
  const wallMs = Date.UTC(2026, 0, 31, 10, 0, 0, 250);
  const report = readRtcp(senderReport(wallMs, 1234)).report;
  expect(report?.timestamp).toBe(1234);
  expect(Math.abs((report?.wallMs ?? 0) - wallMs)).toBeLessThan(0.01);
  expect(readRtcp(senderReport(undefined, 1234)).report).toBeUndefined();
  expect(readRtcp(Uint8Array.of(0x80, 203, 0, 0)).isOver).toBe(true);
  expect(readRtcp(Uint8Array.of(0x80, 200, 255, 255)).report).toBeUndefined();
});

test("answers and packets are read in whatever pieces they come, and nothing without end is kept", () => {
  const answer =
    "RTSP/1.0 200 OK\r\nCSeq: 1\r\nwww-authenticate: Basic realm=a\r\nWWW-Authenticate: Digest nonce=b\r\nContent-Length: 4\r\n\r\nbody";
  const bytes = Buffer.concat([
    Buffer.from(answer),
    Uint8Array.of(0x24, 1, 0, 3, 7, 8, 9, 13, 10),
    Buffer.from(answer),
  ]);
  for (const length of [1, 2, 3, 7, 64, bytes.length]) {
    const reader = new MessageReader();
    const got: (Answer | Packet)[] = [];
    for (let at = 0; at < bytes.length; at += length) got.push(...reader.push(bytes.subarray(at, at + length)));
    expect(got.map((one) => ("channel" in one ? [...one.bytes] : [one.status, one.body]))).toEqual([
      [200, "body"],
      [7, 8, 9],
      [200, "body"],
    ]);
    expect(got[0]).toMatchObject({
      headers: new Map([
        ["cseq", ["1"]],
        ["www-authenticate", ["Basic realm=a", "Digest nonce=b"]],
        ["content-length", ["4"]],
      ]),
    });
  }
  const refused = (text: string): unknown => {
    try {
      return [...new MessageReader().push(Buffer.from(text))];
    } catch (error) {
      return error;
    }
  };
  for (const text of [
    "<html>",
    `RTSP/1.0 200 OK\r\nA: ${"b".repeat(20_000)}`,
    "RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n",
  ])
    expect(refused(text)).toMatchObject({ code: "source_failed" });
});

test("challenges are answered as their documents say", () => {
  const asked = { method: "GET", uri: "/dir/index.html" };
  const account = { user: "Mufasa", password: "Circle of Life" };
  // RFC 2617 section 3.5 without qop
  const plain = new Authorization({ user: "Mufasa", password: "Circle Of Life" });
  expect(plain.header(asked)).toBeUndefined();
  expect(plain.challenge(['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'])).toBe(true);
  expect(plain.header(asked)).toContain('response="670fd8c2df070c60b045671b8b24ff02"');
  // RFC 7616 section 3.9.1: of two algorithms the better one
  const qop = new Authorization(account);
  const challenge = (algorithm: string): string =>
    `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;
  expect(qop.challenge(["Basic realm=a", challenge("MD5"), challenge("SHA-256")])).toBe(true);
  const header = qop.header(asked) ?? "";
  const cnonce = /cnonce="(\w+)"/.exec(header)?.[1] ?? "";
  const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
  const first = sha("Mufasa:http-auth@example.org:Circle of Life");
  const second = sha("GET:/dir/index.html");
  const response = sha(`${first}:7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v:00000001:${cnonce}:auth:${second}`);
  expect(header).toContain(`response="${response}"`);
  expect(header).toContain("algorithm=SHA-256");
  expect(qop.header(asked)).toContain("nc=00000002");
  const basic = new Authorization(account);
  expect(basic.challenge(['Digest realm="a", algorithm=SHA-512-256, nonce="b"'])).toBe(false);
  expect(basic.challenge(['Basic realm="a"'])).toBe(true);
  expect(basic.header(asked)).toBe(`Basic ${Buffer.from("Mufasa:Circle of Life").toString("base64")}`);
});

test("a session is read as far as it can be recorded here, and handed over where it cannot", () => {
  const media = (video: string, sound = ""): string =>
    ["v=0", "a=control:*", "m=application 0 RTP/AVP 107", "a=rtpmap:107 vnd.onvif.metadata/90000", video, sound].join(
      "\r\n",
    );
  const h264 =
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0I=,aM4=\r\na=control:trackID=1";
  const aac =
    "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/48000/2\r\na=fmtp:97 mode=AAC-hbr;config=1190;SizeLength=13;IndexLength=3;IndexDeltaLength=3";
  const session = readSdp(media(h264, aac));
  expect(session).toMatchObject({
    control: "*",
    video: { codec: "h264", payloadType: 96, clockRate: 90_000, control: "trackID=1" },
  });
  expect(session.video?.parameters.get("sprop-parameter-sets")).toBe("Z0I=,aM4=");
  expect(session.sound).toMatchObject({ codec: "aac", clockRate: 48_000, control: undefined });
  for (const text of [
    "v=0",
    media(h264, "m=audio 0 RTP/AVP 8"),
    media(h264, aac.replace("AAC-hbr", "AAC-lbr")),
    media(h264.replace("packetization-mode=1", "packetization-mode=2")),
    media(h264.replace("RTP/AVP", "RTP/SAVP")),
    media(h264.replace("H264", "VP8")),
    media(h264.replace("RTP/AVP 96", "udp 33")),
  ])
    expect(() => readSdp(text)).toThrow(HandOver);
});

test("whatever a server sends is read in no more steps than it has characters", { timeout: 5000 }, () => {
  // Each of these took seconds to hours.
  const described = (line: string): string => `v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n${line}`;
  const spaces = `a${" ".repeat(250_000)}b`;
  const words = "a".repeat(250_000);
  for (const line of [`a=x:${spaces}\r\n`, `a=fmtp:96 ${words}`, `a=fmtp:96 ${spaces}=1`, "a=a\n".repeat(62_000)])
    expect(readSdp(described(line)).video).toMatchObject({ codec: "h264" });
  const head = Buffer.from(`RTSP/1.0 200 OK\r\nX: ${spaces.slice(-16_000)}\r\n\r\n`.repeat(50));
  expect([...new MessageReader().push(head)].length).toBe(50);
  const authorization = new Authorization({ user: "a", password: "b" });
  for (const text of [words.slice(0, 16_000), 'a="'.repeat(5000)])
    expect(authorization.challenge([...Array.from({ length: 50 }, () => `Digest ${text}`)])).toBe(true);
});

test("pictures of tiny parts, and frames of none, are not kept without end", () => {
  const units = new AccessUnits("h264");
  const parts = Array.from({ length: 20_000 }, () => [0, 2, 0x65, 1]).flat();
  const push = (): unknown => units.push(packet([24, ...parts.slice(0, 65_000)]), false);
  expect(() => Array.from({ length: 10 }, push)).toThrow(/a picture has more than/);
  const frames = new AacFrames();
  for (let i = 0; i < 200_000; i++) frames.push(packet([0, 16, 0, 16]), false);
  expect(frames.push(packet([0, 16, 0, 16, 1]), false)).toEqual([]);
  expect(frames.push(packet([0, 16, 0, 16, 2]), false)).toEqual([Buffer.from([1, 2])]);
});

test("packets of which nothing becomes whole end a source, at last", async () => {
  const sdp =
    "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:x\r\n";
  const dropped: number[] = [];
  const media = new LiveMedia(await loadCore(), readSdp(sdp), (packets) => dropped.push(packets));
  const push = (second: number): boolean =>
    media.packet(0, rtp(96, 7 * second, 90_000 * second, Uint8Array.of(0x7c, 1, 9, 9)), 1000 * second);
  for (let second = 0; second <= 300; second++) expect(push(second)).toBe(true);
  expect(push(300)).toBe(false); // once more: it says nothing new
  expect(dropped).toEqual(Array.from({ length: 300 }, () => 6));
  expect(() => push(301)).toThrow("nothing of what it sends becomes whole");
});

test("the time of capture is written beside a part and read again", async () => {
  const boxes = new LiveBoxes(await loadCore());
  const time = { trackId: 1, wallUs: Date.UTC(2026, 0, 31) * 1000 + 123_456, mediaTime: 900_000 };
  const box = boxes.producerTime(time);
  const read = boxes.readProducerTime(box);
  expect(Math.abs((read?.wallUs ?? 0) - time.wallUs)).toBeLessThanOrEqual(1);
  expect(read).toMatchObject({ trackId: 1, mediaTime: 900_000 });
  for (const flags of [1, 2, 4, 8]) {
    const other = box.slice();
    other[11] = flags;
    expect(boxes.readProducerTime(other)).toBeUndefined();
  }
});

test("what a stream says of the time of its capture is believed as far as it agrees with the arrival", () => {
  let nowMs = 1_000_000;
  const clock = new LiveClock(
    () => nowMs,
    () => nowMs,
  );
  clock.arrived(10_000);
  expect(clock.wallAt(10_000)).toBe(nowMs);
  for (const [way, told] of [
    [150, true],
    [4000, true],
    [6000, false],
    [-20, false],
    [3_600_000, false],
    [-3_600_000, false],
  ] as const) {
    clock.captured(10_000, nowMs - way);
    expect([way, clock.wallAt(10_000)]).toEqual([way, told ? nowMs - way : nowMs]);
  }
  clock.captured(10_000, nowMs - 100);
  clock.restart();
  nowMs += 1000;
  clock.arrived(500);
  expect(clock.wallAt(500)).toBe(nowMs);
});
