/** What users may bring. */
export type AttachmentLimits = {
  /** The largest image, in bytes. */
  readonly imageBytesMax: number;
  /** The largest image, in pixels. */
  readonly imagePixelsMax: number;
  /** The longest text, in bytes. */
  readonly textBytesMax: number;
  /** The most files of one message. */
  readonly filesPerMessage: number;
  /** The most bytes of the files of one message; also the most bytes of images that one prompt has. */
  readonly bytesPerMessage: number;
  readonly filesPerUser: number;
  /** The most bytes of all files of a user, each content counted once. */
  readonly bytesPerUser: number;
};

const mebibyte = 1024 * 1024;

/** What holds where an operator says nothing else. */
export const defaultAttachmentLimits: AttachmentLimits = {
  imageBytesMax: 10 * mebibyte,
  imagePixelsMax: 50_000_000,
  textBytesMax: mebibyte,
  filesPerMessage: 10,
  bytesPerMessage: 20 * mebibyte,
  filesPerUser: 10_000,
  bytesPerUser: 1024 * mebibyte,
};
