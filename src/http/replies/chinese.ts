import { statusOf } from "../../base/error-codes.ts";
import type { BoxcarError } from "../../base/errors.ts";

/** Refusals of the chat front end's calls in Chinese: it shows them to people. What goes on in detail is for the log. */

const sentences: Readonly<Record<string, string>> = {
  bad_form: "上传的表单格式不正确，请重新上传。",
  bad_key: "文件名不正确，请重新上传。",
  bad_link: "链接的签名不正确，请使用原来的链接，或重新获取。",
  bad_parameter: "参数不正确",
  bad_path: "地址的编码不正确。",
  bad_process: "图片处理参数不正确。",
  bad_qr_size: "二维码的尺寸不正确。",
  bad_qr_text: "二维码的内容为空或过长，最多 2048 字节。",
  bad_request: "请求的内容无法识别。",
  bad_signature: "签名不正确。",
  bad_stream_path: "流路径不正确。",
  bad_time: "时间点参数无效，应为从 0 开始的毫秒数。",
  behind_proxy: "服务器没有设置令牌，不能通过代理修改内容。请联系管理员。",
  busy: "服务器正忙，请稍后再试。",
  catalog_busy: "服务器正忙，请稍后再试。",
  catalog_unavailable: "服务器暂时不可用，请稍后再试。",
  cross_origin: "不允许来自其他网站的操作。",
  empty_file: "上传的文件是空的，请重新选择。",
  ffmpeg_missing: "服务器没有安装 ffmpeg，无法截图。",
  field_too_large: "表单的文字内容过长。",
  forbidden: "没有权限进行此操作。",
  invalid_token: "登录已失效，请重新登录。",
  keys_unavailable: "暂时无法验证身份，请稍后再试。",
  link_expired: "链接已过期，请重新获取。",
  method_not_allowed: "不支持这种请求方式。",
  no_file: "请选择要上传的文件。",
  no_picture: "视频中没有画面。",
  not_available: "服务器不支持此功能。",
  not_recorded: "这段时间没有录像。",
  not_uploaded: "文件还没有上传完成。",
  object_changed: "文件已被更改，请重新上传。",
  object_missing: "文件不存在。",
  picture_failed: "截图生成失败，无法解码该画面。",
  picture_timeout: "截图超时，请稍后再试。",
  remote_unreadable: "视频地址无法读取。",
  size_mismatch: "文件大小与声明的不一致，请重新上传。",
  store_failed: "文件存储暂时不可用，请稍后再试。",
  store_full: "服务器存储空间不足。",
  too_large: "文件过大",
  too_many_downloads: "同时下载的数量过多，请稍后再试。",
  too_many_parts: "一次上传的文件或字段过多，请分次上传。",
  too_many_requests: "请求过于频繁，请稍后再试。",
  too_many_uploads: "同时上传的数量过多，请稍后再试。",
  unauthorized: "请先登录。",
  unknown_field: "文件字段的名称不正确。",
  unknown_file: "文件不存在，请使用上传后返回的地址。",
  unknown_folder: "不允许上传到这个文件夹。",
  unknown_host: "不允许通过这个域名访问。请联系管理员。",
  unknown_id: "没有这段录像。",
  unknown_route: "接口不存在。",
  unsupported_body: "请以表单（multipart/form-data）上传文件。",
  unsupported_type: "不支持这种文件类型，请上传图片、音频、视频、PDF 或 Office 文档。",
  upload_aborted: "上传中断，请重新上传。",
};

/** A refusal as one sentence in Chinese; what has no sentence of its own is told by its status. */
export function inChinese(refusal: BoxcarError): string {
  const { code, fields } = refusal;
  const sentence = Object.hasOwn(sentences, code) ? sentences[code] : undefined;
  if (code === "bad_parameter" && Array.isArray(fields.parameters) && fields.parameters.length > 0)
    return `参数不正确：${fields.parameters.join("、")}。`;
  if (code === "too_large" && typeof fields.maxBytes === "number") return `文件过大，最多 ${fields.maxBytes} 字节。`;
  if (sentence !== undefined) return sentence.endsWith("。") ? sentence : `${sentence}。`;
  return statusOf(refusal) >= 500 ? "服务器出错，请稍后再试。" : "请求不正确，请检查后重试。";
}

/** Whether Chinese comes first in an `Accept-Language` field (RFC 9110 section 12.5.4). */
export function prefersChinese(field: string | undefined): boolean {
  const languages = (field ?? "").split(",").map((item) => {
    const [tag = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    return { tag, quality: quality === undefined ? 1 : Number(quality) };
  });
  const first = languages.reduce((best, language) => (language.quality > best.quality ? language : best));
  return first.quality > 0 && /^zh(-|$)/.test(first.tag);
}
