import { describe, expect, it } from "vitest";
import { findProblems, refuseText } from "./config-text.ts";

const key32 = "3q2+7wcRIs5ZZ0Gt8mZVkqJ1pXlYc9uEoB4hTnSdKfA=";
const upstream = (fields: string) => `upstreams:\n  - { endpoint: "http://localhost:1/v1", ${fields} }`;

/** [the file, the path of its mistake, what the message says of it] */
const wrong: readonly (readonly [string, string, string])[] = [
  // Where it listens.
  [
    "address: 70000",
    "address",
    'expected a port or host:port, such as ":8080" or "127.0.0.1:8080", got 70000',
  ],
  ["address: http://localhost:8080", "address", 'got "http://localhost:8080"'],
  ["address: localhost", "address", 'got "localhost"'],
  ["address: [':8080', 'x y:1']", "address[1]", "expected a port or host:port"],
  ["address: []", "address", "expected a port or host:port"],
  ["address: { port: 1 }", "address", "got keys with values"],
  ["addresses: ':8080'", "addresses", "expected a list of addresses"],
  ["addresses: [':8080', nowhere]", "addresses[1]", "expected a port or host:port"],
  ["addresses: [':8080', ':8000', 8080]", "addresses[2]", "is the same as addresses[0]"],
  ["addresses: [8080]\naddress: 8081", "addresses", "contradicts address; keep one of them"],
  ["addresses: [8080]\nserver: { port: 8081 }", "addresses", "contradicts server.port and server.host"],
  ["voice: { metadata: [1] }", "voice.metadata", "expected names with values"],
  ["voice: { tools: all }", "voice.tools", "expected a list"],
  ["voice: { memory: { hours: 0 } }", "voice.memory.hours", "expected a number of hours"],
  ["voice: { tool_rounds: 3 }", "voice.tool_rounds", "tool_rounds_max"],
  [
    "server: { port: eighty }",
    "server.port",
    'expected a port or host:port, such as ":8080" or "127.0.0.1:8080", got "eighty"',
  ],
  ["server: { port: -1 }", "server.port", "got -1"],
  ["server: { port: 80.5 }", "server.port", "got 80.5"],
  ["server: { host: 'a b' }", "server.host", "expected a host name or an IP address"],
  ["server: 8080", "server", "expected keys with values, got 8080"],
  ["server: { prot: 8080 }", "server.prot", "is no known key; did you mean port?"],
  // Folders, files, secrets.
  ["data: ''", "data", "expected the path of a folder"],
  ["data: 5", "data", "expected the path of a folder, got 5"],
  ["data: [a]", "data", "expected the path of a folder, got a list"],
  ["data: s3://bucket/x", "data", "expected the path of a folder"],
  ["database: 7", "database", "expected the path of an SQLite file, got 7"],
  ["database: postgres://u:hunter22@h/db", "database", "Postgres is not supported by this version"],
  ["database: postgresql://h/db", "database", "Postgres is not supported by this version"],
  [
    "database: host=127.0.0.1 dbname=x password=hunter22",
    "database",
    "Postgres is not supported by this version",
  ],
  ["database: mysql://h/db", "database", "expected the path of an SQLite file"],
  ["database: ''", "database", "expected the path of an SQLite file"],
  [
    "jwt: { secret: hunter2 }",
    "jwt.secret",
    "is shorter than 16 bytes; leave it out and the server makes one",
  ],
  ["jwt: { secret: [a] }", "jwt.secret", "expected text"],
  ["jwt: hunter2hunter2hunter2", "jwt", "expected keys with values"],
  ["jwt: { key: abc }", "jwt.key", "is no known key"],
  ["master_key: abc", "master_key", "must be 32 bytes, as 64 hexadecimal digits or in base64"],
  [`master_key: "${"0".repeat(64)}"`, "master_key", "is too regular to be random"],
  [`master_key: "${key32.slice(4)}"`, "master_key", "must be 32 bytes"],
  [
    `master_key: "${key32}"\nmaster_key_file: x`,
    "master_key_file",
    "contradicts master_key; keep one of them",
  ],
  ["master_key_file: 5", "master_key_file", "expected the path of a file that holds the master key, got 5"],
  // Upstreams and providers.
  ["upstreams: https://api.openai.com/v1", "upstreams", "expected a list"],
  ["upstreams: [foo]", "upstreams[0]", "expected keys with values, got text"],
  ["upstreams: [{ key: sk-1 }]", "upstreams[0].endpoint", "is missing: expected an http(s) URL"],
  ["upstreams: [{ endpoint: foo }]", "upstreams[0].endpoint", 'expected an http(s) URL, got "foo"'],
  ["upstreams: [{ endpoint: 5 }]", "upstreams[0].endpoint", "expected an http(s) URL, got 5"],
  ["upstreams: [{ endpoint: 'ftp://h/v1' }]", "upstreams[0].endpoint", "expected an http(s) URL"],
  ["upstreams: [{ endpoint: 'http://a b/v1' }]", "upstreams[0].endpoint", "expected an http(s) URL"],
  [
    "upstreams: [{ endpoint: 'https://u:hunter22@h/v1' }]",
    "upstreams[0].endpoint",
    "must not contain a user name or a password",
  ],
  [
    "upstreams: [{ endpoint: 'https://h/v1?key=hunter22' }]",
    "upstreams[0].endpoint",
    "must not contain ? or #",
  ],
  [
    "upstreams: [{ endpoint: 'https://h/v1/chat/completions' }]",
    "upstreams[0].endpoint",
    "expected the base URL",
  ],
  [upstream("endpont: x"), "upstreams[0].endpont", "is no known key; did you mean endpoint?"],
  [upstream("baseUrl: x"), "upstreams[0].baseUrl", "is no known key; did you mean endpoint?"],
  [upstream("api_key: hunter22"), "upstreams[0].api_key", "is no known key; did you mean key?"],
  [upstream("key: 'with blank'"), "upstreams[0].key", "expected a key of visible ASCII characters"],
  [upstream("key: k1, sk: k2"), "upstreams[0].sk", "contradicts key; keep one of them"],
  [upstream("name: ''"), "upstreams[0].name", "expected one line of 1 to 100 characters"],
  [upstream("models: gpt-4o"), "upstreams[0].models", "expected a list, got text"],
  [upstream("models: [5]"), "upstreams[0].models[0]", "expected one line of 1 to 256 characters, got 5"],
  [upstream("models: [a], allow: [b]"), "upstreams[0].allow", "contradicts models; keep one of them"],
  [
    upstream("allow: [a], deny: ['*']"),
    "upstreams[0].deny",
    "takes away every model that the upstream serves",
  ],
  [upstream("models: ['gpt-*'], deny: ['gpt-*']"), "upstreams[0].deny", "takes away every model"],
  [upstream("deny: ['*']"), "upstreams[0].deny", "takes away every model"],
  [upstream("aliases: [a]"), "upstreams[0].aliases", "expected names with values, got a list"],
  [
    upstream("aliases: { a: 1 }"),
    "upstreams[0].aliases.a",
    "expected one line of 1 to 256 characters, got 1",
  ],
  [upstream("timeout: -1"), "upstreams[0].timeout", "expected a number of seconds from 0 to 86400, got -1"],
  [
    upstream("timeout: 30s"),
    "upstreams[0].timeout",
    'expected a number of seconds from 0 to 86400, got "30s"',
  ],
  [upstream("type: azure"), "upstreams[0].type", 'expected one of openai, replicate, got "azure"'],
  [upstream("keep_header: yes please"), "upstreams[0].keep_header", "expected true or false"],
  [upstream("noauth: true, authorization: abc"), "upstreams[0].noauth", "contradicts authorization"],
  [upstream("clocks: { idle: 5 }"), "upstreams[0].clocks.idle", "did you mean idle_seconds?"],
  [
    upstream("clocks: { whole_answer_seconds: 1 }, timeout: 2"),
    "upstreams[0].timeout",
    "contradicts clocks.whole_answer_seconds",
  ],
  [
    upstream("clocks: { first_byte_seconds: 1 }, stream_timeout: 2"),
    "upstreams[0].stream_timeout",
    "contradicts clocks.first_byte_seconds",
  ],
  [
    upstream("model_clocks: { 'o3*': { first_token: 5 } }"),
    'upstreams[0].model_clocks."o3*".first_token',
    "did you mean first_token_seconds?",
  ],
  [upstream("keys: hunter22"), "upstreams[0].keys", "expected a list"],
  [upstream("keys: [a, 'hunter2 2']"), "upstreams[0].keys[1]", "expected a key of visible ASCII characters"],
  [upstream("sk: asis, keys: [hunter22]"), "upstreams[0].keys", "contradicts asis"],
  [upstream("weight: 0"), "upstreams[0].weight", "expected a number of shares from 0.001 to 1000000, got 0"],
  [upstream("tier: -1"), "upstreams[0].tier", "expected a whole number from 0 to 1000, got -1"],
  [upstream("concurrency_max: 0"), "upstreams[0].concurrency_max", "expected a whole number from 1"],
  [upstream("queue_max: 5"), "upstreams[0].queue_max", "means nothing without concurrency_max"],
  [upstream("midstream: splice"), "upstreams[0].midstream", "expected one of off, exact, continue"],
  [
    upstream("prefill: suffix"),
    "upstreams[0].prefill",
    "expected one of plain, prefix, partial, final_message",
  ],
  [upstream("discover: maybe"), "upstreams[0].discover", "expected true or false"],
  [upstream("authorization: hunter22ö"), "upstreams[0].authorization", "expected tokens of visible ASCII"],
  [
    `${upstream("name: a")}\n  - { endpoint: "http://h", name: a }`,
    "upstreams[1].name",
    "is already the name of upstreams[0]",
  ],
  ["providers: [{ name: a, endpoint: 'http://h' }]", "providers[0].prefixes", "is missing: expected a list"],
  [
    "providers: [{ name: a, prefixes: [], endpoint: 'http://h' }]",
    "providers[0].prefixes",
    "expected at least one prefix",
  ],
  [
    "providers: [{ name: a, prefixes: [x], endpoint: h }]",
    "providers[0].endpoint",
    "expected an http(s) URL",
  ],
  // Times, sizes, numbers.
  [
    "clocks: { connect_seconds: 0 }",
    "clocks.connect_seconds",
    "expected a number of seconds from 0.01 to 3600, got 0",
  ],
  ["clocks: { idle_seconds: .inf }", "clocks.idle_seconds", "got Infinity"],
  ["clocks: { first_byte_seconds: .nan }", "clocks.first_byte_seconds", "got NaN"],
  [
    "clocks: { first_byte_seconds: 5 }\nstream_timeout: 5",
    "stream_timeout",
    "contradicts clocks.first_byte_seconds",
  ],
  [
    "chat: { context_tokens: 32k }",
    "chat.context_tokens",
    'expected a whole number from 256 to 100000000, got "32k"',
  ],
  ["chat: { models: { gpt: 5 } }", "chat.models.gpt", "expected keys with values, got 5"],
  ["chat: { models: { gpt: { tokens: 5 } } }", "chat.models.gpt.tokens", "is no known key"],
  [
    "chat: { system_prompt: [a] }",
    "chat.system_prompt",
    "expected text of at most 100000 characters, got a list",
  ],
  [
    "chat: { run_minutes_max: 0 }",
    "chat.run_minutes_max",
    "expected a number of minutes from 0.01 to 1440, got 0",
  ],
  ["limits: { body_bytes_max: 4MB }", "limits.body_bytes_max", "expected a whole number"],
  [
    "limits: { url_bytes_max: 20000 }",
    "limits.url_bytes_max",
    "expected a whole number from 256 to 15000, got 20000",
  ],
  [
    "limits: { headers_seconds: 60 }",
    "limits.headers_seconds",
    "must not exceed limits.request_seconds (30)",
  ],
  ["drain_seconds: -5", "drain_seconds", "expected a number of seconds from 0 to 3600, got -5"],
  // Accounts and callers.
  ["auth: { registration: no }", "auth.registration", 'expected one of open, closed, got "no"'],
  [
    "auth: { argon2: { memory_kib: 19455 } }",
    "auth.argon2.memory_kib",
    "expected a whole number from 19456 to 4194304, got 19455",
  ],
  [
    "auth: { argon2: { time_cost: 1 } }",
    "auth.argon2.time_cost",
    "expected a whole number from 2 to 64, got 1",
  ],
  [
    "auth: { access_token_minutes: 1.5 }",
    "auth.access_token_minutes",
    "expected a whole number from 1 to 60, got 1.5",
  ],
  ["auth: { refresh_days: 100 }", "auth.refresh_days", "must not exceed auth.session_days (90)"],
  ["trusted_proxies: 10.0.0.1", "trusted_proxies", "expected a list"],
  [
    "trusted_proxies: [10.0.0.0/33]",
    "trusted_proxies[0]",
    "expected an IP address, a range such as 10.0.0.0/8",
  ],
  ["trusted_proxies: ['*']", "trusted_proxies[0]", 'got "*"'],
  ["cors: { origins: ['https://a.example/'] }", "cors.origins[0]", 'expected "*" or an origin'],
  ["cors: { origins: ['*', 'https://a.example'] }", "cors.origins", 'contains "*"'],
  ["log: { level: loud }", "log.level", "expected one of trace, debug, info, warn, error, fatal, silent"],
  ["log: debug", "log", "expected keys with values, got text"],
  // Keys of the earlier systems are held to their types.
  ["redis: { db: zero }", "redis.db", 'expected a whole number from 0 to 1000000, got "zero"'],
  ["redis: localhost:6379", "redis", "expected keys with values"],
  [
    "redis: { url: 'redis//:hunter2@host' }",
    "redis.url",
    "has to be redis://, rediss:// or unix:// with an address",
  ],
  ["sqlite: { max_open_conns: many }", "sqlite.max_open_conns", "expected a whole number"],
  // Tools.
  [
    "tools: { servers: { box: {} } }",
    "tools.servers.box.command",
    "is missing: expected a command, or a url",
  ],
  [
    "tools: { servers: { box: { command: x, url: 'http://h/mcp' } } }",
    "tools.servers.box.url",
    "contradicts command; keep one of them",
  ],
  [
    "tools: { servers: { box: { url: 'http://h/mcp', env: { KEY: hunter22 } } } }",
    "tools.servers.box.env",
    "means nothing with url; it belongs to command",
  ],
  [
    "tools: { servers: { box: { command: x, headers: { Authorization: hunter22 } } } }",
    "tools.servers.box.headers",
    "means nothing with command; it belongs to url",
  ],
  ["tools: { servers: { box: { url: 'ftp://h' } } }", "tools.servers.box.url", "expected"],
  ["tools: { servers: { a__b: { command: x } } }", "tools.servers.a__b", "expected a name of 1 to 24"],
  [
    "tools: { servers: { box: { command: x, permission: maybe } } }",
    "tools.servers.box.permission",
    "expected one of ask, always, never",
  ],
  ["tools: { rounds_max: 0 }", "tools.rounds_max", "expected a whole number from 1 to 100, got 0"],
  ["sqlite: { path: '' }", "sqlite.path", "expected the path of the earlier system's SQLite file"],
  ["rag: { service_addr: 5 }", "rag.service_addr", "expected text"],
  ["dbtype: mysql", "dbtype", 'expected one of sqlite, postgres, none, got "mysql"'],
  ["lb_policy: fastest", "lb_policy", "expected one of order, main, random"],
  // The gateway and who watches it.
  ["authorization: [hunter22]", "authorization", "expected tokens of visible ASCII characters"],
  ["noauth: sure", "noauth", 'expected true or false, got "sure"'],
  ["gateway: { fallbacks: [a] }", "gateway.fallbacks", "expected names with values, got a list"],
  ["gateway: { fallbacks: { a: b } }", "gateway.fallbacks.a", "expected a list, got text"],
  ["gateway: { midstream: yes }", "gateway.midstream", 'expected one of off, exact, continue, got "yes"'],
  ["gateway: { deadline_seconds: 0 }", "gateway.deadline_seconds", "from 1 to 3600, got 0"],
  ["gateway: { retry: { budget: 5 } }", "gateway.retry.budget", "is no known key; did you mean"],
  [
    "gateway: { retry: { budget_percent: 101 } }",
    "gateway.retry.budget_percent",
    "expected a number of percent from 0 to 100, got 101",
  ],
  [
    "gateway: { breaker: { open_seconds: 400 } }",
    "gateway.breaker.open_seconds",
    "must not exceed gateway.breaker.open_seconds_max (300)",
  ],
  [
    "gateway: { key_rest: { limited_seconds: 90 } }",
    "gateway.key_rest.limited_seconds",
    "must not exceed gateway.key_rest.limited_seconds_max (60)",
  ],
  ["gateway: { key_rest: { quota: 5 } }", "gateway.key_rest.quota", "did you mean quota_seconds?"],
  ["gateway: { discover: maybe }", "gateway.discover", "expected true or false"],
  ["gateway: { upload_bytes_max: 1GB }", "gateway.upload_bytes_max", "expected a whole number"],
  ["records: { bodies: some }", "records.bodies", "expected one of off, truncated, whole"],
  ["records: { days: 0 }", "records.days", "expected a number of days from 0.01 to 36500, got 0"],
  ["prices: { gpt-4o: 5 }", "prices.gpt-4o", "expected keys with values, got 5"],
  ["prices: { gpt-4o: { input: 1, output: 1, ouput: 5 } }", "prices.gpt-4o.ouput", "did you mean output?"],
  ["prices: { gpt-4o: { output: 5 } }", "prices.gpt-4o.input", "is missing: expected a number of dollars"],
  [
    "prices: { gpt-4o: { input: -1, output: 1 } }",
    "prices.gpt-4o.input",
    "expected a number of dollars from 0 to 1000000, got -1",
  ],
  ["metrics: { listen: nowhere }", "metrics.listen", 'expected a port or host:port, such as ":8080"'],
  ["metrics: { token: ['hunter22'] }", "metrics.token", "expected one line"],
  ["alerts: { webhook: 'ftp://hunter22' }", "alerts.webhook", "must be an http(s) URL"],
  ["alerts: { feishu_webhook: hunter22 }", "alerts.feishu_webhook", "must be an http(s) URL"],
  ["alerts: { matrix_api: hunter22 }", "alerts.matrix_api", "must be an http(s) URL"],
  [
    "alerts: { matrix: { homeserver: 'https://m.org', token: hunter22 } }",
    "alerts.matrix.room",
    "is missing: expected a room's id",
  ],
  [
    "alerts: { matrix: { homeserver: 'https://m.org', token: hunter22, room: lobby } }",
    "alerts.matrix.room",
    'expected a room\'s id, such as !abc:matrix.org, got "lobby"',
  ],
  ["alerts: { interval_seconds: 0 }", "alerts.interval_seconds", "from 1 to 86400, got 0"],
  ["timeout: soon", "timeout", 'got "soon"'],
  ["hostname: [a]", "hostname", "got a list"],
  // Unknown keys.
  ["loglevel: debug", "loglevel", "is no known key; did you mean log.level?"],
  ["port: 8080", "port", "is no known key; did you mean server.port?"],
  ["upstream: []", "upstream", "is no known key; did you mean upstreams?"],
  ["secret: abc", "secret", "is no known key; did you mean jwt.secret?"],
  ["__proto__: { a: 1 }", "__proto__", "is no known key"],
  ["zzzz: 1", "zzzz", "is no known key"],
];

describe("a wrong configuration", () => {
  it.each(wrong)("is refused with its path: %j", (text, path, message) => {
    const problems = findProblems(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.path).toBe(path);
    expect(problems[0]?.message).toContain(message);
  });

  it.each(wrong)("is refused without its secrets, in one line: %j", (text) => {
    const { message, exitCode } = refuseText(text);
    expect(exitCode).toBe(78);
    expect(message.split("\n")).toHaveLength(2);
    expect(message).not.toContain("hunter2");
    expect(message).not.toContain(key32.slice(4, -1));
  });
});

/** [the file, where it is no YAML, what the message says of it] */
const broken: readonly (readonly [string, string, string])[] = [
  ["data: x\n  y: z", "line 1, column 7", "nested key"],
  ["data: 'x", "line 1, column 9", "missing"],
  ["upstreams: [", "line 1, column 13", "not closed"],
  ["jwt:\n\tsecret: hunter22", "line 2, column 1", "tab"],
  ["data: a\ndata: b", "line 2, column 1", "stands twice"],
  ["data: *nowhere", "line 1, column 7", "alias"],
  ["data: @x", "line 1, column 7", "quotes"],
  ["a: 1\n---\nb: 2", "line 2, column 1", "one document"],
];

describe("a file that is no YAML", () => {
  it.each(broken)("is refused with line and column: %j", (text, path, message) => {
    const { problems, message: whole } = refuseText(text);
    expect(problems[0]?.path).toBe(path);
    expect(problems[0]?.message).toContain(message);
    expect(whole).not.toContain("hunter2");
  });

  it.each(["- a\n- b", "just words", "5"])("is refused when it holds no keys: %j", (text) => {
    expect(findProblems(text)[0]?.message).toContain("expected keys with values");
  });
});

describe("several mistakes", () => {
  it("are reported at once, whatever their kind", () => {
    const text = [
      "address: nowhere",
      "server: { port: 8080 }",
      "jwt: { secret: changeme }",
      "upstreams:",
      "  - { endpoint: foo, api_key: sk-hunter22hunter22 }",
      "  - { key: a, sk: b }",
      "log: { levle: debug }",
      "sk-hunter22hunter22: 1",
    ].join("\n");
    const { problems, message } = refuseText(text, { flags: { data: "" } });
    expect(problems.map(({ path }) => path).toSorted()).toEqual([
      "--data",
      "address",
      "jwt.secret",
      "log.levle",
      "sk-[redacted]",
      "upstreams[0].api_key",
      "upstreams[0].endpoint",
      "upstreams[1].endpoint",
      "upstreams[1].sk",
    ]);
    expect(message.split("\n")).toHaveLength(10);
    expect(message).toMatch(/config\.yaml: 9 mistakes\n/);
    expect(message).not.toContain("hunter2");
  });
});
