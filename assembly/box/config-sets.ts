/** The parameter sets of H.264 and H.265 in their decoder configurations, `avcC` and `hvcC`. */
import { Code } from "../abi/codes";
import { Box, u16be } from "../memory/reader";
import { make } from "../memory/status";
import { findInEntry } from "./stsd";

/** Finds the configuration of a sample entry of H.264 or H.265. */
export function findConfig(entry: Box, config: Box): bool {
  return findInEntry(entry, Code.vide, Code.avcC, config) || findInEntry(entry, Code.vide, Code.hvcC, config);
}

/** Reads sets one after another. */
@unmanaged
export class ConfigSets {
  /** The set. */
  unit: usize;
  size: u32;
  /** Its nal_unit_type, of H.265. */
  type: u32;
  /** Bytes of the lengths in front of the units of samples. */
  lengthSize: u32;
  /** Where what follows the set begins. */
  next: usize;
  /** Whether the box ends inside of what it says to have. */
  cut: bool;
  private end: usize;
  private hevc: bool;
  /** Arrays to come, and sets of the one at present. */
  private arrays: u32;
  private sets: u32;

  /**
   * Opens the box. In `avcC` an array of sequence and one of picture parameter sets follow 5 bytes, in `hvcC` so many arrays
   * as the last of 23 says.
   */
  open(config: Box): void {
    this.hevc = config.type == Code.hvcC;
    this.next = config.body + (this.hevc ? 22 : 5);
    this.end = config.end;
    this.arrays = 2;
    this.cut = this.next >= this.end;
    if (this.cut) return;
    this.lengthSize = (load<u8>(this.next - 1) & 3) + 1;
    if (this.hevc) this.arrays = load<u8>(this.next++);
  }

  /** Goes on to the next set. False behind the last one, and where the box is cut off. */
  read(): bool {
    while (this.sets == 0 && !this.cut) {
      if (this.arrays == 0) return false;
      this.openArray();
    }
    const unit = this.next + 2;
    if (this.cut || unit > this.end || unit + u16be(this.next) > this.end) {
      this.cut = true;
      return false;
    }
    this.unit = unit;
    this.size = u16be(this.next);
    this.next = unit + this.size;
    this.sets -= 1;
    return true;
  }

  private openArray(): void {
    const sets = this.next + (this.hevc ? 3 : 1);
    this.cut = sets > this.end;
    if (this.cut) return;
    if (this.hevc) {
      this.type = load<u8>(this.next) & 63;
      this.sets = u16be(this.next + 1);
    } else this.sets = load<u8>(this.next) & (this.arrays == 2 ? 31 : 255);
    this.next = sets;
    this.arrays -= 1;
  }
}

/** To be opened; not to be used when memory is out. */
export function newConfigSets(): ConfigSets {
  return make<ConfigSets>();
}
