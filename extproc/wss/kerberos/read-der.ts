/** Reading of Kerberos' messages: DER (RFC 4120 §5.1) whose fields all have context tags. */

import { contextConstructed, DerError, DerReader, integerValue, TAG, timeValue } from '../../keys/der.ts';
import type { Principal } from './principal.ts';

/** `[APPLICATION number]`, constructed. */
export const application = (number: number): number => 0x60 | number;

/** Octets under a key (RFC 4120 §5.2.9). */
export interface EncryptedData {
  readonly encryptionType: number;
  /** Version of the key. */
  readonly version: number | undefined;
  readonly octets: Buffer;
}

/** RFC 4120 §5.2.9. */
export interface Key {
  readonly encryptionType: number;
  readonly octets: Buffer;
}

const MAX_COMPONENTS = 16;

/** Steps through the fields of a SEQUENCE. @throws DerError, as all that follow */
export class FieldReader {
  readonly #fields: DerReader;

  constructor(sequence: DerReader) {
    this.#fields = sequence;
  }

  /** The one value of the field that must come next. */
  field(number: number): DerReader {
    return this.#fields.enter(contextConstructed(number));
  }

  /** The same of a field that may be left out. */
  optional(number: number): DerReader | undefined {
    const value = this.#fields.optional(contextConstructed(number));
    return value && new DerReader(value.content);
  }

  integer(number: number): number {
    return readInteger(this.field(number));
  }

  text(number: number): string {
    return readText(this.field(number));
  }

  time(number: number): number {
    return timeValue(this.field(number).next(TAG.generalizedTime));
  }

  optionalTime(number: number): number | undefined {
    const field = this.optional(number);
    return field && timeValue(field.next(TAG.generalizedTime));
  }

  octets(number: number): Buffer {
    return this.field(number).next(TAG.octetString).content;
  }

  /** A BIT STRING of at least 32 bits, of which the first 32 count; the first of them is the highest. */
  flags(number: number): number {
    const { content } = this.field(number).next(TAG.bitString);
    if (content.length < 5) throw new DerError('bad flags');
    return content.readUInt32BE(1);
  }

  /** PrincipalName (RFC 4120 §5.2.2); its kind does not count. */
  principal(number: number, realm: string): Principal {
    const fields = new FieldReader(this.field(number).enter(TAG.sequence));
    fields.integer(0);
    const names = fields.field(1).enter(TAG.sequence);
    const components: string[] = [];
    while (!names.atEnd) {
      if (components.length === MAX_COMPONENTS) throw new DerError('a name has too many components');
      components.push(readText(names));
    }
    return { components, realm };
  }

  key(number: number): Key {
    return readKey(this.field(number));
  }

  optionalKey(number: number): Key | undefined {
    const field = this.optional(number);
    return field && readKey(field);
  }

  encrypted(number: number): EncryptedData {
    const fields = new FieldReader(this.field(number).enter(TAG.sequence));
    const encryptionType = fields.integer(0);
    const version = fields.optional(1);
    return { encryptionType, version: version && readInteger(version), octets: fields.octets(2) };
  }
}

function readKey(field: DerReader): Key {
  const fields = new FieldReader(field.enter(TAG.sequence));
  return { encryptionType: fields.integer(0), octets: fields.octets(1) };
}

function readInteger(reader: DerReader): number {
  const { content } = reader.next(TAG.integer);
  if (content.length > 5) throw new DerError('bad integer');
  return Number(integerValue(content));
}

/** KerberosString: a GeneralString that in truth everybody fills with UTF-8. */
function readText(reader: DerReader): string {
  const { content } = reader.next(TAG.generalString);
  if (content.includes(0)) throw new DerError('a name holds a zero octet');
  return content.toString('utf8');
}
