import type { Metrics } from "../metrics/create-metrics.ts";
import type { ServerSeat } from "../start-server.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** A worker's line to its primary. */
export type WorkerLine = {
  readonly seat: Extract<ToWorker, { type: "seat" }>;
  readonly metrics: ServerSeat["metrics"];
  readonly alerts: ServerSeat["alerts"];
  readonly describeOthers: () => string;
  /** Takes the orders of the primary, from now on and those that came before. */
  follow(orders: WorkerOrders): void;
  tell(message: FromWorker): void;
};

/** What a worker does when it is told. */
export type WorkerOrders = {
  readonly lead: () => void;
  readonly leave: () => void;
  readonly stop: () => void;
  readonly stopNow: () => void;
  readonly collect: () => ReturnType<Metrics["collect"]>;
};

/** Prometheus' text format. */
const contentType = "text/plain; version=0.0.4; charset=utf-8";
/** How long the measurements of the others are waited for. */
const renderMs = 3000;

/** Opens the line; resolves with the primary's first word. */
export async function openWorkerLine(): Promise<WorkerLine> {
  const seated = Promise.withResolvers<WorkerLine["seat"]>();
  const renders = new Map<number, (text: string) => void>();
  const early: ToWorker[] = [];
  let carryOut = (message: ToWorker): void => void early.push(message);
  let workers = "";
  let renderId = 0;

  const tell = (message: FromWorker) => {
    // A primary that is gone hears nothing; its workers end by themselves.
    if (process.connected) process.send?.(message, undefined, {}, () => {});
  };
  process.on("message", (message: ToWorker) => {
    if (message.type === "seat") seated.resolve(message);
    else if (message.type === "workers") workers = `${message.ready} of ${message.count} serve`;
    else if (message.type === "rendered") renders.get(message.id)?.(message.text);
    else carryOut(message);
  });

  return {
    seat: await seated.promise,
    describeOthers: () => workers,
    tell,
    metrics: {
      contentType,
      render() {
        const id = renderId++;
        return new Promise((resolve, reject) => {
          const timer = setTimeout(() => {
            renders.delete(id);
            reject(new Error("The primary did not answer with the measurements of all workers."));
          }, renderMs);
          renders.set(id, (text) => {
            clearTimeout(timer);
            renders.delete(id);
            resolve(text);
          });
          tell({ type: "render", id });
        });
      },
    },
    alerts: {
      requestEnded(request) {
        if (request.error === undefined) return;
        const { code, message } = request.error;
        tell({ type: "request-failed", request: { ...request, error: { code, message } } });
      },
      healthChanged: (change) => tell({ type: "health-changed", change }),
      close: async () => {},
    },
    follow(orders) {
      carryOut = (message) => obey(orders, message, tell);
      for (const message of early.splice(0)) carryOut(message);
    },
  };
}

function obey(orders: WorkerOrders, message: ToWorker, tell: WorkerLine["tell"]): void {
  switch (message.type) {
    case "lead":
      return orders.lead();
    case "leave":
      return orders.leave();
    case "stop":
      return orders.stop();
    case "stop-now":
      return orders.stopNow();
    case "collect":
      return void orders.collect().then(
        (metrics) => tell({ type: "collected", id: message.id, metrics }),
        () => tell({ type: "collected", id: message.id, metrics: [] }),
      );
    case "seat":
    case "workers":
    case "rendered":
  }
}
