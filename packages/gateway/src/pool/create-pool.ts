import { DomainError } from "@llm-backend/contract";
import { prepareUpstream } from "../routing/prepared-upstream.ts";
import type { ProviderFinder } from "../routing/provider-finder.ts";
import type { BalancePolicy, Clocks, HealthChange, Upstream } from "../upstream.ts";
import { toGroups } from "./candidate-group.ts";
import { CandidatePlan, type PlanContext } from "./candidate-plan.ts";
import { listServed, toModelViews } from "./list-models.ts";
import { Member } from "./member.ts";
import { ModelIndex, type Candidates } from "./model-index.ts";
import {
  defaultPoolSettings,
  type BreakerSettings,
  type KeyRestSettings,
  type PoolSettings,
  type PoolSources,
  type RetrySettings,
} from "./pool-settings.ts";
import type { Pool } from "./pool.ts";
import { createProviderMembers } from "./provider-members.ts";
import { RetryBudget } from "./retry-budget.ts";

/** The options of {@link createPool}. */
export type PoolOptions = Partial<PoolSources> & {
  readonly upstreams: readonly Upstream[];
  readonly providers: ProviderFinder;
  /** The clocks of upstreams that say nothing of them. */
  readonly clocks: Clocks;
  /** @default "order" */
  readonly policy?: BalancePolicy | undefined;
  /** Each of the following: what differs from `defaultPoolSettings`. */
  readonly breaker?: Partial<BreakerSettings> | undefined;
  readonly keyRest?: Partial<KeyRestSettings> | undefined;
  readonly retry?: Partial<RetrySettings> | undefined;
  readonly queueMs?: number | undefined;
  readonly unavailableMs?: number | undefined;
  /** An upstream or a key was taken out or came back. What it throws is ignored. */
  readonly onHealthChange?: ((change: HealthChange) => void) | undefined;
};

function toSettings(options: PoolOptions): PoolSettings {
  return {
    breaker: { ...defaultPoolSettings.breaker, ...options.breaker },
    keyRest: { ...defaultPoolSettings.keyRest, ...options.keyRest },
    retry: { ...defaultPoolSettings.retry, ...options.retry },
    queueMs: options.queueMs ?? defaultPoolSettings.queueMs,
    unavailableMs: options.unavailableMs ?? defaultPoolSettings.unavailableMs,
  };
}

function toContext(options: PoolOptions): PlanContext {
  const settings = toSettings(options);
  return {
    settings,
    policy: options.policy ?? "order",
    budget: new RetryBudget(settings.retry),
    now: options.now ?? (() => performance.now()),
    wallClock: options.wallClock ?? Date.now,
    random: options.random ?? Math.random,
    onHealthChange(change) {
      try {
        options.onHealthChange?.(change);
      } catch {
        // Whoever watches must not be able to break a request.
      }
    },
  };
}

/** An upstream that gets its callers' own authorization has none for us. */
const isDiscoverable = ({ upstream }: Member): boolean =>
  upstream.passAuthorization !== true && (upstream.discover === true || upstream.models.length === 0);

/** Who stays the same across lists: one that answers for the same name at the same place. */
const toIdentity = ({ id, endpoint }: Upstream): string => `${id} ${endpoint}`;

/**
 * Creates the pool of these upstreams.
 *
 * @throws DomainError `invalid_input` when an upstream's endpoint is no http or https URL.
 */
export function createPool(options: PoolOptions): Pool {
  const { clocks } = options;
  const context = toContext(options);
  const providers = createProviderMembers(options.providers, clocks, context);
  const discovered = new Map<string, readonly string[]>();
  let members: readonly Member[] = [];
  let index: ModelIndex | undefined;
  let served: ReturnType<typeof listServed> | undefined;

  function forget(): void {
    index = undefined;
    served = undefined;
  }

  function replace(upstreams: readonly Upstream[]): void {
    const known = new Map(members.map((member) => [toIdentity(member.upstream), member]));
    // All of them before any of them: a list with a mistake in it changes nothing.
    const rows = upstreams.map((upstream) => ({
      upstream,
      prepared: prepareUpstream(upstream, clocks, discovered.get(toIdentity(upstream))),
    }));
    members = rows.map(({ upstream, prepared }) => {
      const member = known.get(toIdentity(upstream));
      if (member === undefined) return new Member(upstream, prepared, context);
      known.delete(toIdentity(upstream));
      member.update(upstream, prepared);
      return member;
    });
    for (const [identity, member] of known) {
      member.retire();
      discovered.delete(identity);
    }
    forget();
  }

  function findUsable(model: string, mayUse: ((upstreamId: string) => boolean) | undefined): Candidates {
    const found = (index ??= new ModelIndex(members)).find(model);
    const isUsable = found.groups.some((group) =>
      group.members.some(({ upstream }) => mayUse === undefined || mayUse(upstream.id)),
    );
    if (!isUsable) throw new DomainError("model_not_found", `No upstream serves the model “${model}”.`);
    return found;
  }

  replace(options.upstreams);
  return {
    plan({ model, mayUse, providerKey }) {
      if (providerKey === undefined)
        return new CandidatePlan(context, {
          model,
          mayUse,
          candidates: findUsable(model, mayUse),
          ownKey: undefined,
        });
      const candidates = { groups: toGroups([providers.get(model)]), count: 1 };
      return new CandidatePlan(context, { model, candidates, mayUse: undefined, ownKey: providerKey });
    },
    listModels(mayUse = () => true) {
      const present = (index ??= new ModelIndex(members));
      served ??= listServed(members, (model) => present.search(model));
      return toModelViews(served, members, mayUse);
    },
    health: () => members.map((member) => member.health()),
    replace,
    listDiscoverable: () =>
      members
        .filter(isDiscoverable)
        .map((member) => ({ upstream: member.prepared, key: member.keys.choose(context.now())?.value })),
    setDiscovered(upstreamId, models) {
      const member = members.find(({ upstream }) => upstream.id === upstreamId);
      if (member === undefined) return;
      const { upstream } = member;
      const before = discovered.get(toIdentity(upstream)) ?? [];
      if (before.length === models.length && before.every((name, position) => name === models[position]))
        return;
      discovered.set(toIdentity(upstream), models);
      member.prepared = prepareUpstream(upstream, clocks, models);
      forget();
    },
    close() {
      for (const member of members) member.retire();
      members = [];
      forget();
    },
  };
}
