/** What the page says, in each language. */

const english = {
  streams: "Streams",
  search: "Search streams",
  nothing: "Nothing is recorded yet",
  begin: "Three ways to begin:",
  beginPush: "push a live stream",
  beginImport: "take in a folder that another recorder writes",
  beginUpload: "upload a segment",
  noMatch: "No stream has this name.",
  choose: "Choose a stream",
  token: "Token",
  signIn: "Sign in",
  signInWhy: "This server asks for a token.",
  signOut: "Sign out",
  play: "Play",
  pause: "Pause",
  back: "Picture before",
  forward: "Next picture",
  speed: "Speed",
  in: "Set in",
  out: "Set out",
  clear: "Clear",
  selection: "Selection",
  wholeView: "What the timeline shows",
  download: "Download",
  asMp4: "MP4",
  asFmp4: "Fragmented MP4",
  picture: "Picture",
  share: "Share",
  link: "Link, valid until",
  copy: "Copy",
  copied: "Copied",
  close: "Close",
  notRecorded: "Not recorded",
  skipped: "Not recorded, passed over:",
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  timeline: "Timeline: drag to move, scroll to zoom, Shift and drag to select, arrow keys to step",
  api: "API",
};

/** Names of sentences. */
export type Words = typeof english;

const chinese: Words = {
  streams: "视频流",
  search: "搜索视频流",
  nothing: "尚无录像",
  begin: "三种开始方式：",
  beginPush: "推送直播流",
  beginImport: "导入其他录像程序写入的文件夹",
  beginUpload: "上传一个片段",
  noMatch: "没有匹配的视频流。",
  choose: "请选择视频流",
  token: "令牌",
  signIn: "登录",
  signInWhy: "此服务器需要令牌。",
  signOut: "退出登录",
  play: "播放",
  pause: "暂停",
  back: "上一帧",
  forward: "下一帧",
  speed: "速度",
  in: "设入点",
  out: "设出点",
  clear: "清除",
  selection: "选段",
  wholeView: "时间轴所示范围",
  download: "下载",
  asMp4: "MP4",
  asFmp4: "分片 MP4",
  picture: "截图",
  share: "分享",
  link: "链接，有效期至",
  copy: "复制",
  copied: "已复制",
  close: "关闭",
  notRecorded: "无录像",
  skipped: "无录像，已跳过：",
  zoomIn: "放大",
  zoomOut: "缩小",
  timeline: "时间轴：拖动平移，滚轮缩放，按住 Shift 拖动选择，方向键逐帧",
  api: "接口文档",
};

/** The words of the first of a browser's languages that there are words of. @param languages as `navigator.languages` */
export function wordsFor(languages: readonly string[]): { readonly language: "en" | "zh-CN"; readonly words: Words } {
  const first = languages.find((name) => /^(en|zh)\b/i.test(name)) ?? "en";
  return first.toLowerCase().startsWith("zh")
    ? { language: "zh-CN", words: chinese }
    : { language: "en", words: english };
}
