import type { FetchFunction } from "../client-options.ts";
import { LlmBackendError } from "../error/llm-backend-error.ts";
import { fromResponse, toCancelled, toUnreachable } from "../error/to-llm-backend-error.ts";
import type { TokenSource } from "../session/token-source.ts";
import type { AttachmentDetail, ErrorCode } from "../wire-types.ts";

/** The bytes of a file. */
export type FileContent = Blob | ArrayBuffer | Uint8Array | string;

/** What is said of a file beside its bytes. */
export type UploadOptions = {
  /** What the file is called. @default the name of a `File` */
  readonly name?: string;
  readonly signal?: AbortSignal;
};

/** A file that has come. */
export type UploadedAttachment = Omit<AttachmentDetail, "uploadedAt">;

/** Files to send with messages. */
export type AttachmentClient = {
  /**
   * Brings an image (PNG, JPEG, WebP, GIF) or a text to the server, to be sent with a message. The same file again gives
   * the same attachment, so that it can be repeated.
   *
   * @example
   * const { attachmentId } = await client.attachments.upload("a,b\n1,2", { name: "table.csv" });
   * client.chat.stream({ conversationId, message: "What is b?", attachmentIds: [attachmentId] });
   */
  upload(content: FileContent, options?: UploadOptions): Promise<UploadedAttachment>;
  /** Reads a file back. */
  download(attachmentId: string, options?: { readonly signal?: AbortSignal }): Promise<Blob>;
};

/** What the calls are made with. */
export type AttachmentClientDeps = {
  /** Where the server's procedures are: the files are beside them. */
  readonly url: URL;
  readonly fetch: FetchFunction;
  readonly tokens: TokenSource;
};

type Wire = {
  readonly attachment_id: string;
  readonly name: string;
  readonly media_type: AttachmentDetail["mediaType"];
  readonly bytes: number;
  readonly sha256: string;
};

/** Creates the calls. */
export function createAttachmentClient(deps: AttachmentClientDeps): AttachmentClient {
  const base = new URL(deps.url);
  base.pathname = base.pathname.replace(/\/trpc$/, "/api/attachments");

  /** Asks once more with another token, where there is one: the server refuses before it reads. */
  async function ask(url: string, init: RequestInit & { signal?: AbortSignal | null }): Promise<Response> {
    const token = await deps.tokens.get();
    const response = await send(url, init, token);
    if (response.status !== 401) return response;
    const renewed = await deps.tokens.renew(token);
    return renewed === undefined ? response : send(url, init, renewed);
  }

  async function send(url: string, init: RequestInit, token: string | undefined): Promise<Response> {
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    try {
      return await deps.fetch(url, { ...init, headers });
    } catch (cause) {
      throw init.signal?.aborted === true ? toCancelled(init.signal) : toUnreachable(cause);
    }
  }

  return {
    async upload(content, { name = toName(content), signal } = {}) {
      const response = await ask(base.href, {
        method: "POST",
        headers: { "x-file-name": encodeURIComponent(name) },
        body: content as BodyInit,
        ...(signal === undefined ? {} : { signal }),
      });
      if (!response.ok) throw await toError(response);
      return toUploaded((await response.json()) as Wire);
    },
    async download(attachmentId, { signal } = {}) {
      const response = await ask(
        `${base.href}/${encodeURIComponent(attachmentId)}`,
        signal === undefined ? {} : { signal },
      );
      if (!response.ok) throw await toError(response);
      return response.blob();
    },
  };
}

function toName(content: FileContent): string {
  return typeof content === "object" && "name" in content && typeof content.name === "string"
    ? content.name
    : "";
}

async function toError(response: Response): Promise<LlmBackendError> {
  const body: unknown = await response.json().catch(() => undefined);
  const error = fromResponse(response, { body });
  const code = response.headers.get("x-error-code") as ErrorCode | null;
  if (code === null) return error;
  const { message, retryAfterMs, httpStatus } = error;
  const retryable = error.retryable && code !== "quota_exceeded";
  return new LlmBackendError(code, message, { retryable, retryAfterMs, httpStatus });
}

function toUploaded(wire: Wire): UploadedAttachment {
  return {
    attachmentId: wire.attachment_id,
    name: wire.name,
    mediaType: wire.media_type,
    bytes: wire.bytes,
    sha256: wire.sha256,
  };
}
