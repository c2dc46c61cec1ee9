import type { ModelView } from "@llm-backend/contract";
import type { Gateway } from "@llm-backend/gateway";

/** The models that can be asked. */
export type ModelService = ReturnType<typeof createModelService>;

/** Creates the service. */
export function createModelService(deps: { gateway: Gateway }) {
  return {
    /** The models that the upstreams name; upstreams that serve every model name none. */
    list: (): ModelView[] => deps.gateway.models(),
  };
}
