import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import {
  createCall,
  createCallLog,
  type Call,
  type CallEnd,
  type CallEntry,
  type CallLog,
} from "./call-log.ts";
import { closeServer, listenOnLoopback } from "./listen-on-loopback.ts";
import { playReply } from "./play-reply.ts";
import { answer, page, type Reply } from "./reply-steps.ts";
import { createRequestReader, type ReceivedRequest, type RequestHead } from "./request-reader.ts";
import type { TestCertificate } from "./test-certificate.ts";

/** Chooses a reply by what was asked. */
export type ReplyChoice = Reply | ((call: Call) => Reply);

/** The options of {@link createFakeUpstream}. */
export type FakeUpstreamOptions = {
  /** What is answered when nothing is queued. @default a complete answer of two pieces */
  readonly reply?: ReplyChoice;
  /**
   * Looks at a request whose body has not come yet; a reply that it gives is played at once, and is the last one of its
   * connection. What else comes is read and thrown away.
   */
  readonly early?: (head: RequestHead) => Reply | undefined;
  /** What `GET …/models` lists. @default ["fake-model"] */
  readonly models?: readonly string[];
  /** Whether `GET …/models` is among the calls; a backend asks for it whenever it likes. @default true */
  readonly logsModelLists?: boolean;
  /** @default 0: any free port of loopback */
  readonly port?: number;
  /** Speaks TLS with this certificate. */
  readonly tls?: TestCertificate;
};

/** An OpenAI-compatible upstream on a real socket, which answers what the test tells it to. */
export type FakeUpstream = AsyncDisposable & {
  readonly port: number;
  /** The base URL, `/v1` included. */
  readonly url: string;
  /** Every request it received, in order; `GET …/models` is among them. */
  readonly calls: readonly Call[];
  /** The next call that this method has not handed out yet; waits for it. */
  nextCall(): Promise<Call>;
  /** Replies to the next requests, before the default. */
  enqueue(...replies: readonly Reply[]): void;
  /** Replaces the default reply. */
  setReply(reply: ReplyChoice): void;
  /** Lets every script that waits for this gate go on, now and later. */
  open(gate: string): void;
  /** How many connections it ever accepted. */
  readonly connectionsAccepted: number;
  /** How many of them are open. */
  readonly connectionsOpen: number;
  /** Refuses new connections and cuts the ones that are open. */
  close(): Promise<void>;
};

type Gates = { readonly gate: (name: string) => Promise<void>; readonly open: (name: string) => void };

function createGates(): Gates {
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const find = (name: string): PromiseWithResolvers<void> => {
    const gate = gates.get(name) ?? Promise.withResolvers<void>();
    gates.set(name, gate);
    return gate;
  };
  return { gate: (name) => find(name).promise, open: (name) => find(name).resolve() };
}

const isModelList = (request: ReceivedRequest): boolean =>
  request.method === "GET" && /\/models\/?$/.test(request.path);

function toModelList(models: readonly string[]): Reply {
  const data = models.map((id) => ({ id, object: "model", created: 1_760_000_000, owned_by: "fake" }));
  return page("application/json", JSON.stringify({ object: "list", data }));
}

type Connection = { readonly socket: Socket; readonly number: number };

/** What all connections of one upstream share. */
type House = {
  readonly log: CallLog;
  readonly choose: (call: Call) => Reply;
  readonly isLogged: (call: Call) => boolean;
  readonly chooseEarly: (head: RequestHead) => Reply | undefined;
  readonly gate: (name: string) => Promise<void>;
};

/** Serves one connection: its requests one after another. */
function serve({ socket, number }: Connection, { log, choose, chooseEarly, isLogged, gate }: House): void {
  const closed = Promise.withResolvers<CallEnd>();
  const reader = createRequestReader();
  const waiting: ReceivedRequest[] = [];
  let endedByUs = false;
  let busy = false;
  let isOver = false;

  async function play(call: CallEntry, reply: Reply): Promise<boolean> {
    if (isLogged(call)) log.add(call);
    const stage = { socket, call, gone: closed.promise, gate, markOwnEnd: () => (endedByUs = true) };
    const goesOn = await playReply(stage, reply);
    call.markAnswered();
    return goesOn;
  }

  async function work(): Promise<void> {
    if (busy) return;
    busy = true;
    for (let request = waiting.shift(); request !== undefined; request = waiting.shift()) {
      const call = createCall(request, number, closed.promise);
      if (!(await play(call, choose(call)))) return;
    }
    busy = false;
  }

  function answerEarly(head: RequestHead): void {
    const reply = chooseEarly(head);
    if (reply === undefined) return;
    isOver = true;
    const request = { ...head, bodyText: "", bodyBytes: Buffer.alloc(0) };
    void play(createCall(request, number, closed.promise), { keepAlive: false, ...reply });
  }

  socket.setNoDelay(true);
  // A client that resets is what many tests are about; the close that follows tells it.
  socket.on("error", () => {});
  socket.on("close", () => closed.resolve({ by: endedByUs ? "upstream" : "client", at: performance.now() }));
  socket.on("data", (bytes) => {
    if (isOver) return;
    waiting.push(...reader.read(bytes));
    void work();
    if (reader.openHead !== undefined && !busy) answerEarly(reader.openHead);
  });
}

/**
 * Starts a fake upstream.
 *
 * @example
 * await using upstream = await createFakeUpstream();
 * upstream.enqueue(fail(503), answer(["Ru", "st"]));
 */
export async function createFakeUpstream(options: FakeUpstreamOptions = {}): Promise<FakeUpstream> {
  const log = createCallLog();
  const gates = createGates();
  const sockets = new Set<Socket>();
  const queue: Reply[] = [];
  let standing: ReplyChoice = options.reply ?? answer(["Hello", " world"]);
  let accepted = 0;

  const choose = (call: Call): Reply => {
    if (isModelList(call)) return toModelList(options.models ?? ["fake-model"]);
    return queue.shift() ?? (typeof standing === "function" ? standing(call) : standing);
  };
  const house: House = {
    log,
    choose,
    chooseEarly: (head) => options.early?.(head),
    isLogged: (call) => options.logsModelLists !== false || !isModelList(call),
    gate: gates.gate,
  };
  const welcome = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    serve({ socket, number: ++accepted }, house);
  };
  const server = options.tls === undefined ? createServer(welcome) : createTlsServer(options.tls, welcome);
  // A client that does not trust the certificate is none of our troubles.
  server.on("tlsClientError", () => {});
  const port = await listenOnLoopback(server, options.port);

  async function close(): Promise<void> {
    const closed = closeServer(server);
    for (const socket of sockets) socket.destroy();
    await closed;
  }
  return {
    port,
    url: `http${options.tls === undefined ? "" : "s"}://${options.tls?.name ?? "127.0.0.1"}:${port}/v1`,
    calls: log.calls,
    nextCall: () => log.next(),
    enqueue: (...replies) => void queue.push(...replies),
    setReply: (reply) => void (standing = reply),
    open: gates.open,
    get connectionsAccepted() {
      return accepted;
    },
    get connectionsOpen() {
      return sockets.size;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
