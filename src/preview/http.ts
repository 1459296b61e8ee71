/** The bearer token that a server asks for, if any. */
export type Token = () => string | undefined;

/** A refusal, with the server's sentence. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Asks a boxcar server, with the token. @throws Refused with the server's sentence; Error where no server answers */
export async function ask(url: string, token: Token, init: Omit<RequestInit, "headers"> = {}): Promise<Response> {
  const known = token();
  const headers = known === undefined ? {} : { Authorization: `Bearer ${known}` };
  const response = await fetch(url, { ...init, headers }).catch((cause: unknown) => {
    init.signal?.throwIfAborted();
    throw new Error("The server cannot be reached.", { cause });
  });
  if (response.ok) return response;
  const { message = `The server answers ${response.status}.` } = (await response.json().catch(() => ({}))) as {
    message?: string;
  };
  throw new Refused(response.status, message);
}
