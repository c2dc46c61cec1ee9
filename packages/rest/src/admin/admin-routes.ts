import { DomainError, type UpstreamView } from "@llm-backend/contract";
import { toEarlierRecord, type EarlierRecord } from "@llm-backend/server";
import { success, type AdminResources, type AdminRoute } from "./admin-route.ts";
import { readEarlierInput, toAddInput, toEarlierUpstream, toUpdateInput } from "./earlier-upstream.ts";

const recordsMax = 100;

/** The earlier gateway answers so to what contradicts the list. */
const statuses = { conflict: 403 } as const;

/** Every call of the earlier gateway's administration. */
export const adminRoutes: readonly AdminRoute[] = [
  {
    method: "POST",
    path: "/admin/login",
    // Whoever comes this far is logged in.
    call: () => Promise.resolve(success),
  },
  {
    method: "GET",
    path: "/admin/upstreams",
    async call({ services, showsKeys }) {
      return (await services.upstreams.list({ showsKeys })).map(toEarlierUpstream);
    },
  },
  {
    method: "POST",
    path: "/admin/upstreams",
    takesBody: true,
    statuses,
    async call({ services }, { body }) {
      await services.upstreams.add(toAddInput(readEarlierInput(body)));
      return success;
    },
  },
  {
    method: "PUT",
    path: "/admin/upstreams/:id",
    takesBody: true,
    statuses,
    async call(resources, { params, body }) {
      const input = readEarlierInput(body);
      const current = await findUpstream(resources, params.id);
      await resources.services.upstreams.update(toUpdateInput(input, current));
      return success;
    },
  },
  {
    method: "DELETE",
    path: "/admin/upstreams/:id",
    async call(resources, { params }) {
      const { id } = await findUpstream(resources, params.id);
      await resources.services.upstreams.remove({ id });
      return success;
    },
  },
  {
    method: "GET",
    path: "/admin/request_records",
    call: ({ services }) => listRecords(services),
  },
];

async function listRecords({ records, upstreams }: AdminResources["services"]): Promise<EarlierRecord[]> {
  const endpoints = new Map(
    (await upstreams.list()).map(({ upstreamId, endpoint }) => [upstreamId, endpoint]),
  );
  const latest = await records.listLatest(recordsMax);
  return latest.map(({ record, bodies }) =>
    toEarlierRecord(record, { bodies, endpoint: endpoints.get(record.upstreamId ?? "") }),
  );
}

/** @throws DomainError `not_found` for a number that no upstream has, and for what is none. */
async function findUpstream({ services }: AdminResources, text: string | undefined): Promise<UpstreamView> {
  const views = await services.upstreams.list({ showsKeys: true });
  const view = views.find(({ id }) => String(id) === text);
  if (view === undefined) throw new DomainError("not_found", "There is no such upstream.");
  return view;
}
