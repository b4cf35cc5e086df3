/** The making side of EncryptedData for attachments (SwA profile 1.1 §5). */

import { createCipheriv, randomBytes, type CipherGCM } from 'node:crypto';
import { cidOf } from '../../mime/content-id.ts';
import type { MimeHeader, MimePart } from '../../mime/part.ts';
import { escapeAttribute } from '../../xml/escape.ts';
import type { Block } from '../blocks.ts';
import type { DataKey } from '../encryption/encrypted-data.ts';
import type { Encryption } from '../encryption/prepare.ts';
import { PartMissingError } from '../errors.ts';
import { ATTACHMENT_CIPHERTEXT, DS, TYPE_ATTACHMENT_COMPLETE, TYPE_ATTACHMENT_CONTENT, XENC } from '../namespaces.ts';
import type { AttachmentMode, SecureSettings } from '../settings.ts';
import type { SoapMessage } from '../soap.ts';
import type { Attachments } from './attachments.ts';
import { PROTECTED_HEADERS } from './canonical-headers.ts';

/** An attachment that is to be encrypted. */
export interface AttachmentTarget {
  readonly position: number;
  readonly mode: AttachmentMode;
  /** Id that its EncryptedData gets. */
  readonly dataId: string;
}

/** What says in the Security header how each attachment is encrypted; what is signed after that is signed with it. */
export function attachmentBlocks(
  { attachments }: SoapMessage,
  { order, signature }: SecureSettings,
  encryption: Encryption | undefined,
): Block[] {
  if (attachments === undefined || encryption === undefined) return [];
  const signed = order === 'EncryptThenSign' && signature?.attachments !== undefined;
  return encryption.attachments.map((target) => ({
    ...attachmentBlock(attachments, target, encryption.dataKey),
    ...(signed && { signed }),
  }));
}

/** Puts ciphertext in the place of the attachments that are to be encrypted. */
export function encryptAttachments({ attachments }: SoapMessage, encryption: Encryption): void {
  if (attachments === undefined) return;
  for (const target of encryption.attachments) encryptAttachment(attachments, target, encryption.dataKey);
}

/** The EncryptedData in the Security header that says how to decrypt an attachment. */
function attachmentBlock(attachments: Attachments, target: AttachmentTarget, dataKey: DataKey): Block {
  const { position, mode, dataId: id } = target;
  const part = attachments.parts[position];
  const contentType = part.header('content-type') ?? 'text/plain';
  // Of a complete part the parameters are secret too; receivers take from the rest how it was signed.
  const mimeType = mode === 'Complete' ? contentType.replace(/;.*/, '').trim() : contentType;
  const type = mode === 'Complete' ? TYPE_ATTACHMENT_COMPLETE : TYPE_ATTACHMENT_CONTENT;
  const rest =
    ` Id="${id}" MimeType="${escapeAttribute(mimeType)}" Type="${type}">` +
    `<xenc:EncryptionMethod Algorithm="${dataKey.algorithm.uri}"></xenc:EncryptionMethod>` +
    `<ds:KeyInfo xmlns:ds="${DS}">${dataKey.keyInfo}</ds:KeyInfo><xenc:CipherData>` +
    `<xenc:CipherReference URI="${escapeAttribute(cidOf(idOf(part)))}"><xenc:Transforms>` +
    `<ds:Transform xmlns:ds="${DS}" Algorithm="${ATTACHMENT_CIPHERTEXT}"></ds:Transform></xenc:Transforms>` +
    `</xenc:CipherReference></xenc:CipherData></xenc:EncryptedData>`;
  const namespaces = [['xenc', XENC]] as const;
  const text = `<xenc:EncryptedData xmlns:xenc="${XENC}"${rest}`;
  const element = { name: 'xenc:EncryptedData', rest, namespaces };
  return { kind: 'EncryptedData', id, element, encrypted: { text, prefixes: ['xenc'] } };
}

/** @throws PartMissingError for an attachment that nothing can refer to */
export function idOf({ contentId }: MimePart): string {
  if (contentId === undefined) {
    throw new PartMissingError('An attachment has no Content-ID, and so cannot be signed or encrypted');
  }
  return contentId;
}

/** Puts the ciphertext of an attachment in its place. */
function encryptAttachment(attachments: Attachments, target: AttachmentTarget, dataKey: DataKey): void {
  const part = attachments.parts[target.position];
  const plain = part.content();
  const complete = target.mode === 'Complete';
  const outside = part.headers.filter(({ name }) => !(complete ? isProtected : isContentType)(name));
  const headers = [
    ...outside,
    // Without an id outside nobody would find it.
    ...(complete ? [{ name: 'Content-ID', value: `<${idOf(part)}>` }] : []),
    { name: 'Content-Type', value: 'application/octet-stream' },
  ];
  const pieces = complete ? [headerBytes(part.headers.filter(({ name }) => isProtected(name))), plain] : [plain];
  attachments.replace(target.position, part.withContent(headers, encryptOctets(pieces, dataKey)));
}

function isContentType(name: string): boolean {
  return name.toLowerCase() === 'content-type';
}

function isProtected(name: string): boolean {
  return PROTECTED_HEADERS.some((header) => header.toLowerCase() === name.toLowerCase());
}

/** Names as the profile writes them: receivers look for those. */
function headerBytes(headers: readonly MimeHeader[]): Buffer {
  const lines = headers.map(({ name, value }) => {
    const known = PROTECTED_HEADERS.find((header) => header.toLowerCase() === name.toLowerCase());
    return `${known ?? name}:${value}\r\n`;
  });
  return Buffer.from(`${lines.join('')}\r\n`, 'latin1');
}

/** Plain bytes encrypted at a time. */
const CHUNK_BYTES = 64 * 1024;
const GCM_TAG_BYTES = 16;

/** Initialization vector and ciphertext, of GCM and its tag, as XML Encryption 1.1 §5.2 puts them one after another. */
function encryptOctets(pieces: readonly Buffer[], { algorithm, key }: DataKey): Buffer {
  const plainBytes = pieces.reduce((total, { length }) => total + length, 0);
  const padding = algorithm.gcm ? GCM_TAG_BYTES : algorithm.blockBytes - (plainBytes % algorithm.blockBytes);
  const result = Buffer.allocUnsafe(algorithm.ivBytes + plainBytes + padding);
  const iv = randomBytes(algorithm.ivBytes);
  const cipher = createCipheriv(algorithm.cipher, key, iv);
  let at = iv.copy(result);
  for (const piece of pieces) {
    for (let from = 0; from < piece.length; from += CHUNK_BYTES) {
      at += cipher.update(piece.subarray(from, from + CHUNK_BYTES)).copy(result, at);
    }
  }
  at += cipher.final().copy(result, at);
  if (algorithm.gcm) (cipher as CipherGCM).getAuthTag().copy(result, at);
  return result;
}
