/** Which process answers a request that is stored nowhere. Nothing of what was asked or said stands here. */
export type TemporaryClaimTable = {
  user_id: number;
  /** Of the client's key, which may be anything. */
  request_hash: string;
  /** The run that the request was claimed for: a claim that is made again has another one. */
  run_id: string;
  /** The process that has it. */
  owner: string;
  created_at: number;
};
