import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { CredentialsSource, StoreCredentials } from "../../config/store-settings.ts";
import { readCredentials, renewed, unavailable, type CurrentCredentials } from "./credentials.ts";

/** Milliseconds that a command may take, and one answer of the metadata service. */
const COMMAND_MS = 20_000;
const ANSWER_MS = 5000;
/** Bytes of an answer of either. */
const LONGEST = 65_536;

/** Alibaba Cloud's metadata service for ECS instances: a fixed address, which no setting and no request can change. */
const METADATA = "http://100.100.100.200";

/** Credentials from where the settings say, fetched anew before they end. */
export function credentialsFrom(source: CredentialsSource): CurrentCredentials {
  const read = {
    command: () => fromCommand(source.name),
    file: () => fromFile(source.name),
    ecs: () => fromEcsRole(source.name, METADATA),
  }[source.from];
  return renewed(read);
}

async function fromCommand(command: string): Promise<StoreCredentials> {
  const limits = { timeout: COMMAND_MS, maxBuffer: LONGEST };
  // What it printed stays out of errors and logs.
  const { stdout } = await promisify(execFile)("/bin/sh", ["-c", command], limits).catch((cause: unknown) => {
    const { code, killed } = cause as { code?: number | string; killed?: boolean };
    throw unavailable(killed === true ? "the command took too long" : `the command failed with ${String(code)}`);
  });
  return readCredentials(stdout, Date.now());
}

async function fromFile(path: string): Promise<StoreCredentials> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw unavailable(`the file ${path} cannot be read`, cause);
  });
  return readCredentials(text, Date.now());
}

/**
 * Credentials of the role that is attached to this ECS instance
 * (https://help.aliyun.com/zh/ecs/user-guide/attach-an-instance-ram-role-to-an-ecs-instance), in the hardened mode, which wants a token.
 * @param role empty: the one there is
 * @param origin of the metadata service
 */
export async function fromEcsRole(role: string, origin: string): Promise<StoreCredentials> {
  const ask = async (path: string, method: "GET" | "PUT", headers: Record<string, string>): Promise<string> => {
    const signal = AbortSignal.timeout(ANSWER_MS);
    try {
      const response = await fetch(origin + path, { method, headers, redirect: "error", signal });
      const text = await response.text();
      if (response.ok && text.length <= LONGEST) return text;
      throw new Error(`status ${response.status}`);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw unavailable(`the metadata service of the instance does not give them (${why})`);
    }
  };
  const token = await ask("/latest/api/token", "PUT", { "X-aliyun-ecs-metadata-token-ttl-seconds": "60" });
  const fields = { "X-aliyun-ecs-metadata-token": token };
  const roles = "/latest/meta-data/ram/security-credentials/";
  const name = role === "" ? (await ask(roles, "GET", fields)).trim() : role;
  if (!/^[\w.-]{1,64}$/.test(name)) throw unavailable("the instance has no role");
  return readCredentials(await ask(roles + name, "GET", fields), Date.now());
}
