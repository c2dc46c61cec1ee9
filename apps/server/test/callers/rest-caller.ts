/** What a request of the REST face may say; a body that is no string and no bytes is sent as JSON. */
export type RestOptions = {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
};

/** A caller of the REST face, who holds at most one token. */
export type RestCaller = {
  readonly url: string;
  readonly token: string | undefined;
  request(method: string, path: string, options?: RestOptions): Promise<Response>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  post(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
};

/** The password of every user that the tests make. */
export const password = "correct horse battery";

let usersMade = 0;

/** A user name that no other test has. */
export function newUsername(): string {
  return `user-${process.pid}-${++usersMade}`;
}

/** Creates a caller; without a token a stranger. */
export function createRestCaller(url: string, token?: string): RestCaller {
  const request: RestCaller["request"] = (method, path, options = {}) => {
    const { body, signal } = options;
    return fetch(`${url}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined || isRaw(body) ? {} : { "content-type": "application/json" }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body: isRaw(body) ? (body as BodyInit) : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  };
  return {
    url,
    token,
    request,
    get: (path, headers = {}) => request("GET", path, { headers }),
    post: (path, body, headers = {}) => request("POST", path, { body, headers }),
  };
}

/** Registers a new user and logs in. */
export async function registerUser(url: string, username = newUsername()): Promise<RestCaller> {
  const stranger = createRestCaller(url);
  const registered = await stranger.post("/api/users/register", { username, password });
  if (registered.status !== 201) throw new Error(`register: ${registered.status} ${await registered.text()}`);
  return logIn(url, username);
}

/** Logs in over the REST face. */
export async function logIn(url: string, username: string): Promise<RestCaller> {
  const answer = await createRestCaller(url).post("/api/users/login", { username, password });
  if (answer.status !== 200) throw new Error(`login: ${answer.status} ${await answer.text()}`);
  const { token } = (await answer.json()) as { token: string };
  return createRestCaller(url, token);
}

/** Makes a conversation and answers with its id. */
export async function createConversation(
  caller: RestCaller,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<number> {
  const answer = await caller.post("/api/conversations/create", {
    title: "A title",
    model: "a-model",
    ...fields,
  });
  if (answer.status !== 200) throw new Error(`create: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { conversation_id: number }).conversation_id;
}

/** One message of a history. */
export type HistoryMessage = { role: string; content: string; message_id: number };

/** Reads the messages of a conversation. */
export async function readHistory(caller: RestCaller, conversationId: number): Promise<HistoryMessage[]> {
  const answer = await caller.get(`/api/conversations/history/${conversationId}`);
  if (answer.status !== 200) throw new Error(`history: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { messages: HistoryMessage[] }).messages;
}

function isRaw(body: unknown): boolean {
  return typeof body === "string" || body instanceof Uint8Array || body instanceof URLSearchParams;
}
