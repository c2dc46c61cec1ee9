import { DomainError } from "@llm-backend/contract";
import { prepareUpstream } from "../routing/prepared-upstream.ts";
import type { ProviderFinder } from "../routing/provider-finder.ts";
import type { Clocks, Upstream } from "../upstream.ts";
import { Member, type MemberContext } from "./member.ts";

/** The public providers as upstreams for those who bring a key of their own. */
export type ProviderMembers = {
  /** @throws DomainError `invalid_input` when the model belongs to no provider. */
  readonly get: (model: string) => Member;
};

/** How providers are belongs to the pool; how the keys of strangers are does not. */
export function createProviderMembers(
  providers: ProviderFinder,
  clocks: Clocks,
  context: MemberContext,
): ProviderMembers {
  const members = new Map<string, Member>();

  function create(name: string, endpoint: string): Member {
    const upstream: Upstream = { id: `provider:${name}`, name, endpoint, keys: [], models: [], aliases: {} };
    // The asker's key takes the place of ours: what a provider says of it counts for nobody else.
    const member = new Member({ ...upstream, passAuthorization: true }, prepareUpstream(upstream, clocks), {
      ...context,
      // Nobody configured it: nobody needs to be told.
      onHealthChange: () => {},
    });
    members.set(name, member);
    return member;
  }

  return {
    get(model) {
      const provider = providers.find(model);
      if (provider !== undefined)
        return members.get(provider.name) ?? create(provider.name, provider.endpoint);
      throw new DomainError(
        "invalid_input",
        `No provider is known for the model “${model}”, so an own key cannot be used with it. ` +
          "The operator can add the provider under `providers:` in the configuration.",
      );
    },
  };
}
