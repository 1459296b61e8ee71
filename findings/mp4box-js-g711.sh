#!/usr/bin/env bash
# mp4box.js takes a track of G.711 or PCM, the sound of most IP cameras, for one of metadata: it asks neither the handler (`soun`, ISO/IEC
# 14496-12, 8.4.3) nor the media header (`smhd`), but knows sample entries by name, and `alaw`, `ulaw` and `sowt` are not among
# them. The track is missing in `audioTracks` and has no `audio`, so neither a rate nor channels; its samples are listed.
#
# Seen with mp4box.js 2.4.1 (and mediabunny 1.61.0 beside it), QuickTime files of ffmpeg:
#   alaw: handler soun, mp4box.js: metadata, 0 of audioTracks, audio undefined; mediabunny: audio, 8000 Hz, 1 channel
# and the same of `ulaw` and `sowt`.
# Whoever looks for sound with it asks for the handler of each track (`getTrackById(id).mdia.hdlr.handler`).
# Needs Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mp4box@2.4.1 mediabunny@1.61.0 @ffmpeg-installer/ffmpeg@1.1.0
cat >read.mjs <<'JS'
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import ffmpeg from "@ffmpeg-installer/ffmpeg";
import { ALL_FORMATS, BufferSource, Input } from "mediabunny";
import { createFile } from "mp4box";

for (const [entry, codec] of Object.entries({ alaw: "pcm_alaw", ulaw: "pcm_mulaw", sowt: "pcm_s16le" })) {
  const encode = `-f lavfi -i sine=d=1:r=8000 -ac 1 -fflags +bitexact -c:a ${codec} ${entry}.mov`;
  execFileSync(ffmpeg.path, ["-v", "error", ...encode.split(" ")]);
  const bytes = new Uint8Array(readFileSync(`${entry}.mov`)).buffer;

  const parsed = createFile();
  let movie;
  parsed.onReady = (info) => (movie = info);
  parsed.appendBuffer(Object.assign(bytes.slice(0), { fileStart: 0 }));
  parsed.flush();
  const [track] = movie.tracks;
  const { handler } = parsed.getTrackById(track.id).mdia.hdlr;
  const told = `${track.type}, ${movie.audioTracks.length} of audioTracks, audio ${track.audio}`;

  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(bytes) });
  const sound = await input.getPrimaryAudioTrack();
  const other = `${sound.type}, ${sound.sampleRate} Hz, ${sound.numberOfChannels} channel`;
  console.log(`${entry}: handler ${handler}, mp4box.js: ${told}; mediabunny: ${other}`);
}
JS
node read.mjs | tee seen
diff seen - <<'EXPECTED'
alaw: handler soun, mp4box.js: metadata, 0 of audioTracks, audio undefined; mediabunny: audio, 8000 Hz, 1 channel
ulaw: handler soun, mp4box.js: metadata, 0 of audioTracks, audio undefined; mediabunny: audio, 8000 Hz, 1 channel
sowt: handler soun, mp4box.js: metadata, 0 of audioTracks, audio undefined; mediabunny: audio, 8000 Hz, 1 channel
EXPECTED
