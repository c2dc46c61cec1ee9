/** Uses of the client that its types refuse, one on each line, and the error of the compiler. */
export const wrongUses: readonly { readonly what: string; readonly line: string; readonly error: string }[] =
  [
    {
      what: "a field is missing",
      line: 'client.conversation.create.mutate({ title: "x" });',
      error: "TS2741",
    },
    { what: "a query is mutated", line: "client.conversation.list.mutate({});", error: "TS2339" },
    {
      what: "an id is a text",
      line: 'client.chat.stream({ conversationId: "1", message: "x" });',
      error: "TS2322",
    },
    {
      what: "a field is not known",
      line: 'client.chat.stream({ conversationId: 1, message: "x", temperature: 1 });',
      error: "TS2353",
    },
    { what: "a stream is subscribed to", line: "client.chat.stream.subscribe({});", error: "TS2339" },
    { what: "there is no such router", line: "client.nothing.list.query();", error: "TS2339" },
    {
      what: "a date is taken for a text",
      line: "const day: string = (await client.auth.me.query()).createdAt;",
      error: "TS2322",
    },
    {
      what: "an event is not narrowed",
      line: 'for await (const event of client.chat.follow({ runId: "" })) event.text;',
      error: "TS2339",
    },
    {
      what: "there is no such event",
      line: 'for await (const event of client.chat.follow({ runId: "" })) event.type === "text";',
      error: "TS2367",
    },
    { what: "there is no such error", line: 'new LlmBackendError("nope", "");', error: "TS2345" },
    {
      what: "a result is read before its state",
      line: 'const { usage } = await client.chat.follow({ runId: "" }).result;',
      error: "TS2339",
    },
    { what: "the server has no URL", line: "createClient({});", error: "TS2769" },
    {
      what: "there are two tokens",
      line: 'createClient({ url: "/", token: "x", getToken: () => "x" });',
      error: "TS2769",
    },
    {
      what: "a client with a token is asked for its session",
      line: 'createClient({ url: "/", token: "x" }).session;',
      error: "TS2339",
    },
    {
      what: "a transport is not known",
      line: 'createClient({ url: "/", transport: "carrier-pigeon" });',
      error: "TS2769",
    },
  ];
