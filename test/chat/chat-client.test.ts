/** The calls of the chat front end (uni-app over an egg.js server), as it sends them. */
import { request } from "node:http";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { png, styles, writeForm, type FormField } from "../support/forms.ts";

const secret = "the chat server's own secret, 32 bytes";
const page = "http://localhost:5173";
let server: TestServer;
let guests: TestServer;
beforeAll(async () => {
  server = await startTestServer({ BOXCAR_JWT_SECRET: secret, BOXCAR_CORS_ORIGINS: page });
  guests = await startTestServer({ BOXCAR_TOKEN: "0123456789-abcdefgh", BOXCAR_GUESTS: "read,upload" });
});
afterAll(() => Promise.all([server.close(), guests.close()]));

const jwt = (claims = {}): Promise<string> =>
  new SignJWT({ sub: "user-7", scope: "read upload", ...claims })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(secret));

interface Answer {
  readonly status: number;
  readonly msg: string;
  readonly data: unknown;
}
async function post(on: TestServer, path: string, fields: readonly FormField[], headers = {}): Promise<Answer> {
  for (const style of [styles.chrome, styles.wechat, styles.android, styles.ios]) {
    const { contentType, body } = writeForm(fields, style);
    const init = { method: "POST", body, headers: { "content-type": contentType, ...headers } };
    const response = await on.fetch(path, init);
    const answer = { status: response.status, ...((await response.json()) as Omit<Answer, "status">) };
    if (style === styles.ios || response.status !== 200) return answer;
  }
  throw new Error("no style of forms");
}

const img: FormField = { name: "img", fileName: "a.png", value: png, type: "image/png" };
const text = (name: string, value: string): FormField => ({ name, value });

describe("an upload to the store", () => {
  it("comes with a token in the form and in the header, and a class that may be empty", async () => {
    const headers = { token: await jwt() };
    for (const query of ["", "?imageClassId=", "?imageClassId=0&_csrf=abc", "?_csrf="]) {
      const fields = [text("token", "x.y.z"), text("imageClassId", ""), text("user_id", "7"), img];
      const { status, msg, data } = await post(server, `/api/chat/uploadAliyun${query}`, fields, headers);
      expect({ status, msg }).toEqual({ status: 200, msg: "ok" });
      expect(data).toMatchObject([{ image_class_id: 0 }]);
      const [file] = data as [{ url: string; path: string; create_time: number }];
      expect(file.url).toBe(`${server.url}/files/${file.path}`);
      expect(file.path).toMatch(/^images\/\d{8}\/\d{13}_[0-9a-f]{12}\.png$/);
      expect(Math.abs(file.create_time - Date.now() / 1000)).toBeLessThan(600);
    }
  });

  it("of a visitor has the chat server's token, of which this server knows nothing, or an empty one", async () => {
    for (const headers of [{}, { token: "" }, { token: "undefined" }, { token: await jwt() }])
      expect(await post(guests, "/api/chat/uploadAliyun", [text("token", ""), img], headers)).toMatchObject({
        status: 200,
      });
  });

  it("with a token that has expired is told so", async () => {
    const old = await new SignJWT({ sub: "user-7", scope: "upload" })
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime(1)
      .sign(new TextEncoder().encode(secret));
    const answer = await post(server, "/api/chat/uploadAliyun", [img], { token: old });
    expect(answer).toMatchObject({ status: 401, msg: "fail" });
  });

  it("may number its files, and leave one of them empty", async () => {
    const empty = { name: "img", fileName: "", value: "" };
    const fields = [empty, { ...img, name: "img[]" }, { ...img, name: "img[1]" }, empty];
    const { status, data } = await post(guests, "/api/chat/uploadAliyun", fields);
    expect({ status, count: (data as unknown[]).length }).toEqual({ status: 200, count: 2 });
    expect(await post(guests, "/api/chat/uploadAliyun", [empty])).toMatchObject({ status: 400, msg: "fail" });
    const cover = { ...empty, name: "cover" };
    expect(await post(guests, "/api/chat/uploadAliyun", [cover, img, cover])).toMatchObject({ status: 200 });
    const filled = { ...img, name: "cover" };
    expect(await post(guests, "/api/chat/uploadAliyun", [filled, img])).toMatchObject({ status: 400, msg: "fail" });
  });
});

describe("an upload onto disk", () => {
  it.each(["chat", "chatImgs", "chatVideos", "avatars"])(
    "goes into %s, in a file field of any name",
    async (folder) => {
      for (const name of ["file", "img", "avatar"]) {
        const fields = [text("token", "x"), { ...img, name }];
        const { status, data } = await post(guests, `/api/chat/uploadStreamSingleToServerDiy/${folder}`, fields);
        expect(status).toBe(200);
        expect((data as { url: string }).url).toMatch(new RegExp(`^/public/uploads/Diy/${folder}/\\d{8}/[^/]+\\.png$`));
      }
    },
  );

  it("is of the first file, and of that alone", async () => {
    const second = { ...img, fileName: "b.txt", value: "not a picture, and of no type that is taken" };
    const { status, data } = await post(guests, "/api/chat/uploadStreamSingleToServerDiy/chat", [img, second]);
    expect(status).toBe(200);
    expect(Buffer.from(await (await guests.fetch((data as { url: string }).url)).arrayBuffer())).toEqual(png);
  });

  it("means a folder in another by an underscore, where that is allowed", async () => {
    const nested = await startTestServer({ BOXCAR_UPLOAD_FOLDERS: "chat_imgs" });
    const { data } = await post(nested, "/api/chat/uploadStreamSingleToServerDiy/chat_imgs", [img]);
    const { url } = data as { url: string };
    expect(url).toMatch(/^\/public\/uploads\/Diy\/chat\/imgs\/\d{8}\//);
    expect((await nested.fetch(url)).status).toBe(200);
    const refused = await post(nested, "/api/chat/uploadStreamSingleToServerDiy/other", [img]);
    expect(refused).toMatchObject({ status: 400, msg: "fail" });
    await nested.close();
  });
});

describe("a browser that shows the front end from another port", () => {
  it("may send its token", async () => {
    const asked = await server.fetch("/api/chat/uploadAliyun", {
      method: "OPTIONS",
      headers: {
        origin: page,
        "access-control-request-method": "POST",
        "access-control-request-headers": "token,access-token",
      },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-headers")?.toLowerCase()).toMatch(/\btoken\b.*\baccess-token\b/);
    const answer = await post(server, "/api/chat/uploadAliyun", [img], { token: await jwt(), origin: page });
    expect(answer).toMatchObject({ status: 200, msg: "ok" });
  });
});

describe("the QR code of a group", () => {
  it("takes the token in its URL, since an image element can send nothing else", async () => {
    const path = "/api/chat/groupQrcode/33?chatType=group&type=H5&http=http%3A%2F%2Flocalhost%3A5173%2F&_t=1&token=";
    expect((await server.fetch(path + (await jwt()))).status).toBe(200);
    expect((await server.fetch(path)).status).toBe(401);
    expect((await guests.fetch(`${path}anything`)).status).toBe(200);
    expect((await server.fetch(`/mp4/api/catalog?token=${await jwt()}`)).status).toBe(401); // nowhere else
  });
});

describe("a refusal", () => {
  it("is in Chinese for who reads that, or where that is configured", async () => {
    const chinese = await startTestServer({ BOXCAR_CHAT_LANGUAGE: "zh" });
    const refusal = async (on: TestServer, language?: string): Promise<string> => {
      const headers = language === undefined ? {} : { "accept-language": language };
      const { data } = await post(on, "/api/chat/uploadAliyun", [{ ...img, value: "text" }], headers);
      return data as string;
    };
    for (const language of ["zh", "zh-CN,zh;q=0.9,en;q=0.8", "en;q=0.5, ZH-Hans"])
      expect(await refusal(guests, language), language).toContain("不支持这种文件类型");
    for (const language of [undefined, "en", "en-US,zh;q=0.9", "zh;q=0", "*", "zhx"])
      expect(await refusal(guests, language), language).toContain("of no type that is taken");
    expect(await refusal(chinese)).toContain("不支持这种文件类型");
    const { json } = await chinese.call("/mp4/api/list/a?start=x", { headers: { "accept-language": "zh" } });
    expect(json.message).toContain("is no time"); // what programs read stays as it is
    expect((await chinese.call("/api/chat/nothing")).json.data).toBe("接口不存在。");
    await chinese.close();
  });
});

describe("the address of an upload", () => {
  it("has TLS where a trusted proxy says so, or the configured URL", async () => {
    const urlFrom = async (env: Record<string, string>, fields: Record<string, string>): Promise<string> => {
      const behind = await startTestServer({ BOXCAR_TOKEN: "0123456789-abcdefgh", BOXCAR_GUESTS: "upload", ...env });
      const { contentType, body } = writeForm([img]);
      const headers = { "content-type": contentType, ...fields };
      const path = "/api/chat/uploadAliyun";
      const reply = await new Promise<string>((resolve, reject) => {
        const sent = request({ host: "127.0.0.1", port: behind.port, path, method: "POST", headers }, (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
          response.on("end", () => resolve(text));
        });
        sent.on("error", reject);
        sent.end(body);
      });
      await behind.close();
      return new URL((JSON.parse(reply) as { data: [{ url: string }] }).data[0].url).origin;
    };
    const host = "chat.example.org";
    const proxied = { BOXCAR_TRUSTED_PROXIES: "127.0.0.1" };
    expect(await urlFrom(proxied, { host, "x-forwarded-proto": "https" })).toBe(`https://${host}`);
    expect(await urlFrom({ BOXCAR_PUBLIC_URL: `https://${host}` }, {})).toBe(`https://${host}`);
  });
});
