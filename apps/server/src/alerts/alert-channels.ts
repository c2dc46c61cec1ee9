import { randomUUID } from "node:crypto";
import type { Config } from "../config/to-config.ts";
import type { Message } from "./alert.ts";

/** One HTTP request that tells somebody something. */
export type ChannelRequest = {
  readonly method: "POST" | "PUT";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** A place that is told. */
export type AlertChannel = {
  /** For logs and metrics. */
  readonly name: "feishu" | "matrix" | "webhook";
  toRequest(message: Message): ChannelRequest;
  /** What is wrong, although the answer's status says that all is well. */
  findRefusal?(answer: string): string | undefined;
};

/** The places that a configuration names. */
export function createChannels(alerts: Config["alerts"]): AlertChannel[] {
  const { feishuWebhook, matrix, matrixApi, webhook } = alerts;
  return [
    ...(feishuWebhook === undefined ? [] : [createFeishu(feishuWebhook)]),
    ...(matrix === undefined ? [] : [createMatrix(matrix)]),
    ...(matrixApi === undefined ? [] : [createMatrixApi(matrixApi)]),
    ...(webhook === undefined ? [] : [createWebhook(webhook)]),
  ];
}

const json = { "content-type": "application/json; charset=utf-8" };

function createFeishu(url: string): AlertChannel {
  return {
    name: "feishu",
    toRequest: ({ text }) => ({
      method: "POST",
      url,
      headers: json,
      body: JSON.stringify({ msg_type: "text", content: { text } }),
    }),
    // Feishu answers 200 whatever it thinks of the message.
    findRefusal(answer) {
      const code = readCode(answer);
      return code === undefined || code === 0 ? undefined : `it answered with code ${code}`;
    },
  };
}

function readCode(answer: string): number | undefined {
  try {
    const { code } = JSON.parse(answer) as { code?: unknown };
    return typeof code === "number" ? code : undefined;
  } catch {
    // Not every version of it answers with JSON.
    return undefined;
  }
}

function createMatrix({ homeserver, room, token }: NonNullable<Config["alerts"]["matrix"]>): AlertChannel {
  const base = homeserver.replace(/\/+$/, "");
  return {
    name: "matrix",
    toRequest: ({ text }) => ({
      method: "PUT",
      url: `${base}/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/${randomUUID()}`,
      headers: { ...json, authorization: `Bearer ${token}` },
      body: JSON.stringify({ msgtype: "m.text", body: text, "m.mentions": {} }),
    }),
  };
}

/** As the earlier gateway sent it, which wrote `message` for `msgtype`; both, for whoever reads either. */
function createMatrixApi(url: string): AlertChannel {
  return {
    name: "matrix",
    toRequest: ({ text }) => ({
      method: "POST",
      url,
      headers: json,
      body: JSON.stringify({ msgtype: "m.text", message: "m.text", body: text, "m.mentions": {} }),
    }),
  };
}

function createWebhook(url: string): AlertChannel {
  return {
    name: "webhook",
    toRequest: ({ at, upstream, ...message }) => ({
      method: "POST",
      url,
      headers: json,
      body: JSON.stringify({ ...message, upstream: upstream ?? null, at: new Date(at).toISOString() }),
    }),
  };
}
