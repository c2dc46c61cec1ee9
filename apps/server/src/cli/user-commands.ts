import { DomainError, newPasswordSchema, usernameSchema } from "@llm-backend/contract";
import type { Command } from "commander";
import type { z } from "zod";
import type { ConfigFlags } from "../config/overrides.ts";
import { askPassword } from "./ask-password.ts";
import { addConfigOptions } from "./config-options.ts";
import { withUsers } from "./open-database.ts";
import { renderTable } from "./render-table.ts";

type CreateFlags = ConfigFlags & { readonly admin?: boolean; readonly passwordStdin?: boolean };

/** `user …`: the accounts, also while a server runs on the same database. */
export function addUserCommands(program: Command): void {
  const user = program.command("user").description("makes, lists and bars accounts");
  addConfigOptions(user.command("create").argument("<name>").description("makes an account"))
    .option("--admin", "makes it an administrator's")
    .option("--password-stdin", "reads the password from standard input instead of asking for it")
    .action(create);
  addConfigOptions(user.command("list").description("lists the accounts")).action(list);
  addConfigOptions(
    user.command("promote").argument("<name>").description("makes a user an administrator"),
  ).action(async (name: string, flags: ConfigFlags) => {
    await withUsers(flags, (users) => users.setRole(name, "admin"));
    say(`${name} is an administrator now.`);
  });
  addConfigOptions(
    user.command("demote").argument("<name>").description("makes an administrator a user again"),
  ).action(async (name: string, flags: ConfigFlags) => {
    await withUsers(flags, (users) => users.setRole(name, "user"));
    say(`${name} is a user now.`);
  });
  addConfigOptions(
    user.command("disable").argument("<name>").description("bars an account, and ends its sessions"),
  ).action(async (name: string, flags: ConfigFlags) => {
    await withUsers(flags, (users) => users.disable(name));
    say(`${name} is barred; open streams end within 30 seconds.`);
  });
  addConfigOptions(
    user
      .command("delete")
      .argument("<name>")
      .description("removes an account with everything that is theirs; there is no way back"),
  ).action(async (name: string, flags: ConfigFlags) => {
    await withUsers(flags, (users) => users.remove(name));
    say(`${name} is gone; open streams end within 30 seconds.`);
  });
  addConfigOptions(
    user.command("enable").argument("<name>").description("opens a barred account again"),
  ).action(async (name: string, flags: ConfigFlags) => {
    await withUsers(flags, (users) => users.enable(name));
    say(`${name} can log in again.`);
  });
  addConfigOptions(
    user.command("password").argument("<name>").description("sets a new password, and ends the sessions"),
  )
    .option("--password-stdin", "reads the password from standard input instead of asking for it")
    .action(setPassword);
}

async function create(name: string, flags: CreateFlags): Promise<void> {
  const username = read(usernameSchema, name, "The user name");
  const password = read(newPasswordSchema, await askPassword(flags), "The password");
  const role = flags.admin === true ? "admin" : "user";
  const user = await withUsers(flags, (users) => users.create({ username, password, role }));
  say(`Made ${role === "admin" ? "the administrator" : "the user"} ${user.username}, id ${user.id}.`);
}

async function setPassword(name: string, flags: CreateFlags): Promise<void> {
  const password = read(newPasswordSchema, await askPassword(flags), "The password");
  await withUsers(flags, (users) => users.resetPassword(name, password));
  say(`${name} has a new password.`);
}

async function list(flags: ConfigFlags): Promise<void> {
  const users = await withUsers(flags, (service) => service.list());
  const rows = users.map(({ id, username, role, status, createdAt }) => [
    String(id),
    username,
    role,
    status,
    new Date(createdAt).toISOString(),
  ]);
  process.stdout.write(renderTable(["id", "name", "role", "status", "created"], rows));
}

function read<T>(schema: z.ZodType<T>, value: unknown, name: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new DomainError(
    "invalid_input",
    `${name} ${parsed.error.issues.map((issue) => issue.message).join(", and ")}.`,
  );
}

function say(sentence: string): void {
  process.stdout.write(`${sentence}\n`);
}
