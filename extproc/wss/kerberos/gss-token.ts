/** The frame in which GSS-API puts an AP-REQ (RFC 2743 §3.1, RFC 4121 §4.1), and the checksum that goes with it. */

import { DerReader, TAG } from '../../keys/der.ts';
import { KerberosMessageError } from './ap-req.ts';
import { application } from './read-der.ts';
import { value } from './write-der.ts';

/** 1.2.840.113554.1.2.2, the content of the OBJECT IDENTIFIER. */
const MECHANISM = Buffer.from('2a864886f712010202', 'hex');
const AP_REQ_ID = Buffer.from([0x01, 0x00]);

/** @returns the AP-REQ. @throws DerError, KerberosMessageError */
export function unframe(octets: Buffer): Buffer {
  const reader = new DerReader(octets);
  const { content } = reader.next(application(0));
  reader.finish();
  const inner = new DerReader(content);
  const mechanism = inner.next(TAG.oid);
  const token = content.subarray(mechanism.bytes.length);
  if (!mechanism.content.equals(MECHANISM) || !token.subarray(0, AP_REQ_ID.length).equals(AP_REQ_ID)) {
    throw new KerberosMessageError('the GSS token holds no AP-REQ of Kerberos');
  }
  return token.subarray(AP_REQ_ID.length);
}

export function frame(apReq: Buffer): Buffer {
  return value(application(0), value(TAG.oid, MECHANISM), AP_REQ_ID, apReq);
}

/** The number of the "checksum" that says what a GSS-API context is for (RFC 4121 §4.1.1). */
export const GSS_CHECKSUM = 0x8003;
const BINDINGS_BYTES = 16;

/** No channel bindings and no flags: the token authenticates, and nothing of GSS-API follows it. */
export function gssChecksum(): Buffer {
  const octets = Buffer.alloc(4 + BINDINGS_BYTES + 4);
  octets.writeUInt32LE(BINDINGS_BYTES);
  return octets;
}

/** Whether octets are such a checksum, whatever it says. */
export function isGssChecksum({ type, octets }: { readonly type: number; readonly octets: Buffer }): boolean {
  return type === GSS_CHECKSUM && octets.length >= 4 + BINDINGS_BYTES + 4 && octets.readUInt32LE() === BINDINGS_BYTES;
}
