/** What of WebAssembly is used here: Node has it, and its types do not. */
export type WasmMemory = {
  readonly buffer: ArrayBuffer;
  /** Adds pages of 64 KiB; arrays over the buffer that was are empty afterwards. */
  grow(pages: number): number;
};

type WebAssemblyNamespace = {
  readonly Memory: new (descriptor: { initial: number; maximum?: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
};

/** WebAssembly as Node has it. */
export const { Memory, Module, Instance } = (
  globalThis as unknown as { readonly WebAssembly: WebAssemblyNamespace }
).WebAssembly;
