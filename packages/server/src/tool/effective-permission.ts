import type { ToolPermission } from "@llm-backend/contract";
import type { ToolGrant } from "@llm-backend/storage";
import type { ToolInfo } from "./tool-box.ts";

/** What holds for a tool: a no of either side is a no; where the operator leaves it open, the user's word counts. */
export function toEffectivePermission(
  { name, permission }: Pick<ToolInfo, "name" | "permission">,
  grants: readonly ToolGrant[],
): ToolPermission {
  const granted = grants.find((grant) => grant.tool === name)?.permission;
  if (permission === "never" || granted === "never") return "never";
  return permission === "always" ? "always" : (granted ?? "ask");
}
