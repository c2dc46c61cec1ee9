import type { Provider } from "../ports.ts";

/** Finds providers by the names of models. */
export type ProviderFinder = {
  /** The provider with the longest prefix that the model's name begins with. */
  readonly find: (model: string) => Provider | undefined;
};

/** Creates the finder of these providers. Later providers replace earlier ones of the same name, and win over them at the same prefix. */
export function createProviderFinder(providers: readonly Provider[]): ProviderFinder {
  const byName = new Map(providers.map((provider) => [provider.name, provider]));
  const rows = [...byName.values()].flatMap((provider) =>
    provider.prefixes.map((prefix) => ({ prefix: prefix.toLowerCase(), provider })),
  );
  rows.reverse();
  // The sort is stable, so that of two equal prefixes the later one stands first.
  rows.sort((a, b) => b.prefix.length - a.prefix.length);
  return {
    find(model) {
      const name = model.toLowerCase();
      return rows.find(({ prefix }) => name.startsWith(prefix))?.provider;
    },
  };
}
