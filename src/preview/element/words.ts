/** What the element says, in each language. */

const english = {
  player: "Recording",
  play: "Play (space)",
  pause: "Pause (space)",
  back: "Picture before (,)",
  forward: "Next picture (.)",
  rate: "Speed",
  loop: "Repeat",
  mute: "Mute (M)",
  picture: "Save picture",
  pip: "Picture in picture",
  fullscreen: "Full screen (F)",
  seek: "Position",
  notRecorded: "Not recorded",
  stills: "Single pictures: this browser cannot play",
};

/** Names of sentences. */
export type ElementWords = typeof english;

const chinese: ElementWords = {
  player: "录像",
  play: "播放（空格）",
  pause: "暂停（空格）",
  back: "上一帧（,）",
  forward: "下一帧（.）",
  rate: "速度",
  loop: "循环",
  mute: "静音（M）",
  picture: "保存截图",
  pip: "画中画",
  fullscreen: "全屏（F）",
  seek: "位置",
  notRecorded: "无录像",
  stills: "仅显示静态画面：此浏览器无法播放",
};

/** The words of a language, by its tag (BCP 47). */
export const elementWords = (language: string): ElementWords => (/^zh\b/i.test(language) ? chinese : english);
