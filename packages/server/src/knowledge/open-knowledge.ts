import type { Gateway } from "@llm-backend/gateway";
import type { Storage } from "@llm-backend/storage";
import type { ServicesDeps } from "../backend.ts";
import { createEmbeddingService } from "../embedding/embedding-service.ts";
import type { ForwardService } from "../forward/forward-service.ts";
import type { NewId } from "../identity/new-id.ts";
import type { LongSweeps } from "../sweep/long-sweeps.ts";
import { createSoon } from "./begin-soon.ts";
import { createKnowledge, type Knowledge } from "./create-knowledge.ts";
import { idleEngine, type KnowledgeEngine } from "./knowledge-engine.ts";
import { defaultKnowledgeSettings } from "./knowledge-settings.ts";

/** What knowledge bases stand on. */
export type OpenKnowledgeDeps = {
  readonly storage: Storage;
  readonly gateway: Pick<Gateway, "models">;
  readonly forward: Pick<ForwardService, "forward">;
  readonly sweeps: LongSweeps;
  readonly newId: NewId;
  readonly now: () => number;
  /** Names this process. */
  readonly owner: string;
  readonly onInternalError: (error: unknown) => void;
  /** What the services were given. */
  readonly deps: Pick<ServicesDeps, "settings" | "openKnowledge">;
};

/** Knowledge bases, with what searches and takes in their documents. */
export type OpenedKnowledge = Knowledge & {
  readonly engine: Pick<KnowledgeEngine, "start" | "close">;
  /** Begins to remove what is nobody's any more. */
  readonly tidy: () => void;
};

/** Builds the services, and their engine. */
export function openKnowledge({ deps, ...base }: OpenKnowledgeDeps): OpenedKnowledge {
  const { gateway, sweeps } = base;
  const openEngine = deps.openKnowledge ?? (() => idleEngine);
  const embeddings = createEmbeddingService(base);
  const tidy = createSoon((work) => sweeps.begin(work))((signal) => knowledge.sweep(signal));
  const engine = openEngine({
    ...base,
    embedder: (model) => embeddings.embedder(model),
    onLeftovers: tidy,
  });
  const { search, runner } = engine;
  const knowledge = createKnowledge({
    ...base,
    search,
    runner,
    tidy,
    settings: { ...defaultKnowledgeSettings, ...deps.settings.knowledge },
    listUpstreamModels: () => gateway.models().map(({ model }) => model),
  });
  return { ...knowledge, engine, tidy };
}
