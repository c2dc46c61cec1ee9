import { createKeyInput, DomainError, type KeyView } from "@llm-backend/contract";
import {
  createAccessService,
  createKeyService,
  createNewId,
  operator,
  toUsernameKey,
  type KeyService,
} from "@llm-backend/server";
import type { Storage } from "@llm-backend/storage";
import { InvalidArgumentError, type Command } from "commander";
import type { ConfigFlags } from "../config/overrides.ts";
import { addConfigOptions } from "./config-options.ts";
import { withDatabase } from "./open-database.ts";
import { collect, readInput, toJsonLine, toNumber, withoutUndefined } from "./option-values.ts";
import { renderTable } from "./render-table.ts";

type Budget = { readonly nanos: number; readonly window: string };

type CreateFlags = ConfigFlags & {
  readonly name: string;
  readonly scope?: readonly string[];
  readonly model?: readonly string[];
  readonly user?: string;
  readonly expires?: Date;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly concurrentMax?: number;
  readonly budget?: Budget;
  readonly json?: boolean;
};

type Opened = { readonly keys: KeyService; readonly storage: Storage };

/** `key …`: the keys that callers of `/v1` use, also while a server runs on the same database. */
export function addKeyCommands(program: Command): void {
  const key = program.command("key").description("makes, lists and revokes keys for /v1");
  addConfigOptions(
    key
      .command("create")
      .description("makes a key, and prints it on standard output: this once and never again"),
  )
    .requiredOption("--name <name>", "what it is for")
    .option("--scope <scope>", "inference or admin; several times (default: inference)", collect)
    .option(
      "--model <pattern>",
      "a model that it opens, * for any characters; several times (default: all)",
      collect,
    )
    .option("--user <name>", "whose key it is (default: nobody's)")
    .option("--expires <days or date>", "when it ends (default: never)", toExpiry)
    .option("--requests-per-minute <number>", "the most requests in a minute", toNumber)
    .option("--tokens-per-minute <number>", "the most tokens in a minute", toNumber)
    .option("--concurrent-max <number>", "the most requests at a time", toNumber)
    .option(
      "--budget <dollars/window>",
      "the most that it may spend in a day, week, month or in total: 10/month",
      toBudget,
    )
    .option("--json", "prints the key with all that is known of it, as JSON")
    .action(create);
  addConfigOptions(key.command("list").description("lists the keys, newest first, without their secrets"))
    .option("--json", "one line of JSON for each")
    .action(list);
  addConfigOptions(
    key.command("revoke").argument("<id>").description("ends a key, at once and for good"),
  ).action(async (id: string, flags: ConfigFlags) => {
    const { name } = await withKeys(flags, ({ keys }) => keys.revoke(operator, id));
    process.stdout.write(`The key ${id} (${name}) is revoked; a running server knows within a second.\n`);
  });
}

async function create(flags: CreateFlags): Promise<void> {
  const issued = await withKeys(flags, async ({ keys, storage }) => {
    const userId = flags.user === undefined ? null : await findUserId(storage, flags.user);
    const input = readInput(
      createKeyInput,
      withoutUndefined({
        name: flags.name,
        scopes: flags.scope,
        models: flags.model,
        expiresAt: flags.expires,
        requestsPerMinute: flags.requestsPerMinute,
        tokensPerMinute: flags.tokensPerMinute,
        concurrentMax: flags.concurrentMax,
        budget: flags.budget,
        userId,
      }),
    );
    return keys.create(operator, input);
  });
  if (flags.json === true) {
    process.stdout.write(toJsonLine({ ...issued.key, secret: issued.secret }));
    return;
  }
  // The key alone on standard output, so that a script can take it from there.
  process.stdout.write(`${issued.secret}\n`);
  process.stderr.write(`Made the key ${issued.key.keyId} (${issued.key.name}). It is not shown again.\n`);
}

async function list(flags: ConfigFlags & { readonly json?: boolean }): Promise<void> {
  const views = await withKeys(flags, ({ keys }) => listAll(keys));
  if (flags.json === true) {
    process.stdout.write(views.map(toJsonLine).join(""));
    return;
  }
  const head = ["id", "name", "key", "scopes", "models", "limits", "state", "last used", "created"];
  process.stdout.write(renderTable(head, views.map(toRow)));
}

async function listAll(keys: KeyService): Promise<KeyView[]> {
  const views: KeyView[] = [];
  let cursor: string | undefined;
  do {
    const page = await keys.list(operator, {
      owner: "all",
      limit: 100,
      ...(cursor === undefined ? {} : { cursor }),
    });
    views.push(...page.keys);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return views;
}

function toRow(key: KeyView): string[] {
  return [
    key.keyId,
    key.name,
    `${key.prefix}…${key.last4}`,
    key.scopes.join(" "),
    key.models.length === 0 ? "all" : key.models.join(" "),
    toLimits(key),
    toState(key),
    key.lastUsedAt?.toISOString() ?? "never",
    key.createdAt.toISOString(),
  ];
}

function toLimits({ requestsPerMinute, tokensPerMinute, concurrentMax, budget }: KeyView): string {
  const limits = [
    ...(requestsPerMinute === null ? [] : [`${requestsPerMinute} requests/min`]),
    ...(tokensPerMinute === null ? [] : [`${tokensPerMinute} tokens/min`]),
    ...(concurrentMax === null ? [] : [`${concurrentMax} at a time`]),
    ...(budget === null ? [] : [`$${budget.nanos / nanosPerDollar}/${budget.window}`]),
  ];
  return limits.length === 0 ? "none" : limits.join(", ");
}

function toState({ revokedAt, expiresAt }: KeyView): string {
  if (revokedAt !== null) return "revoked";
  if (expiresAt === null) return "good";
  return expiresAt.getTime() <= Date.now() ? "expired" : `good until ${expiresAt.toISOString()}`;
}

const nanosPerDollar = 1_000_000_000;
const dayMs = 86_400_000;

function toBudget(value: string): Budget {
  const match = /^\$?(\d+(?:\.\d+)?)\/(day|week|month|total)$/.exec(value);
  if (match?.[2] === undefined) throw new InvalidArgumentError("It does not look like 10/month.");
  return { nanos: Math.round(Number(match[1]) * nanosPerDollar), window: match[2] };
}

function toExpiry(value: string): Date {
  const days = Number(value);
  const at =
    Number.isFinite(days) && value.trim() !== "" ? new Date(Date.now() + days * dayMs) : new Date(value);
  if (Number.isNaN(at.getTime()))
    throw new InvalidArgumentError("It is neither a number of days nor a date.");
  if (at.getTime() <= Date.now()) throw new InvalidArgumentError("It has passed already.");
  return at;
}

function withKeys<T>(flags: ConfigFlags, work: (opened: Opened) => Promise<T>): Promise<T> {
  return withDatabase(flags, async ({ config, storage }) => {
    const { tokens, adminTokens, isOpen } = config.access;
    const access = createAccessService({
      storage,
      now: Date.now,
      settings: { globalTokens: tokens, adminTokens, isOpen },
      onInternalError: () => {},
    });
    try {
      const keys = createKeyService({ storage, newId: createNewId(Date.now), now: Date.now, access });
      return await work({ keys, storage });
    } finally {
      await access.close();
    }
  });
}

async function findUserId({ users }: Storage, name: string): Promise<number> {
  const user = await users.findByKey(toUsernameKey(name));
  if (user === undefined) throw new DomainError("not_found", `There is no user ${name}.`);
  return user.id;
}
