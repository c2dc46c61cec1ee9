import type { DeleteAccountInput } from "@llm-backend/contract";
import type { AuthService } from "../auth/auth-service.ts";
import type { Viewer } from "../auth/viewer.ts";
import { eraseUser, finishErasures, type EraseUserDeps } from "./erase-user.ts";

/** What the service stands on. */
export type AccountServiceDeps = EraseUserDeps & { readonly auth: Pick<AuthService, "confirm"> };

/** Giving up an account. */
export type AccountService = ReturnType<typeof createAccountService>;

/** Creates the service. */
export function createAccountService(deps: AccountServiceDeps) {
  return {
    /**
     * Removes the viewer's account with everything that is theirs, and ends what they have under way. Resolves when all
     * of it is gone.
     *
     * @throws DomainError `forbidden` when the password is wrong, `conflict` for the last administrator.
     */
    async remove(viewer: Viewer, input: DeleteAccountInput, address: string): Promise<void> {
      await deps.auth.confirm(viewer, input.password, address);
      await eraseUser(deps, viewer.userId);
    },

    /**
     * Takes away what is left of accounts whose removal was cut off.
     *
     * @throws the signal's reason, between two steps, once it is aborted.
     */
    finishErasures: (signal?: AbortSignal): Promise<void> => finishErasures(deps, signal),
  };
}
