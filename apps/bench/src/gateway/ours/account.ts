/** An account on a server, which owns what the measurements need. */
export type Account = {
  readonly token: string;
  /** Makes a key for `/v1`; without limits none of them is counted. */
  createKey(limits: Readonly<Record<string, unknown>>): Promise<string>;
  /** Makes a conversation that nobody has used. */
  createConversation(model: string): Promise<number>;
};

/** Registers an account, unless the server has it already, and logs it in. */
export async function createAccount(url: string): Promise<Account> {
  const credentials = { username: "bench", password: "bench password of no worth" };
  // Whatever is wrong shows when it logs in.
  await post(`${url}/api/users/register`, { body: credentials }).catch(() => {});
  const { token } = (await post(`${url}/api/users/login`, { body: credentials })) as { token: string };
  return {
    token,
    async createKey(limits) {
      const body = { json: { name: "bench", ...limits } };
      const answer = (await post(`${url}/trpc/key.create`, { body, token })) as KeyAnswer;
      return answer.result.data.json.secret;
    },
    async createConversation(model) {
      const body = { title: "bench", model };
      const answer = await post(`${url}/api/conversations/create`, { body, token });
      return (answer as { conversation_id: number }).conversation_id;
    },
  };
}

type KeyAnswer = { readonly result: { readonly data: { readonly json: { readonly secret: string } } } };

async function post(url: string, given: { body: unknown; token?: string }): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${given.token ?? ""}` },
    body: JSON.stringify(given.body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}
