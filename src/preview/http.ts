/** The bearer token that a server asks for, if any. */
export type Token = () => string | undefined;

/** Asks a boxcar server. @throws Error with the server's sentence */
export async function ask(url: string, token: Token, signal: AbortSignal): Promise<Response> {
  const known = token();
  const response = await fetch(url, {
    signal,
    headers: known === undefined ? {} : { Authorization: `Bearer ${known}` },
  });
  if (response.ok) return response;
  const { message } = (await response.json().catch(() => ({}))) as { message?: string };
  throw new Error(message ?? `The server answers ${response.status}.`);
}
