/**
 * Access to BER structures, for key stores: other than certificates they come with indefinite lengths and octet strings
 * in pieces. Parsed by node-forge, which bounds the depth; sizes are bounded by the callers.
 */

import forge from 'node-forge';
import { KeyFormatError } from './key-material-error.ts';

/** One value of a parsed structure. */
export class BerValue {
  readonly #node: forge.asn1.Asn1;

  constructor(node: forge.asn1.Asn1) {
    this.#node = node;
  }

  /** @throws KeyFormatError when the octets are no BER or something follows the value */
  static parse(octets: Buffer): BerValue {
    try {
      return new BerValue(forge.asn1.fromDer(octets.toString('latin1'), true));
    } catch {
      throw new KeyFormatError('its structure is damaged');
    }
  }

  /** Whether this is the context-specific tag `[number]`. */
  isContext(number: number): boolean {
    return this.#node.tagClass === forge.asn1.Class.CONTEXT_SPECIFIC && Number(this.#node.type) === number;
  }

  isUniversal(type: number): boolean {
    return this.#node.tagClass === forge.asn1.Class.UNIVERSAL && Number(this.#node.type) === type;
  }

  /** @throws KeyFormatError when it is a primitive value */
  get children(): BerValue[] {
    if (typeof this.#node.value === 'string') throw new KeyFormatError('its structure is not as expected');
    return this.#node.value.map((node) => new BerValue(node));
  }

  /** @throws KeyFormatError when there is no such child */
  child(index: number): BerValue {
    const child = this.children[index];
    if (child === undefined) throw new KeyFormatError('its structure is not as expected');
    return child;
  }

  /** Content of a primitive value; of an octet string in pieces, all of them. */
  get octets(): Buffer {
    const { value } = this.#node;
    if (typeof value === 'string') return Buffer.from(value, 'latin1');
    return Buffer.concat(
      value.map((piece) => {
        if (typeof piece.value !== 'string') throw new KeyFormatError('its structure is not as expected');
        return Buffer.from(piece.value, 'latin1');
      }),
    );
  }

  /** A BMPString, which node-forge has decoded already. */
  get text(): string | undefined {
    const { value } = this.#node;
    return this.isUniversal(forge.asn1.Type.BMPSTRING) && typeof value === 'string' ? value : undefined;
  }

  /** The whole value, in DER. */
  get der(): Buffer {
    return Buffer.from(forge.asn1.toDer(this.#node).getBytes(), 'latin1');
  }

  /** An OBJECT IDENTIFIER in dotted form. */
  get oid(): string {
    if (!this.isUniversal(forge.asn1.Type.OID)) throw new KeyFormatError('its structure is not as expected');
    return forge.asn1.derToOid(forge.util.createBuffer(this.octets.toString('latin1')));
  }

  /** An INTEGER that is not negative and below 2^31. */
  get count(): number {
    const { octets } = this;
    const isCount =
      this.isUniversal(forge.asn1.Type.INTEGER) && octets.length > 0 && octets.length <= 5 && octets[0] < 0x80;
    const value = isCount ? octets.readUIntBE(0, octets.length) : Infinity;
    if (value >= 2 ** 31) throw new KeyFormatError('its structure is not as expected');
    return value;
  }
}
