import type { CreateKeyInput, KeyView, UnitPrices } from "@llm-backend/contract";
import {
  createNewId,
  operator,
  type Access,
  type Admission,
  type AdmissionDemand,
  type AdmissionOutcome,
  type ServiceSettings,
} from "@llm-backend/server";
import { openServices, type OpenedServices, type Surroundings } from "./open-services.ts";

/** One nano-dollar for a token of the prompt, two for one of the answer. */
export const unitPrices: UnitPrices = { input: 1_000_000, output: 2_000_000 };

const newId = createNewId(Date.now);

/** A request of 10 tokens for an answer of 20 at most: 50 nano-dollars. */
export function createDemand(given: Partial<AdmissionDemand> = {}): AdmissionDemand {
  return { requestId: newId.text("req"), model: "priced", promptTokens: 10, maxTokens: 20, ...given };
}

/** An answer that its provider counted as 10 and 5 tokens: 20 nano-dollars. */
export function createOutcome(given: Partial<AdmissionOutcome> = {}): AdmissionOutcome {
  return {
    usage: { promptTokens: 10, completionTokens: 5 },
    completionTokensCounted: undefined,
    model: "priced",
    upstream: "one",
    isBillable: true,
    ...given,
  };
}

/** Services with a price for the model `priced`. */
export type KeyStage = OpenedServices & {
  /** Makes a key as the operator does. */
  createKey(input?: Partial<CreateKeyInput>): Promise<{ key: KeyView; secret: string; access: Access }>;
  admit(access: Access, given?: Partial<AdmissionDemand>): Promise<Admission>;
};

/** Opens services for tests of keys. */
export async function openKeyStage(
  settings: Partial<ServiceSettings> = {},
  surroundings: Surroundings = {},
): Promise<KeyStage> {
  const opened = await openServices(settings, surroundings);
  const { keys, prices, admissions } = opened.backend.services;
  prices.replaceConfigured([{ model: "priced", prices: unitPrices }]);
  return {
    ...opened,
    async createKey(input = {}) {
      const { key, secret } = await keys.create(operator, { name: "A key", ...input });
      return { key, secret, access: await keys.authenticate(secret, "inference") };
    },
    admit: (access, given) => admissions.admit(access, createDemand(given)),
  };
}
