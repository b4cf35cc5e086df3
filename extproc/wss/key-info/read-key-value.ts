/** Public keys that stand in a message as they are (XML Signature 1.1 §4.5.2 and §4.5.10). */

import { createPublicKey, type KeyObject } from 'node:crypto';
import type { XmlIndex } from '../../xml/xml-index.ts';
import { InvalidTokenError, UnsupportedTokenError } from '../errors.ts';
import { DS, DSIG11 } from '../namespaces.ts';
import { base64Of, requiredAttribute, requiredChild } from '../structure.ts';

/** Octets of an RSA modulus, exponent or SubjectPublicKeyInfo beyond which nothing is computed with it. */
const MAX_MODULUS_BYTES = 1025;
const MAX_EXPONENT_BYTES = 8;
const MAX_SPKI_BYTES = 2048;

/** NamedCurve URIs: JWK name of the curve and bytes of a coordinate. */
const curves = new Map([
  ['urn:oid:1.2.840.10045.3.1.7', { crv: 'P-256', bytes: 32 }],
  ['urn:oid:1.3.132.0.34', { crv: 'P-384', bytes: 48 }],
  ['urn:oid:1.3.132.0.35', { crv: 'P-521', bytes: 66 }],
]);

/**
 * Reads a ds:KeyValue (RSA, EC) or dsig11:DEREncodedKeyValue.
 *
 * @returns the public key, which nobody vouches for
 * @throws UnsupportedTokenError, InvalidTokenError, InvalidStructureError
 */
export function readKeyValue(index: XmlIndex, element: number): KeyObject {
  if (index.is(element, DSIG11, 'DEREncodedKeyValue')) return fromSpki(base64Of(index, element));
  const rsa = index.child(element, DS, 'RSAKeyValue');
  if (rsa !== -1) return readRsa(index, rsa);
  const ec = index.child(element, DSIG11, 'ECKeyValue');
  if (ec !== -1) return readEc(index, ec);
  throw new UnsupportedTokenError('the KeyValue is of a type that is not supported');
}

function readRsa(index: XmlIndex, element: number): KeyObject {
  const modulus = base64Of(index, requiredChild(index, element, DS, 'Modulus'));
  const exponent = base64Of(index, requiredChild(index, element, DS, 'Exponent'));
  if (modulus.length > MAX_MODULUS_BYTES || exponent.length > MAX_EXPONENT_BYTES) {
    throw new InvalidTokenError('the RSA key is too large');
  }
  return fromJwk({ kty: 'RSA', n: modulus.toString('base64url'), e: exponent.toString('base64url') });
}

function readEc(index: XmlIndex, element: number): KeyObject {
  const named = requiredChild(index, element, DSIG11, 'NamedCurve');
  const curve = curves.get(requiredAttribute(index, named, 'URI'));
  if (curve === undefined) throw new UnsupportedTokenError('the elliptic curve is not supported');
  const point = base64Of(index, requiredChild(index, element, DSIG11, 'PublicKey'));
  if (point.length !== 1 + 2 * curve.bytes || point[0] !== 4) {
    throw new InvalidTokenError('the elliptic curve key is not an uncompressed point of its curve');
  }
  const x = point.subarray(1, 1 + curve.bytes).toString('base64url');
  const y = point.subarray(1 + curve.bytes).toString('base64url');
  return fromJwk({ kty: 'EC', crv: curve.crv, x, y });
}

function fromJwk(key: { kty: string; [name: string]: string }): KeyObject {
  try {
    return createPublicKey({ key, format: 'jwk' });
  } catch (error) {
    throw new InvalidTokenError('the KeyValue is no public key', { cause: error });
  }
}

function fromSpki(der: Buffer): KeyObject {
  if (der.length > MAX_SPKI_BYTES) throw new InvalidTokenError('the public key is too large');
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch (error) {
    throw new InvalidTokenError('the DEREncodedKeyValue is no public key', { cause: error });
  }
}
