/** The calls of the page that change something on its server, and those that tell what may be changed. */
import { encodeStreamPath } from "../../base/stream-path.ts";
import { allows, parseGrant, type Grant, type Scope } from "../../base/scopes.ts";
import { ask, data, timesOf } from "./api.ts";
import type { Interval } from "../../base/interval.ts";

/** What the viewer may do on a server, and what it can do. */
export interface Allowed {
  /** @param streamPath undefined: on any stream */
  may(scope: Scope, streamPath?: string): boolean;
  readonly canRecord: boolean;
}

/** Nothing: until the server has answered. */
export const NOTHING_ALLOWED: Allowed = { may: () => false, canRecord: false };

/** Asks what the viewer may do. */
export async function allowed(): Promise<Allowed> {
  const [{ scopes }, { capabilities }] = await Promise.all([
    data<{ scopes: string[] }>("/mp4/api/access"),
    data<{ capabilities: { recording: boolean } }>("/healthz"),
  ]);
  const grants = scopes.map(parseGrant).filter((grant): grant is Grant => grant !== undefined);
  const some = (scope: Scope): boolean => grants.some((grant) => grant.scope === scope || grant.scope === "admin");
  return {
    may: (scope, streamPath) => (streamPath === undefined ? some(scope) : allows(grants, scope, streamPath)),
    canRecord: capabilities.recording,
  };
}

/** A segment, as far as the page needs it. */
export interface ListedSegment {
  readonly size: number;
  readonly startTime: string;
  readonly endTime: string;
  readonly eventLevel: "high" | "low" | null;
}

/** The segments that lie in a range as a whole, at most 1000. */
export function segmentsIn(streamPath: string, { startMs, endMs }: Interval): Promise<ListedSegment[]> {
  const times = timesOf(startMs, endMs);
  return data(`/mp4/api/list/${encodeStreamPath(streamPath)}?${times}&match=contained&pageSize=1000`);
}

/** Deletes them. @throws Refused with the server's sentence */
export async function deleteIn(streamPath: string, { startMs, endMs }: Interval): Promise<void> {
  await ask(`/mp4/api/delete/${encodeStreamPath(streamPath)}?${timesOf(startMs, endMs)}`, { method: "POST" });
}

/** A recording that runs. */
export interface Job {
  readonly streamPath: string;
  readonly startTime: string;
  /** Received. */
  readonly bytes: number;
  readonly state: "connecting" | "standby" | "recording" | "waiting" | "ended" | "failed";
}

/** What is being recorded. */
export async function jobs(): Promise<Job[]> {
  const all = await data<Job[]>("/mp4/api/jobs");
  return all.filter(({ state }) => state !== "ended" && state !== "failed");
}

/** Records a stream from its source, or ends that. @throws Refused with the server's sentence */
export async function record(streamPath: string, what: "start" | "stop"): Promise<void> {
  await ask(`/mp4/api/${what}/${encodeStreamPath(streamPath)}`, { method: "POST" });
}

/** Notes an event of now. @throws Refused with the server's sentence */
export async function noteEvent(streamPath: string, eventName: string, eventLevel: "high" | "low"): Promise<void> {
  const body = JSON.stringify({ streamPath, eventId: String(Date.now()), eventName, eventLevel });
  await ask("/mp4/api/event/start", { method: "POST", body });
}
