/** Which of the versions below a message is shown; without a row it is the newest. */
export type ChosenVersionTable = {
  parent_id: string;
  message_id: string;
};

/** A fork that was asked for under a request id. */
export type ForkTable = {
  user_id: number;
  /** The client's key: unique together with the user. */
  request_id: string;
  /** What was asked, so that the same key for another fork is found out. */
  input_hash: string;
  conversation_id: number;
};
