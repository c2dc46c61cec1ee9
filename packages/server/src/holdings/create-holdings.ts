import type { Storage } from "@llm-backend/storage";
import { createAccountService, type AccountService } from "../account/account-service.ts";
import type { AttachmentService } from "../attachment/attachment-service.ts";
import type { AuthService } from "../auth/auth-service.ts";
import type { NewId } from "../identity/new-id.ts";
import { createSearchService, type SearchService } from "../search/search-service.ts";
import { createTransferService, type TransferService } from "../transfer/transfer-service.ts";

/** What is done with everything that a user has: finding it, taking it along, removing it. */
export type Holdings = {
  readonly services: {
    readonly search: SearchService;
    readonly transfers: TransferService;
    readonly accounts: AccountService;
  };
};

/** What it stands on. */
export type HoldingsDeps = {
  readonly storage: Storage;
  readonly newId: NewId;
  readonly now: () => number;
  readonly auth: Pick<AuthService, "confirm">;
  readonly attachments: Pick<AttachmentService, "upload">;
  /** The longest document that a conversation is written as with the contents of its files. */
  readonly documentBytesMax: number;
  /** Ends what a user has under way; resolves when all of it is written down. */
  readonly cutOff: (userId: number) => Promise<void>;
};

/** Builds the services. */
export function createHoldings(deps: HoldingsDeps): Holdings {
  return {
    services: {
      search: createSearchService(deps),
      transfers: createTransferService(deps),
      accounts: createAccountService(deps),
    },
  };
}
