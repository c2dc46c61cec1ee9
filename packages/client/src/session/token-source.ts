/** Where calls get their token from. */
export type TokenSource = {
  /** The token to send now; undefined for none. Asked before each request and each reconnect. */
  get(): Promise<string | undefined>;
  /** Another token, after the server has refused this one; undefined where there is none. */
  renew(refused: string | undefined): Promise<string | undefined>;
};

/** A token that the application has, or gets by itself. */
export function createGivenTokens(getToken: () => MaybePromise<string | null | undefined>): TokenSource {
  const get = async () => (await getToken()) ?? undefined;
  return {
    get,
    async renew(refused) {
      const token = await get();
      return token === refused ? undefined : token;
    },
  };
}

/** A value, or the promise of one. */
export type MaybePromise<TValue> = TValue | Promise<TValue>;
