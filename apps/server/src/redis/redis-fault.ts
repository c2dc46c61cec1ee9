import { commandMsMax } from "./redis-client.ts";

/** Why Redis is of no use just now. The words stand in the log, in `/readyz` and in the documentation. */
export type RedisFault = {
  readonly reason: string;
  /** Whether nothing came in time. */
  readonly isTimeout: boolean;
  /** Whether another connection may help: a name may lead to another server after a failover. */
  readonly reconnects: boolean;
};

/** What the server says, by the word that its error begins with. */
const replies: Readonly<Record<string, string>> = {
  READONLY: "is a replica, which takes no writes",
  LOADING: "is loading its data",
  OOM: "has no memory left",
  MISCONF: "cannot write to its disk, and takes no writes",
  NOAUTH: "asks for a password",
  WRONGPASS: "refuses the password",
  NOPERM: "forbids what is needed to this user",
  MASTERDOWN: "has lost its primary",
  CLUSTERDOWN: "is a cluster that is down",
  NOREPLICAS: "has too few replicas to take writes",
  BUSY: "is busy with a script",
};

/** What the system says. */
const codes: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refuses connections",
  ENOENT: "has no such socket",
  EACCES: "has a socket that this user may not open",
  ENOTFOUND: "has a name that nobody knows",
  EAI_AGAIN: "has a name that nobody could look up",
  ETIMEDOUT: "does not answer",
  EHOSTUNREACH: "cannot be reached",
  ENETUNREACH: "cannot be reached",
};

/** Takes away the connection's own words, which differ from one version to the next and may repeat what was sent. */
const closed: RedisFault = toFault("has closed the connection");

/** Reads what is wrong with Redis out of an error; undefined for an error of one command, which says nothing of others. */
export function toRedisFault(error: unknown): RedisFault | undefined {
  if (!(error instanceof Error)) return closed;
  const [word = ""] = error.message.split(" ", 1);
  const reply = replies[word];
  if (reply !== undefined) return { ...toFault(reply), reconnects: word === "READONLY" };
  if (error.name === "ReplyError") {
    const isAuth = /AUTH|max number of clients/i.test(error.message);
    return isAuth ? { ...toFault("does not let this server in"), reconnects: true } : undefined;
  }
  if (error.message === "Command timed out" || error.message.startsWith("Socket timeout")) {
    return { ...toFault(`did not answer within ${commandMsMax} ms`), isTimeout: true };
  }
  const code = codes[(error as NodeJS.ErrnoException).code ?? ""];
  return code === undefined ? closed : toFault(code);
}

function toFault(reason: string): RedisFault {
  return { reason, isTimeout: false, reconnects: false };
}
