import type { ModelView } from "@llm-backend/contract";
import type { Member } from "./member.ts";

/** A model and everybody who serves it, as listed. */
type ServedModel = { readonly model: string; readonly members: readonly Member[] };

/** The models that upstreams name, in their order, with everybody who serves them. */
export function listServed(
  members: readonly Member[],
  find: (model: string) => readonly Member[],
): readonly ServedModel[] {
  const names = new Set(members.flatMap(({ prepared }) => prepared.modelNames));
  return Array.from(names, (model) => ({ model, members: find(model) }));
}

/** What a caller is shown: the models that upstreams name which the caller may use. */
export function toModelViews(
  served: readonly ServedModel[],
  members: readonly Member[],
  mayUse: (upstreamId: string) => boolean,
): ModelView[] {
  const usable = new Set(members.filter(({ upstream }) => mayUse(upstream.id)));
  const named = new Set(Array.from(usable).flatMap(({ prepared }) => prepared.modelNames));
  return served
    .filter(({ model }) => named.has(model))
    .map((one) => ({
      model: one.model,
      upstreams: one.members.filter((member) => usable.has(member)).map(({ upstream }) => upstream.name),
    }));
}
