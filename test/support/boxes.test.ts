import { expect, test } from "vitest";
import { box, bytes, claimedBox, find, fullBox, largeBox, patched, u16, u24, u32, u64, u8, zeros } from "./boxes.ts";

const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");

test("integers are big-endian, negative ones two's complement", () => {
  expect(hex(bytes(u8(1, -1), u16(0x102, -2), u24(0x10203), u32(0xffffffff, -1)))).toBe(
    "01ff0102fffe010203ffffffffffffffff",
  );
  expect(hex(u64(2n ** 63n, -1, 5_000_000_000))).toBe("8000000000000000ffffffffffffffff000000012a05f200");
});

test("boxes carry their size, version and flags", () => {
  expect(hex(box("free", u8(7)))).toBe("000000096672656507");
  expect(hex(fullBox("stss", 1, 0x20304, u32(9)))).toBe("00000010" + "73747373" + "01020304" + "00000009");
  expect(hex(largeBox("mdat", "ab"))).toBe("00000001" + "6d646174" + "0000000000000012" + "6162");
  expect(hex(claimedBox(3, "free"))).toBe("0000000366726565");
});

test("a box is found by its path", () => {
  const file = bytes(
    box("ftyp", "isom"),
    largeBox("moov", box("udta"), box("trak", box("tkhd", zeros(4)), box("mdia"))),
  );
  expect(find(file, "moov", "trak", "tkhd")).toEqual({ offset: 12 + 16 + 8 + 8, size: 12 });
  expect(() => find(file, "moov", "mvhd")).toThrow("no moov/mvhd");
  expect(hex(patched(u8(1, 2, 3), 1, u8(9)))).toBe("010903");
});
