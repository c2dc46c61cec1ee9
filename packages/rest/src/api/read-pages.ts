/** Reads a list page by page, for callers who are given all of it at once. */
export async function* readPages<TInput extends object, TPage extends { readonly nextCursor: unknown }>(
  list: (input: TInput) => Promise<TPage>,
  input: TInput,
): AsyncGenerator<TPage, void> {
  for (let next: TInput | undefined = input; next !== undefined;) {
    const page: TPage = await list(next);
    yield page;
    next = page.nextCursor === null ? undefined : { ...input, cursor: page.nextCursor };
  }
}
