#!/usr/bin/env bash
# OpenCV counts the frames of an MP4 that an edit list hides, and does not read them: CAP_PROP_FRAME_COUNT is the number of samples.
# A clip cut by `ffmpeg -ss … -c copy` begins with the pictures from the sync sample before on, all hidden; a loop over as many
# frames as were counted ends early without an error, and a share of them is not where it is looked for.
#
# Seen with opencv-python-headless 5.0.0.93 and ffmpeg of 2018 (@ffmpeg-installer/ffmpeg 1.1.0), a cut of three seconds at 25 pictures
# a second, one second behind a sync sample:
#   counted 100, read 75, last at 2960 ms
# Count by reading, or take the duration. Needs Node, npm and Python 3 with venv. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @ffmpeg-installer/ffmpeg@1.1.0
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93
ffmpeg=$(node -p 'require("@ffmpeg-installer/ffmpeg").path')
"$ffmpeg" -v error -f lavfi -i testsrc=s=320x180:r=25 -t 8 -c:v libx264 -g 100 -bf 0 -pix_fmt yuv420p recorded.mp4
"$ffmpeg" -v error -ss 5 -i recorded.mp4 -c copy cut.mp4
cat >read.py <<'PY'
import cv2

cut = cv2.VideoCapture("cut.mp4")
counted = int(cut.get(cv2.CAP_PROP_FRAME_COUNT))
read = 0
while cut.grab():
    read += 1
    last = cut.get(cv2.CAP_PROP_POS_MSEC)
print(f"counted {counted}, read {read}, last at {last:.0f} ms")
PY
python/bin/python read.py | tee seen
diff seen - <<'EXPECTED'
counted 100, read 75, last at 2960 ms
EXPECTED
