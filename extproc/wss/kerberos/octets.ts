/** Reads big-endian numbers and counted octets of the files of MIT Kerberos, never past their end. */

/** The octets end before what they announce. */
export class OctetsError extends Error {
  override get name(): string {
    return 'OctetsError';
  }
}

export class OctetReader {
  readonly #octets: Buffer;
  #at = 0;

  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  get left(): number {
    return this.#octets.length - this.#at;
  }

  uint8(): number {
    return this.take(1)[0];
  }

  uint16(): number {
    return this.take(2).readUInt16BE();
  }

  uint32(): number {
    return this.take(4).readUInt32BE();
  }

  int32(): number {
    return this.take(4).readInt32BE();
  }

  /** @throws OctetsError */
  take(length: number): Buffer {
    if (length > this.left) throw new OctetsError('the octets end too early');
    this.#at += length;
    return this.#octets.subarray(this.#at - length, this.#at);
  }
}
